//! A mail as the equipment composed it, and the message that it becomes.

use super::clock::ModuleClock;
use super::files::Files;
use super::op::FileError;
use crate::clock::SystemClock;
use crate::dialect::volume::FileName;
use crate::message::{Attachment, Charset, Composed, Draft, Mailbox, Stamp, Text, compose};
use crate::service::{Credentials, Error, ErrorKind, Result, Server};
use std::time::Duration;

/// A mail as the equipment composed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The server that the equipment named.
    pub server: Server,
    /// Who it is to that server.
    pub credentials: Option<Credentials>,
    /// Its address.
    pub sender: Vec<u8>,
    /// Its display name; may be empty.
    pub sender_name: Words,
    /// Main recipients.
    pub to: Vec<Party>,
    /// Copies.
    pub cc: Vec<Party>,
    /// Recipients that no copy shows.
    pub bcc: Vec<Party>,
    /// Subject; may be empty.
    pub subject: Words,
    /// The text; may be empty.
    pub text: Words,
    /// Files of the module, each with the name that the mail shows.
    pub attachments: Vec<(FileName, String)>,
    /// The module's clock, which dates it.
    pub clock: ModuleClock,
    /// Bytes that they may have together when it is sent: they may have grown since they were attached.
    pub most_attached: u64,
    /// Time for all of it.
    pub time: MailTime,
}

/// How long a mail may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailTime {
    /// All of it, however small it is.
    pub least: Duration,
    /// More for each KiB.
    pub each_kib: Duration,
    /// The server, for one answer.
    pub answer: Option<Duration>,
}

impl MailTime {
    /// Time for a message of so many bytes.
    pub fn of(self, bytes: usize) -> Duration {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        self.least.saturating_add(self.each_kib.saturating_mul(kib))
    }
}

impl std::fmt::Debug for Letter {
    /// Where it goes, not what it says.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let recipients = self.to.len() + self.cc.len() + self.bcc.len();
        f.debug_struct("Letter")
            .field("server", &self.server)
            .field("recipients", &recipients)
            .field("attachments", &self.attachments.len())
            .finish_non_exhaustive()
    }
}

/// A recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// The address.
    pub address: Vec<u8>,
    /// The display name; may be empty.
    pub name: Words,
}

impl std::fmt::Debug for Party {
    /// Who it is stays with the equipment.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Party").finish_non_exhaustive()
    }
}

impl Party {
    /// One without a name.
    pub fn nameless(address: Vec<u8>) -> Self {
        let (charset, bytes) = (Charset::Ascii, Vec::new());
        let name = Words { charset, bytes };
        Self { address, name }
    }

    fn mailbox(&self) -> Result<Mailbox> {
        let name = self.name.line();
        Ok(Mailbox {
            name: (!name.is_empty()).then_some(name),
            address: address(&self.address)?,
        })
    }
}

/// Text in a charset that the equipment named.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// The charset.
    pub charset: Charset,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}({} bytes)", self.charset, self.bytes.len())
    }
}

impl Words {
    /// For a header: what is not of the charset is read as UTF-8, else as Latin-1.
    fn line(&self) -> String {
        let text = self.charset.decode(&self.bytes);
        let text = text.or_else(|| String::from_utf8(self.bytes.clone()).ok());
        text.unwrap_or_else(|| super::value::to_latin1(&self.bytes))
    }

    /// For the body: what is not of the charset goes as it came.
    fn text(&self) -> Text {
        match self.charset.decode(&self.bytes) {
            Some(text) => Text::Utf8(text),
            None => Text::Bytes(self.bytes.clone()),
        }
    }
}

impl Letter {
    /// Makes the message, with the attachments as they are now. For the disk thread.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where an attachment is gone, [`ErrorKind::InvalidArgument`] where an
    /// address or a header cannot be.
    /// It is from `sender` where there is one: then the equipment's own address, if it is one, takes the
    /// answers.
    pub fn compose(&self, files: &Files, sender: Option<Mailbox>) -> Result<Composed> {
        let name = self.sender_name.line();
        let own = address(&self.sender).map(|address| Mailbox {
            name: (!name.is_empty()).then_some(name),
            address,
        });
        let (from, reply_to) = match sender {
            Some(sender) => (
                sender,
                own.and_then(|own| own.checked()).into_iter().collect(),
            ),
            None => (own?, Vec::new()),
        };
        let mut stamp = Stamp::new(&SystemClock, &from.address);
        stamp.date = stamp.date.map(|now| self.clock.utc(now));
        let draft = Draft {
            from,
            reply_to,
            to: mailboxes(&self.to)?,
            cc: mailboxes(&self.cc)?,
            bcc: mailboxes(&self.bcc)?,
            subject: self.subject.line(),
            text: self.text.text(),
            attachments: self.read_attachments(files)?,
            ..Draft::default()
        };
        compose(&draft, &stamp)
    }

    fn read_attachments(&self, files: &Files) -> Result<Vec<Attachment>> {
        let mut left = self.most_attached;
        let read = |(file, name): &(FileName, String)| {
            let bytes = files.whole(file, left).map_err(|error| match error {
                FileError::NotFound => Error::new(ErrorKind::NotFound, "an attachment is gone"),
                FileError::NoSpace => {
                    Error::new(ErrorKind::TooLarge, "the attachments are too large")
                }
                _ => Error::new(ErrorKind::Internal, "an attachment cannot be read"),
            })?;
            left -= bytes.len() as u64;
            let text = name.to_ascii_lowercase().ends_with(".txt");
            Ok(Attachment {
                name: name.clone(),
                media_type: text.then(|| "text/plain".into()),
                bytes,
            })
        };
        self.attachments.iter().map(read).collect()
    }
}

fn address(bytes: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(bytes).map(str::to_owned);
    text.map_err(|_| Error::new(ErrorKind::InvalidArgument, "an address is no text"))
}

fn mailboxes(parties: &[Party]) -> Result<Vec<Mailbox>> {
    parties.iter().map(Party::mailbox).collect()
}
