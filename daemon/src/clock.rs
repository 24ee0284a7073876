//! The two clocks: how long something has waited, and what time it is, if that is known.

use std::time::{Duration, SystemTime};

/// No real time is earlier than this (2026-01-01T00:00:00Z): a clock that says so was never set. Seconds
/// since 1970; moved forward with releases.
const FLOOR: u64 = 1_767_225_600;

/// Time, so that tests can bring their own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Time since this machine was started, sleep included. It never jumps and says nothing about the date.
    fn uptime(&self) -> Duration;

    /// Of which boot that time is: empty where nothing tells boots apart.
    fn boot(&self) -> String;

    /// The date, or `None` while this machine's clock was evidently never set.
    fn date(&self) -> Option<SystemTime>;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn uptime(&self) -> Duration {
        // CLOCK_BOOTTIME exists since Linux 2.6.39; without it there is no age to speak of.
        nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME)
            .map(Duration::from)
            .unwrap_or_default()
    }

    fn boot(&self) -> String {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|id| id.trim().to_owned())
            .unwrap_or_default()
    }

    fn date(&self) -> Option<SystemTime> {
        let now = SystemTime::now();
        is_plausible(now).then_some(now)
    }
}

/// Whether this can be the time at all.
pub fn is_plausible(time: SystemTime) -> bool {
    time >= SystemTime::UNIX_EPOCH + Duration::from_secs(FLOOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_not_believed() {
        assert!(!is_plausible(SystemTime::UNIX_EPOCH));
        assert!(!is_plausible(
            SystemTime::UNIX_EPOCH + Duration::from_secs(FLOOR - 1)
        ));
        assert!(is_plausible(
            SystemTime::UNIX_EPOCH + Duration::from_secs(FLOOR)
        ));
    }

    #[test]
    fn uptime_goes_forward() {
        let before = SystemClock.uptime();
        assert!(before > Duration::ZERO);
        assert!(SystemClock.uptime() >= before);
    }
}
