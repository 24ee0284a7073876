//! A connection between two steps of its session.

use super::failure;
use crate::service::{Error, ErrorKind, Result};
use std::future::Future;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Servers give up on a silent client after 5 minutes (RFC 5321 section 4.5.3.2.7, FTP by custom) or 10
/// (RFC 1939 section 3).
const SILENCE: Duration = Duration::from_secs(60);

/// What can be kept from being taken for dead.
pub(super) trait KeepAlive: Send + 'static {
    /// Says something that changes nothing.
    fn noop(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// A connection that nobody uses: `NOOP` from time to time keeps it alive. Dropping it closes it.
pub(super) struct Waiting<C> {
    end: oneshot::Sender<()>,
    task: Option<JoinHandle<Result<C>>>,
}

impl<C: KeepAlive> Waiting<C> {
    pub(super) fn new(mut connection: C) -> Self {
        let (end, mut ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = &mut ended => return Ok(connection),
                    () = sleep(SILENCE) => connection.noop().await?,
                }
            }
        });
        Self {
            end,
            task: Some(task),
        }
    }

    /// Gives it back, or says why it broke meanwhile.
    pub(super) async fn end(mut self) -> Result<C> {
        // It may have ended by itself: then it says so below.
        let (closed, _) = oneshot::channel();
        let _ = std::mem::replace(&mut self.end, closed).send(());
        match self.task.as_mut() {
            Some(task) => {
                let result = task.await;
                self.task = None;
                result.map_err(|_| Error::new(ErrorKind::Internal, "a session's task ended"))?
            }
            None => Err(failure::closed()),
        }
    }
}

impl<C> Drop for Waiting<C> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
