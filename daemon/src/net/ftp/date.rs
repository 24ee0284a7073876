//! Dates as FTP servers write them. No I/O.

use std::time::{Duration, SystemTime};

/// A date and time of day, in whatever zone the server means (RFC 3659: UTC; a LIST line: its own, taken
/// for UTC since it is not told).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// 1 to 31.
    pub(super) day: i64,
    /// Seconds since midnight; a leap second counts as the one before it.
    pub(super) second: i64,
}

impl Moment {
    /// `None` where there is no such day or time.
    pub(super) fn new(date: [i64; 3], time: [i64; 3]) -> Option<Self> {
        let [year, month, day] = date;
        let [hour, minute, second] = time;
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second);
        exists.then(|| Self {
            year,
            month,
            day,
            second: hour * 3600 + minute * 60 + second.min(59),
        })
    }

    /// As time since 1970; `None` before it.
    pub(super) fn time(self) -> Option<SystemTime> {
        let days = days_since_1970(self.year, self.month, self.day);
        let seconds = u64::try_from(days * 86_400 + self.second).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

/// `YYYYMMDDhhmmss[.fraction]` (RFC 3659 section 2.3). Servers of the year 2000 that print the year as
/// "19100" are read as well.
pub(super) fn read_stamp(text: &str) -> Option<SystemTime> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (year, rest) = match digits.len() {
        14 => digits.split_at_checked(4)?,
        15 if digits.starts_with("191") => digits.split_at_checked(5)?,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year: i64 = year.parse().ok()?;
    let year = if year > 9999 { year - 17_100 } else { year };
    let two = |at: usize| rest.get(at..at + 2).and_then(|two| two.parse().ok());
    let moment = Moment::new([year, two(0)?, two(2)?], [two(4)?, two(6)?, two(8)?])?;
    moment.time()?.checked_add(read_fraction(fraction)?)
}

fn read_fraction(digits: &str) -> Option<Duration> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut nanos = 0;
    for place in 0..9 {
        let digit = digits.as_bytes().get(place).map_or(0, |byte| byte - b'0');
        nanos = nanos * 10 + u32::from(digit);
    }
    Some(Duration::new(0, nanos))
}

/// The year of a day that was told without one, most likely the last such day before now (a day ahead is
/// a server in another zone).
pub(super) fn year_of(month: i64, day: i64, now: SystemTime) -> Option<i64> {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    let today = i64::try_from(seconds / 86_400).ok()?;
    // The year of today is this or the next.
    let first = 1970 + today / 366;
    let this = (first..first + 3).rfind(|&year| days_since_1970(year, 1, 1) <= today)?;
    // A 29th of February is of the last year that had one.
    (this - 8..=this + 1).rfind(|&year| {
        day <= days_in(year, month) && days_since_1970(year, month, day) <= today + 1
    })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Of the Gregorian calendar, which is what every server means.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = |year: i64| year * 365 + year / 4 - year / 100 + year / 400;
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    before(year - 1) - before(1969) + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn stamps_as_servers_write_them() {
        assert_eq!(read_stamp("19700101000000"), Some(at(0)));
        assert_eq!(read_stamp("20000229123456"), Some(at(951_827_696)));
        assert_eq!(read_stamp("20261121185233"), Some(at(1_795_287_153)));
        assert_eq!(read_stamp("191000229123456"), Some(at(951_827_696)));
        assert_eq!(read_stamp("20161231235960"), Some(at(1_483_228_799)));
        assert_eq!(
            read_stamp("19700101000001.25"),
            Some(at(1) + Duration::from_millis(250))
        );
        for bad in [
            "",
            "2026",
            "20261321185233",
            "20260230000000",
            "20261121245233",
            "2026112118523x",
            "19691231235959",
            "20261121185233.x",
            "+0261121185233",
            "2026\u{e4}12118523",
            "191000229123",
        ] {
            assert_eq!(read_stamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_agree_with_the_calendar() {
        let mut days = 0;
        for year in 1970..2200 {
            for month in 1..=12 {
                assert_eq!(days_since_1970(year, month, 1), days, "{year}-{month}");
                days += days_in(year, month);
            }
        }
    }

    #[test]
    fn the_year_that_is_not_told() {
        // 2026-11-21
        let now = at(1_795_287_153);
        assert_eq!(year_of(11, 21, now), Some(2026));
        assert_eq!(year_of(11, 22, now), Some(2026));
        assert_eq!(year_of(11, 23, now), Some(2025));
        assert_eq!(year_of(1, 1, now), Some(2026));
        assert_eq!(year_of(2, 29, now), Some(2024));
        // 2027-01-01: a server further west still has December, one further east already the 2nd.
        let new_year = at(1_798_761_600);
        assert_eq!(year_of(12, 31, new_year), Some(2026));
        assert_eq!(year_of(1, 2, new_year), Some(2027));
        assert_eq!(year_of(1, 1, at(0)), Some(1970));
    }
}
