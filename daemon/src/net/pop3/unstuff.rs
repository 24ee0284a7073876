//! Content out of what a server sends: its own dots go, and its end is found (RFC 1939 section 3). No I/O.

use memchr::memmem::Finder;

/// What was made of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// So many of them, from the first, are content now.
    pub(super) kept: usize,
    /// So many were used up; the rest is to be shown again, with more behind it, or follows the content.
    pub(super) taken: usize,
    /// The content has ended.
    pub(super) over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A line begins.
    Start,
    Middle,
    /// CR was the last byte.
    Cr,
}

/// Takes the dots out, in place. Only CR LF ends a line: a server that took LF for a line's end would let
/// whoever wrote a mail say what the server says next.
///
/// Content ends in CR LF whatever the message's last byte was, since the end is CR LF, dot, CR LF.
#[derive(Debug)]
pub(super) struct Unstuff {
    at: At,
    dot: Finder<'static>,
}

impl Unstuff {
    /// At the beginning of content.
    pub(super) fn new() -> Self {
        Self {
            at: At::Start,
            dot: Finder::new(b"\r\n."),
        }
    }

    /// Takes as much as can be judged; at most two bytes are left to be shown again.
    pub(super) fn take(&mut self, bytes: &mut [u8]) -> Cut {
        let mut kept = 0;
        // Content that has not been moved to its place begins here.
        let mut from = 0;
        let mut line = match (self.at, bytes.first()) {
            (At::Start, _) => Some(0),
            (At::Cr, Some(b'\n')) => Some(1),
            _ => self.next_dot(bytes, 0),
        };
        while let Some(start) = line {
            let end = match bytes.get(start..).unwrap_or_default() {
                [b'.', b'\r', b'\n', ..] => Some((start + 3, true)),
                [] | [b'.'] | [b'.', b'\r'] => Some((start, false)),
                [b'.', ..] => {
                    kept = shift(bytes, from, start, kept);
                    from = start + 1;
                    None
                }
                _ => None,
            };
            if let Some((taken, over)) = end {
                kept = shift(bytes, from, start, kept);
                self.at = At::Start;
                return Cut { kept, taken, over };
            }
            line = self.next_dot(bytes, from);
        }
        self.end(bytes.get(from..).unwrap_or_default());
        Cut {
            kept: shift(bytes, from, bytes.len(), kept),
            taken: bytes.len(),
            over: false,
        }
    }

    /// Where the next line that begins with a dot begins.
    fn next_dot(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let found = self.dot.find(bytes.get(from..).unwrap_or_default())?;
        Some(from + found + 2)
    }

    /// These were the last bytes.
    fn end(&mut self, tail: &[u8]) {
        self.at = match tail {
            [] => self.at,
            [.., b'\r', b'\n'] => At::Start,
            [.., b'\r'] => At::Cr,
            _ => At::Middle,
        };
    }
}

/// Moves a run of content to its place; where it ends there.
fn shift(bytes: &mut [u8], from: usize, to: usize, place: usize) -> usize {
    if from != place {
        bytes.copy_within(from..to, place);
    }
    place + (to - from)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes pieces as they come, as a session does. What was content, and what followed it.
    pub(in crate::net::pop3) fn run<'a>(
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut unstuff = Unstuff::new();
        let (mut shown, mut content, mut over) = (Vec::new(), Vec::new(), false);
        for piece in pieces {
            shown.extend_from_slice(piece);
            if over {
                continue;
            }
            let cut = unstuff.take(&mut shown);
            content.extend_from_slice(&shown[..cut.kept]);
            shown.drain(..cut.taken);
            over = cut.over;
            assert!(over || shown.len() <= 2);
        }
        (content, over.then_some(shown))
    }

    /// What a server does (RFC 1939 section 3).
    fn stuff(message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in message.split_inclusive(|&byte| byte == b'\n') {
            let begins = bytes.is_empty() || bytes.ends_with(b"\r\n");
            if begins && line.starts_with(b".") {
                bytes.push(b'.');
            }
            bytes.extend_from_slice(line);
        }
        if !bytes.is_empty() && !bytes.ends_with(b"\r\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b".\r\n");
        bytes
    }

    const MESSAGES: [&[u8]; 12] = [
        b"",
        b"\r\n",
        b".",
        b".\r\n",
        b"..\r\n...\r\n",
        b"a\r\n.\r\nb\r\n..b\r\n",
        b"no end",
        b"bare\n.\nline feeds\n",
        b"\r\r\n.\r\r\n\r.\r\n",
        b".\rx\r\n.\r",
        b"\0\x80\xFF\r\n.\0\r\n",
        b"\n.\r\n\n\r\n",
    ];

    #[test]
    fn every_message_at_every_two_splits() {
        for message in MESSAGES {
            let mut bytes = stuff(message);
            bytes.extend_from_slice(b"+OK next");
            let mut expected = message.to_vec();
            if !message.is_empty() && !message.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    let (content, rest) = run(pieces.into_iter());
                    assert_eq!(content, expected, "{message:?} at {first}, {second}");
                    assert_eq!(rest.unwrap(), b"+OK next");
                }
            }
        }
    }

    #[test]
    fn a_line_feed_ends_no_content() {
        for bytes in [
            &b"a\n.\n"[..],
            b"a\n.\r\n",
            b"a\r\n.\n",
            b"a.\r\n",
            b"a\r.\r\n",
        ] {
            let (content, rest) = run([bytes].into_iter());
            assert_eq!(rest, None, "{bytes:?}");
            assert!(!content.is_empty());
        }
    }

    proptest! {
        #[test]
        fn stuffed_and_unstuffed_is_the_same(
            message in "[.\r\na]{0,40}",
            sizes in prop::collection::vec(1usize..7, 1..20),
        ) {
            let bytes = stuff(message.as_bytes());
            let mut expected = message.into_bytes();
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            let mut rest = &bytes[..];
            let mut pieces = Vec::new();
            let mut sizes = sizes.iter().cycle();
            while !rest.is_empty() {
                let (piece, more) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                pieces.push(piece);
                rest = more;
            }
            let (content, after) = run(pieces.into_iter());
            prop_assert_eq!(content, expected);
            prop_assert_eq!(after.unwrap(), b"");
        }
    }
}
