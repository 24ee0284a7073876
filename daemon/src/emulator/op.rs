//! What the engine asks of the world, and what the world answers.

use super::client::{Client, Fetch, Host, Mailbox, Remote};
use super::letter::Letter;
use crate::dialect::volume::FileName;
use crate::service;
use hayes_ldisc::discipline::Mode;
use hayes_ldisc::record::{Circuits, LineSettings};
use std::time::{Duration, SystemTime};

/// Something to be done, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Bytes to the equipment.
    Write {
        /// The bytes.
        bytes: Vec<u8>,
        /// An unsolicited result code: it waits for a moment between lines.
        urc: bool,
        /// What the equipment was waiting for.
        result: bool,
        /// Asks for the data of the data mode that comes next.
        prompt: bool,
    },
    /// What the equipment's bytes are from here on.
    Mode {
        /// The record that this answers, or 0.
        answers: u32,
        /// The mode.
        mode: Mode,
    },
    /// New line settings, once all before has left.
    Configure(LineSettings),
    /// Our circuits.
    SetCircuits(Circuits),
    /// The volatile memory has changed: keep it where it survives the daemon, before what follows.
    Save(Vec<u8>),
    /// Do this, and call [`super::Engine::done`] with what became of it.
    Do {
        /// Names the request.
        id: OpId,
        /// The request.
        op: Op,
    },
    /// Stop this mail for good.
    Cancel(MailId),
    /// Break off what this client is doing, and close its connection without a good-bye. What it was asked
    /// and has not answered is not answered any more.
    Abort(Client),
    /// For people who watch: why something was refused. Holds nothing that the equipment wrote.
    Note(String),
}

/// Names a request of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpId(pub u32);

/// Names a mail that was accepted: the number of its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(transparent)]
pub struct MailId(pub u32);

/// A request of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Lists the files of a volume, those in its folders too: all, or the one of this name.
    List {
        /// The volume.
        volume: &'static str,
        /// One file only.
        name: Option<FileName>,
    },
    /// Deletes a file.
    Delete(FileName),
    /// Deletes all files of a volume.
    Clear(&'static str),
    /// Begins a new file that shows under its name only after [`Op::Finish`].
    Create {
        /// Its name.
        name: FileName,
        /// Bytes that there must be room for.
        size: u64,
        /// A file of this name may be there already: [`Op::Finish`] puts the new one in its place.
        replace: bool,
    },
    /// Adds to the file that was begun last.
    Append(Vec<u8>),
    /// Ends the file that was begun last: on disk, and visible.
    Finish,
    /// Forgets the file that was begun last.
    Abandon,
    /// Reads at most `length` bytes.
    Read {
        /// The file.
        name: FileName,
        /// From here.
        offset: u64,
        /// Most bytes.
        length: u32,
    },
    /// The space on every volume: [`Done::Spaces`].
    Spaces,
    /// What is directly in a folder.
    Folder(FileName),
    /// What a file or folder is like.
    Look(FileName),
    /// Makes a folder, in one that is there.
    MakeFolder(FileName),
    /// Removes an empty folder.
    RemoveFolder(FileName),
    /// Deletes all files that are directly in a folder.
    ClearFolder(FileName),
    /// Gives a file or folder another name on the same volume.
    Rename {
        /// The old name.
        from: FileName,
        /// The new one, which nothing has.
        to: FileName,
    },
    /// Keeps the user profile where it survives a power cut.
    Store(Vec<u8>),
    /// Sends a mail.
    Send(Box<Letter>),
    /// What time it is, by this machine's clock.
    Time,
    /// Waits until this mail's server has greeted us: [`Done::Fine`]; so it is at once where the spool is all
    /// that the equipment waits for. [`Done::Refused`] where it came to its end before.
    Greeted(MailId),
    /// Opens the mailbox: connects and logs in.
    MailboxOpen(Box<Mailbox>),
    /// Waits until its session is over though nobody has closed it: [`Done::Lost`] where the server is gone, or
    /// where nothing else was asked for so long.
    MailboxWatch(Duration),
    /// How much is in it: [`Done::Status`].
    MailboxStatus,
    /// The numbers and sizes of its messages: [`Done::Listed`].
    MailboxList,
    /// The header of a message: [`Done::Header`].
    MailboxHeader(u32),
    /// A message into a folder of the module: [`Done::Stored`].
    MailboxFetch(Box<Fetch>),
    /// Marks a message; it is deleted by [`Op::MailboxClose`].
    MailboxDelete(u32),
    /// Closes the mailbox: what was marked is deleted then.
    MailboxClose,
    /// Logs in to a server of files and begins to fetch a file: [`Done::Fine`] once the server begins to
    /// send it; its bytes come by [`Op::Pull`].
    FilesGet(Box<Remote>),
    /// Logs in and begins to send a file: [`Done::Fine`] once logged in; its bytes are those of a data mode
    /// with [`super::Into::Peer`], and [`Op::Settle`] says whether the server has it.
    FilesPut(Box<Remote>),
    /// Logs in and begins to fetch a folder's listing as the server writes it, as [`Op::FilesGet`] does.
    FilesList(Box<Remote>),
    /// Fetches a file of a server into a file of the module, in the place of what was there.
    FilesToModule(Box<Remote>, FileName),
    /// Sends a file of the module.
    FilesFromModule(Box<Remote>, FileName),
    /// Connects to a server of HTTP: [`Done::Fine`] once the connection stands. The request is what a data
    /// mode with [`super::Into::Peer`] takes; the response comes by [`Op::Pull`] and ends where HTTP says.
    Connect(Box<Host>),
    /// More bytes of what a client does not answer by itself.
    Push(Client, Vec<u8>),
    /// The next bytes that a client has, at most so many: [`Done::Bytes`], empty at the end.
    Pull(Client, u32),
    /// All that there was to push was pushed: waits until the server has it.
    Settle(Client),
}

impl Op {
    /// The client that does it. It may take long: nothing waits for it but what asked. Anything else is done
    /// at once.
    pub fn client(&self) -> Option<Client> {
        match self {
            Self::Greeted(_) => Some(Client::Mail),
            Self::MailboxOpen(_)
            | Self::MailboxWatch(_)
            | Self::MailboxStatus
            | Self::MailboxList
            | Self::MailboxHeader(_)
            | Self::MailboxFetch(_)
            | Self::MailboxDelete(_)
            | Self::MailboxClose => Some(Client::Mailbox),
            Self::FilesGet(_)
            | Self::FilesPut(_)
            | Self::FilesList(_)
            | Self::FilesToModule(..)
            | Self::FilesFromModule(..) => Some(Client::Files),
            Self::Connect(_) => Some(Client::Socket),
            Self::Push(client, _) | Self::Pull(client, _) | Self::Settle(client) => Some(*client),
            // Files, and what this machine knows itself.
            _ => None,
        }
    }
}

/// What became of an [`Op`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Files with their sizes, ordered by name; and the space on their volume.
    Files {
        /// The files.
        files: Vec<(FileName, u64)>,
        /// The space.
        space: Space,
    },
    /// The space on every volume, in their order.
    Spaces(Vec<Space>),
    /// What is in a folder, ordered by name.
    Folder {
        /// Names of the folders in it.
        folders: Vec<Vec<u8>>,
        /// Names of the files in it, with their sizes.
        files: Vec<(Vec<u8>, u64)>,
    },
    /// A file or folder that is there.
    Found {
        /// Its name, in the case in which it was made.
        name: FileName,
        /// Bytes; 0 for a folder.
        size: u64,
        /// When it was last written.
        modified: SystemTime,
        /// It is a folder.
        folder: bool,
    },
    /// Bytes of a file, or of what a client fetches; empty at the end.
    Bytes(Vec<u8>),
    /// The time, by this machine's clock.
    Time(SystemTime),
    /// It was done; nothing to tell.
    Fine,
    /// The mail was accepted.
    Accepted(MailId),
    /// How much is in the mailbox: messages, and their bytes as the server counts them.
    Status {
        /// Messages.
        count: u32,
        /// Bytes.
        bytes: u64,
    },
    /// Messages of the mailbox: number and size in bytes each.
    Listed(Vec<(u32, u64)>),
    /// A message's header as it is, up to the empty line.
    Header(Vec<u8>),
    /// A message was stored.
    Stored {
        /// The new folder.
        folder: FileName,
        /// The name of the file in it with header and text.
        file: Vec<u8>,
    },
    /// It went wrong with a file.
    Failed(FileError),
    /// It was refused, or never came about. A session that was open still is.
    Refused(service::Error),
    /// It went wrong, and the session is over with it.
    Lost(service::Error),
}

/// Space on a volume, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Not used.
    pub free: u64,
    /// In all.
    pub total: u64,
}

/// What can go wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// There is no such file.
    NotFound,
    /// There is one already.
    Exists,
    /// There is something in the folder.
    NotEmpty,
    /// The volume is full.
    NoSpace,
    /// This machine's disk refused it.
    Disk,
}

/// What became of a mail that had been accepted.
pub type MailEnd = Result<(), service::Error>;
