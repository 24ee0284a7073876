//! What the engine asks of the world, and what the world answers.

use super::letter::Letter;
use crate::dialect::volume::FileName;
use crate::service;
use hayes_ldisc::discipline::Mode;
use hayes_ldisc::record::{Circuits, LineSettings};
use std::time::SystemTime;

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
    /// Bytes of a file; empty at its end.
    Bytes(Vec<u8>),
    /// It was done; nothing to tell.
    Fine,
    /// The mail was accepted.
    Accepted(MailId),
    /// It went wrong with a file.
    Failed(FileError),
    /// The mail was refused.
    Refused(service::Error),
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
