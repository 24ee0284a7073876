//! Which changes of a job are told, and when. No I/O.

use super::view;
use crate::job::Snapshot;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zbus::Variant;

/// How far a job has come is told at most so often: a small mail goes through all its phases in a moment, and
/// each signal costs its listeners more than they learn by it.
const PERIOD: Duration = Duration::from_millis(250);

/// What tells how far it has come, and nothing that lasts.
const PROGRESS: [&str; 4] = ["BytesDone", "BytesTotal", "Phase", "Via"];

/// Remembers what was told of a job.
#[derive(Debug)]
pub(super) struct Teller {
    told: Arc<Snapshot>,
    progress_told: Option<Instant>,
    progress_owed: bool,
}

/// What is to be told.
#[derive(Debug, Default, PartialEq)]
pub(super) struct News {
    /// Properties with their new values; empty: none changed.
    pub(super) changed: HashMap<&'static str, Variant<'static>>,
    /// The job came into a final state.
    pub(super) finished: bool,
}

impl Teller {
    /// This much is known to everybody, as the object appears.
    pub(super) fn new(told: Arc<Snapshot>) -> Self {
        Self {
            told,
            progress_told: None,
            progress_owed: false,
        }
    }

    /// Looks at a job and says what is news.
    pub(super) fn look(&mut self, now: &Arc<Snapshot>, at: Instant) -> News {
        let old = view::changing(&self.told);
        let mut changed: HashMap<_, _> = view::changing(now)
            .into_iter()
            .zip(old)
            .filter(|((_, new), (_, old))| new != old)
            .map(|(new, _)| new)
            .collect();
        let is_progress = |name: &&str| PROGRESS.contains(name);
        let alone = !changed.is_empty() && changed.keys().all(is_progress);
        if alone && self.next_progress().is_some_and(|due| at < due) {
            self.progress_owed = true;
            return News::default();
        }
        if changed.keys().any(is_progress) {
            self.progress_told = Some(at);
        }
        self.progress_owed = false;
        let finished = now.state.is_final() && !self.told.state.is_final();
        self.told = now.clone();
        changed.shrink_to_fit();
        News { changed, finished }
    }

    /// When to look again although nothing was heard of the job.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.next_progress().filter(|_| self.progress_owed)
    }

    fn next_progress(&self) -> Option<Instant> {
        self.progress_told.map(|told| told + PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::sample::snapshot;
    use crate::job::State;
    use crate::service::Phase;

    fn with(bytes: u64, state: State) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            bytes_done: bytes,
            state,
            ..snapshot(1)
        })
    }

    fn in_phase(phase: Phase) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            phase,
            ..Snapshot::clone(&with(0, State::Running))
        })
    }

    #[test]
    fn bytes_are_told_four_times_a_second_and_the_last_of_them_always() {
        let start = Instant::now();
        let mut teller = Teller::new(with(0, State::Running));
        let mut told = Vec::new();
        for ms in 0..2000 {
            let at = start + Duration::from_millis(ms);
            let bytes = ms.min(1100) + 1;
            if teller.next_deadline().is_none_or(|due| at >= due) || ms < 1100 {
                told.extend(
                    teller
                        .look(&with(bytes, State::Running), at)
                        .changed
                        .remove("BytesDone"),
                );
            }
        }
        let values: Vec<u64> = told.into_iter().map(|v| v.try_into().unwrap()).collect();
        assert_eq!(values, [1, 251, 501, 751, 1001, 1101]);
        assert_eq!(teller.next_deadline(), None);
    }

    #[test]
    fn phases_that_pass_in_a_moment_are_not_told_one_by_one() {
        let start = Instant::now();
        let mut teller = Teller::new(with(0, State::Running));
        let phases = [
            Phase::Resolving,
            Phase::Connecting,
            Phase::Authenticating,
            Phase::Preparing,
        ];
        let mut told = Vec::new();
        for (ms, phase) in (1..).zip(phases) {
            let now = in_phase(phase);
            let news = teller.look(&now, start + Duration::from_millis(ms));
            told.extend(news.changed.get("Phase").map(|_| phase));
        }
        assert_eq!(told, [Phase::Resolving]);
        // The one that it stays in is told, and the end at once.
        let due = teller.next_deadline().unwrap();
        assert_eq!(due, start + Duration::from_millis(251));
        let stays = in_phase(Phase::Preparing);
        assert!(teller.look(&stays, due).changed.contains_key("Phase"));
        assert_eq!(teller.next_deadline(), None);
        assert!(teller.look(&with(0, State::Done), due).finished);
    }

    #[test]
    fn another_state_is_told_at_once_with_the_bytes() {
        let start = Instant::now();
        let mut teller = Teller::new(with(0, State::Running));
        teller.look(&with(1, State::Running), start);
        assert!(
            teller
                .look(&with(2, State::Running), start)
                .changed
                .is_empty()
        );
        let news = teller.look(&with(3, State::Done), start);
        assert_eq!(news.changed["State"], Variant::from("done"));
        assert_eq!(news.changed["BytesDone"], Variant::from(3_u64));
        assert!(news.finished);
        assert_eq!(teller.look(&with(3, State::Done), start), News::default());
    }

    #[test]
    fn a_job_that_is_tried_again_can_finish_again() {
        let at = Instant::now();
        let mut teller = Teller::new(with(0, State::Failed));
        assert!(!teller.look(&with(0, State::Queued), at).finished);
        assert!(teller.look(&with(0, State::Done), at).finished);
    }
}
