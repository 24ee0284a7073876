//! When a mail is tried again. No I/O, no clock of its own.

use std::time::Duration;

/// How long and how often a mail in the queue is tried: `[daemon] queue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Before the second attempt; the one after attempt n waits n² times as long.
    pub first: Duration,
    /// But no longer than this.
    pub longest: Duration,
    /// At this age a mail is given up.
    pub expiry: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(60 * 60),
            expiry: Duration::from_secs(5 * 24 * 60 * 60),
        }
    }
}

impl Schedule {
    /// The age at which a mail of this age is tried again, after so many failures; `None` once it has
    /// expired. The last attempt is made as it expires.
    pub(super) fn next(&self, age: Duration, failures: u32) -> Option<Duration> {
        if age >= self.expiry {
            return None;
        }
        let n = failures.max(1);
        let delay = self
            .first
            .saturating_mul(n.saturating_mul(n))
            .min(self.longest);
        Some(age.saturating_add(delay).min(self.expiry))
    }
}

impl Schedule {
    /// The longest that a mail waits after a restart: what kept it may be gone, and a machine that is on
    /// for half an hour a day would never see the end of a longer pause.
    pub(super) fn after_restart(&self) -> Duration {
        self.first.min(self.longest)
    }
}

/// How old something is: elapsed time of this machine, summed up over restarts, never the date.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Age {
    /// Its age when `mark` was taken.
    #[serde(with = "millis")]
    base: Duration,
    /// The machine's uptime then.
    #[serde(with = "millis")]
    mark: Duration,
    /// Of which boot (`/proc/sys/kernel/random/boot_id`).
    boot: String,
}

impl Age {
    /// Born now.
    pub(super) fn new(uptime: Duration, boot: &str) -> Self {
        Self {
            base: Duration::ZERO,
            mark: uptime,
            boot: boot.into(),
        }
    }

    /// How old it is.
    pub(super) fn at(&self, uptime: Duration) -> Duration {
        self.base.saturating_add(uptime.saturating_sub(self.mark))
    }

    /// How old it was when it was marked.
    pub(super) fn saved(&self) -> Duration {
        self.base
    }

    /// To be saved: the same age, marked now.
    pub(super) fn mark(&mut self, uptime: Duration) {
        self.base = self.at(uptime);
        self.mark = uptime;
    }

    /// As it was saved, in this boot. Of the time between two boots nothing is known, so it does not count.
    pub(super) fn resumed(&self, uptime: Duration, boot: &str) -> Self {
        if self.boot == boot && !boot.is_empty() {
            return self.clone();
        }
        Self {
            base: self.base,
            mark: uptime,
            boot: boot.into(),
        }
    }
}

/// Durations as whole milliseconds.
pub(super) mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(in crate::job) fn serialize<S: Serializer>(
        time: &Duration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(in crate::job) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_default_schedule() {
        let schedule = Schedule::default();
        let delays: Vec<u64> = (1..=9)
            .map(|n| schedule.next(Duration::ZERO, n).unwrap().as_secs())
            .collect();
        assert_eq!(delays, [60, 240, 540, 960, 1500, 2160, 2940, 3600, 3600]);
        assert_eq!(schedule.next(Duration::ZERO, 0).unwrap(), 60 * SECOND);
        assert_eq!(
            schedule.next(Duration::ZERO, u32::MAX).unwrap(),
            3600 * SECOND
        );
    }

    #[test]
    fn the_last_attempt_is_at_expiry() {
        let schedule = Schedule::default();
        assert_eq!(
            schedule.next(schedule.expiry - SECOND, 20),
            Some(schedule.expiry)
        );
        assert_eq!(schedule.next(schedule.expiry, 20), None);
    }

    #[test]
    fn a_mail_is_tried_about_126_times() {
        let schedule = Schedule::default();
        let (mut age, mut attempts) = (Duration::ZERO, 1);
        while let Some(next) = schedule.next(age, attempts) {
            age = next;
            attempts += 1;
        }
        assert_eq!(age, schedule.expiry);
        assert_eq!(attempts, 126);
    }

    #[test]
    fn age_counts_on_over_a_restart_and_stands_over_a_boot() {
        let mut age = Age::new(100 * SECOND, "one");
        assert_eq!(age.at(130 * SECOND), 30 * SECOND);
        age.mark(130 * SECOND);
        assert_eq!(
            age.resumed(190 * SECOND, "one").at(190 * SECOND),
            90 * SECOND
        );
        assert_eq!(age.resumed(5 * SECOND, "two").at(15 * SECOND), 40 * SECOND);
        assert_eq!(age.at(Duration::ZERO), 30 * SECOND);
    }

    proptest! {
        #[test]
        fn attempts_go_forward(age in 0_u64..1_000_000, attempts in any::<u32>(), first in 1_u64..1000) {
            let schedule = Schedule { first: Duration::from_secs(first), ..Schedule::default() };
            if let Some(next) = schedule.next(Duration::from_secs(age), attempts) {
                prop_assert!(next > Duration::from_secs(age) && next <= schedule.expiry);
            }
        }
    }
}
