//! Between a request that waits and the task that carries it out: progress one way, giving up the other.

use crate::service::{Error, ErrorKind, Fault, Phase, Progress, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, mpsc, oneshot};

/// What the task tells.
#[derive(Debug)]
enum Told {
    Phase(Phase),
    Bytes(u64, u64),
    Committing(Vec<usize>, oneshot::Sender<Result<()>>),
    Accepted(Vec<usize>, oneshot::Sender<()>),
    Repeating(oneshot::Sender<Result<()>>),
}

/// The task's end. The request is given up when the other end is dropped or [`Stop::stop`] was called.
#[derive(Debug)]
pub struct Report {
    told: mpsc::UnboundedSender<Told>,
    stop: Arc<Stop>,
}

/// The waiting end.
#[derive(Debug)]
pub(super) struct Relay {
    told: mpsc::UnboundedReceiver<Told>,
}

/// Ends a request from the task's own side.
#[derive(Debug, Default)]
pub(super) struct Stop {
    stopped: AtomicBool,
    notify: Notify,
}

impl Stop {
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.notify.notify_waiters();
    }
}

impl Report {
    /// Both ends.
    pub(super) fn new() -> (Self, Relay) {
        let (sender, told) = mpsc::unbounded_channel();
        let stop = Arc::default();
        (Self { told: sender, stop }, Relay { told })
    }

    pub(super) fn stop(&self) -> Arc<Stop> {
        Arc::clone(&self.stop)
    }

    /// Another phase has begun.
    pub fn phase(&self, phase: Phase) {
        let _ = self.told.send(Told::Phase(phase));
    }

    /// So many bytes of content have gone, of so many.
    pub fn bytes(&self, done: u64, total: u64) {
        let _ = self.told.send(Told::Bytes(done, total));
    }

    /// Returns when it is on disk that the peer may take the content for these recipients from now on.
    /// `Cancelled` if nobody waits any more, `NoModem` if the modem is being switched off.
    pub async fn committing(&self, places: Vec<usize>) -> Result<()> {
        let (done, told) = oneshot::channel();
        let _ = self.told.send(Told::Committing(places, done));
        told.await.unwrap_or_else(|_| Err(self.given_up()))
    }

    /// Returns when it is on disk that these recipients have the mail, or when nobody waits any more.
    pub async fn accepted(&self, places: Vec<usize>) {
        let (done, told) = oneshot::channel();
        let _ = self.told.send(Told::Accepted(places, done));
        let _ = told.await;
    }

    /// Returns when it is on disk that recipients may be sent the mail a second time, or why they may not.
    pub async fn repeating(&self) -> Result<()> {
        let (done, told) = oneshot::channel();
        let _ = self.told.send(Told::Repeating(done));
        told.await.unwrap_or_else(|_| Err(self.given_up()))
    }

    /// Whether the request was given up.
    pub fn is_cancelled(&self) -> bool {
        self.told.is_closed() || self.is_stopped()
    }

    fn is_stopped(&self) -> bool {
        self.stop.stopped.load(Ordering::Relaxed)
    }

    /// `Cancelled` if the request was given up, `NoModem` if the modem is being switched off; to be asked
    /// between steps.
    pub fn proceed(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(self.given_up());
        }
        Ok(())
    }

    /// Returns when the modem is being switched off.
    pub(super) async fn stopped(&self) {
        let notified = self.stop.notify.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        if !self.is_stopped() {
            notified.await;
        }
    }

    /// Why the request is given up then.
    pub(super) fn switched_off() -> Error {
        Error::new(ErrorKind::NoModem, "the modem was switched off").by(Fault::Module)
    }

    /// Why it was given up: a request whose modem is switched off under it is nobody's wish, and may go
    /// another way, or later.
    fn given_up(&self) -> Error {
        if self.is_stopped() && !self.told.is_closed() {
            Self::switched_off()
        } else {
            Error::new(
                ErrorKind::Cancelled,
                "given up while the modem worked on it",
            )
        }
    }

    /// The same error, but for a command that was broken off because of that: it says why.
    pub(super) fn explain(&self, error: Error) -> Error {
        if error.kind != ErrorKind::Cancelled {
            return error;
        }
        Error {
            content_sent: error.content_sent,
            ..self.given_up()
        }
    }

    /// Returns when the request is given up.
    pub async fn cancelled(&self) {
        let notified = self.stop.notify.notified();
        tokio::pin!(notified);
        // Registered before the look, so that no stop falls between.
        notified.as_mut().enable();
        if self.is_cancelled() {
            return;
        }
        tokio::select! {
            () = self.told.closed() => {}
            () = notified => {}
        }
    }
}

impl Relay {
    /// Passes on what the task tells, until `result` is there.
    pub(super) async fn until<T>(
        mut self,
        mut result: oneshot::Receiver<T>,
        progress: &dyn Progress,
    ) -> Option<T> {
        loop {
            tokio::select! {
                biased;
                Some(told) = self.told.recv() => relay(told, progress).await,
                result = &mut result => return result.ok(),
            }
        }
    }
}

async fn relay(told: Told, progress: &dyn Progress) {
    match told {
        Told::Phase(phase) => progress.phase(phase),
        Told::Bytes(done, total) => progress.bytes(done, total),
        Told::Committing(places, done) => {
            let _ = done.send(progress.committing_piece(&places).await);
        }
        Told::Accepted(places, done) => {
            progress.accepted(&places).await;
            let _ = done.send(());
        }
        Told::Repeating(done) => {
            let _ = done.send(progress.repeating().await);
        }
    }
}
