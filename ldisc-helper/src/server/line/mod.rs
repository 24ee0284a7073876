//! One claimed port at work: its engine, its device, its daemon.
//!
//! Events only set marks here; [`Line::serve`] then does what there is to do, in one order.

mod bytes;
mod daemon;
mod interest;
mod output;
mod presence;

use super::connection::Connection;
use super::device::{Absent, Device, Source, Wanted};
use super::stats::Stats;
use crate::port::Port;
use crate::record::Claim;
use crate::refused::Refused;
use crate::time::Time;
use interest::Interests;
use mio::Registry;
use mio::event::Event;
use output::Out;
use std::time::Duration;

/// What a line needs of the loop.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) registry: &'a Registry,
    pub(super) source: &'a Source,
    pub(super) stats: &'a Stats,
    /// How long a port is kept for a daemon that went away.
    pub(super) orphan: Duration,
    /// Room for a read.
    pub(super) bytes: &'a mut [u8],
    /// Room for a packet, and a byte more.
    pub(super) packet: &'a mut [u8],
}

/// Whether a line goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    /// It is to be given back.
    Ends,
}

/// A claimed port.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) wanted: Wanted,
    index: usize,
    port: Port,
    device: Device,
    connection: Option<Connection>,
    interests: Interests,
    marks: Marks,
    /// The TTY is not read before.
    rest_until: Option<Time>,
    /// To try again to open the device.
    retry_at: Option<Time>,
    /// To give it back unless a daemon claims it.
    orphan_until: Option<Time>,
    /// When the device was claimed at last; `None`: never.
    claimed_at: Option<Time>,
    /// It gave something since then.
    was_read: bool,
    /// Why the daemon was told that the device cannot be had.
    told: Option<Refused>,
    /// The daemon broke the protocol.
    violation: bool,
    /// It is refused for good.
    over: bool,
}

/// What events have told and is not dealt with yet: epoll tells each only once.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    /// The connection may have packets.
    packets: bool,
    /// The connection may have room again.
    room: bool,
    /// The device may have bytes.
    readable: bool,
    /// The device may take bytes.
    writable: bool,
    /// The other side hung up, or closed the pseudo-terminal.
    hung_up: bool,
    /// The device may have come, or the pseudo-terminal been opened.
    changed: bool,
}

impl Line {
    /// A claim over `connection`, whose device is still to be taken.
    pub(super) fn new(
        index: usize,
        claim: &Claim<'_>,
        wanted: Wanted,
        connection: Connection,
        now: Time,
    ) -> Self {
        let mut line = Self {
            wanted,
            index,
            port: Port::new(claim, now),
            device: Device::Absent(Absent::default()),
            connection: None,
            interests: Interests::default(),
            marks: Marks::default(),
            rest_until: None,
            retry_at: None,
            orphan_until: None,
            claimed_at: None,
            was_read: false,
            told: None,
            violation: false,
            over: false,
        };
        // Gone until it has come; nobody is there yet to be told so.
        line.with_port(|port, out| port.hangup(now, out));
        line.connect(connection);
        line
    }

    /// An event of the connection.
    pub(super) fn note_connection(&mut self, event: &Event) {
        self.marks.packets = true;
        self.marks.room |= event.is_writable();
    }

    /// An event of the device.
    pub(super) fn note_bytes(&mut self, event: &Event) {
        self.marks.hung_up |= event.is_read_closed() || event.is_error();
        self.marks.readable |= event.is_readable() || self.marks.hung_up;
        self.marks.writable |= event.is_writable();
    }

    /// An event of what watches for the device.
    pub(super) fn note_change(&mut self) {
        self.marks.changed = true;
    }

    /// Does what there is to do.
    pub(super) fn serve(&mut self, context: &mut Context<'_>) -> Fate {
        if self.hear(context) == Fate::Ends {
            return Fate::Ends;
        }
        self.tell();
        self.meet(context);
        // What the daemon sent goes out before more is read: it may answer what is read next.
        self.write(context);
        self.look(context);
        self.write(context);
        if self.violation && self.disconnect(context) == Fate::Ends {
            return Fate::Ends;
        }
        // Whoever does not hear is gone once all that he said is heard.
        self.marks.packets |= self.connection.as_ref().is_some_and(|it| it.is_deaf());
        self.arm(context.registry);
        if self.over || self.is_orphaned() {
            Fate::Ends
        } else {
            Fate::Stays
        }
    }

    /// When it is to be served again if nothing happens.
    pub(super) fn next_wake(&self, now: Time) -> Option<Time> {
        if self.has_more(now) {
            return Some(now);
        }
        let deadline = if self.can_look() {
            self.port.next_deadline()
        } else {
            self.port.next_deadline_without_look()
        };
        // It has just been served: whatever an engine may think, never without a pause.
        let deadline = deadline.map(|at| at.max(now + Duration::from_micros(1)));
        let rest = self.rest_until.filter(|_| self.can_look());
        [deadline, rest, self.retry_at, self.orphan_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// Calls the engine, and sees to what it asks for.
    fn with_port<T>(&mut self, call: impl FnOnce(&mut Port, &mut Out<'_>) -> T) -> T {
        let mut out = Out {
            connection: self.connection.as_mut(),
            device: &mut self.device,
            settings: &mut self.wanted.line,
            violation: &mut self.violation,
        };
        call(&mut self.port, &mut out)
    }
}
