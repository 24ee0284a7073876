//! SIGINT and SIGTERM while a job runs.

use super::exit::Exit;
use super::failure::{Failure, Result};
use std::future::pending;
use std::pin::pin;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

/// How long hayesd may take to answer a call when we are to end.
const ANSWER: Duration = Duration::from_secs(10);

/// Waits for them; from now on they end nothing by themselves.
pub(super) struct Interrupts {
    signals: Option<(Signal, Signal)>,
    /// One that came and was put off.
    pending: Option<Exit>,
}

impl Interrupts {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::new(Exit::Software, format!("signals: {error}")))
        };
        let interrupt = listen(SignalKind::interrupt())?;
        let terminate = listen(SignalKind::terminate())?;
        Ok(Self {
            signals: Some((interrupt, terminate)),
            pending: None,
        })
    }

    /// Does something, given up at the first of them.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            exit = self.next() => Err(Failure::new(exit, "interrupted")),
        }
    }

    /// Makes a call that hayesd answers at once. What it may have taken must be cancelled, so that an
    /// interrupt waits for the answer, though not for long; it is then there for whoever asks next.
    pub(super) async fn unless_stuck<T>(&mut self, call: impl Future<Output = T>) -> Result<T> {
        let mut call = pin!(call);
        let exit = tokio::select! {
            answer = &mut call => return Ok(answer),
            exit = self.next() => exit,
        };
        self.pending = Some(exit);
        timeout(ANSWER, call).await.map_err(|_| {
            Failure::new(
                exit,
                "interrupted while hayesd took the request; hayesctl job list tells whether it did",
            )
        })
    }

    /// None are awaited: they end the process, as usual.
    pub(super) fn none() -> Self {
        Self {
            signals: None,
            pending: None,
        }
    }

    /// The next one, as what the process then ends with.
    pub(super) async fn next(&mut self) -> Exit {
        if let Some(exit) = self.pending.take() {
            return exit;
        }
        match &mut self.signals {
            None => pending().await,
            Some((interrupt, terminate)) => tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            },
        }
    }
}
