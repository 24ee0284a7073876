//! Answers to commands (RFC 1939 section 3, RFC 5034 section 4). No I/O.

use super::super::exchange::Answers;
use super::super::lines::Lines;
use super::super::replies::{nonsense, printable};
use crate::service::Result;

/// RFC 2449 section 4 gives a response line 512 octets; servers take more.
const MAX_LINE: usize = 4096;

/// The answer to a command; its words are printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// `+OK`.
    Done(String),
    /// `-ERR`.
    Refused(String),
    /// `+`: the server wants to hear more.
    Challenge(String),
}

impl Status {
    fn read(line: &[u8]) -> Result<Self> {
        let words = |rest: &[u8]| printable(rest.trim_ascii_start());
        let starts = |mark: &[u8]| {
            line.get(..mark.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(mark))
                .then(|| line.get(mark.len()..).unwrap_or_default())
        };
        if let Some(rest) = starts(b"+OK") {
            return Ok(Self::Done(words(rest)));
        }
        if let Some(rest) = starts(b"-ERR") {
            return Ok(Self::Refused(words(rest)));
        }
        match line {
            b"+" => Ok(Self::Challenge(String::new())),
            [b'+', b' ', rest @ ..] => Ok(Self::Challenge(words(rest))),
            _ => Err(nonsense("no answer of the protocol", line)),
        }
    }
}

/// Lines of answers and listings, not longer than 4 KiB.
pub(super) fn lines() -> Lines {
    Lines::new(MAX_LINE, "a line has no end")
}

/// Cuts answers.
#[derive(Debug)]
pub(super) struct Statuses(Lines);

impl Default for Statuses {
    fn default() -> Self {
        Self(lines())
    }
}

impl Answers for Statuses {
    type Answer = Status;

    fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Status>)> {
        let (taken, line) = self.0.take(bytes)?;
        Ok((taken, line.map(Status::read).transpose()?))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ErrorKind;

    fn read(bytes: &[u8]) -> Status {
        let (taken, status) = Statuses::default().take(bytes).unwrap();
        assert_eq!(taken, bytes.len());
        status.unwrap()
    }

    #[test]
    fn answers_as_servers_write_them() {
        let done = |text: &str| Status::Done(text.into());
        assert_eq!(read(b"+OK\r\n"), done(""));
        assert_eq!(read(b"+OK  2 320 \r\n"), done("2 320"));
        assert_eq!(read(b"+ok\n"), done(""));
        assert_eq!(read(b"+OK caf\xC3\xA9\0\x1b[2J\r\n"), done("caf????[2J"));
        assert_eq!(
            read(b"-ERR [IN-USE] locked\r\n"),
            Status::Refused("[IN-USE] locked".into())
        );
        assert_eq!(read(b"+ \r\n"), Status::Challenge("".into()));
        assert_eq!(read(b"+\r\n"), Status::Challenge("".into()));
        assert_eq!(read(b"+ e30=\r\n"), Status::Challenge("e30=".into()));
    }

    #[test]
    fn nonsense_is_told_with_its_words() {
        for bytes in [&b"* OK IMAP4rev1\r\n"[..], b"220 x\r\n", b"\r\n", b"+OX\n"] {
            let error = Statuses::default().take(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol);
        }
        let error = Statuses::default().take(b"* OK IMAP4\r\n").unwrap_err();
        assert!(error.text.contains("* OK IMAP4"));
    }

    #[test]
    fn every_split_gives_the_same() {
        let bytes = b"+OK a\r\n-ERR b\n+ c\r\n";
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let mut statuses = Statuses::default();
                let mut got = Vec::new();
                for mut part in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                    while !part.is_empty() {
                        let (taken, status) = statuses.take(part).unwrap();
                        got.extend(status);
                        part = &part[taken..];
                    }
                }
                assert_eq!(got.len(), 3);
                assert_eq!(got[2], Status::Challenge("c".into()));
                assert!(statuses.is_empty());
            }
        }
    }
}
