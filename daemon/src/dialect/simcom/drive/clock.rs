//! The module's clock (reference 3.5).

use crate::message::DateTime;

/// `yy/MM/dd,hh:mm:ss±zz`, `zz` in quarters of an hour (27.007 section 8.15).
pub(super) fn clock(date: &DateTime) -> String {
    let sign = if date.tz_before_gmt { '-' } else { '+' };
    let quarters = u32::from(date.tz_hour) * 4 + u32::from(date.tz_minute) / 15;
    format!(
        "{:02}/{:02}/{:02},{:02}:{:02}:{:02}{sign}{quarters:02}",
        date.year % 100,
        date.month,
        date.day,
        date.hour,
        date.minute,
        date.second.min(59)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        let date = |text| DateTime::parse_rfc822(text).unwrap();
        for (text, expected) in [
            ("Fri, 5 Feb 2010 12:00:00 +0800", "10/02/05,12:00:00+32"),
            ("Sun, 22 Nov 2026 01:02:60 -0330", "26/11/22,01:02:59-14"),
            ("Thu, 1 Jan 2026 00:00:00 +0000", "26/01/01,00:00:00+00"),
        ] {
            assert_eq!(clock(&date(text)), expected);
        }
    }
}
