//! The clock of a module: this machine's, but for what the equipment has set (`AT+CCLK`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far a module's clock is from this machine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleClock {
    /// Seconds that local time at the module is ahead of UTC at this machine.
    pub ahead: i64,
    /// The time zone that the equipment set with it: quarters of an hour ahead of UTC, -96 to 96.
    pub zone: i8,
}

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// The year of the Gregorian calendar.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

const DAY: i64 = 24 * 60 * 60;

impl ModuleClock {
    /// The clock that shows this local time when this machine's shows `now`.
    pub fn set(local: Civil, zone: i8, now: SystemTime) -> Self {
        let ahead = local.seconds() - seconds(now);
        Self { ahead, zone }
    }

    /// Local time at the module when this machine's clock shows `now`.
    pub fn local(self, now: SystemTime) -> Civil {
        Civil::of(seconds(now).saturating_add(self.ahead))
    }

    /// UTC as the module has it: what its mails are dated with.
    pub fn utc(self, now: SystemTime) -> SystemTime {
        let zone = i64::from(self.zone) * 15 * 60;
        let moved = seconds(now).saturating_add(self.ahead) - zone;
        let after = Duration::from_secs(u64::try_from(moved).unwrap_or(0));
        UNIX_EPOCH.checked_add(after).unwrap_or(now)
    }

    /// As it is kept in a module's memory.
    pub fn to_text(self) -> String {
        format!("{},{}", self.ahead, self.zone)
    }

    /// What [`ModuleClock::to_text`] wrote; this machine's clock for anything else.
    pub fn from_text(text: &[u8]) -> Self {
        let read = || {
            let (ahead, zone) = std::str::from_utf8(text).ok()?.split_once(',')?;
            Some(Self {
                ahead: ahead.parse().ok()?,
                zone: zone.parse().ok()?,
            })
        };
        read().unwrap_or_default()
    }
}

/// Seconds since 1970, UTC.
fn seconds(time: SystemTime) -> i64 {
    let after = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(after.as_secs()).unwrap_or(i64::MAX)
}

impl Civil {
    /// The time so many seconds after 1970-01-01T00:00:00 (H. Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms", `civil_from_days`).
    pub fn of(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        // Years begin in March here, so that a leap day is a year's last.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let small = |number: i64| u8::try_from(number).unwrap_or(0);
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// Seconds from 1970-01-01T00:00:00 to it (the same source, `days_from_civil`).
    pub fn seconds(self) -> i64 {
        let month = i64::from(self.month);
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let of_year = (153 * shifted + 2) / 5 + i64::from(self.day) - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        let time = |hour: u8, minute: u8, second: u8| {
            i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)
        };
        days * DAY + time(self.hour, self.minute, self.second)
    }

    /// `YYMMDDHHMMSS`, as SIMCom's modules call folders.
    pub fn digits(self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        let year = year.rem_euclid(100);
        format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn known_dates() {
        assert_eq!(Civil::of(0).digits(), "700101000000");
        assert_eq!(Civil::of(1_251_806_400).digits(), "090901120000");
        assert_eq!(Civil::of(1_709_164_800 + DAY - 1).digits(), "240229235959");
        assert_eq!(Civil::of(-1).digits(), "691231235959");
    }

    #[test]
    fn a_clock_that_was_set_goes_on_from_there() {
        let local = Civil::of(1_265_371_200);
        let clock = ModuleClock::set(local, 32, at(1_800_000_000));
        assert_eq!(clock.local(at(1_800_000_000)), local);
        assert_eq!(
            clock.local(at(1_800_000_061)).seconds(),
            local.seconds() + 61
        );
        // 32 quarters are eight hours.
        assert_eq!(clock.utc(at(1_800_000_000)), at(1_265_371_200 - 8 * 3600));
        assert_eq!(ModuleClock::from_text(clock.to_text().as_bytes()), clock);
        assert_eq!(ModuleClock::from_text(b"x"), ModuleClock::default());
    }

    proptest! {
        #[test]
        fn to_a_date_and_back(seconds in -100_000_000_000_i64..1_000_000_000_000) {
            prop_assert_eq!(Civil::of(seconds).seconds(), seconds);
        }
    }
}
