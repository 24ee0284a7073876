//! One line as DOS `dir` prints it: `04-14-00  03:47PM                  589 readme.htm`.

use super::super::date::Moment;
use super::{Line, entry};
use crate::service::EntryKind;
use std::time::SystemTime;

/// `None` for what is no such line.
pub(super) fn read(line: &str) -> Option<Line> {
    let (date, rest) = line.trim_start().split_once(' ')?;
    let (time, rest) = rest.trim_start().split_once(' ')?;
    let date = read_date(date)?;
    let (time, rest) = read_time(time, rest)?;
    let rest = rest.trim_start();
    let modified = Moment::new(date, time).and_then(Moment::time);
    let upper = rest.get(..5).unwrap_or_default();
    if upper.eq_ignore_ascii_case("<DIR>") {
        return named(rest.get(5..)?, EntryKind::Folder, None, modified);
    }
    // `<JUNCTION>`, `<SYMLINKD>`, `<SYMLINK>`; their targets follow in brackets.
    if let Some((_, name)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let name = match name.rfind(" [") {
            Some(at) if name.ends_with(']') => name.get(..at).unwrap_or(name),
            _ => name,
        };
        return named(name, EntryKind::Link, None, modified);
    }
    let (size, name) = rest.split_once(' ')?;
    // Some print 1,234,567 or 1.234.567.
    let digits: String = size.chars().filter(|c| !matches!(c, ',' | '.')).collect();
    let size = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !size || name.is_empty() {
        return None;
    }
    Some(entry(name, EntryKind::File, digits.parse().ok(), modified))
}

fn named(
    name: &str,
    kind: EntryKind,
    size: Option<u64>,
    modified: Option<SystemTime>,
) -> Option<Line> {
    let name = name.trim_start();
    (!name.is_empty()).then(|| entry(name, kind, size, modified))
}

/// Month, day, year; the order is the server's, the year has two or four digits.
fn read_date(text: &str) -> Option<[i64; 3]> {
    let mut parts = text.split(['-', '/', '.']);
    let mut numbers = [0_i64; 3];
    let mut digits = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(&mut digits) {
        let part = parts.next()?;
        if !(1..=4).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *digits = part.len();
        *number = part.parse().ok()?;
    }
    if parts.next().is_some() {
        return None;
    }
    match (digits, numbers) {
        ([4, ..], [year, month, day]) => Some([year, month, day]),
        ([_, _, 3], _) => None,
        (_, [first, second, year]) => {
            let year = match (digits[2], year) {
                (4, year) => year,
                (_, 0..=69) => year + 2000,
                (_, year) => year + 1900,
            };
            // Month first, as DOS has it in the United States and IIS everywhere, unless that can't be;
            // a date with dots is written by those who put the day first.
            if first > 12 || text.contains('.') {
                Some([year, second, first])
            } else {
                Some([year, first, second])
            }
        }
    }
}

/// `03:47PM`, `3:47p`, `15:47`, `15:47:09`, `03:47 PM`; and what follows.
fn read_time<'a>(time: &str, rest: &'a str) -> Option<([i64; 3], &'a str)> {
    let lower = time.to_ascii_lowercase();
    let (clock, half) = match lower.find(['a', 'p']) {
        Some(at) => lower.split_at_checked(at)?,
        None => (lower.as_str(), ""),
    };
    let (half, rest) = match (half, rest.trim_start().get(..3)) {
        ("", Some("AM " | "am ")) => ("a", rest.trim_start().get(3..)?),
        ("", Some("PM " | "pm ")) => ("p", rest.trim_start().get(3..)?),
        _ => (half, rest),
    };
    let mut numbers = [0; 3];
    let mut count = 0;
    for part in clock.split(':') {
        if !(1..=2).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *numbers.get_mut(count)? = part.parse().ok()?;
        count += 1;
    }
    if count < 2 {
        return None;
    }
    numbers[0] = match half {
        "" => numbers[0],
        "a" | "am" => numbers[0] % 12,
        "p" | "pm" => numbers[0] % 12 + 12,
        _ => return None,
    };
    Some((numbers, rest))
}
