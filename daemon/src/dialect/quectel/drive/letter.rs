//! A mail in the module's terms, checked against everything that is known before a command is sent.

use crate::message::{Attachment, Text};
use crate::modem::{Outgoing, ascii_at_most, at_most, batches, to_ascii, to_hex, with_crlf};
use crate::service::{Error, ErrorKind, Fault, MailOpen, Result, Tls};
use std::borrow::Cow;

/// `<username>`, `<password>`, `<sender_name>`, `<sender_email>`, `<srvaddr>`, `<emailaddr>`, in bytes.
const MOST_STRING: usize = 50;
/// `<subject>` in bytes; twice as many digits in hexadecimal.
const MOST_SUBJECT: usize = 100;
/// `<body_length>`, in bytes.
const MOST_BODY: usize = 10_240;
/// Recipients over all types.
const MOST_RECIPIENTS: usize = 20;
/// Attachments.
const MOST_FILES: usize = 10;

/// `<charset>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// ASCII; what comes is passed on.
    Ascii = 0,
    /// UTF-8.
    Utf8 = 1,
}

/// A mail in the module's terms.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) sender_name: String,
    pub(super) charset: Charset,
    pub(super) subject: String,
    pub(super) body_charset: Charset,
    pub(super) body: Cow<'a, [u8]>,
    pub(super) files: &'a [Attachment],
}

/// Checks what is known of a mail without its message.
pub(super) fn check_envelope(open: &MailOpen) -> Result<()> {
    if open.recipients.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "no recipient"));
    }
    string("the server's name", &open.server.host)?;
    if let Some(credentials) = &open.credentials {
        if open.server.tls == Tls::None && !credentials.plain_auth {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the password would go in clear: use TLS, or allow it with plain_auth",
            ));
        }
        string("the user's name", &credentials.user)?;
        string("the password", credentials.password.expose())?;
    }
    string("the sender's address", &open.sender)?;
    open.recipients
        .iter()
        .try_for_each(|address| string("a recipient's address", address))
}

/// A text that stands in quotes, of at most [`MOST_STRING`] bytes.
fn string(what: &str, text: &str) -> Result<()> {
    ascii_at_most(what, text, MOST_STRING)
}

impl<'a> Letter<'a> {
    /// `NotSupported` or `TooLarge` for what the module cannot carry.
    pub(super) fn new(mail: &'a Outgoing) -> Result<Self> {
        check_envelope(&mail.open)?;
        for batch in batches(&mail.open, &mail.plain) {
            at_most("one mail", batch.len(), MOST_RECIPIENTS, "recipients")?;
        }
        let files = &mail.plain.attachments[..];
        at_most("one mail", files.len(), MOST_FILES, "attachments")?;
        if files.iter().any(|file| file.bytes.is_empty()) {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "the modem takes no empty attachment",
            )
            .by(Fault::Module));
        }
        let sender_name = to_ascii(mail.plain.from.name.as_deref().unwrap_or_default());
        string("the sender's name", &sender_name)?;
        let (charset, subject) = subject(&mail.plain.subject)?;
        let (body_charset, body) = body(&mail.plain.text);
        at_most("the text", body.len(), MOST_BODY, "bytes")?;
        Ok(Self {
            sender_name,
            charset,
            subject,
            body_charset,
            body,
            files,
        })
    }
}

/// ASCII or encoded words where they fit, else UTF-8 in hexadecimal: every firmware takes the former,
/// the manual is not clear about the latter.
fn subject(text: &str) -> Result<(Charset, String)> {
    let ascii = to_ascii(text);
    if ascii.len() <= MOST_SUBJECT {
        return Ok((Charset::Ascii, ascii));
    }
    at_most("the subject", text.len(), MOST_SUBJECT, "bytes")?;
    Ok((Charset::Utf8, to_hex(text.as_bytes())))
}

/// Lines end in CR LF on the wire (RFC 5322 section 2.1). Bytes whose charset nobody knows go as they
/// are: under ASCII the module passes them on.
fn body(text: &Text) -> (Charset, Cow<'_, [u8]>) {
    match text {
        Text::Bytes(bytes) => (Charset::Ascii, Cow::Borrowed(bytes)),
        Text::Utf8(text) => {
            let charset = if text.is_ascii() {
                Charset::Ascii
            } else {
                Charset::Utf8
            };
            (charset, with_crlf(text.as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        assert_eq!(
            subject("Hello").unwrap(),
            (Charset::Ascii, "Hello".to_owned())
        );
        let long = "ü".repeat(50);
        let (charset, hex) = subject(&long).unwrap();
        assert_eq!((charset, hex.len()), (Charset::Utf8, 200));
        let error = subject(&"ü".repeat(51)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert!(error.try_next());
        assert_eq!(subject(&"x".repeat(100)).unwrap().0, Charset::Ascii);
        assert!(subject(&"x".repeat(101)).is_err());
    }

    #[test]
    fn unknown_bytes_go_as_ascii() {
        let text = Text::Bytes(vec![0xe4, b'\n']);
        assert_eq!(
            body(&text),
            (Charset::Ascii, Cow::Borrowed(&[0xe4, b'\n'][..]))
        );
        let text = Text::Utf8("ä\n".into());
        assert_eq!(
            body(&text),
            (Charset::Utf8, Cow::Borrowed("ä\r\n".as_bytes()))
        );
    }
}
