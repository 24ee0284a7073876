//! Which changes of a job are told, and when. No I/O.

use super::view;
use crate::job::Snapshot;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zbus::Variant;

/// `BytesDone` is told at most so often.
const PERIOD: Duration = Duration::from_millis(250);

/// Remembers what was told of a job.
#[derive(Debug)]
pub(super) struct Teller {
    told: Arc<Snapshot>,
    bytes_told: Option<Instant>,
    bytes_owed: bool,
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
            bytes_told: None,
            bytes_owed: false,
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
        let alone = changed.len() == 1 && changed.contains_key("BytesDone");
        if alone && self.next_bytes().is_some_and(|due| at < due) {
            self.bytes_owed = true;
            return News::default();
        }
        if changed.contains_key("BytesDone") {
            self.bytes_told = Some(at);
        }
        self.bytes_owed = false;
        let finished = now.state.is_final() && !self.told.state.is_final();
        self.told = now.clone();
        changed.shrink_to_fit();
        News { changed, finished }
    }

    /// When to look again although nothing was heard of the job.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.next_bytes().filter(|_| self.bytes_owed)
    }

    fn next_bytes(&self) -> Option<Instant> {
        self.bytes_told.map(|told| told + PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::sample::snapshot;
    use crate::job::State;

    fn with(bytes: u64, state: State) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            bytes_done: bytes,
            state,
            ..snapshot(1)
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
