//! A line and its daemon: records in, the connection's beginning and end.

use super::super::connection::{Connection, Received};
use super::super::device::Wanted;
use super::super::log;
use super::{Context, Fate, Line};
use crate::record::{Claim, FromHelper, Header, Refusal, ToHelper};
use crate::time::Time;
use std::fmt;

/// So many records, then other lines have their turn.
const TURN: usize = 64;

/// A socket holds less than so many turns of records.
const TURNS_OF_A_SOCKET: usize = 32;

impl Line {
    pub(in super::super) fn has_daemon(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether what it has and does fits this claim. Line settings may differ.
    pub(in super::super) fn is_for(&self, wanted: &Wanted) -> bool {
        (self.wanted.role, self.wanted.wiring) == (wanted.role, wanted.wiring)
    }

    /// From here on the daemon is at the other end of this.
    pub(super) fn connect(&mut self, connection: Connection) {
        self.connection = Some(connection);
        self.interests.forget_connection();
        self.marks.packets = true;
        self.orphan_until = None;
        self.told = None;
    }

    /// A new connection took the port over.
    pub(in super::super) fn attach(
        &mut self,
        connection: Connection,
        claim: &Claim<'_>,
        now: Time,
    ) {
        self.connect(connection);
        let claimed = self.port.attach(now);
        self.send(&FromHelper::Claimed(claimed));
        if !self.device.is_there() {
            self.send(&FromHelper::Hangup);
            // For when it comes back.
            self.wanted.line = claim.line;
            self.port.set_line(claim.line);
        } else if claim.line != self.wanted.line {
            // After all that is still on its way.
            let configure = ToHelper::Configure(claim.line);
            self.with_port(|port, out| port.record(Header::default(), &configure, now, out));
        }
    }

    /// Reads all that the daemon sent, whether or not an event told of it yet: more than a socket holds,
    /// but not for as long as somebody goes on sending.
    pub(in super::super) fn hear_all(&mut self, context: &mut Context<'_>) -> Fate {
        self.marks.packets = true;
        for _ in 0..TURNS_OF_A_SOCKET {
            if self.hear(context) == Fate::Ends {
                return Fate::Ends;
            }
        }
        Fate::Stays
    }

    /// Reads what the daemon sent, if it may have sent something.
    pub(in super::super) fn hear(&mut self, context: &mut Context<'_>) -> Fate {
        if !self.marks.packets {
            return Fate::Stays;
        }
        for _ in 0..TURN {
            let Some(connection) = &self.connection else {
                self.marks.packets = false;
                return Fate::Stays;
            };
            match connection.receive(context.packet) {
                Received::Packet(length) => match ToHelper::decode(&context.packet[..length]) {
                    Ok((header, ToHelper::Release)) => {
                        self.release(header);
                        return Fate::Ends;
                    }
                    Ok((header, record)) => {
                        let now = super::super::clock();
                        self.with_port(|port, out| port.record(header, &record, now, out));
                    }
                    Err(error) => self.protest(&error),
                },
                Received::TooLong => self.protest(&"the packet is too long"),
                Received::Nothing if !connection.is_deaf() => {
                    self.marks.packets = false;
                    break;
                }
                Received::Nothing | Received::Closed => {
                    self.marks.packets = false;
                    return self.disconnect(context);
                }
            }
            if self.violation {
                return self.disconnect(context);
            }
        }
        Fate::Stays
    }

    /// Sends what waited for the daemon to make room.
    pub(super) fn tell(&mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        if std::mem::take(&mut self.marks.room) {
            connection.flush();
        }
        self.violation |= connection.overflowed;
    }

    /// The daemon is gone, or is to be.
    pub(super) fn disconnect(&mut self, context: &Context<'_>) -> Fate {
        let now = super::super::clock();
        self.violation = false;
        self.port.detach(now);
        if let Some(connection) = self.connection.take() {
            connection.unsent(|record| self.port.unsent(record));
        }
        self.orphan_until = Some(now + context.orphan);
        // What was never had is not kept.
        if self.claimed_at.is_none() || context.orphan.is_zero() {
            return Fate::Ends;
        }
        Fate::Stays
    }

    /// Gives the device back; the connection may have something left to send.
    pub(in super::super) fn give_back(self) -> Option<Connection> {
        self.connection
    }

    /// A daemon is back and may claim this too: it has as long for it as if it had just gone.
    pub(in super::super) fn daemon_is_back(&mut self, until: Time) {
        if let Some(orphan_until) = &mut self.orphan_until {
            *orphan_until = until.max(*orphan_until);
        }
    }

    pub(super) fn is_orphaned(&self) -> bool {
        self.orphan_until
            .is_some_and(|until| super::super::clock() >= until)
    }

    /// Sends a record of our own.
    pub(super) fn send(&mut self, record: &FromHelper<'_>) {
        let sequence = self.port.next_sequence();
        if let Some(connection) = &mut self.connection {
            connection.send(sequence, record);
        }
    }

    /// Answers with what is dropped by giving it back.
    fn release(&mut self, header: Header) {
        let now = super::super::clock();
        self.with_port(|port, out| port.record(header, &ToHelper::Flush, now, out));
        self.tell();
    }

    /// What came is no record.
    fn protest(&mut self, error: &dyn fmt::Display) {
        log(format_args!("{}: daemon: {error}", self.wanted.device));
        let text = error.to_string();
        self.send(&FromHelper::Refused {
            why: Refusal::Protocol,
            text: &text,
        });
        self.violation = true;
    }
}
