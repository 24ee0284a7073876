//! What an attempt tells of itself while it runs.

use super::Shared;
use super::table::{Cancel, Now};
use super::types::{JobId, OnUnknown, Via};
use crate::catalog;
use crate::service::{BoxFuture, Error, ErrorKind, MailSession, Phase, Progress, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Counters are told at most so often.
const PACE: Duration = Duration::from_millis(250);

/// A running job, as its back tells of it.
pub(super) struct Doing {
    shared: Arc<Shared>,
    id: JobId,
    cancel: Arc<Cancel>,
    heard: Mutex<Heard>,
    committed: AtomicBool,
    answered: Mutex<Option<Box<dyn MailSession>>>,
}

struct Heard {
    now: Now,
    /// The last sign of life.
    last: Instant,
    /// When bytes were last told.
    counted: Option<Instant>,
}

impl Doing {
    pub(super) fn new(shared: Arc<Shared>, id: JobId, cancel: Arc<Cancel>) -> Self {
        Self {
            shared,
            id,
            cancel,
            heard: Mutex::new(Heard {
                now: Now::default(),
                last: Instant::now(),
                counted: None,
            }),
            committed: AtomicBool::new(false),
            answered: Mutex::default(),
        }
    }

    /// Holds a session that has its answer until we are dropped: after the answer was saved, so that the
    /// peer sees the session's good-bye only then.
    pub(super) fn hold(&self, session: Box<dyn MailSession>) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // Held for moments, never over an await.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let now = {
            let mut heard = self.heard();
            heard.last = Instant::now();
            change(&mut heard.now);
            heard.now.clone()
        };
        let table = self.shared.table();
        if let Some(entry) = table.entries.get(&self.id) {
            self.shared.show(entry, &now);
        }
    }

    /// Another way out is tried.
    pub(super) fn chosen(&self, via: &Via) {
        self.change(|now| {
            now.via = Some(via.clone());
            now.phase = Phase::Waiting;
            now.bytes = 0;
            now.total = 0;
        });
    }

    /// What is being done.
    pub(super) fn current(&self) -> Phase {
        self.heard().now.phase
    }

    /// The way out that was tried last.
    pub(super) fn via(&self) -> Option<Via> {
        self.heard().now.via.clone()
    }

    /// The peer may have taken the content.
    pub(super) fn is_committed(&self) -> bool {
        self.committed.load(Ordering::Relaxed)
    }

    /// Returns when the back gave no sign of life for so long.
    pub(super) async fn silent_for(&self, long: Duration) {
        loop {
            let last = self.heard().last;
            if last.elapsed() >= long {
                return;
            }
            sleep_until(last + long).await;
        }
    }

    /// Saves that what is sent from now on, for the recipients at these places, may be taken unheard.
    async fn commit(&self, places: &[usize]) -> Result<()> {
        let cancelled = || Err(Error::new(ErrorKind::Cancelled, "the job was cancelled"));
        if self.cancel.is_asked() {
            return cancelled();
        }
        let via = self.via();
        let record = {
            let mut table = self.shared.table();
            let entry = table
                .entries
                .get_mut(&self.id)
                .ok_or_else(|| Error::new(ErrorKind::Internal, "the job is gone while it runs"))?;
            entry.record.commit(via, places);
            entry.record.age.mark(self.shared.clock.uptime());
            entry.record.clone()
        };
        let saved = self.shared.save(&record).await;
        // Whoever cancelled it meanwhile was, or will be, told that nothing is sent.
        if saved.is_err() || self.cancel.is_asked() {
            if let Some(entry) = self.shared.table().entries.get_mut(&self.id) {
                entry.record.end_commit();
            }
            // A spool that can't be written now may be later, whatever is wrong with it.
            return saved
                .map_err(|error| Error {
                    kind: ErrorKind::SpoolFull,
                    ..error
                })
                .and_then(|()| cancelled());
        }
        self.committed.store(true, Ordering::Relaxed);
        self.heard().last = Instant::now();
        Ok(())
    }
}

impl Progress for Doing {
    fn phase(&self, phase: Phase) {
        self.change(|now| now.phase = phase);
    }

    fn bytes(&self, done: u64, total: u64) {
        let now = Instant::now();
        let early = {
            let mut heard = self.heard();
            heard.last = now;
            let early = heard.counted.is_some_and(|counted| now - counted < PACE);
            if !early {
                heard.counted = Some(now);
            }
            early
        };
        if !early || done == total {
            self.change(|now| {
                now.bytes = done;
                now.total = total;
            });
        }
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.commit(&[]))
    }

    fn committing_piece<'a>(&'a self, places: &'a [usize]) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.commit(places))
    }

    fn accepted<'a>(&'a self, places: &'a [usize]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let record = {
                let mut table = self.shared.table();
                let Some(entry) = table.entries.get_mut(&self.id) else {
                    return;
                };
                entry.record.end_commit();
                entry.record.mark_taken(places);
                entry.record.clone()
            };
            if let Err(error) = self.shared.save(&record).await {
                // The next piece will not be sent: it has to be saved before.
                tracing::warn!(name: catalog::DISK, job = self.id.0, %error, "who has the mail already can't be saved");
            }
            self.heard().last = Instant::now();
        })
    }

    fn repeating(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            if self.shared.rules(self.via().as_ref()).on_unknown == OnUnknown::Fail {
                let text = "nobody is sent a mail that he may have already";
                return Err(Error::new(ErrorKind::Unknown, text));
            }
            let record = {
                let mut table = self.shared.table();
                let Some(entry) = table.entries.get_mut(&self.id) else {
                    return Ok(());
                };
                entry.record.possible_duplicate = true;
                entry.record.clone()
            };
            self.shared.save(&record).await
        })
    }
}
