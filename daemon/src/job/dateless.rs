//! Jobs that can't go on before this machine knows the date: certificates can't be judged, and a mail's
//! `Date:` would be wrong.

use super::record::Record;
use super::types::State;
use super::{Jobs, Shared};
use crate::service::ErrorKind;
use std::time::Duration;

/// How often the clock is looked at while a job waits for it. Nobody looks while none does.
const LOOK: Duration = Duration::from_secs(10);

/// Tries what waits for the date as soon as it is known, however often it gets lost, for as long as the daemon
/// runs. Some may wait already.
pub(super) fn start(jobs: Jobs) {
    for entry in jobs.shared.table().entries.values() {
        jobs.shared.notice_dateless(&entry.record);
    }
    tokio::spawn(keep(jobs));
}

async fn keep(jobs: Jobs) {
    let shared = &jobs.shared;
    loop {
        tokio::select! {
            () = shared.stop() => return,
            () = shared.dateless.notified() => {}
        }
        while shared.clock.date().is_none() {
            tokio::select! {
                () = shared.stop() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        let count = jobs.hurry(waits);
        tracing::info!("the date is known: what waited for it goes on ({count} jobs)");
    }
}

fn waits(record: &Record) -> bool {
    let error = record.error.as_ref();
    record.state == State::Deferred
        && error.is_some_and(|error| error.kind == ErrorKind::ClockNotSet)
}

impl Shared {
    /// A job was put back: the clock is looked at if that is what it waits for.
    pub(super) fn notice_dateless(&self, record: &Record) {
        // A module may say so of its own clock, which ours knows nothing of.
        if waits(record) && self.clock.date().is_none() {
            self.dateless.notify_one();
        }
    }
}
