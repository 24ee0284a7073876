//! One line as `ls -l` prints it, in its many variants, and EPLF.

use super::super::date::{Moment, year_of};
use super::{Line, entry};
use crate::service::EntryKind;
use std::time::{Duration, SystemTime};

/// `None` for what is no such line.
///
/// A line is permissions, then columns that differ from server to server, the size among them or not, then a
/// date, then one blank and the name, which may hold anything. So the date is what is looked for: the
/// first place where one stands, with a number before it.
pub(super) fn read(line: &str, now: Option<SystemTime>) -> Option<Line> {
    let kind = read_permissions(line)?;
    let words: Vec<Word<'_>> = words(line).collect();
    for at in 2..words.len() {
        let Some(size) = words.get(at - 1).filter(|word| is_size(word.text)) else {
            continue;
        };
        let dated = words.get(at..).unwrap_or_default();
        let Some((used, modified)) = read_date(dated, now) else {
            continue;
        };
        let end = dated.get(used.checked_sub(1)?)?.end;
        let name = line.get(end..)?.strip_prefix(' ')?;
        // NetWare pads.
        let name = if line.contains('[') {
            name.trim_start()
        } else {
            name
        };
        let name = match (kind, name.find(" -> ")) {
            (EntryKind::Link, Some(arrow)) => name.get(..arrow)?,
            _ => name,
        };
        if name.is_empty() {
            return None;
        }
        // A device has two numbers there, and no size.
        let size = match kind {
            EntryKind::File => size.text.parse().ok(),
            _ => None,
        };
        return Some(entry(name, kind, size, modified));
    }
    None
}

/// The kind, out of `drwxr-xr-x`, `-[RWCEAFMS]` or `d [R----F--]`.
fn read_permissions(line: &str) -> Option<EntryKind> {
    let mut chars = line.chars();
    let kind = match chars.next()? {
        '-' => EntryKind::File,
        'd' => EntryKind::Folder,
        'l' => EntryKind::Link,
        'b' | 'c' | 'p' | 's' | 'D' => EntryKind::Other,
        _ => return None,
    };
    let rest = chars.as_str();
    let netware = rest.trim_start().strip_prefix('[');
    let well_formed = match netware {
        Some(rights) => {
            let rights = rights.split_once(']')?.0;
            (6..=10).contains(&rights.len())
                && rights
                    .bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_uppercase())
        }
        None => {
            let rights = rest.split(' ').next()?;
            // A mark for access lists or attributes may follow: + @ .
            rights.len() >= 9
                && rights.len() <= 11
                && rights
                    .bytes()
                    .all(|byte| b"rwxsStTlLaA-+@.".contains(&byte))
        }
    };
    well_formed.then_some(kind)
}

#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// Where it ends in the line.
    end: usize,
}

fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    line.split(' ').filter_map(move |text| {
        let end = at + text.len();
        at = end + 1;
        (!text.is_empty()).then_some(Word { text, end })
    })
}

fn is_size(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A date at the beginning of these words: how many it takes, and when it is.
fn read_date(words: &[Word<'_>], now: Option<SystemTime>) -> Option<(usize, Option<SystemTime>)> {
    let text = |at: usize| words.get(at).map(|word| word.text);
    // 2026-11-21 18:52, 2026-11-21 18:52:33.123456789 +0100
    if let Some(date) = read_iso(text(0)?) {
        let time = read_time(text(1)?)?;
        let zone = text(2).and_then(read_zone);
        let used = if zone.is_some() { 3 } else { 2 };
        return Some((used, shifted(Moment::new(date, time), zone)));
    }
    let (month, day) = match (read_month(text(0)?), read_month(text(1)?)) {
        (Some(month), _) => (month, read_day(text(1)?)?),
        // The day first: 21 Nov, 21. Nov
        (None, Some(month)) => (month, read_day(text(0)?)?),
        (None, None) => return None,
    };
    if let Some(year) = read_year(text(2)?) {
        let date = month.and_then(|month| Moment::new([year, month, day], [0; 3]));
        return Some((3, date.and_then(Moment::time)));
    }
    let time = read_time(text(2)?)?;
    // BSD's `ls -T`: the year comes after a time with seconds.
    if text(2)?.matches(':').count() == 2
        && let Some(year) = text(3).and_then(read_year)
    {
        let date = month.and_then(|month| Moment::new([year, month, day], time));
        return Some((4, date.and_then(Moment::time)));
    }
    let date = month.and_then(|month| {
        let year = year_of(month, day, now?)?;
        Moment::new([year, month, day], time)
    });
    Some((3, date.and_then(Moment::time)))
}

fn read_iso(text: &str) -> Option<[i64; 3]> {
    let mut parts = text.split('-');
    let mut date = [0; 3];
    for (number, length) in date.iter_mut().zip([4, 2, 2]) {
        *number = digits(parts.next()?, length, length)?;
    }
    parts.next().is_none().then_some(date)
}

/// `18:52`, `18:52:33`, a fraction, and the dot that some locales write.
fn read_time(text: &str) -> Option<[i64; 3]> {
    let text = text.split_once('.').map_or(text, |(whole, _)| whole);
    let mut time = [0; 3];
    let mut count = 0;
    for part in text.split(':') {
        *time.get_mut(count)? = digits(part, 1, 2)?;
        count += 1;
    }
    (count >= 2).then_some(time)
}

/// `+0100`: seconds that the clock is ahead of UTC.
fn read_zone(text: &str) -> Option<i64> {
    let (sign, number) = text.split_at_checked(1)?;
    let number = digits(number, 4, 4)?;
    let seconds = number / 100 * 3600 + number % 100 * 60;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

fn shifted(moment: Option<Moment>, zone: Option<i64>) -> Option<SystemTime> {
    let time = moment?.time()?;
    let zone = zone.unwrap_or(0);
    let by = Duration::from_secs(zone.unsigned_abs());
    if zone < 0 {
        time.checked_add(by)
    } else {
        time.checked_sub(by)
    }
}

fn read_year(text: &str) -> Option<i64> {
    digits(text, 4, 4).filter(|year| (1900..=9999).contains(year))
}

/// `21`, `21.`, `21日`.
fn read_day(text: &str) -> Option<i64> {
    let text = text.trim_end_matches([
        '.',
        ',',
        '\u{65e5}',
        '\u{c77c}',
        char::REPLACEMENT_CHARACTER,
    ]);
    digits(text, 1, 2).filter(|day| (1..=31).contains(day))
}

/// Some month, or the one it is, where the word is known: `Nov`, `nov.`, `11月`.
fn read_month(text: &str) -> Option<Option<i64>> {
    let lower = text.trim_end_matches(['.', ',']).to_lowercase();
    if let Some(number) = lower.strip_suffix(['\u{6708}', '\u{c6d4}']) {
        return digits(number, 1, 2)
            .filter(|month| (1..=12).contains(month))
            .map(Some);
    }
    let letters = lower.chars().count();
    let is_word = (2..=9).contains(&letters)
        && lower
            .chars()
            .all(|c| c.is_alphabetic() || c == char::REPLACEMENT_CHARACTER);
    is_word.then(|| {
        MONTHS.iter().zip(1..).find_map(|(beginnings, number)| {
            let known = beginnings.iter().any(|name| lower.starts_with(name));
            known.then_some(number)
        })
    })
}

/// How the names of months begin: English, German, French, Spanish, Italian, Portuguese, Dutch, Danish,
/// Polish; Latin-1 letters have become U+FFFD by now. The longer beginnings stand first where a shorter one
/// would take them.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "j\u{fffd}n", "ene", "gen", "sty"],
    &["feb", "fév", "f\u{fffd}v", "fev", "lut"],
    &["mar", "mär", "m\u{fffd}r", "mrt", "mrz", "maa"],
    &["apr", "avr", "abr", "kwi"],
    &["may", "mai", "mag", "mei", "maj"],
    &["jun", "juin", "giu", "cze"],
    &["jul", "juil", "lug", "lip"],
    &["aug", "aoû", "ao\u{fffd}", "aou", "ago", "sie"],
    &["sep", "set", "wrz"],
    &["oct", "okt", "out", "ott", "paź", "pa\u{fffd}"],
    &["nov", "lis"],
    &["dec", "dez", "déc", "d\u{fffd}c", "dic", "gru"],
];

fn digits(text: &str, least: usize, most: usize) -> Option<i64> {
    let fits = (least..=most).contains(&text.len());
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (fits && digits).then(|| text.parse().ok()).flatten()
}

/// Easily Parsed LIST Format: `+i8388621.48594,m825718503,r,s280,<TAB>djb.html`.
pub(super) fn read_eplf(line: &str) -> Option<Line> {
    let (facts, name) = line.strip_prefix('+')?.split_once('\t')?;
    let mut kind = EntryKind::Other;
    let mut size = None;
    let mut modified = None;
    for fact in facts.split(',') {
        match fact.split_at_checked(1) {
            Some(("r", "")) => kind = EntryKind::File,
            Some(("/", "")) => kind = EntryKind::Folder,
            Some(("s", number)) => size = number.parse().ok(),
            Some(("m", number)) => {
                let seconds = number.parse().ok();
                modified = seconds.and_then(|seconds| {
                    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
                });
            }
            _ => {}
        }
    }
    (!name.is_empty()).then(|| entry(name, kind, size, modified))
}
