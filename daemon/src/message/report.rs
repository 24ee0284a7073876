//! Delivery status notifications (RFC 3461, RFC 3464): who did not get a mail, and why.

use super::Mailbox;
use crate::service::{Error, ErrorKind};
use std::fmt::Write as _;

/// A recipient who did not get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered<'a> {
    /// The address.
    pub recipient: &'a str,
    /// Why.
    pub error: &'a Error,
}

/// A report that a mail of this emulator's equipment came to nothing for these recipients: one message, ASCII,
/// without Date and Message-ID, from and to `owner`. `headers` are those of the mail.
pub fn report(
    owner: &Mailbox,
    emulator: &str,
    headers: &[u8],
    failures: &[Undelivered<'_>],
) -> Vec<u8> {
    // A line of the headers that begins like it would need CR LF before it and be no header.
    const BOUNDARY: &str = "=_hayesd-report";
    let owner = &owner.address;
    let mut text = format!(
        "From: hayesd <{owner}>\r\nTo: <{owner}>\r\nSubject: Undelivered mail of emulator {emulator}\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{BOUNDARY}\"\r\n\r\n\
         --{BOUNDARY}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         Equipment at emulator {emulator} was told that its mail was accepted.\r\n\
         It could not be delivered to:\r\n"
    );
    for failure in failures {
        let why = failure.error.to_string();
        // Writing to a String does not fail.
        let _ = write!(text, "\r\n  {}:\r\n", line(failure.recipient));
        for piece in pieces(&line(&why)) {
            let _ = write!(text, "    {piece}\r\n");
        }
    }
    let _ = write!(
        text,
        "\r\n--{BOUNDARY}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: x-hayesd; {emulator}\r\n"
    );
    for Undelivered { recipient, error } in failures {
        let _ = write!(
            text,
            "\r\nFinal-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {}\r\n",
            line(recipient),
            status(error)
        );
        if let Some(reply) = &error.reply {
            let words = line(&reply.to_string());
            let _ = write!(text, "Diagnostic-Code: smtp; ");
            let _ = write!(text, "{}\r\n", pieces(&words).join("\r\n "));
        }
    }
    let _ = write!(
        text,
        "\r\n--{BOUNDARY}\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    );
    let mut bytes = text.into_bytes();
    bytes.extend(headers.iter().map(|&byte| match byte {
        0x80.. | 0 => b'?',
        byte => byte,
    }));
    bytes.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    bytes
}

/// On one line, in ASCII.
fn line(text: &str) -> String {
    let printable = |c: char| match c {
        ' '..='~' => c,
        c if c.is_whitespace() => ' ',
        _ => '?',
    };
    text.chars().map(printable).collect()
}

/// A long line as several (RFC 5322 section 2.1.1: at most 998 characters, better 78).
fn pieces(ascii: &str) -> Vec<&str> {
    let mut rest = ascii;
    let mut pieces = Vec::new();
    while rest.len() > 72 {
        let at = rest[..72].rfind(' ').filter(|&at| at > 0).unwrap_or(72);
        pieces.push(&rest[..at]);
        rest = rest[at..].trim_start_matches(' ');
    }
    pieces.push(rest);
    pieces
}

/// The enhanced status code (RFC 3463): the server's own, else one that says what is known.
fn status(error: &Error) -> String {
    let own = error.reply.as_ref().and_then(|reply| {
        let first = reply.text.split(' ').next()?;
        let parts: Vec<&str> = first.split('.').collect();
        let digits = |part: &&str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_code = parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(digits);
        is_code.then(|| first.to_owned())
    });
    own.unwrap_or_else(|| match error.kind {
        // It was tried until it was too old.
        ErrorKind::Timeout => "4.4.7".into(),
        kind if Error::new(kind, "").is_temporary() => "4.0.0".into(),
        _ => "5.0.0".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ServerReply;
    use mail_parser::{MessageParser, MimeHeaders as _};

    #[test]
    fn a_report_is_a_multipart_that_others_read() {
        let refused = Error::new(ErrorKind::Rejected, "refused \u{fc}").with_reply(ServerReply {
            code: 550,
            text: format!("5.1.1 unknown\r\nBcc: x {}", "word ".repeat(300)),
        });
        let old = Error::new(ErrorKind::NoNetwork, "no link");
        let bytes = report(
            &Mailbox::new("alerts@example.org"),
            "panel",
            b"From: a@example.org\r\nSubject: \xff\r\n",
            &[
                Undelivered {
                    recipient: "one@example.org",
                    error: &refused,
                },
                Undelivered {
                    recipient: "two@example.org",
                    error: &old,
                },
            ],
        );
        assert!(bytes.is_ascii());
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(
            text.split("\r\n")
                .all(|line| line.len() <= 100 && !line.contains('\n'))
        );
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.content_type().unwrap().subtype(), Some("report"));
        let parts: Vec<_> = mail.parts[1..]
            .iter()
            .map(|part| part.content_type().unwrap().subtype().unwrap().to_owned())
            .collect();
        assert_eq!(parts, ["plain", "delivery-status", "rfc822-headers"]);
        for wanted in [
            "Final-Recipient: rfc822; one@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
            "Final-Recipient: rfc822; two@example.org\r\nAction: failed\r\nStatus: 4.0.0\r\n",
            "Diagnostic-Code: smtp; 550 5.1.1 unknown  Bcc: x word",
            "Subject: ?\r\n",
        ] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        assert!(!text.contains("\nBcc:"));
    }
}
