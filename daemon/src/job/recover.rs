//! A mail that was in flight when the daemon died: the back may still learn how that ended.

use super::progress::Doing;
use super::record::Record;
use super::run::{failed, out_of_time};
use super::settle::End;
use super::table::{Cancel, Turn};
use super::types::{Backs, JobId, Via};
use super::{Shared, panicked};
use crate::service::{Phase, Progress as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A job whose time is over is asked after for so long all the same: what was told in time is there by then.
const HEARING: Duration = Duration::from_secs(10);

/// The jobs that a back is asked about. Only where it can be only one: a back does one thing at a time, and
/// what it tells has no name on it.
pub(super) fn candidates(found: &[Record], backs: &dyn Backs) -> Vec<JobId> {
    let in_flight = |record: &&Record| !record.state.is_final() && record.committing;
    found
        .iter()
        .filter(in_flight)
        .filter(|record| record.interrupted(Duration::ZERO).is_some())
        .filter(|record| {
            let via = record.last_via.as_ref();
            let others = found.iter().filter(in_flight);
            let alone = others.filter(|other| other.last_via.as_ref() == via);
            alone.count() == 1 && via.is_some_and(|via| backs.mail(via).is_some())
        })
        .map(|record| record.id)
        .collect()
}

/// Asks the back about this job, which counts as running meanwhile.
pub(super) fn start(shared: &Arc<Shared>, id: JobId) {
    let (record, cancel) = {
        let table = shared.table();
        let Some(entry) = table.entries.get(&id) else {
            return;
        };
        let Turn::Running(cancel) = &entry.turn else {
            return;
        };
        (entry.record.clone(), Arc::clone(cancel))
    };
    let asked = tokio::spawn(Arc::clone(shared).recover(record.clone(), cancel));
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if asked.await.is_err_and(|error| error.is_panic()) {
            shared.finish(record, failed(panicked()), None).await;
        }
    });
}

impl Shared {
    async fn recover(self: Arc<Self>, record: Record, cancel: Arc<Cancel>) {
        let via = record.last_via.clone();
        let age = record.age.at(self.clock.uptime());
        let left = record.deadline().map_or(Duration::MAX, |deadline| {
            deadline.saturating_sub(age).max(HEARING)
        });
        let doing = Doing::new(Arc::clone(&self), record.id, Arc::clone(&cancel));
        doing.phase(Phase::Confirming);
        let end = tokio::select! {
            // A result that is there counts, whatever else happens at the same time.
            biased;
            end = self.learn(&record, via.as_ref(), age) => end,
            // The header on disk still says all that the next daemon needs to ask again.
            () = self.stop() => return,
            () = cancel.asked() => End::Cancelled,
            () = sleep(left) => failed(out_of_time(&record, true)),
        };
        self.finish(record, end, via).await;
    }

    /// How it ended, as far as the back can tell.
    async fn learn(&self, record: &Record, via: Option<&Via>, age: Duration) -> End {
        let back = via.and_then(|via| self.backs.mail(via));
        let (Some(back), Some(mail)) = (back, record.interrupted(age)) else {
            return End::Interrupted;
        };
        match back.recover(&mail).await {
            Some(Ok(delivered)) => End::Delivered {
                verdicts: delivered.recipients,
                reply: delivered.reply,
            },
            Some(Err(error)) => failed(error),
            None => End::Interrupted,
        }
    }
}
