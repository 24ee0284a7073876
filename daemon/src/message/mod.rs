//! Mail as RFC 5322 text: made from its parts, and taken apart again. No I/O.
//!
//! The spool holds every mail as one RFC 5322 message, whoever asked for it. So every front works with
//! every back: the emulator composes what the equipment entered, a module's driver decomposes it again.

mod address;
mod charset;
mod compose;
mod decompose;
mod fingerprint;
mod fuzz;
mod glance;
mod originator;
mod prepare;
mod report;
mod stamp;
mod unpack;

pub use address::{Mailbox, check_address};
pub use charset::Charset;
pub use compose::compose;
pub use decompose::decompose;
pub use fingerprint::{Fingerprints, fingerprint};
pub use fuzz::{fuzz_mailboxes, fuzz_message};
pub use glance::{Glance, glance};
pub use originator::with_from;
pub use prepare::{Prepared, prepare};
pub use report::{Undelivered, report};
pub use stamp::{Stamp, date_line};
pub use unpack::{PackedFile, Unpacked, unpack};

pub use mail_parser::DateTime;

use crate::service::{Error, ErrorKind};

/// The most recipients that one mail may have. RFC 5321 section 4.5.3.1.8 asks servers for at least 100.
pub const MAX_RECIPIENTS: usize = 1000;

/// The most bytes of a line without its CR LF (RFC 5322 section 2.1.1, RFC 5321 section 4.5.3.1.6).
const MAX_LINE: usize = 998;

/// The most bytes of one header's value, subject included, before it is encoded.
const MAX_HEADER: usize = 8 * 1024;

/// What a message is made of. Date and Message-ID come with a [`Stamp`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Who it is from; the address is also the envelope's sender.
    pub from: Mailbox,
    /// Main recipients.
    pub to: Vec<Mailbox>,
    /// Copies.
    pub cc: Vec<Mailbox>,
    /// Recipients that no copy shows. They are in the envelope only.
    pub bcc: Vec<Mailbox>,
    /// Where answers shall go, if elsewhere.
    pub reply_to: Vec<Mailbox>,
    /// Subject; empty: none.
    pub subject: String,
    /// The text.
    pub text: Text,
    /// The same as HTML.
    pub html: Option<String>,
    /// Further headers, name and value. Those that hayesd writes itself are refused.
    pub headers: Vec<(String, String)>,
    /// Files.
    pub attachments: Vec<Attachment>,
}

/// The text of a mail.
#[derive(Clone, PartialEq, Eq)]
pub enum Text {
    /// Known to be text. Its line ends may be LF or CR LF.
    Utf8(String),
    /// As it came. Plain ASCII goes out as text; bytes >= 0x80 go as `charset=unknown-8bit` (RFC 1428),
    /// in base64, unchanged.
    Bytes(Vec<u8>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Utf8(String::new())
    }
}

impl std::fmt::Debug for Text {
    /// How much of which, not what: letters have no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Utf8(text) => write!(f, "Utf8({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

/// A file in a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, 1 to 255 bytes, without control characters.
    pub name: String,
    /// Its media type (RFC 6838), `application/octet-stream` if unknown.
    pub media_type: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({:?}, {} bytes)", self.name, self.bytes.len())
    }
}

/// A message with its envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    /// The message: lines ended by CR LF, the last one too, not dot-stuffed.
    pub rfc5322: Vec<u8>,
    /// Envelope sender.
    pub sender: String,
    /// Envelope recipients, each once.
    pub recipients: Vec<String>,
}

impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composed")
            .field("bytes", &self.rfc5322.len())
            .field("sender", &self.sender)
            .field("recipients", &self.recipients)
            .finish()
    }
}

/// A message that is no more than text and attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain {
    /// Who it is from.
    pub from: Mailbox,
    /// Main recipients, as the header names them.
    pub to: Vec<Mailbox>,
    /// Copies, as the header names them.
    pub cc: Vec<Mailbox>,
    /// Subject; empty: none.
    pub subject: String,
    /// The text; [`Text::Bytes`] where its charset is not known.
    pub text: Text,
    /// Files, in their order.
    pub attachments: Vec<Attachment>,
    /// When it was written, where it says so.
    pub date: Option<DateTime>,
}

/// The caller asked for something malformed.
fn invalid(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, text)
}

/// A control character has no place in a header: CR, LF and NUL would make another one of it.
fn no_controls(what: &str, text: &str) -> crate::service::Result<()> {
    match text.chars().find(|&c| c.is_control() && c != '\t') {
        Some(c) => Err(invalid(format!(
            "{what} holds the control character {}",
            c.escape_default()
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
