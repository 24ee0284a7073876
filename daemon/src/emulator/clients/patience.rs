//! How long a server may give no sign of life.

use crate::service::{BoxFuture, Error, ErrorKind, Fault, Phase, Progress, Result};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The last sign of life, and whose turn it is.
pub(super) struct Watch {
    patience: Duration,
    state: Mutex<State>,
}

struct State {
    last: Instant,
    /// It is the equipment that is waited for.
    ours: bool,
}

impl Watch {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            state: Mutex::new(State {
                last: Instant::now(),
                ours: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Held for moments, never over an await.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server gave a sign of life.
    pub(super) fn sign(&self) {
        self.state().last = Instant::now();
    }

    /// Waits for something that is not the server's to do.
    pub(super) async fn ours<T>(&self, work: impl Future<Output = T>) -> T {
        self.state().ours = true;
        let done = work.await;
        let mut state = self.state();
        (state.ours, state.last) = (false, Instant::now());
        done
    }

    /// Does something that may take long as long as the server gives signs of life. Timeout.
    pub(super) async fn over<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.sign();
        tokio::select! {
            biased;
            done = work => done,
            () = self.silence() => {
                let text = "the server fell silent";
                Err(Error::new(ErrorKind::Timeout, text).by(Fault::Server))
            }
        }
    }

    async fn silence(&self) {
        loop {
            let (until, ours) = {
                let state = self.state();
                let since = if state.ours {
                    Instant::now()
                } else {
                    state.last
                };
                (since + self.patience, state.ours)
            };
            if !ours && Instant::now() >= until {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl Progress for Watch {
    fn phase(&self, _: Phase) {
        self.sign();
    }

    fn bytes(&self, _: u64, _: u64) {
        self.sign();
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn only_the_servers_silence_counts() {
        let watch = Watch::new(Duration::from_secs(60));
        let began = Instant::now();
        let work = async {
            sleep(Duration::from_secs(50)).await;
            watch.sign();
            watch.ours(sleep(Duration::from_secs(500))).await;
            sleep(Duration::from_secs(3600)).await;
            Ok(())
        };
        let error = watch.over(work).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout);
        assert_eq!(error.fault, Fault::Server);
        assert_eq!(began.elapsed().as_secs(), 50 + 500 + 60);
    }
}
