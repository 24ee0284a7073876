//! Mail, as a session: open with server, sender and recipients; finish with the message, or abort.

use super::{BoxFuture, Credentials, Progress, Result, Server, ServerReply};
use std::path::PathBuf;

/// What a mail session is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOpen {
    /// The server.
    pub server: Server,
    /// Credentials; without, no AUTH is tried.
    pub credentials: Option<Credentials>,
    /// Envelope sender; empty for a bounce.
    pub sender: String,
    /// Envelope recipients, each an address, at least one.
    pub recipients: Vec<String>,
    /// What a refused recipient means for the others.
    pub policy: RecipientPolicy,
    /// What the message will need of the server, so that it is known before anything is sent.
    pub shape: Shape,
}

/// What is known of a message before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Shape {
    /// Its size in bytes, as RFC 1870 counts them; 0 where unknown.
    pub size: u64,
    /// Bytes >= 0x80 in its body (RFC 6152).
    pub eight_bit: bool,
    /// Bytes >= 0x80 in its headers (RFC 6531).
    pub utf8_headers: bool,
}

/// What a refused recipient means for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientPolicy {
    /// Those that were accepted get the mail.
    #[default]
    AnyAccepted,
    /// Nobody gets it: the session ends before DATA with the refusal (as modules do).
    AllOrNone,
}

/// Whether a back saw an event or concludes it from a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The server said so.
    Observed,
    /// A module cannot tell; it follows from what it did tell.
    Inferred,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken.
    Accepted(Certainty),
    /// Refused, for good or for now.
    Refused(super::Error),
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// A file with one RFC 5322 message, lines ended by CR LF, not dot-stuffed.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// The end of a mail session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// One for each recipient of [`MailOpen::recipients`], in their order. A refusal that came at
    /// opening stands here again.
    pub recipients: Vec<Verdict>,
    /// The server's last word, where it could be seen.
    pub reply: Option<ServerReply>,
}

/// A way to send mail.
pub trait MailBack: Send + Sync {
    /// Connects, authenticates, names sender and recipients. A back that cannot do it step by step
    /// (a module) checks what it can without sending and answers with inferred verdicts.
    fn open<'a>(
        &'a self,
        request: &'a MailOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailSession>>>;
}

/// A mail session with its recipients named. Dropping it aborts; once it has finished, that is its good-bye.
pub trait MailSession: Send {
    /// One verdict for each recipient, in order.
    fn recipients(&self) -> &[Verdict];

    /// Sends the message to all that were accepted.
    fn finish<'a>(
        &'a mut self,
        message: &'a Content,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Delivered>>;

    /// Ends it politely, with nothing sent.
    fn abort(self: Box<Self>) -> BoxFuture<'static, ()>;
}
