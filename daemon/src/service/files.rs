//! Files on a server, as a session: open; move, list, change; close.

use super::{BoxFuture, Credentials, Progress, Reach, Result, Secret, Server, Sink, Source};
use std::time::SystemTime;

/// What a file session is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOpen {
    /// The server.
    pub server: Server,
    /// Where connections may go, those for data too.
    pub reach: Reach,
    /// Who we are to it; without, anonymous.
    pub credentials: Option<Credentials>,
    /// What some servers ask for besides (RFC 959 ACCT).
    pub account: Option<Secret>,
    /// The server connects to us for data (RFC 959 PORT, RFC 2428 EPRT), instead of we to it.
    pub active: bool,
}

/// How a file's bytes are meant (RFC 959 TYPE).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Representation {
    /// Bytes, as they are (TYPE I).
    #[default]
    Image,
    /// Text with CR LF line ends on the wire (TYPE A); bytes go through as they are.
    Ascii,
}

/// Where an upload goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Placing {
    /// In the place of what was there.
    #[default]
    Replace,
    /// The same, but under another name until it is complete.
    Atomic,
    /// At its end (RFC 959 APPE).
    Append,
    /// Going on where the server's part of it ends (RFC 3659 SIZE and REST, else APPE).
    Resume,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Something else.
    Other,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, never a path; bytes that are not UTF-8 shown as U+FFFD.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes, where told.
    pub size: Option<u64>,
    /// When it was last changed, where told.
    pub modified: Option<SystemTime>,
}

/// A way to files.
pub trait FileBack: Send + Sync {
    /// Connects and authenticates.
    fn open<'a>(
        &'a self,
        request: &'a FileOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn FileSession>>>;
}

/// A file server that we are known to: one connection over many steps, kept alive between them. Paths are
/// UTF-8 without control characters, relative to the folder that the session is in. Dropping it aborts.
pub trait FileSession: Send {
    /// Sends a file, from where its source stands (for [`Placing::Resume`]: its beginning); gives how many
    /// bytes the server now has of it. What it says of the size afterwards is compared, where it can say it.
    /// [`Progress::committing`] comes before [`Placing::Append`] only: whatever else is done twice comes to
    /// the same.
    fn upload<'a>(
        &'a mut self,
        path: &'a str,
        from: &'a mut dyn Source,
        placing: Placing,
        representation: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>>;

    /// Fetches a file from this byte on; gives how many bytes went into `into`. Never fewer than the server
    /// says the file has, without an error. After Protocol, or TemporaryFailure without a reply, what went there is of no
    /// use (it is another part of the file, or the file changed); after any other error it is right as far as it goes, and
    /// another call may go on behind it. InvalidArgument where the file is shorter than `from`, NotSupported
    /// where the server can only send it whole.
    fn download<'a>(
        &'a mut self,
        path: &'a str,
        from: u64,
        into: &'a mut dyn Sink,
        representation: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>>;

    /// What is in a folder; the empty path is the one that the session is in. Entries one by one.
    fn list<'a>(
        &'a mut self,
        path: &'a str,
        each: &'a mut (dyn FnMut(Entry) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>>;

    /// The folder's listing as the server writes it, for equipment that reads it itself.
    fn list_raw<'a>(
        &'a mut self,
        path: &'a str,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>>;

    /// A file's size in bytes. NotFound, NotSupported.
    fn size<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<u64>>;

    /// When a file was last changed. NotFound, NotSupported.
    fn modified<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<SystemTime>>;

    /// Goes to a folder.
    fn change_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Removes a file.
    fn remove<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Removes an empty folder.
    fn remove_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Makes a folder.
    fn make_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Gives a file or folder another name.
    fn rename<'a>(&'a mut self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Ends it politely.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}
