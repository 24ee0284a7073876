//! Replies of three digits and text (RFC 5321 section 4.2), out of what a server sends. No I/O.

use super::exchange::{Answers, cut_anywhere};
use super::lines::Lines;
use crate::service::{Error, ErrorKind, ServerReply};

/// RFC 5321 section 4.5.3.1.5 gives a reply line 512 octets; servers take more.
const MAX_LINE: usize = 4096;
/// Lines of one reply; EHLO answers have a dozen or two.
const MAX_LINES: usize = 128;
/// What of a line is kept: enough for a person.
const MAX_TEXT: usize = 900;

/// One whole reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// 200 to 559.
    pub(super) code: u16,
    /// The text of each line: printable ASCII, without blanks at the end.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// In the words of the service: lines joined by a blank, an enhanced code (RFC 3463) said once.
    pub(super) fn for_people(&self) -> ServerReply {
        let mut text = String::new();
        let first = self.lines.first().map_or("", String::as_str);
        let repeated = first
            .split(' ')
            .next()
            .filter(|word| is_enhanced_code(word));
        for (index, line) in self.lines.iter().enumerate() {
            let line = match repeated {
                Some(code) if index > 0 => line
                    .strip_prefix(code)
                    .filter(|rest| rest.is_empty() || rest.starts_with(' '))
                    .map_or(line.as_str(), str::trim_start),
                _ => line,
            };
            if index > 0 && !line.is_empty() {
                text.push(' ');
            }
            text.push_str(line);
        }
        ServerReply {
            code: self.code,
            text,
        }
    }

    /// 2xx.
    pub(super) fn is_completed(&self) -> bool {
        self.code / 100 == 2
    }
}

fn is_enhanced_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Collects bytes until a reply is whole. Every byte that is not printable ASCII becomes `?`; lines may
/// end in LF alone.
#[derive(Debug)]
pub(super) struct Replies {
    lines: Lines,
    reply: Reply,
}

impl Default for Replies {
    fn default() -> Self {
        Self {
            lines: Lines::new(MAX_LINE, "a reply line has no end"),
            reply: Reply::default(),
        }
    }
}

impl Answers for Replies {
    type Answer = Reply;

    fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Reply>), Error> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let (count, line) = self.lines.take(rest)?;
            taken += count;
            if let Some(line) = line
                && !add(&mut self.reply, line)?
            {
                return Ok((taken, Some(std::mem::take(&mut self.reply))));
            }
        }
        Ok((taken, None))
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.reply.lines.is_empty()
    }
}

/// Adds a line to a reply. Gives whether more follow.
fn add(reply: &mut Reply, line: &[u8]) -> Result<bool, Error> {
    // What lettre knows, too: the first digit 2 to 5, the second 0 to 5.
    let (code, more, text) = match read_mark(line) {
        Some((code @ 200..=559, more, text)) if code % 100 < 60 => (code, more, text),
        _ => return Err(nonsense("no reply of the protocol", line)),
    };
    if reply.lines.is_empty() {
        reply.code = code;
    } else if reply.code != code {
        return Err(nonsense("a reply changes its code", line));
    }
    if reply.lines.len() == MAX_LINES {
        return Err(nonsense("a reply has no end", line));
    }
    reply.lines.push(printable(text));
    Ok(more)
}

/// Three digits, whether more lines follow, and the text of a line; `None` for another.
pub(super) fn read_mark(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (mark, rest) = line.split_first_chunk::<3>()?;
    if !mark.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = mark
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.split_first() {
        None => Some((code, false, rest)),
        Some((b' ', text)) => Some((code, false, text)),
        Some((b'-', text)) => Some((code, true, text)),
        Some(_) => None,
    }
}

/// What a person may see of a line: printable ASCII, not too much of it.
pub(super) fn printable(text: &[u8]) -> String {
    let text = text.trim_ascii_end();
    text.iter()
        .take(MAX_TEXT)
        .map(|&byte| match byte {
            b' '..=b'~' => char::from(byte),
            b'\t' => ' ',
            _ => '?',
        })
        .collect()
}

/// The server's words that make no sense here.
pub(super) fn nonsense(what: &str, line: &[u8]) -> Error {
    let words = printable(line.get(..line.len().min(80)).unwrap_or_default());
    Error::new(
        ErrorKind::Protocol,
        format!("the server spoke nonsense: {what}: \"{words}\""),
    )
}

/// For the fuzzer: any bytes, cut anywhere, give the same replies or the same error, and no line of theirs
/// holds what a terminal or a log would act on.
pub fn fuzz_replies(bytes: &[u8]) {
    let whole = cut_anywhere::<Replies>(bytes);
    for reply in whole {
        assert!((200..560).contains(&reply.code) && reply.lines.len() <= MAX_LINES);
        let text = reply.for_people().text;
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Reply, Error> {
        let (taken, reply) = Replies::default().take(bytes)?;
        assert_eq!(taken, bytes.len());
        Ok(reply.expect("a whole reply"))
    }

    #[test]
    fn replies_as_servers_write_them() {
        let gmail = read(
            b"550-5.7.25 The IP address\r\n550-5.7.25 does not have\r\n550 5.7.25 a PTR record.\r\n",
        )
        .unwrap();
        assert_eq!(
            gmail.for_people().to_string(),
            "550 5.7.25 The IP address does not have a PTR record."
        );
        assert_eq!(read(b"250\r\n").unwrap().for_people().to_string(), "250 ");
        assert_eq!(read(b"354 go\n").unwrap().code, 354);
        assert_eq!(read(b"250-\r\n250 \t \r\n").unwrap().lines, ["", ""]);
        assert_eq!(
            read(b"220 caf\xC3\xA9\x1b[2J\0\r\n").unwrap().lines,
            ["caf???[2J?"]
        );
    }

    #[test]
    fn nonsense_is_told_with_its_words() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"25\r\n",
            b"250x\r\n",
            b"199 x\r\n",
            b"260 x\r\n",
            b"600 x\r\n",
            b"250-a\r\n251 b\r\n",
            b"\x16\x03\x01\x02\x00\n",
        ] {
            let error = Replies::default().take(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol);
        }
        let error = Replies::default().take(b"HTTP/1.1 400\r\n").unwrap_err();
        assert!(error.text.contains("HTTP/1.1 400"));
    }

    #[test]
    fn what_has_no_end_is_cut_off() {
        let mut line = b"250 ".to_vec();
        line.resize(1 << 20, b'x');
        assert!(Replies::default().take(&line).is_err());
        let lines = b"250-x\r\n".repeat(MAX_LINES + 1);
        assert!(Replies::default().take(&lines).is_err());
        let mut almost = b"250 ".to_vec();
        almost.resize(MAX_LINE, b'x');
        almost.push(b'\n');
        assert_eq!(read(&almost).unwrap().lines[0].len(), MAX_TEXT);
    }

    #[test]
    fn a_reply_leaves_what_follows() {
        let mut replies = Replies::default();
        let (taken, reply) = replies.take(b"220 go\r\n250 injected\r\n").unwrap();
        assert_eq!((taken, reply.unwrap().code), (8, 220));
        assert!(replies.is_empty());
        assert_eq!(replies.take(b"250").unwrap(), (3, None));
        assert!(!replies.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_cut(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_replies(&bytes);
        }

        #[test]
        fn likely_bytes_at_any_cut(text in "((2|5)[0-5][0-9][ -]?[a-z.0-9 ]{0,8}(\r)?\n){0,6}") {
            fuzz_replies(text.as_bytes());
        }
    }
}
