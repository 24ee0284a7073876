//! Mail, as a session: open with server, sender and recipients; finish with the message, or abort.

use super::{BoxFuture, Credentials, Progress, Reach, Result, Server, ServerReply};
use core::time::Duration;
use std::path::PathBuf;

/// What a mail session is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOpen {
    /// The server.
    pub server: Server,
    /// Where connections may go, those for data too.
    pub reach: Reach,
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
    /// A connection that has carried another such mail, for the same user to the same server, may carry this
    /// one too, and may stay open a moment for the next. Where this is false, all is done anew.
    pub share: bool,
    /// The longest that the server may take to answer a command; `None`: as long as SMTP has it (RFC 5321
    /// section 4.5.3.2).
    pub patience: Option<Duration>,
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

/// A mail of which a piece was in flight when the daemon died, as it was kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// How many recipients the attempt was for: the length of its [`MailOpen::recipients`].
    pub recipients: usize,
    /// The places among them that earlier pieces of the attempt were taken for.
    pub taken: Vec<usize>,
    /// The places that the piece in flight is for, at least one.
    pub piece: Vec<usize>,
    /// What a refused recipient means for the others.
    pub policy: RecipientPolicy,
    /// How long ago the piece was sent, at least.
    pub since: Duration,
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

    /// After a restart of the daemon: how the mail that was in flight over this back ended, as
    /// [`MailSession::finish`] would have told it; recipients who had no turn are refused for now. `None`
    /// where nobody can tell any more. To be asked of one mail at most, before any other is sent. Nothing is
    /// sent; it may take as long as a result may take to come.
    fn recover<'a>(&'a self, mail: &'a Interrupted) -> BoxFuture<'a, Option<Result<Delivered>>> {
        let _ = mail;
        Box::pin(async { None })
    }
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
