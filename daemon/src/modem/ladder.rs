//! The recovery ladder: which means is tried next on a module that stopped answering. No I/O.

use core::time::Duration;
use hayes_ldisc::time::Time;

/// A means of recovery, from the mildest. The names are `Modem.RecoveryRung` on D-Bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// Drain to quiet and probe.
    Resync,
    /// Leave a data mode or a prompt: `+++` between silences, ESC, DTR.
    Escape,
    /// Give the port back and claim it again; look for the module at other speeds.
    Reopen,
    /// Restart the module, and wait for it to come back.
    Reset,
}

impl Rung {
    /// All, from the mildest.
    pub const ALL: [Self; 4] = [Self::Resync, Self::Escape, Self::Reopen, Self::Reset];

    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resync => "resync",
            Self::Escape => "escape",
            Self::Reopen => "reopen",
            Self::Reset => "reset",
        }
    }

    /// The rung of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.name() == name)
    }

    /// How long it is not used again. A means that had to be used twice in a short time does not help,
    /// and a module that is restarted all the time is worse than one that is left alone.
    fn rest(self) -> Duration {
        match self {
            Self::Resync | Self::Escape => Duration::ZERO,
            Self::Reopen => Duration::from_secs(30),
            Self::Reset => Duration::from_secs(600),
        }
    }
}

/// How long a failed module is left alone before it is tried again: doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// Keeps what was tried when.
#[derive(Debug, Default)]
pub struct Ladder {
    used: [Option<Time>; 4],
    pause: Option<Duration>,
}

impl Ladder {
    /// The mildest rung from `from` on that may be used now; it counts as used. `None`: the modem has
    /// failed.
    pub fn climb(&mut self, from: Rung, now: Time) -> Option<Rung> {
        let rung = Rung::ALL
            .into_iter()
            .filter(|rung| *rung >= from)
            .find(|rung| self.used[*rung as usize].is_none_or(|used| now - used >= rung.rest()))?;
        self.used[rung as usize] = Some(now);
        Some(rung)
    }

    /// A person asks for this rung: its limit does not hold this time.
    pub fn allow(&mut self, rung: Rung) {
        self.used[rung as usize] = None;
    }

    /// The module works again.
    pub fn recovered(&mut self) {
        self.pause = None;
    }

    /// How long a failed module is left alone this time.
    pub fn pause(&mut self) -> Duration {
        let pause = self
            .pause
            .map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.pause = Some(pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(1_000_000_000);

    #[test]
    fn climbs_from_the_mildest_to_failure() {
        let mut ladder = Ladder::default();
        let mut from = Rung::Resync;
        for expected in Rung::ALL {
            assert_eq!(ladder.climb(from, START), Some(expected));
            from = expected;
            if expected < Rung::Reopen {
                from = Rung::ALL[expected as usize + 1];
            }
        }
        assert_eq!(ladder.climb(Rung::Reset, START), None);
    }

    #[test]
    fn harsh_rungs_are_rate_limited() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.climb(Rung::Reset, START), Some(Rung::Reset));
        let soon = START + Duration::from_millis(599_999);
        assert_eq!(ladder.climb(Rung::Reset, soon), None);
        assert_eq!(ladder.climb(Rung::Reopen, soon), Some(Rung::Reopen));
        let later = START + Duration::from_secs(600);
        assert_eq!(ladder.climb(Rung::Reset, later), Some(Rung::Reset));
    }

    #[test]
    fn a_failed_module_is_left_alone_longer_each_time() {
        let mut ladder = Ladder::default();
        let pauses: Vec<u64> = (0..6).map(|_| ladder.pause().as_secs()).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900]);
        ladder.recovered();
        assert_eq!(ladder.pause(), FIRST_PAUSE);
    }

    #[test]
    fn names_are_unique() {
        for rung in Rung::ALL {
            assert_eq!(Rung::by_name(rung.name()), Some(rung));
        }
        assert_eq!(Rung::by_name("hammer"), None);
    }
}
