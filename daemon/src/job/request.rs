//! Requests of one shot: what is asked of a mailbox or a file server besides mail, and what comes back.

use super::types::{Origin, Via};
use crate::service::{EntryKind, Error, ErrorKind, Placing, Result, Sink};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The longest path on a server, in bytes.
const LONGEST_PATH: usize = 4096;

/// What is asked for, as it is saved with its job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// What is in a mailbox.
    Pop3Check,
    /// Messages into the inbox.
    Pop3Fetch {
        /// Which ones, by unique id; empty: all that were not fetched before.
        uids: Vec<String>,
        /// Delete them on the server once they are on our disk.
        delete: bool,
    },
    /// The beginning of a message.
    Pop3Top {
        /// Its unique id.
        uid: String,
        /// Lines of its body.
        lines: u32,
    },
    /// Deletes messages on the server.
    Pop3Delete {
        /// Which ones, by unique id.
        uids: Vec<String>,
    },
    /// Sends a file, which is in the spool.
    FtpUpload {
        /// Its path there.
        remote: String,
        /// What becomes of a file that is there.
        placing: Placing,
    },
    /// Fetches a file.
    FtpDownload {
        /// Its path there.
        remote: String,
        /// From this byte on.
        from: u64,
        /// It goes to a descriptor of the caller's, which a restart loses; else it becomes the result.
        to_caller: bool,
    },
    /// What is in a folder.
    FtpList {
        /// Its path; empty: where we are after login.
        folder: String,
    },
    /// Removes a file.
    FtpRemove {
        /// Its path.
        remote: String,
    },
    /// Makes a folder.
    FtpMakeDirectory {
        /// Its path.
        remote: String,
    },
    /// Gives a file or folder another name.
    FtpRename {
        /// Its path.
        from: String,
        /// Its new path.
        to: String,
    },
    /// Logs in to every server of the account.
    AccountTest,
}

/// What a job does. The names are `Job.Kind` on D-Bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sends a mail.
    Mail,
    /// [`Request::Pop3Check`].
    Pop3Check,
    /// [`Request::Pop3Fetch`].
    Pop3Fetch,
    /// [`Request::Pop3Top`].
    Pop3Top,
    /// [`Request::Pop3Delete`].
    Pop3Delete,
    /// [`Request::FtpUpload`].
    FtpUpload,
    /// [`Request::FtpDownload`].
    FtpDownload,
    /// [`Request::FtpList`].
    FtpList,
    /// [`Request::FtpRemove`].
    FtpRemove,
    /// [`Request::FtpMakeDirectory`].
    FtpMakeDirectory,
    /// [`Request::FtpRename`].
    FtpRename,
    /// [`Request::AccountTest`].
    AccountTest,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Mail,
        Self::Pop3Check,
        Self::Pop3Fetch,
        Self::Pop3Top,
        Self::Pop3Delete,
        Self::FtpUpload,
        Self::FtpDownload,
        Self::FtpList,
        Self::FtpRemove,
        Self::FtpMakeDirectory,
        Self::FtpRename,
        Self::AccountTest,
    ];

    /// What a job with this request does.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Pop3Check => Self::Pop3Check,
            Request::Pop3Fetch { .. } => Self::Pop3Fetch,
            Request::Pop3Top { .. } => Self::Pop3Top,
            Request::Pop3Delete { .. } => Self::Pop3Delete,
            Request::FtpUpload { .. } => Self::FtpUpload,
            Request::FtpDownload { .. } => Self::FtpDownload,
            Request::FtpList { .. } => Self::FtpList,
            Request::FtpRemove { .. } => Self::FtpRemove,
            Request::FtpMakeDirectory { .. } => Self::FtpMakeDirectory,
            Request::FtpRename { .. } => Self::FtpRename,
            Request::AccountTest => Self::AccountTest,
        }
    }

    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Pop3Check => "pop3-check",
            Self::Pop3Fetch => "pop3-fetch",
            Self::Pop3Top => "pop3-top",
            Self::Pop3Delete => "pop3-delete",
            Self::FtpUpload => "ftp-upload",
            Self::FtpDownload => "ftp-download",
            Self::FtpList => "ftp-list",
            Self::FtpRemove => "ftp-remove",
            Self::FtpMakeDirectory => "ftp-make-directory",
            Self::FtpRename => "ftp-rename",
            Self::AccountTest => "account-test",
        }
    }
}

/// A service that an account may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Mail goes out.
    Smtp,
    /// Mail comes in.
    Pop3,
    /// Files.
    Ftp,
}

impl Service {
    /// Its name in configuration and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
        }
    }
}

impl Request {
    /// The service that it needs; `None`: whatever the account has.
    pub fn service(&self) -> Option<Service> {
        match self {
            Self::Pop3Check
            | Self::Pop3Fetch { .. }
            | Self::Pop3Top { .. }
            | Self::Pop3Delete { .. } => Some(Service::Pop3),
            Self::FtpUpload { .. }
            | Self::FtpDownload { .. }
            | Self::FtpList { .. }
            | Self::FtpRemove { .. }
            | Self::FtpMakeDirectory { .. }
            | Self::FtpRename { .. } => Some(Service::Ftp),
            Self::AccountTest => None,
        }
    }

    /// Refuses what no server may see: InvalidArgument.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Pop3Check | Self::AccountTest => Ok(()),
            Self::Pop3Fetch { uids, .. } => uids.iter().try_for_each(|uid| check_uid(uid)),
            Self::Pop3Delete { uids } if uids.is_empty() => Err(Error::new(
                ErrorKind::InvalidArgument,
                "no message is named",
            )),
            Self::Pop3Delete { uids } => uids.iter().try_for_each(|uid| check_uid(uid)),
            Self::Pop3Top { uid, .. } => check_uid(uid),
            Self::FtpList { folder } if folder.is_empty() => Ok(()),
            Self::FtpList { folder: path }
            | Self::FtpUpload { remote: path, .. }
            | Self::FtpDownload { remote: path, .. }
            | Self::FtpRemove { remote: path }
            | Self::FtpMakeDirectory { remote: path } => check_path(path),
            Self::FtpRename { from, to } => check_path(from).and_then(|()| check_path(to)),
        }
    }

    /// Whether doing it again after it was perhaps done does no harm.
    pub(super) fn is_repeatable(&self) -> bool {
        !matches!(
            self,
            Self::FtpUpload {
                placing: Placing::Append,
                ..
            }
        )
    }
}

/// RFC 1939 section 7; a unique id that a back makes up is one as well.
fn check_uid(uid: &str) -> Result<()> {
    if (1..=70).contains(&uid.len()) && uid.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidArgument,
        "a unique id has 1 to 70 characters, none of them a blank or a control character",
    ))
}

/// A path on a server goes into a line of a protocol. Where it leads there is the server's to judge.
fn check_path(path: &str) -> Result<()> {
    let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
    if path.is_empty() {
        return invalid("a path is empty");
    }
    if path.len() > LONGEST_PATH {
        return invalid("a path has more than 4096 bytes");
    }
    if path.contains(char::is_control) {
        return invalid("a path holds a line end or another control character");
    }
    Ok(())
}

/// What is uploaded.
#[derive(Debug)]
pub enum Upload {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file made at [`super::Jobs::upload_place`], synced, of so many bytes. It is moved from there.
    File(PathBuf, u64),
}

impl Upload {
    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, size) => *size,
        }
    }
}

/// Where a file is made that is to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPlace {
    /// Its path: nobody else's.
    pub path: PathBuf,
    /// Bytes that it may have.
    pub most: u64,
    /// What is wrong with one that has more.
    pub beyond: ErrorKind,
}

/// A request to be carried out.
pub struct RequestSubmission {
    /// Who asked.
    pub origin: Origin,
    /// The account whose server is asked.
    pub account: String,
    /// What.
    pub request: Request,
    /// The content, for an upload.
    pub upload: Option<Upload>,
    /// Where a download goes that becomes no result.
    pub into: Option<Box<dyn Sink>>,
    /// Ways out, in order; empty: the account's.
    pub via: Vec<Via>,
    /// Time for the whole job; `None`: until it expires in the queue.
    pub timeout: Option<Duration>,
    /// A second submission with the same origin and token is the same job.
    pub token: Option<String>,
}

impl fmt::Debug for RequestSubmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSubmission")
            .field("origin", &self.origin)
            .field("account", &self.account)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// What came back, in short: the rest is in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Messages, entries.
    pub count: u32,
    /// Bytes, of all messages or of what was transferred.
    pub bytes: u64,
}

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedMessage {
    /// Its unique id.
    pub uid: String,
    /// Its number in the session that listed it.
    pub number: u32,
    /// Its size in bytes, as the server counts it.
    pub size: u64,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes, where told.
    pub size: Option<u64>,
    /// When it was last changed, in seconds since 1970, where told.
    pub modified: Option<i64>,
}

/// What became of a message that was to be fetched or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handled {
    /// Its unique id.
    pub uid: String,
    /// Its number in the inbox; `None` where it is not there.
    pub message: Option<u32>,
    /// Why not, where it was to be.
    pub error: Option<(ErrorKind, String)>,
}

/// How far the test of one server came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// The service.
    pub service: Service,
    /// The step that failed: `resolve`, `connect`, `tls`, `authenticate` or `use`; `None`: all is well.
    pub failed: Option<String>,
    /// Why.
    pub text: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but that it is done.
    Nothing,
    /// What is in a mailbox.
    Messages(Vec<ListedMessage>),
    /// What became of messages.
    Handled(Vec<Handled>),
    /// What is in a folder.
    Entries(Vec<ListedEntry>),
    /// Text or data.
    Bytes(Vec<u8>),
    /// How far tests came.
    Tested(Vec<Tested>),
}
