//! What the loop is to be woken for. Nothing else wakes it.

use super::super::device::Device;
use super::super::log;
use super::super::token::Source;
use super::Line;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// What is registered for each of a line's descriptors.
#[derive(Debug, Default)]
pub(super) struct Interests {
    connection: Option<Interest>,
    bytes: Option<Interest>,
    changes: Option<Interest>,
}

impl Interests {
    /// The device is another one. A descriptor that was closed left the loop by that.
    pub(super) fn forget_device(&mut self) {
        self.bytes = None;
        self.changes = None;
    }

    /// The connection is another one, and registered as a stranger's.
    pub(super) fn forget_connection(&mut self) {
        self.connection = None;
    }
}

impl Line {
    /// Registers what it now waits for.
    pub(super) fn arm(&mut self, registry: &Registry) {
        let connection = self.connection.as_ref().map(|connection| {
            let waits = connection.has_unsent();
            let interest = interest(true, waits);
            (connection.as_fd(), interest)
        });
        let bytes = if self.device.is_open() {
            // At rest, or while there is no place for more, it says nothing but that it hung up.
            let reads = self.can_look() && self.rest_until.is_none();
            let waits = !self.marks.writable && !self.port.output().is_empty();
            self.device.bytes().map(|fd| (fd, interest(reads, waits)))
        } else {
            None
        };
        let changes = match &self.device {
            Device::Pty { open: true, .. } => None,
            device => device.changes().map(|fd| (fd, Interest::READABLE)),
        };
        let index = self.index;
        let done = register(
            registry,
            Source::Connection(index),
            connection,
            &mut self.interests.connection,
        )
        .and(register(
            registry,
            Source::Bytes(index),
            bytes,
            &mut self.interests.bytes,
        ))
        .and(register(
            registry,
            Source::Changes(index),
            changes,
            &mut self.interests.changes,
        ));
        if let Err(error) = done {
            log(format_args!("{}: epoll: {error}", self.wanted.device));
        }
    }

    /// A pseudo-terminal that nobody has open would never stop telling so.
    pub(super) fn leave(&mut self, registry: &Registry) {
        if let Some(fd) = self.device.bytes()
            && self.interests.bytes.take().is_some()
        {
            let _ = registry.deregister(&mut SourceFd(&fd.as_raw_fd()));
        }
    }
}

fn interest(reads: bool, writes: bool) -> Interest {
    // mio has no empty interest; hang-ups are told with any.
    let interest = if reads {
        Interest::READABLE
    } else {
        Interest::PRIORITY
    };
    if writes {
        interest | Interest::WRITABLE
    } else {
        interest
    }
}

fn register(
    registry: &Registry,
    source: Source,
    wanted: Option<(BorrowedFd<'_>, Interest)>,
    registered: &mut Option<Interest>,
) -> io::Result<()> {
    let Some((fd, interest)) = wanted else {
        return Ok(());
    };
    let fd = fd.as_raw_fd();
    let mut fd = SourceFd(&fd);
    let token = Token::from(source);
    match *registered {
        Some(before) if before == interest => return Ok(()),
        Some(_) => registry.reregister(&mut fd, token, interest)?,
        None => registry.register(&mut fd, token, interest)?,
    }
    *registered = Some(interest);
    Ok(())
}
