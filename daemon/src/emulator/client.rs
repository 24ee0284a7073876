//! What a module's clients are asked with. Each has one session at most, and they do not know of each other.

use super::clock::ModuleClock;
use crate::dialect::volume::FileName;
use crate::service::{Credentials, Representation, Server};
use std::time::Duration;

/// A client of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// The one that looks after a mail.
    Mail,
    /// The one for a mailbox. Its session lives until it is closed, lost or aborted.
    Mailbox,
    /// The one for files. Its session ends with the line or the activity that opened it.
    Files,
    /// The one for HTTP. Its session ends with the line that opened it.
    Socket,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Mailbox, Self::Files, Self::Socket];

    /// Whether its session is the affair of one line only.
    pub(super) fn is_of_a_line(self) -> bool {
        matches!(self, Self::Files | Self::Socket)
    }
}

/// A mailbox on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The server that the equipment named.
    pub server: Server,
    /// Whose it is.
    pub credentials: Credentials,
    /// How long the server may say nothing to a command.
    pub patience: Duration,
}

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Its number in this session.
    pub number: u32,
    /// The folder in which it gets one of its own, called by the module's time then: `YYMMDDHHMMSS`.
    pub parent: FileName,
    /// The module's clock.
    pub clock: ModuleClock,
}

/// A server of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileServer {
    /// The server that the equipment named.
    pub server: Server,
    /// Who the equipment is to it; without, anonymous.
    pub credentials: Option<Credentials>,
    /// The server connects to us for data (RFC 959 PORT).
    pub active: bool,
    /// How long the server may neither answer nor take or give a byte.
    pub patience: Duration,
}

/// A file on a server; of a listing, a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The server.
    pub on: FileServer,
    /// Its path there: UTF-8 without control characters.
    pub path: String,
    /// How its bytes are meant.
    pub representation: Representation,
}

/// A server of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The server that the equipment named.
    pub server: Server,
    /// How long it may neither take nor give a byte.
    pub patience: Duration,
}
