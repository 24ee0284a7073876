//! What a job is asked with, and what can be seen of it.

use super::request::{Kind, Service, Summary};
use crate::service::{
    self, BoxFuture, Credentials, Error, ErrorKind, FileBack, MailBack, MailboxBack, Phase, Reach,
    RecipientPolicy, Secret, Server, ServerReply, SocketBack,
};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The number of a job: never given twice in the life of a spool.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(transparent)]
pub struct JobId(pub u32);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A caller on the bus.
    Bus {
        /// Its user.
        uid: u32,
    },
    /// Equipment on an emulator's port.
    Emulator {
        /// The emulator's name.
        name: String,
    },
}

/// A way out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Via {
    /// Our own protocols over this machine's network.
    Ip,
    /// The services of the modem of this name.
    Modem(String),
}

impl FromStr for Via {
    type Err = String;

    /// Reads `ip` or `modem:NAME`, where NAME is 1 to 32 of `A-Za-z0-9_-`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "ip" {
            return Ok(Self::Ip);
        }
        match text.strip_prefix("modem:") {
            Some(name)
                if (1..=32).contains(&name.len())
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) =>
            {
                Ok(Self::Modem(name.into()))
            }
            _ => Err(format!(
                "{:?} is neither \"ip\" nor \"modem:NAME\"",
                text.chars().take(40).collect::<String>()
            )),
        }
    }
}

impl TryFrom<String> for Via {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Via> for String {
    fn from(via: Via) -> Self {
        via.to_string()
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip => f.write_str("ip"),
            Self::Modem(name) => write!(f, "modem:{name}"),
        }
    }
}

/// How a mail gets its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// From this account, looked up at each attempt.
    Account(String),
    /// As the caller says. The credentials stay in memory, but for [`Delivery::Queue`], whose jobs survive a
    /// restart: then they are in a file of their own in the spool until the job is over.
    Direct {
        /// The server.
        server: Server,
        /// Who we are to it.
        credentials: Option<Credentials>,
    },
}

/// How long a mail is kept trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Tried until it is taken, refused or expired; it survives restarts.
    Queue,
    /// One go over `via`, now; never taken up again after a restart.
    Through,
}

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct MailSubmission {
    /// Who asked.
    pub origin: Origin,
    /// How it gets its server.
    pub route: Route,
    /// Envelope sender; empty for a bounce.
    pub sender: String,
    /// Envelope recipients, 1 to [`crate::message::MAX_RECIPIENTS`].
    pub recipients: Vec<String>,
    /// What a refused recipient means for the others.
    pub policy: RecipientPolicy,
    /// One RFC 5322 message, at most [`Limits::message`] bytes. Its line ends may be any; `Bcc` is taken
    /// out, `Date` and `Message-ID` are added where missing.
    pub message: Vec<u8>,
    /// Ways out, in order; empty: the account's.
    pub via: Vec<Via>,
    /// Time for the whole job; `None`: until it expires in the queue.
    pub timeout: Option<Duration>,
    /// [`crate::service::MailOpen::patience`]; not kept over a restart.
    pub patience: Option<Duration>,
    /// How long it is kept trying.
    pub delivery: Delivery,
    /// A second submission with the same origin and token is the same job.
    pub token: Option<String>,
}

/// Where a job is in its life. The names are `Job.State` on D-Bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is being carried out.
    Running,
    /// It failed for now and is tried again.
    Deferred,
    /// Carried out; of several recipients at least one was taken.
    Done,
    /// It failed for good.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Deferred,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Deferred => "deferred",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing happens to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What became of one recipient so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientState {
    /// The address.
    pub address: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one recipient so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not settled; why not, if it was tried.
    Pending(Option<Error>),
    /// The server took the mail for it.
    Delivered,
    /// Refused for good.
    Refused(Error),
}

/// What can be seen of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub kind: Kind,
    /// Where it is in its life.
    pub state: State,
    /// What it does now.
    pub phase: Phase,
    /// The way out that is or was last used.
    pub via: Option<Via>,
    /// Who asked.
    pub origin: Origin,
    /// The account that it uses.
    pub account: Option<String>,
    /// How long it is kept trying.
    pub delivery: Delivery,
    /// Bytes of content that have gone.
    pub bytes_done: u64,
    /// Of so many.
    pub bytes_total: u64,
    /// How often it was tried; a missing link does not count.
    pub attempts: u32,
    /// When it was asked for, by this machine's clock then.
    pub created: SystemTime,
    /// When it is tried next, by this machine's clock; for a deferred job.
    pub next_attempt: Option<SystemTime>,
    /// Why it failed, for good or for now.
    pub error: Option<Error>,
    /// The server's last word, where it could be seen.
    pub reply: Option<ServerReply>,
    /// Envelope sender.
    pub sender: String,
    /// Each recipient.
    pub recipients: Vec<RecipientState>,
    /// The result of an attempt never came and the mail was, or may be, sent again.
    pub possible_duplicate: bool,
    /// What came back of a request, in short.
    pub summary: Option<Summary>,
}

impl Snapshot {
    /// Recipients that were refused, with the reasons: `rejected` of the result.
    pub fn rejected(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.recipients.iter().filter_map(|one| match &one.outcome {
            Outcome::Refused(error) => Some((one.address.as_str(), error)),
            Outcome::Pending(_) | Outcome::Delivered => None,
        })
    }
}

/// What an account says about mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAccount {
    /// Its own address, perhaps with a name (RFC 5322 mailbox).
    pub from: String,
    /// The server.
    pub server: Server,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
    /// Ways out, in order.
    pub via: Vec<Via>,
}

/// What an account says about its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop3Account {
    /// The server.
    pub server: Server,
    /// Who we are to it.
    pub credentials: Credentials,
    /// Ways out, in order.
    pub via: Vec<Via>,
}

/// What an account says about files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpAccount {
    /// The server.
    pub server: Server,
    /// Who we are to it; without, anonymous.
    pub credentials: Option<Credentials>,
    /// What some servers ask for besides (RFC 959 ACCT).
    pub account: Option<Secret>,
    /// The server connects to us for data.
    pub active: bool,
    /// Ways out, in order.
    pub via: Vec<Via>,
}

/// The accounts as they are now.
pub trait Accounts: Send + Sync {
    /// What this account says about mail. NotFound where there is no such account or it has no mail;
    /// TemporaryFailure where it can't be used as this machine is now (a secret that is missing).
    fn mail(&self, account: &str) -> service::Result<MailAccount>;

    /// NotFound where there is no such account at all.
    fn exists(&self, account: &str) -> service::Result<()> {
        self.mail(account).map(drop)
    }

    /// What this account says about its mailbox; errors as those of [`Accounts::mail`].
    fn pop3(&self, account: &str) -> service::Result<Pop3Account> {
        let _ = account;
        Err(Error::new(ErrorKind::NotFound, "no account has pop3"))
    }

    /// What this account says about files; errors as those of [`Accounts::mail`].
    fn ftp(&self, account: &str) -> service::Result<FtpAccount> {
        let _ = account;
        Err(Error::new(ErrorKind::NotFound, "no account has ftp"))
    }

    /// The same credentials with what proves them now: a token that is kept elsewhere is fetched. Asked once
    /// before each login. TemporaryFailure where it can't be had.
    fn prove<'a>(
        &'a self,
        account: &'a str,
        service: Service,
        credentials: Credentials,
    ) -> BoxFuture<'a, service::Result<Credentials>> {
        let _ = (account, service);
        Box::pin(async move { Ok(credentials) })
    }

    /// Where equipment at this emulator may connect to, where it names the server itself.
    fn reach(&self, emulator: &str) -> Reach {
        Reach::of_emulator(emulator, Vec::new(), Vec::new())
    }

    /// The account that hears of mail that equipment at this emulator was told is accepted, and that came to
    /// nothing.
    fn bounce_to(&self, _emulator: &str) -> Option<String> {
        None
    }
}

/// The backs as they are now.
pub trait Backs: Send + Sync {
    /// The back for mail that is meant; `None` where there is none.
    fn mail(&self, via: &Via) -> Option<Arc<dyn MailBack>>;

    /// The back for mailboxes that is meant; `None` where there is none.
    fn mailbox(&self, _via: &Via) -> Option<Arc<dyn MailboxBack>> {
        None
    }

    /// The back for files that is meant; `None` where there is none.
    fn files(&self, _via: &Via) -> Option<Arc<dyn FileBack>> {
        None
    }

    /// The back for sockets that is meant; `None` where there is none.
    fn socket(&self, _via: &Via) -> Option<Arc<dyn SocketBack>> {
        None
    }

    /// What this way out wants done when a mail was sent over it and its result never came; `None`:
    /// nothing special.
    fn on_unknown(&self, _via: &Via) -> Option<OnUnknown> {
        None
    }
}

/// How much there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Active jobs of one caller (root has no limit).
    pub jobs: usize,
    /// Bytes in the spool of one caller (root has no limit).
    pub spool: u64,
    /// Bytes of one message.
    pub message: u64,
    /// Finished jobs that are remembered until they are released.
    pub finished: usize,
    /// Jobs of the queue that run at once.
    pub running: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            jobs: 64,
            spool: 64 << 20,
            message: 32 << 20,
            finished: 256,
            running: 8,
        }
    }
}

/// What to do when a mail was sent and its result never came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// Send it again, marked as a possible duplicate.
    #[default]
    Retry,
    /// Let it fail.
    Fail,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_out_are_written_as_they_are_read() {
        for text in ["ip", "modem:lte", "modem:A_b-9"] {
            assert_eq!(text.parse::<Via>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "IP",
            "modem:",
            "modem:a b",
            "modem",
            "tunnel:x",
            "modem:\u{fc}",
        ] {
            assert!(bad.parse::<Via>().is_err(), "{bad:?}");
        }
        assert!(format!("modem:{}", "a".repeat(33)).parse::<Via>().is_err());
    }
}
