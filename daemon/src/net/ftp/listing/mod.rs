//! Listings: lines of a folder to its entries. No I/O.
//!
//! MLSD is a format (RFC 3659 section 7); LIST is whatever a server's author liked: mostly what `ls -l` or
//! DOS `dir` print, in some hundred variants. A line is tried as each kind in turn. What is no entry (a
//! total, a heading) is passed over, but a listing of which nothing at all is understood is an error.

mod dos;
mod mlsd;
mod unix;

#[cfg(test)]
mod tests;

use crate::service::{Entry, EntryKind, Error, ErrorKind, Fault, Result};
use std::time::SystemTime;

/// A line longer than this is none.
const MAX_LINE: usize = 16 * 1024;
/// No file has more bytes than this: what POSIX's `off_t` holds. A server that says so errs, and no sum of it
/// with what was transferred overflows.
pub(super) const LARGEST_FILE: u64 = i64::MAX as u64;

/// How a listing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// The answer to MLSD.
    Mlsd,
    /// The answer to LIST.
    List,
}

/// Reads a whole listing that a server wrote for LIST. `now` is for dates that are told without a year.
pub fn read_listing(
    bytes: &[u8],
    now: Option<SystemTime>,
    each: &mut dyn FnMut(Entry) -> Result<()>,
) -> Result<()> {
    let mut listing = Listing::new(Form::List, now);
    listing.read(bytes, each)?;
    listing.end(each)
}

/// Cuts a listing into lines and reads them.
#[derive(Debug)]
pub(in super::super) struct Listing {
    form: Form,
    /// For dates that are told without a year; `None`: not known here, so such entries have no date.
    now: Option<SystemTime>,
    line: Vec<u8>,
    entries: u64,
    /// The first line that was not understood.
    odd: Option<String>,
}

impl Listing {
    pub(in super::super) fn new(form: Form, now: Option<SystemTime>) -> Self {
        Self {
            form,
            now,
            line: Vec::new(),
            entries: 0,
            odd: None,
        }
    }

    /// Reads the next bytes; each entry that is whole is given on. Protocol where a line has no end.
    pub(in super::super) fn read(
        &mut self,
        mut bytes: &[u8],
        each: &mut dyn FnMut(Entry) -> Result<()>,
    ) -> Result<()> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.line.is_empty() {
                self.check_length(line)?;
                self.one(line, each)?;
            } else {
                self.keep(line)?;
                let whole = std::mem::take(&mut self.line);
                self.one(&whole, each)?;
            }
        }
        self.keep(bytes)
    }

    /// The listing is over: a last line may lack its end. Protocol where nothing in it was understood.
    pub(in super::super) fn end(mut self, each: &mut dyn FnMut(Entry) -> Result<()>) -> Result<()> {
        let last = std::mem::take(&mut self.line);
        self.one(&last, each)?;
        match self.odd {
            Some(line) if self.entries == 0 => Err(Error::new(
                ErrorKind::Protocol,
                format!("the server lists in a form that is not known here: \"{line}\""),
            )),
            _ => Ok(()),
        }
    }

    fn check_length(&self, more: &[u8]) -> Result<()> {
        if self.line.len() + more.len() > MAX_LINE {
            return Err(Error::new(
                ErrorKind::Protocol,
                "a line of the server's listing has no end",
            )
            .by(Fault::Server));
        }
        Ok(())
    }

    fn keep(&mut self, part: &[u8]) -> Result<()> {
        self.check_length(part)?;
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn one(&mut self, line: &[u8], each: &mut dyn FnMut(Entry) -> Result<()>) -> Result<()> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line);
        let found = match self.form {
            Form::Mlsd => mlsd::read(&text),
            Form::List => unix::read(&text, self.now)
                .or_else(|| dos::read(&text))
                .or_else(|| unix::read_eplf(&text)),
        };
        match found {
            Some(Line::Entry(entry)) => {
                self.entries += 1;
                each(*entry)
            }
            Some(Line::Known) => {
                self.entries += 1;
                Ok(())
            }
            None => {
                if self.odd.is_none() && !is_heading(&text) {
                    self.odd = Some(printable(&text));
                }
                Ok(())
            }
        }
    }
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// An entry.
    Entry(Box<Entry>),
    /// The folder itself, or the one above: understood, and no entry.
    Known,
}

/// An entry of this name. What a name can't hold (a separator, a control character) is shown as U+FFFD: it
/// must not be taken for a path.
fn entry(name: &str, kind: EntryKind, size: Option<u64>, modified: Option<SystemTime>) -> Line {
    if matches!(name, "." | "..") {
        return Line::Known;
    }
    let name = name
        .chars()
        .map(|c| match c {
            '/' | '\\' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect();
    Line::Entry(Box::new(Entry {
        name,
        kind,
        size: size.filter(|&size| size <= LARGEST_FILE),
        modified,
    }))
}

/// What servers print around their entries: nothing, `total 12`, `/a/b:`, `4 files`.
fn is_heading(line: &str) -> bool {
    let line = line.trim();
    let first = line.split_whitespace().next().unwrap_or_default();
    let rest_is_number = || {
        let mut rest = line.split_whitespace().skip(1);
        rest.next().is_some_and(|word| {
            word.bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_digit())
        })
    };
    line.is_empty()
        || line.ends_with(':')
        || (first.chars().all(char::is_alphabetic) && rest_is_number())
}

fn printable(line: &str) -> String {
    line.chars()
        .take(80)
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect()
}

/// For the fuzzer: any listing, cut anywhere, gives the same entries or the same error, and no name is a
/// path.
pub fn fuzz_listing(bytes: &[u8]) {
    let Some((&form, bytes)) = bytes.split_first() else {
        return;
    };
    let form = if form & 1 == 0 {
        Form::List
    } else {
        Form::Mlsd
    };
    let now = Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000));
    let run = |step: usize| {
        let mut entries = Vec::new();
        let mut each = |entry: Entry| {
            entries.push(entry);
            Ok(())
        };
        let mut listing = Listing::new(form, now);
        for piece in bytes.chunks(step.max(1)) {
            if let Err(error) = listing.read(piece, &mut each) {
                return (entries, Some(error));
            }
        }
        let error = listing.end(&mut each).err();
        (entries, error)
    };
    let whole = run(bytes.len());
    assert_eq!(whole, run(1));
    assert_eq!(whole, run(13));
    for entry in whole.0 {
        assert!(!entry.name.is_empty() && !matches!(&*entry.name, "." | ".."));
        assert!(!entry.name.contains(['/', '\\']) && !entry.name.contains(char::is_control));
    }
}
