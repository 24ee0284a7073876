//! Paths of files and folders: how they are written in a command, and which there may be (manual, chapter
//! FTP, for `{non-ascii}`; file system commands of sister families for the rest).

use crate::dialect::simcom::names::FSCD;
use crate::dialect::volume::FileName;
use crate::emulator::{Run, Slot, Value};
use encoding_rs::{Encoding, GBK, UTF_8};

/// The longest path with its drive, in characters.
const LONGEST: usize = 254;
/// What stands before hexadecimal digits.
const PREFIX: &[u8] = b"{non-ascii}";
/// What no name may hold, besides control characters.
const FORBIDDEN: &[u8] = b"\\/:*?\"<>|,;";

/// The charset of what `{non-ascii}` introduces.
fn charset(run: &Run<'_>) -> &'static Encoding {
    match run.quirk(&super::NON_ASCII) {
        1 => UTF_8,
        _ => GBK,
    }
}

/// What a path parameter says: between quotes or without them as it stands, behind `{non-ascii}` decoded to
/// UTF-8. `None` where its digits or characters are none.
pub(super) fn text(run: &Run<'_>, written: &[u8]) -> Option<Vec<u8>> {
    let prefix = written.get(..PREFIX.len());
    if !prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX)) {
        return Some(written.to_vec());
    }
    let rest = written.get(PREFIX.len()..)?.trim_ascii();
    let digits = rest.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    decode(digits, charset(run))
}

/// Runs of hexadecimal digits between slashes; blanks count for nothing, and slashes may stand as
/// themselves, in digits, or as both (section 6.6 of the manual shows all).
fn decode(digits: &[u8], charset: &'static Encoding) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::new();
    let mut high = None;
    for &byte in digits.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        match (byte, high) {
            (b'/', None) => bytes.push(b'/'),
            (_, None) => high = Some(digit(byte)?),
            (_, Some(first)) => {
                bytes.push(u8::try_from(first * 16 + digit(byte)?).ok()?);
                high = None;
            }
        }
    }
    if high.is_some() {
        return None;
    }
    let text = charset.decode_without_bom_handling_and_without_replacement(&bytes)?;
    let mut path = text.into_owned().into_bytes();
    path.dedup_by(|next, last| *next == b'/' && *last == b'/');
    Some(path)
}

/// Whether a file or folder may be called so.
pub(super) fn is_name(name: &[u8]) -> bool {
    let first = name
        .first()
        .is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii());
    let may_hold = |byte: &u8| !byte.is_ascii_control() && !FORBIDDEN.contains(byte);
    first && name.last() != Some(&b'.') && name.iter().all(may_hold)
}

/// The folder that names without a drive are in (`AT+FSCD`).
pub(super) fn current(run: &Run<'_>) -> FileName {
    let volumes = run.played().volumes;
    let first = volumes.first().map_or("", |volume| volume.name);
    let root = FileName::new(first, b"");
    let saved = run.memory.get(&Slot::of(FSCD, "path"));
    match saved {
        Some(path) => FileName::resolve(volumes, &root, &path.to_bytes()),
        None => root,
    }
}

/// Names without a drive are in this folder from here on.
pub(super) fn set_current(run: &mut Run<'_>, folder: &FileName) {
    let path = full(run, folder);
    run.memory.set(Slot::of(FSCD, "path"), Value::Text(path));
}

/// The file or folder that a path parameter names; `..` leads nowhere, and names are as they may be.
pub(super) fn file(run: &Run<'_>, written: &[u8]) -> Option<FileName> {
    let path = text(run, written)?;
    let found = resolve(run, &current(run), &path, is_name)?;
    found.parent().is_some().then_some(found)
}

/// The folder that a path parameter names; `..` is the one above.
pub(super) fn folder(run: &Run<'_>, written: &[u8]) -> Option<FileName> {
    let path = text(run, written)?;
    let may_be = |name: &[u8]| matches!(name, b"." | b"..") || is_name(name);
    let trimmed = path.strip_suffix(b"/").filter(|path| !path.is_empty());
    resolve(run, &current(run), trimmed.unwrap_or(&path), may_be)
}

/// The file that a path names from this folder.
pub(super) fn within(run: &Run<'_>, at: &FileName, path: &[u8]) -> Option<FileName> {
    resolve(run, at, path, is_name).filter(|found| found.parent().is_some())
}

fn resolve(
    run: &Run<'_>,
    at: &FileName,
    path: &[u8],
    may_be: impl Fn(&[u8]) -> bool,
) -> Option<FileName> {
    let volumes = run.played().volumes;
    let drive = volumes.iter().find_map(|volume| {
        let (start, rest) = path.split_at_checked(volume.prefix.len())?;
        start
            .eq_ignore_ascii_case(volume.prefix.as_bytes())
            .then_some(rest)
    });
    let names = drive.unwrap_or(path);
    let names = names.strip_prefix(b"/").unwrap_or(names);
    // The drive alone is its root; anything else has a name between any two slashes.
    let only_drive = names.is_empty() && (drive.is_some() || path == b"/");
    if !only_drive && !names.split(|&byte| byte == b'/').all(may_be) {
        return None;
    }
    let found = FileName::resolve(volumes, at, path);
    let length = String::from_utf8_lossy(&full(run, &found)).chars().count();
    (length <= LONGEST).then_some(found)
}

/// A path as the module prints it: `C:/Picture/a.jpg`, `C:/` for a drive.
pub(super) fn full(run: &Run<'_>, file: &FileName) -> Vec<u8> {
    let mut volumes = run.played().volumes.iter();
    let volume = volumes.find(|volume| volume.name == file.volume());
    let drive = volume.map_or("", |volume| volume.prefix);
    [drive.as_bytes(), b"/", file.name()].concat()
}

/// The path of a folder, with a slash behind it.
pub(super) fn full_folder(run: &Run<'_>, folder: &FileName) -> Vec<u8> {
    let mut path = full(run, folder);
    if !path.ends_with(b"/") {
        path.push(b'/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(digits: &str) -> Option<String> {
        let path = decode(digits.as_bytes(), GBK)?;
        Some(String::from_utf8(path).unwrap())
    }

    /// 16-A18 and 16-A19: the manual's own names.
    #[test]
    fn hexadecimal_names_are_gbk() {
        for (digits, path) in [
            ("B2E2CAD42E747874", "测试.txt"),
            ("b2e2 cad4 2e747874 ", "测试.txt"),
            ("/2F74657374646972/B2E2CAD42E747874", "/testdir/测试.txt"),
            ("2F746573746469722FB2E2CAD42E747874", "/testdir/测试.txt"),
            ("", ""),
        ] {
            assert_eq!(gbk(digits).as_deref(), Some(path), "{digits}");
        }
        let utf8 = decode(b"E6B58BE8AF95E99984E4BBB62E6A7067", UTF_8).unwrap();
        assert_eq!(utf8, "测试附件.jpg".as_bytes());
    }

    #[test]
    fn what_is_no_hexadecimal_name_is_refused() {
        // An odd run (the manual's own misprint), other characters, half a character of GBK.
        for digits in [
            "/2F746573746646972/B2E2",
            "B2E",
            "B2\\E2",
            "XY",
            "B2",
            "2/F",
        ] {
            assert_eq!(gbk(digits), None, "{digits}");
        }
    }

    #[test]
    fn names_are_as_they_may_be() {
        for name in [
            "a",
            "1",
            "_",
            "a.b",
            "a b",
            "EMAIL000.TXT",
            "测试.txt",
            "a-b(1)",
        ] {
            assert!(is_name(name.as_bytes()), "{name}");
        }
        for name in [
            "", ".", "..", ".a", "a.", "-a", " a", "a\\b", "a:b", "a*", "a?", "a\"b", "a<b", "a>b",
            "a|b", "a,b", "a;b", "a/b", "a\x7f", "a\0b",
        ] {
            assert!(!is_name(name.as_bytes()), "{name}");
        }
    }
}
