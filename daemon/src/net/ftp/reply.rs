//! Replies of an FTP server (RFC 959 section 4.2), out of what it sends. No I/O.
//!
//! They differ from SMTP's: a reply of several lines begins with `code-`, ends with a line that begins with
//! `code` and a blank, and what stands between may look like anything.

use super::super::exchange::{Answers, cut_anywhere};
use super::super::lines::Lines;
use super::super::replies::{Reply, nonsense, read_mark};
use crate::service::{Result, ServerReply};

/// Commands may have 4096 bytes of path, and replies repeat it.
const MAX_LINE: usize = 8192;
/// Lines of one reply: a message of the day may be long.
const MAX_LINES: usize = 4096;
/// What of a reply is kept: no FEAT has more lines, and no person reads more.
const KEPT_LINES: usize = 128;
/// What of a line is kept.
const KEPT_TEXT: usize = 4096;

/// Collects bytes until a reply is whole. Lines may end in LF alone. Text is UTF-8 without control
/// characters, which become `?`; other bytes become U+FFFD.
#[derive(Debug)]
pub(super) struct Replies {
    lines: Lines,
    begun: Begun,
}

impl Default for Replies {
    fn default() -> Self {
        Self {
            lines: Lines::new(MAX_LINE, "a reply line has no end"),
            begun: Begun::default(),
        }
    }
}

impl Answers for Replies {
    type Answer = Reply;

    fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Reply>)> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let (count, line) = self.lines.take(rest)?;
            taken += count;
            if let Some(line) = line
                && self.begun.add(line)?
            {
                return Ok((taken, Some(std::mem::take(&mut self.begun).reply)));
            }
        }
        Ok((taken, None))
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.begun.lines == 0
    }
}

/// A reply that more lines may belong to.
#[derive(Debug, Default)]
struct Begun {
    reply: Reply,
    /// So many have come; not all are kept.
    lines: usize,
}

impl Begun {
    /// Adds a line. Gives whether the reply is whole with it.
    fn add(&mut self, line: &[u8]) -> Result<bool> {
        let marked = read_mark(line).filter(|(code, ..)| (100..700).contains(code));
        let (text, whole) = match marked {
            Some((code, more, text)) if self.lines == 0 => {
                self.reply.code = code;
                (text, !more)
            }
            None if self.lines == 0 => return Err(nonsense("no reply of the protocol", line)),
            Some((code, more, text)) if code == self.reply.code => (text, !more),
            // Anything may stand here, another code as well.
            _ => (line, false),
        };
        if self.lines == MAX_LINES {
            return Err(nonsense("a reply has no end", line));
        }
        self.lines += 1;
        if self.reply.lines.len() < KEPT_LINES {
            let text = text.get(..KEPT_TEXT).unwrap_or(text);
            self.reply.lines.push(clean(text));
        }
        Ok(whole)
    }
}

fn clean(text: &[u8]) -> String {
    String::from_utf8_lossy(text.trim_ascii_end())
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// In the words of the service: printable ASCII, as for every protocol, and not too long.
pub(super) fn for_people(reply: &Reply) -> ServerReply {
    let mut words = reply.for_people();
    words.text = words
        .text
        .trim()
        .chars()
        .take(1000)
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect();
    words
}

/// For the fuzzer: any bytes, cut anywhere, give the same replies or the same error, and no line of theirs
/// holds what a terminal or a log would act on.
pub fn fuzz_ftp_replies(bytes: &[u8]) {
    let whole = cut_anywhere::<Replies>(bytes);
    for reply in whole {
        assert!((100..700).contains(&reply.code) && reply.lines.len() <= KEPT_LINES);
        assert!(
            !reply
                .lines
                .iter()
                .any(|line| line.contains(char::is_control))
        );
        let text = for_people(&reply).text;
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        let text = reply.lines.first().map_or("", String::as_str);
        let _ = super::address::read_passive(text);
        let _ = super::address::read_extended(text);
        let _ = super::path::read_quoted(text);
        let _ = super::date::read_stamp(text);
        let _ = super::features::Features::read(&reply);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ErrorKind;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Reply> {
        let (taken, reply) = Replies::default().take(bytes)?;
        assert_eq!(taken, bytes.len());
        Ok(reply.expect("a whole reply"))
    }

    #[test]
    fn replies_as_servers_write_them() {
        let one = read(b"220 (vsFTPd 3.0.3)\r\n").unwrap();
        assert_eq!((one.code, &*one.lines[0]), (220, "(vsFTPd 3.0.3)"));
        let motd = read(
            b"230-Welcome\r\n   230 users were here\r\n \r\n550 is not the end\r\n\
              230-more\r\n226x\r\n230 done\r\n",
        )
        .unwrap();
        assert_eq!(motd.code, 230);
        assert_eq!(
            motd.lines,
            [
                "Welcome",
                "   230 users were here",
                "",
                "550 is not the end",
                "more",
                "226x",
                "done"
            ]
        );
        let feat = read(b"211-Features:\n MDTM\n UTF8\n211 End\n").unwrap();
        assert_eq!(feat.lines, ["Features:", " MDTM", " UTF8", "End"]);
        assert_eq!(read(b"150\r\n").unwrap().code, 150);
        assert_eq!(read(b"631 protected\r\n").unwrap().code, 631);
        let latin = read(b"257 \"/caf\xE9\x1b\xC2\x9b\" \r\n").unwrap();
        assert_eq!(latin.lines, ["\"/caf\u{fffd}??\""]);
        assert_eq!(for_people(&latin).to_string(), "257 \"/caf???\"");
        let utf8 = read("257 \"/\u{e4}\"\r\n".as_bytes()).unwrap();
        assert_eq!(utf8.lines, ["\"/\u{e4}\""]);
    }

    #[test]
    fn nonsense_is_told_with_its_words() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"22\r\n",
            b"220x\r\n",
            b"099 x\r\n",
            b"700 x\r\n",
            b"2 0 x\r\n",
            b" 220 x\r\n",
            b"\x16\x03\x01\x02\x00\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
        ] {
            let error = Replies::default().take(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol);
        }
        let error = Replies::default().take(b"SSH-2.0-x\r\n").unwrap_err();
        assert!(error.text.contains("SSH-2.0-x"));
    }

    #[test]
    fn what_has_no_end_is_cut_off() {
        let mut line = b"220 ".to_vec();
        line.resize(1 << 20, b'x');
        assert!(Replies::default().take(&line).is_err());
        let mut lines = b"220-x\r\n".to_vec();
        lines.extend(b"y\r\n".repeat(MAX_LINES));
        assert!(Replies::default().take(&lines).is_err());
        let mut many = b"220-x\r\n".repeat(MAX_LINES - 1);
        many.extend(b"220 y\r\n");
        assert_eq!(read(&many).unwrap().lines.len(), KEPT_LINES);
    }

    #[test]
    fn a_reply_leaves_what_follows() {
        let mut replies = Replies::default();
        let (taken, reply) = replies.take(b"234 go\r\n230 injected\r\n").unwrap();
        assert_eq!((taken, reply.unwrap().code), (8, 234));
        assert!(replies.is_empty());
        assert_eq!(replies.take(b"2").unwrap(), (1, None));
        assert!(!replies.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_cut(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_ftp_replies(&bytes);
        }

        #[test]
        fn likely_bytes_at_any_cut(text in "((1|2|5)[0-5][0-9][ -]?[a-z.0-9 ]{0,8}(\r)?\n){0,6}") {
            fuzz_ftp_replies(text.as_bytes());
        }
    }
}
