//! What the lines of a mailbox say.

use super::super::names::POP3;
use crate::at::response::split_name;
use crate::modem::Answer;

/// `C:/Email/090901120000/, EMAIL000.TXT`: the folder, its slash included, and the file.
pub(super) fn place_of(line: &[u8]) -> Option<(String, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (place, file) = line.rsplit_once("/,")?;
    let is_path = place
        .as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphabetic)
        && place.get(1..3) == Some(":/");
    let file = file.trim();
    let is_name = !file.is_empty() && !file.contains('/');
    (is_path && is_name).then(|| (format!("{place}/"), file.to_owned()))
}

/// Two numbers, a comma or a blank between them.
pub(super) fn two_numbers(text: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = text.split([',', ' ']).filter(|part| !part.is_empty());
    let two = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next().is_none().then_some(two)
}

/// The numbers behind `+POP3:`.
pub(super) fn told(answer: &Answer) -> Option<(u64, u64)> {
    let mut lines = answer.lines.iter().filter_map(|line| split_name(line));
    lines.find_map(|(name, rest)| {
        let own = name.eq_ignore_ascii_case(POP3.as_bytes());
        two_numbers(rest).filter(|_| own)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16-A21, 16-A22: path and name are the URC's, whatever they are.
    #[test]
    fn a22_places() {
        let place = |line: &str| place_of(line.as_bytes());
        let told = |place: &str, file: &str| Some((place.to_owned(), file.to_owned()));
        for line in [
            "C:/Email/090901120000/, EMAIL000.TXT",
            "C:/Email/090901120000/,EMAIL000.TXT",
        ] {
            assert_eq!(place(line), told("C:/Email/090901120000/", "EMAIL000.TXT"));
        }
        assert_eq!(
            place("D:/Email/1/, EMAIL001.TXT"),
            told("D:/Email/1/", "EMAIL001.TXT")
        );
        for line in ["+POP3: SUCCESS", "C:/x", "C:/x/,", "x/, y", "1:/x/, y"] {
            assert_eq!(place(line), None, "{line}");
        }
    }

    /// 16-A2: a comma, a blank, or both.
    #[test]
    fn a2_numbers() {
        for text in ["1, 3057", "1,3057", "1 3057"] {
            assert_eq!(two_numbers(text.as_bytes()), Some((1, 3057)), "{text}");
        }
        for text in ["1", "1,2,3", "a,1", ""] {
            assert_eq!(two_numbers(text.as_bytes()), None, "{text}");
        }
    }
}
