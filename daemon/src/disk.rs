//! The one thread that touches the disk, in order, so that no slow disk ever stops the event loop.

use crate::service::{Error, ErrorKind, Result};
use std::sync::mpsc;
use std::thread;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// A handle to the disk thread. The thread ends with its last handle, after all work handed in.
#[derive(Clone, Debug)]
pub struct Disk {
    work: To,
}

#[cfg(test)]
#[derive(Clone, Default)]
struct Queue(std::sync::Arc<std::sync::Mutex<std::collections::VecDeque<Work>>>);

#[cfg(test)]
impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

#[derive(Clone, Debug)]
enum To {
    Thread(mpsc::Sender<Work>),
    /// Whoever hands work in does it, at once.
    #[cfg(test)]
    Inline,
    /// A task each does what is next, a moment later: which task that is is not what counts.
    #[cfg(test)]
    Tasks(Queue),
}

impl Disk {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Self> {
        let (work, queue) = mpsc::channel::<Work>();
        thread::Builder::new().name("disk".into()).spawn(move || {
            for work in queue {
                work();
            }
        })?;
        Ok(Self {
            work: To::Thread(work),
        })
    }

    /// No thread: for tests on an injected clock, which must not run on while a thread works.
    #[cfg(test)]
    pub(crate) fn inline() -> Self {
        Self { work: To::Inline }
    }

    /// The same, but others get their turn before work is done, as they do with the thread. Work is done in
    /// order on a current-thread runtime.
    #[cfg(test)]
    pub(crate) fn tasks() -> Self {
        Self {
            work: To::Tasks(Queue::default()),
        }
    }

    /// Hands work in and returns at once; it is done after all that was handed in before.
    pub fn post(&self, work: impl FnOnce() + Send + 'static) {
        match &self.work {
            // The thread outlives every handle, so there is always someone to take it.
            To::Thread(thread) => drop(thread.send(Box::new(work))),
            #[cfg(test)]
            To::Inline => work(),
            #[cfg(test)]
            To::Tasks(queue) => {
                queue.0.lock().unwrap().push_back(Box::new(work));
                let queue = queue.clone();
                drop(tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    let next = queue.0.lock().unwrap().pop_front();
                    if let Some(work) = next {
                        work();
                    }
                }));
            }
        }
    }

    /// Hands work in and waits for what it returns. It is done even if the wait is dropped.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.post(move || {
            let _ = answer.send(work());
        });
        result
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "disk work was given up half-way"))
    }
}
