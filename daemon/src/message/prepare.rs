//! A message that somebody else wrote, made fit for SMTP.

use super::{MAX_LINE, Stamp, invalid};
use crate::service::{Result, Shape};

/// A message ready for the spool.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Lines ended by CR LF, the last one too; no NUL, no CR or LF alone, no `Bcc`.
    pub rfc5322: Vec<u8>,
    /// What it needs of a server.
    pub shape: Shape,
    /// It has no `Date` yet, because this machine's clock was never set.
    pub needs_date: bool,
}

/// Makes a message fit: line ends become CR LF (RFC 5321 section 2.3.8 knows no others), `Bcc` headers go
/// (RFC 5322 section 3.6.3), `Date` and `Message-ID` are added where missing (RFC 6409 section 8).
/// InvalidArgument where it is empty, does not begin with headers, holds NUL, or has a line of more than 998 bytes:
/// servers may cut or refuse that (RFC 5321 section 4.5.3.1.6), and to encode it anew would break what is
/// signed.
pub fn prepare(raw: Vec<u8>, stamp: &Stamp) -> Result<Prepared> {
    if raw.is_empty() {
        // As from a pipe whose other end was closed too early.
        return Err(invalid("the message is empty"));
    }
    if let Some(at) = memchr::memchr(0, &raw) {
        return Err(invalid(format!(
            "the message holds NUL at byte {at}; encode it as base64"
        )));
    }
    let raw = lines_ended(raw);
    check_lines(&raw)?;
    let head = Head::read(&raw)?;
    let mut added = String::new();
    let needs_date = !head.has_date && stamp.date.is_none();
    if let Some(date) = stamp.date.filter(|_| !head.has_date) {
        added.push_str(&super::date_line(date));
    }
    if !head.has_id {
        added.push_str(&format!("Message-ID: {}\r\n", stamp.message_id));
    }
    let rfc5322 = if added.is_empty() && head.hidden.is_empty() {
        raw
    } else {
        let mut made = Vec::with_capacity(added.len() + raw.len());
        made.extend_from_slice(added.as_bytes());
        let mut from = 0;
        for (start, end) in &head.hidden {
            made.extend_from_slice(raw.get(from..*start).unwrap_or_default());
            from = *end;
        }
        made.extend_from_slice(raw.get(from..).unwrap_or_default());
        made
    };
    let end = memchr::memmem::find(&rfc5322, b"\r\n\r\n").unwrap_or(rfc5322.len());
    let (headers, body) = rfc5322.split_at(end);
    let shape = Shape {
        size: rfc5322.len() as u64,
        eight_bit: !body.is_ascii(),
        utf8_headers: !headers.is_ascii(),
    };
    Ok(Prepared {
        rfc5322,
        shape,
        needs_date,
    })
}

/// Looks for a line that is too long; lines end in CR LF.
fn check_lines(raw: &[u8]) -> Result<()> {
    let mut begin = 0;
    for (at, end) in memchr::memchr_iter(b'\n', raw).enumerate() {
        let length = (end - begin).saturating_sub(1);
        if length > MAX_LINE {
            return Err(invalid(format!(
                "line {} of the message has {length} bytes, at most {MAX_LINE} are allowed; \
                 encode its part as quoted-printable or base64",
                at + 1
            )));
        }
        begin = end + 1;
    }
    Ok(())
}

/// Every CR LF, CR or LF becomes CR LF; the last line gets one if it has none.
fn lines_ended(raw: Vec<u8>) -> Vec<u8> {
    let is_bare = |at: usize| match raw.get(at) {
        Some(b'\r') => raw.get(at + 1) != Some(&b'\n'),
        _ => at == 0 || raw.get(at - 1) != Some(&b'\r'),
    };
    let ended = raw.ends_with(b"\r\n") || raw.ends_with(b"\n") || raw.ends_with(b"\r");
    let bare = memchr::memchr2_iter(b'\r', b'\n', &raw)
        .filter(|&at| is_bare(at))
        .count();
    if bare == 0 && ended {
        return raw;
    }
    let mut made = Vec::with_capacity(raw.len() + bare + 2);
    let mut from = 0;
    for at in memchr::memchr2_iter(b'\r', b'\n', &raw).filter(|&at| is_bare(at)) {
        made.extend_from_slice(raw.get(from..at).unwrap_or_default());
        made.extend_from_slice(b"\r\n");
        from = at + 1;
    }
    made.extend_from_slice(raw.get(from..).unwrap_or_default());
    if !ended {
        made.extend_from_slice(b"\r\n");
    }
    made
}

/// What matters of a header block.
#[derive(Default)]
struct Head {
    has_date: bool,
    has_id: bool,
    has_from: bool,
    /// Where headers stand that no copy may show.
    hidden: Vec<(usize, usize)>,
}

impl Head {
    fn read(raw: &[u8]) -> Result<Self> {
        let mut head = Self::default();
        let mut at = 0;
        let mut hiding = false;
        for line in raw.split_inclusive(|&byte| byte == b'\n') {
            let end = at + line.len();
            if line == b"\r\n" {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if at == 0 {
                    return Err(invalid("the message begins with a folded line"));
                }
                if let Some(last) = head.hidden.last_mut().filter(|_| hiding) {
                    last.1 = end;
                }
            } else {
                let name = field_name(line).ok_or_else(|| {
                    invalid("the message does not begin with headers and an empty line")
                })?;
                let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
                head.has_date |= is("Date");
                head.has_id |= is("Message-ID");
                head.has_from |= is("From");
                hiding = is("Bcc") || is("Resent-Bcc");
                if hiding {
                    head.hidden.push((at, end));
                }
            }
            at = end;
        }
        if !head.has_from {
            return Err(invalid("the message has no From header"));
        }
        Ok(head)
    }
}

/// RFC 5322 section 2.2; blanks before the colon are its obsolete form (section 4.5).
pub(super) fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ErrorKind;
    use std::time::{Duration, SystemTime};

    fn stamp() -> Stamp {
        Stamp {
            date: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_887_151)),
            message_id: "<1@example.org>".into(),
        }
    }

    fn made(raw: &str) -> String {
        String::from_utf8(prepare(raw.into(), &stamp()).unwrap().rfc5322).unwrap()
    }

    const ADDED: &str = "Date: Tue, 15 Nov 1994 08:12:31 +0000\r\nMessage-ID: <1@example.org>\r\n";

    #[test]
    fn what_is_whole_stays_as_it_is() {
        let whole = "From: a@example.org\r\nDate: x\r\nMessage-ID: <y>\r\n\r\n.\r\n..\r\n\r\n";
        assert_eq!(made(whole), whole);
    }

    #[test]
    fn every_line_end_becomes_cr_lf() {
        for raw in [
            "From: a@b\n\n1\n.\n2",
            "From: a@b\r\r1\r.\r2\r",
            "From: a@b\r\n\n1\r.\n2\r\n",
        ] {
            assert_eq!(
                made(raw),
                format!("{ADDED}From: a@b\r\n\r\n1\r\n.\r\n2\r\n"),
                "{raw:?}"
            );
        }
        assert_eq!(made("From: a@b"), format!("{ADDED}From: a@b\r\n"));
    }

    #[test]
    fn bcc_goes_with_its_folds() {
        assert_eq!(
            made(
                "bcc: x@y,\n z@y\nFrom: a@b\nBCC : q@y\n\tr@y\nTo: c@d\n e@f\nResent-Bcc: s@y\n\nBcc: text\n"
            ),
            format!("{ADDED}From: a@b\r\nTo: c@d\r\n e@f\r\n\r\nBcc: text\r\n")
        );
    }

    #[test]
    fn what_no_server_may_get_is_refused() {
        for raw in [
            "",
            "\r\n",
            "text\n",
            " From: a@b\n",
            "From: a@b\n\n\0",
            "To: a@b\n\nx",
            ": x\n",
            "Fr\u{fc}m: a\n",
        ] {
            assert!(prepare(raw.into(), &stamp()).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_named() {
        let message = |length: usize, end: &str| {
            let long = "x".repeat(length);
            format!("From: a@b\r\n\n1\r{long}{end}")
        };
        for end in ["\r\n", "\n", "\r", "\n2\n", ""] {
            assert!(prepare(message(998, end).into(), &stamp()).is_ok());
            let error = prepare(message(999, end).into(), &stamp()).err().unwrap();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
            assert!(
                error
                    .text
                    .starts_with("line 4 of the message has 999 bytes"),
                "{error}"
            );
        }
        let head = format!("From: a@b\r\nX: {}\r\n\r\n", "x".repeat(996));
        let error = prepare(head.into(), &stamp()).err().unwrap();
        assert!(error.text.starts_with("line 2 "), "{error}");
    }

    #[test]
    fn what_it_needs_of_a_server() {
        let shape = |raw: &[u8]| prepare(raw.to_vec(), &stamp()).unwrap().shape;
        let plain = shape(b"From: a@b\r\nDate: x\r\nMessage-ID: y\r\n\r\nz\r\n");
        assert_eq!(
            (plain.size, plain.eight_bit, plain.utf8_headers),
            (40, false, false)
        );
        let body = shape(b"From: a@b\r\n\r\n\xFC");
        assert!(body.eight_bit && !body.utf8_headers);
        let head = shape(b"From: \xC3\xBC@b\r\n\r\n");
        assert!(!head.eight_bit && head.utf8_headers);
    }

    #[test]
    fn a_date_waits_for_the_clock() {
        let unset = Stamp {
            date: None,
            ..stamp()
        };
        let made = prepare(b"From: a@b\r\n\r\n".to_vec(), &unset).unwrap();
        assert!(made.needs_date);
        let dated = prepare(b"From: a@b\r\ndate: x\r\n\r\n".to_vec(), &unset).unwrap();
        assert!(!dated.needs_date);
    }
}
