//! A line's bytes, both ways.

use super::super::clock;
use super::super::device::{Device, Read, Written};
use super::{Context, Line};
use crate::record::FromHelper;
use crate::time::Time;

/// So many bytes, then other lines have their turn.
const TURN: usize = 64 * 1024;

/// A read that brings less has found all there was: epoll tells of what comes after it.
const SHORT: usize = 1024;

impl Line {
    /// Whether the device may be read. What a hang-up left is read in any case, and dropped where there
    /// is no place for it.
    pub(super) fn can_look(&self) -> bool {
        let full = self.connection.as_ref().is_some_and(|it| it.is_full());
        // What was sent to a pseudo-terminal that was closed counts, whenever it is read.
        let gone = self.marks.hung_up && !matches!(self.device, Device::Pty { .. });
        let held = self.port.is_held() && !gone;
        !full && !held && (self.port.wants_input() || self.marks.hung_up)
    }

    /// How much the next read may bring, of so much at most; where there is no place for anything, what
    /// it brings is dropped.
    fn room(&self, most: usize) -> usize {
        match self.port.input_room() {
            0 => most,
            room => room.min(most),
        }
    }

    /// Whether there is something to do at once.
    pub(super) fn has_more(&self, now: Time) -> bool {
        let rests = self.rest_until.is_some_and(|until| now < until);
        self.marks.packets
            || (self.marks.readable && !rests && self.can_look())
            || (self.marks.writable && !self.port.output().is_empty())
    }

    /// Reads the device if it may have something, if its rest is over, or if a deadline is: nothing is
    /// declared over without a last look.
    pub(super) fn look(&mut self, context: &mut Context<'_>) {
        let now = clock();
        if !self.can_look() {
            if is_over(self.port.next_deadline_without_look(), now) {
                self.with_port(|port, out| port.timer(now, out));
            }
            return;
        }
        let rest_is_over = is_over(self.rest_until, now);
        let rests = self.rest_until.is_some() && !rest_is_over && !self.marks.hung_up;
        let deadline_is_over = is_over(self.port.next_deadline(), now);
        if !(rest_is_over || deadline_is_over || (self.marks.readable && !rests)) {
            return;
        }
        let now = self.read(now, context);
        if is_over(self.port.next_deadline(), now) {
            self.with_port(|port, out| port.timer(now, out));
        }
    }

    /// Reads until there is no more, or its turn is over. Returns up to when it has looked.
    fn read(&mut self, mut now: Time, context: &mut Context<'_>) -> Time {
        let mut total = 0;
        self.marks.readable = false;
        loop {
            let room = self.room(context.bytes.len());
            let what = if self.device.is_open() {
                self.device.read(&mut context.bytes[..room])
            } else {
                Read::Nothing
            };
            match what {
                Read::Bytes(length) => {
                    context.stats.read(length);
                    now = clock();
                    total += length;
                    self.was_read = true;
                    if self.port.wants_input() {
                        let bytes = &context.bytes[..length];
                        self.with_port(|port, out| port.received(bytes, now, out));
                    }
                    if length < SHORT.min(room) && !self.marks.hung_up {
                        break;
                    }
                    if total >= TURN || !self.can_look() {
                        self.marks.readable = true;
                        break;
                    }
                }
                Read::Nothing => {
                    context.stats.read(0);
                    let hung_up = std::mem::take(&mut self.marks.hung_up);
                    if hung_up && matches!(self.device, Device::Pty { .. }) {
                        // Closed by one, and opened by the next before it was read to its end.
                        self.closed(context);
                        break;
                    }
                    // As of before the read: what came since is not denied.
                    self.with_port(|port, out| port.looked(now, out));
                    break;
                }
                Read::Closed => {
                    self.closed(context);
                    break;
                }
                Read::Gone => {
                    self.hang_up(context);
                    break;
                }
            }
        }
        self.rest_until = match self.port.rest() {
            Some(rest) if total > 0 => Some(now + rest),
            _ => None,
        };
        if total > 0 && self.device.has_lost() {
            self.send(&FromHelper::Overrun);
        }
        now
    }

    /// Writes what is to be written, as far as the device takes it.
    pub(super) fn write(&mut self, context: &mut Context<'_>) {
        let mut total = 0;
        while total < TURN {
            let waits = self.port.output().is_empty() || !self.marks.writable;
            if waits && !self.look_for_drain() {
                return;
            }
            let output = self.port.output();
            if output.is_empty() || !self.marks.writable {
                return;
            }
            match self.device.write(output) {
                Written::Bytes(length) => {
                    context.stats.wrote(length);
                    total += length;
                    let now = clock();
                    self.with_port(|port, out| port.sent(length, now, out));
                }
                Written::Full => self.marks.writable = false,
                Written::Gone => return self.hang_up(context),
            }
        }
    }

    /// Where it matters and it is time: whether output has left. It may let more follow.
    fn look_for_drain(&mut self) -> bool {
        if !self.port.wants_drain() {
            return false;
        }
        let now = clock();
        if now < self.port.drain_look() {
            return false;
        }
        let left = self.device.output_left();
        self.with_port(|port, out| match left {
            0 => port.drained(now, out),
            left => port.not_drained(left, now, out),
        });
        left == 0
    }
}

fn is_over(deadline: Option<Time>, now: Time) -> bool {
    deadline.is_some_and(|at| at <= now)
}
