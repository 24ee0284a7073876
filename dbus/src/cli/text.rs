//! Sizes, times and words for people.

use std::time::Duration;

/// A text that somebody else wrote, for a terminal: its control characters do nothing.
pub(super) fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.trim_end().chars().map(plain).collect()
}

/// Bytes with three digits: `999 B`, `1.50 KiB`, `20.0 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Rounding is meant: three digits are shown.
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = match value {
        small if small < 9.995 => 2,
        middle if middle < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Microseconds since 1970 as `2026-11-21 07:05:09Z`; `-` for 0.
pub(super) fn time(microseconds: u64) -> String {
    if microseconds == 0 {
        return "-".into();
    }
    let seconds = microseconds / 1_000_000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

/// The date of a day since 1970: years begin in March, so that a leap day is the last of its year, and
/// 400 of them have 146097 days.
fn date(day: u64) -> (u64, u64, u64) {
    // From 1 March of the year 0 on.
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next_year, month, day_of_month)
}

/// A time such as `90`, `90s`, `5m`, `1h30m` or `2d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a number of seconds, or as in 90s, 5m, 1h30m, 2d".to_owned();
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = match &rest.as_bytes()[digits..] {
            [] if digits == text.len() => 1,
            [b's', ..] => 1,
            [b'm', ..] => 60,
            [b'h', ..] => 3600,
            [b'd', ..] => 86_400,
            _ => return Err(wrong()),
        };
        let seconds = number.checked_mul(unit);
        total = seconds
            .and_then(|seconds| total.checked_add(seconds))
            .ok_or_else(wrong)?;
        rest = rest.get(digits + 1..).unwrap_or_default();
    }
    // A hundred years fit into the microseconds of D-Bus calls.
    if total == 0 || total > 100 * 366 * 86_400 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "0.98 KiB"),
            (1536, "1.50 KiB"),
            (10_239, "10.0 KiB"),
            (1024 * 1000, "0.98 MiB"),
            (20 << 20, "20.0 MiB"),
            (300 << 20, "300 MiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn times_are_utc() {
        for (seconds, text) in [
            (0, "-"),
            (1, "1970-01-01 00:00:01Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (951_868_799, "2000-02-29 23:59:59Z"),
            (1_795_302_000, "2026-11-21 23:00:00Z"),
            (4_107_542_399, "2100-02-28 23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ] {
            assert_eq!(time(seconds * 1_000_000), text);
        }
    }

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("1h30m", 5400), ("2d", 172_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in [
            "",
            "0",
            "s",
            "1x",
            "1m30",
            "-1",
            "1.5h",
            "99999999999999999999",
            "999999d",
            "1ü",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn terminals_are_not_told_what_to_do() {
        assert_eq!(
            clean("550 \u{1b}[2J no\r\nnext\n"),
            "550 \u{fffd}[2J no\u{fffd}\u{fffd}next"
        );
    }
}
