//! Who a message is from, where it does not say so itself.

use super::Mailbox;
use super::compose::mailboxes;
use super::prepare::field_name;
use lettre::message::header::{From, Headers};

/// Puts a `From` (RFC 5322 section 3.6.2) before a message that has none: programs leave it to sendmail, and
/// so may they here (RFC 6409 section 8 lets a submission server complete a message). Line ends may be any.
/// A message that is empty or begins with a folded line stays as it is; [`super::prepare`] refuses it.
pub fn with_from(mut raw: Vec<u8>, from: &Mailbox) -> Vec<u8> {
    let is_folded = raw.starts_with(b" ") || raw.starts_with(b"\t");
    if raw.is_empty() || is_folded || has_from(&raw) {
        return raw;
    }
    let mut headers = Headers::new();
    headers.set(From::from(mailboxes(std::slice::from_ref(from))));
    raw.splice(0..0, headers.to_string().into_bytes());
    raw
}

fn has_from(raw: &[u8]) -> bool {
    let is_from = |name: &[u8]| name.eq_ignore_ascii_case(b"From");
    header_lines(raw).any(|line| field_name(line).is_some_and(is_from))
}

/// Lines up to the first empty one.
fn header_lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest
            .split_at_checked(end)
            .filter(|(line, _)| !line.is_empty())?;
        rest = after
            .strip_prefix(b"\r\n")
            .unwrap_or_else(|| after.get(1..).unwrap_or_default());
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(raw: &str) -> String {
        let from = Mailbox::parse("Püm <p@example.org>").unwrap();
        String::from_utf8(with_from(raw.into(), &from)).unwrap()
    }

    #[test]
    fn who_does_not_say_so_is_the_one_that_is_known() {
        for end in ["\n", "\r", "\r\n"] {
            let raw = format!("To: a@b{end}Subject: x{end} From: y{end}{end}From: z{end}");
            assert_eq!(
                made(&raw),
                format!("From: =?utf-8?b?UMO8bQ==?= <p@example.org>\r\n{raw}")
            );
        }
        assert!(made("\ntext").starts_with("From: "));
    }

    #[test]
    fn what_says_it_or_is_no_message_stays_as_it_is() {
        for raw in [
            "From: a@b\n\nx",
            "To: a@b\r\nFROM : a@b\r\n\r\n",
            "To: a@b\rfrom: a@b\r\r",
            "To: a@b\nFrom: a@b",
            "",
            " To: a@b\n\n",
            "\tx",
        ] {
            assert_eq!(made(raw), raw);
        }
    }
}
