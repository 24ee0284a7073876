//! A mail in the module's terms, checked against everything that is known before a command is sent.

use super::local_name::clean_names;
use crate::message::{Attachment, Mailbox, Text};
use crate::modem::{Outgoing, ascii_at_most, at_most, batches, to_ascii, to_words, with_crlf};
use crate::service::{
    Credentials, Error, ErrorKind, Fault, MailOpen, Mechanism, Result, Server, Tls,
};
use std::borrow::Cow;

/// Servers, users, passwords and addresses, in bytes. The manual says 128; sister families leave room for a
/// terminator (reference 12).
pub(super) const MOST_STRING: usize = 127;
/// Names of people.
const MOST_NAME: usize = 63;
/// Subject.
const MOST_SUBJECT: usize = 511;
/// Body; the manual says 5120 in data mode (16-A4).
const MOST_BODY: usize = 5000;
/// Recipients of each kind.
const MOST_RECIPIENTS: usize = 5;
/// Attachments, and their bytes together.
const MOST_FILES: usize = 10;
pub(super) const MOST_FILE_BYTES: usize = 10 << 20;

/// A mail in the module's terms.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) sender_name: String,
    pub(super) subject: String,
    pub(super) body: Cow<'a, [u8]>,
    pub(super) files: &'a [Attachment],
    /// What the files are called in the module.
    pub(super) names: Vec<String>,
}

/// Checks what is known of a mail without its message.
pub(super) fn check_envelope(open: &MailOpen) -> Result<()> {
    if open.recipients.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "no recipient"));
    }
    check_server(&open.server, open.credentials.as_ref())?;
    ascii_at_most("the sender's address", &open.sender, MOST_STRING)?;
    let address = |address| ascii_at_most("a recipient's address", address, MOST_STRING);
    open.recipients
        .iter()
        .map(String::as_str)
        .try_for_each(address)
}

/// Checks a server and who we are to it. The module knows no TLS.
pub(super) fn check_server(server: &Server, credentials: Option<&Credentials>) -> Result<()> {
    if server.tls != Tls::None {
        return Err(not_supported("TLS"));
    }
    ascii_at_most("the server's name", &server.host, MOST_STRING)?;
    let Some(credentials) = credentials else {
        return Ok(());
    };
    if credentials.mechanism != Mechanism::Password {
        return Err(not_supported("a token in the place of a password"));
    }
    if !credentials.plain_auth {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "the password would go in clear: use TLS, or allow it with plain_auth",
        ));
    }
    if credentials.user.is_empty() || credentials.password.expose().is_empty() {
        return Err(not_supported("an empty user name or password"));
    }
    ascii_at_most("the user's name", &credentials.user, MOST_STRING)?;
    ascii_at_most("the password", credentials.password.expose(), MOST_STRING)
}

pub(super) fn not_supported(what: &str) -> Error {
    let text = format!("the modem's own services cannot carry {what}");
    Error::new(ErrorKind::NotSupported, text).by(Fault::Module)
}

/// A name as it stands in a command; none: empty.
pub(super) fn name_of(mailboxes: &[Mailbox], address: &str) -> String {
    let named = mailboxes
        .iter()
        .find(|mailbox| mailbox.address.eq_ignore_ascii_case(address));
    let name = named.and_then(|one| one.name.as_deref());
    phrase(name.unwrap_or_default())
}

/// A name as the module can write it before an address. It puts no quotes around one (reference 5.5), so that what is
/// no atom (RFC 5322 section 3.2.3) goes as encoded words.
fn phrase(name: &str) -> String {
    match name.contains([
        '(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '.', '"',
    ]) {
        true => to_words(name),
        false => to_ascii(name),
    }
}

impl<'a> Letter<'a> {
    /// `NotSupported` or `TooLarge` for what the module cannot carry.
    pub(super) fn new(mail: &'a Outgoing) -> Result<Self> {
        check_envelope(&mail.open)?;
        let plain = &mail.plain;
        for batch in batches(&mail.open, plain) {
            at_most("one mail", batch.to.len(), MOST_RECIPIENTS, "recipients")?;
            at_most("one mail", batch.cc.len(), MOST_RECIPIENTS, "copies")?;
        }
        let sender_name = phrase(plain.from.name.as_deref().unwrap_or_default());
        ascii_at_most("the sender's name", &sender_name, MOST_NAME)?;
        for address in &mail.open.recipients {
            for mailboxes in [&plain.to, &plain.cc] {
                let name = name_of(mailboxes, address);
                ascii_at_most("a recipient's name", &name, MOST_NAME)?;
            }
        }
        let subject = to_ascii(&plain.subject);
        ascii_at_most("the subject", &subject, MOST_SUBJECT)?;
        let files = &plain.attachments[..];
        at_most("one mail", files.len(), MOST_FILES, "attachments")?;
        let bytes = files.iter().map(|file| file.bytes.len()).sum();
        at_most("all attachments", bytes, MOST_FILE_BYTES, "bytes")?;
        if files.iter().any(|file| file.bytes.is_empty()) {
            return Err(not_supported("an empty attachment"));
        }
        Ok(Self {
            sender_name,
            subject,
            body: body(&plain.text)?,
            files,
            names: clean_names(files.iter().map(|file| &file.name[..])),
        })
    }
}

/// Printable ASCII in lines: the module names no charset for it, and Ctrl-Z, ESC and backspace mean something
/// else (manual, SMTPBODY).
fn body(text: &Text) -> Result<Cow<'_, [u8]>> {
    let body = match text {
        Text::Bytes(bytes) => Cow::Borrowed(&bytes[..]),
        Text::Utf8(text) => with_crlf(text.as_bytes()),
    };
    let good = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' '..=b'~');
    if !body.iter().all(good) {
        return Err(not_supported("a text that is more than printable ASCII"));
    }
    at_most("the text", body.len(), MOST_BODY, "bytes")?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16-A4: 5000 bytes at most, in data mode.
    #[test]
    fn a4_bodies() {
        let text = Text::Utf8("a\n".repeat(1666));
        assert_eq!(body(&text).unwrap().len(), 4998);
        let text = Text::Utf8("a\n".repeat(1667));
        assert_eq!(body(&text).unwrap_err().kind, ErrorKind::TooLarge);
        for text in ["ä", "a\x08", "a\x1a", "a\x1b", "a\tb", "a\x7f"] {
            let error = body(&Text::Utf8(text.into())).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotSupported, "{text:?}");
            assert!(error.try_next());
        }
    }
}
