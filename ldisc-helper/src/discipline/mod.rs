//! The line discipline: which bytes are a command line, which are data, and where data ends.
//!
//! [`Discipline`] takes what was read from a port, and the time; what it finds goes to a [`Sink`]. It reads
//! nothing by itself and has no clock: [`Discipline::next_deadline`] says when to look at the port again.

mod command;
mod data;
mod escape;
mod in_band;
mod line_feed;
mod mode;
pub mod stuffing;

#[cfg(test)]
mod tests;

use crate::time::Time;
use command::{Assembler, Step};
use core::time::Duration;
use data::Payload;
use line_feed::LineFeed;

pub use mode::{Cause, Command, Data, Echo, Ends, Escape, InBand, Keys, Mode, Raw, Wait};

/// Where a [`Discipline`] puts what it finds.
pub trait Sink {
    /// A command line, from the `A` of `AT` to before S3; empty where it was too long.
    fn line(&mut self, line: &[u8], too_long: bool);
    /// One of the mode's keys.
    fn key(&mut self, key: u8);
    /// Payload, or in [`Mode::Raw`] whatever came.
    fn data(&mut self, bytes: &[u8], at: Time);
    /// Data mode is over, after so many bytes of payload.
    fn end(&mut self, cause: Cause, count: u64);
    /// To be sent back to the peer.
    fn echo(&mut self, bytes: &[u8]);
    /// Came in [`Mode::Wait`] and is no key: to be kept for the mode that comes next.
    fn unread(&mut self, bytes: &[u8]);
}

/// The discipline of one port.
///
/// After each line, key and end it stops: it takes nothing more until [`Discipline::set_mode`]. A new one
/// is stopped as well.
#[derive(Debug)]
pub struct Discipline {
    mode: Mode,
    stopped: bool,
    assembler: Assembler,
    payload: Payload,
    line_feed: LineFeed,
    /// 7E1 and 7O1: the eighth bit is not the character's.
    mask: u8,
    character: Duration,
}

impl Default for Discipline {
    fn default() -> Self {
        Self {
            mode: Mode::Wait(Wait::default()),
            stopped: true,
            assembler: Assembler::default(),
            payload: Payload::default(),
            line_feed: LineFeed::default(),
            mask: 0xFF,
            character: Duration::ZERO,
        }
    }
}

impl Discipline {
    /// Tells how characters look on the line: whether they have seven bits, and how long one takes.
    pub fn set_line(&mut self, seven_bits: bool, character: Duration) {
        self.mask = if seven_bits { 0x7F } else { 0xFF };
        self.character = character;
    }

    /// What the bytes are from here on. A line that has begun survives only from command mode to command
    /// mode; bytes held back for an escape are delivered first.
    pub fn set_mode<S: Sink>(&mut self, mode: Mode, now: Time, sink: &mut S) {
        if let Mode::Data(data) = &self.mode
            && !self.stopped
        {
            self.payload.release(data, now, sink);
        }
        if !matches!(mode, Mode::Command(_)) {
            self.assembler.abandon();
        }
        self.mode = mode;
        self.stopped = false;
        if let Mode::Data(data) = &self.mode
            && self.payload.start(data, now)
        {
            self.end(Cause::Length, sink);
        }
    }

    /// Takes what was read at `now`. Returns how much it took: all, or less where it stopped.
    pub fn input<S: Sink>(&mut self, bytes: &[u8], now: Time, sink: &mut S) -> usize {
        let Some(first) = bytes.first().filter(|_| !self.stopped) else {
            return 0;
        };
        let first = first & self.mask;
        match &self.mode {
            Mode::Command(_) => self.command(bytes, now, sink),
            Mode::Wait(wait) => {
                let keys = wait.keys;
                let mut skipped = 0;
                if self.line_feed.leaves(first) {
                    sink.unread(&bytes[..1]);
                    skipped = 1;
                } else if self.line_feed.swallows_waiting(first) {
                    skipped = 1;
                }
                self.wait(keys, &bytes[skipped..], sink) + skipped
            }
            Mode::Data(data) => {
                let mut rest = bytes;
                if self.line_feed.swallows_from_data(first) {
                    self.payload.skipped(now);
                    rest = &bytes[1..];
                }
                if let Some(next) = rest.first()
                    && !self.line_feed.is_prompt_out()
                    && self.payload.is_stray(data, next & self.mask)
                {
                    self.payload.skipped(now);
                    rest = &rest[1..];
                }
                let (taken, end) = self.payload.input(data, self.mask, rest, now, sink);
                if let Some(cause) = end {
                    self.end(cause, sink);
                }
                bytes.len() - rest.len() + taken
            }
            Mode::Raw(_) => {
                sink.data(bytes, now);
                bytes.len()
            }
        }
    }

    /// The port was looked at and nothing was there: silence is proved from the last byte up to `now`.
    pub fn looked<S: Sink>(&mut self, now: Time, sink: &mut S) {
        self.line_feed.looked(now);
        if let Mode::Data(data) = &self.mode
            && !self.stopped
            && let Some(cause) = self.payload.looked(data, now, sink)
        {
            self.end(cause, sink);
        }
    }

    /// [`Discipline::next_deadline`] is over. What depends on silence or time is declared only if the port
    /// was looked at ([`Discipline::input`] or [`Discipline::looked`]) with this same `now`.
    pub fn timer<S: Sink>(&mut self, now: Time, sink: &mut S) {
        if let Mode::Data(data) = &self.mode
            && !self.stopped
            && let Some(cause) = self.payload.due(data, now, sink)
        {
            self.end(cause, sink);
        }
    }

    /// When to look at the port, whatever happens, and to call [`Discipline::timer`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        match &self.mode {
            Mode::Data(data) if !self.stopped => {
                let payload = self.payload.next_deadline(data);
                payload.into_iter().chain(self.line_feed.deadline()).min()
            }
            _ => None,
        }
    }

    /// The prompt has drained: the clocks of [`Ends::deadline`] and [`Ends::idle`] run from here.
    pub fn drained(&mut self, now: Time) {
        self.payload.drained(now);
    }

    /// The answer to the last line has begun to leave.
    pub fn prompt_out(&mut self) {
        self.line_feed.prompt_out();
    }

    /// While stopped: `first` is the first byte that came since. Whether it is the LF of the line's CR LF,
    /// and so is not to be kept.
    pub fn swallows(&mut self, first: u8) -> bool {
        self.line_feed.swallows_early(first & self.mask)
    }

    /// The equipment's DTR went on or off. Off ends a data mode that asks for it, `debounce` later.
    pub fn ready<S: Sink>(&mut self, ready: bool, debounce: Duration, now: Time, sink: &mut S) {
        if let Mode::Data(data) = &self.mode
            && !self.stopped
        {
            self.payload.ready(data, ready, debounce, now);
            if debounce.is_zero()
                && let Some(cause) = self.payload.looked(data, now, sink)
            {
                self.end(cause, sink);
            }
        }
    }

    /// The line is gone. A data mode ends, whatever was held back is payload; a line that had begun is lost.
    pub fn hangup<S: Sink>(&mut self, now: Time, sink: &mut S) {
        self.abandon_line();
        if let Mode::Data(data) = &self.mode
            && !self.stopped
        {
            self.payload.release(data, now, sink);
            self.end(Cause::Hangup, sink);
        }
    }

    /// From here to its end, the data mode that runs delivers nothing.
    pub fn discard(&mut self) {
        if let Mode::Data(data) = &mut self.mode {
            data.discard = true;
        }
    }

    /// Forgets the line that has begun, and that a line feed may follow the one before.
    pub fn abandon_line(&mut self) {
        self.assembler.abandon();
        self.line_feed = LineFeed::default();
    }

    /// The mode set last.
    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// It takes nothing until the next [`Discipline::set_mode`].
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// A data mode runs.
    #[must_use]
    pub fn in_data(&self) -> bool {
        !self.stopped && matches!(self.mode, Mode::Data(_))
    }

    /// Bytes of payload in the data mode that runs, or that ended last.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.payload.count()
    }

    /// When the last character was typed into a line that has begun; `None` between lines.
    #[must_use]
    pub fn typing(&self) -> Option<Time> {
        self.assembler.typing()
    }

    fn command<S: Sink>(&mut self, bytes: &[u8], now: Time, sink: &mut S) -> usize {
        let Mode::Command(settings) = &self.mode else {
            return 0;
        };
        for (index, byte) in bytes.iter().enumerate() {
            let character = byte & self.mask;
            if self.line_feed.swallows(character) {
                continue;
            }
            let step = self.assembler.character(settings, character, now, sink);
            if matches!(step, Step::Empty | Step::Line) && character == b'\r' {
                self.line_feed.ended(now, self.character);
            }
            if matches!(step, Step::Line | Step::Reported) {
                self.stopped = true;
                return index + 1;
            }
        }
        bytes.len()
    }

    fn wait<S: Sink>(&mut self, keys: Keys, bytes: &[u8], sink: &mut S) -> usize {
        let key = |byte: &u8| keys.contains(byte & self.mask);
        let Some(place) = bytes.iter().position(key) else {
            sink.unread(bytes);
            return bytes.len();
        };
        sink.unread(&bytes[..place]);
        sink.key(bytes[place] & self.mask);
        self.stopped = true;
        place + 1
    }

    fn end<S: Sink>(&mut self, cause: Cause, sink: &mut S) {
        self.stopped = true;
        sink.end(cause, self.payload.count());
    }
}
