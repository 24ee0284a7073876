//! SIGINT and SIGTERM while a job runs.

use super::exit::Exit;
use super::failure::{Failure, Result};
use std::future::pending;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for them; from now on they end nothing by themselves.
pub(super) struct Interrupts(Option<(Signal, Signal)>);

impl Interrupts {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::new(Exit::Software, format!("signals: {error}")))
        };
        Ok(Self(Some((
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
        ))))
    }

    /// None are awaited: they end the process, as usual.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The next one, as what the process then ends with.
    pub(super) async fn next(&mut self) -> Exit {
        match &mut self.0 {
            None => pending().await,
            Some((interrupt, terminate)) => tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            },
        }
    }
}
