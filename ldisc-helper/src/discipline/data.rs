//! Data mode: bytes are payload until the first of its ends.

use super::escape::{Silence, Watch};
use super::{Cause, Data, Echo, Escape, Sink};
use crate::time::Time;
use core::time::Duration;

/// One data mode, from its prompt to its end.
#[derive(Debug, Default)]
pub(super) struct Payload {
    /// Bytes delivered (or discarded); those held back are not among them.
    count: u64,
    coding: Coding,
    watch: Watch,
    /// When the last byte was read.
    last: Time,
    /// When the port was looked at last, whether or not something was there.
    seen: Option<Time>,
    /// From when the equipment has been asked to send: the prompt has drained.
    asked: Option<Time>,
    /// A byte has come.
    heard: bool,
    /// When DTR will have been off long enough.
    dropped: Option<Time>,
}

/// How payload that can hold its own end is coded. So far none can: each end lies outside the bytes.
///
/// The ends that are bytes (Ctrl-Z, ETX, a dot on a line of its own) go here: a coding cuts what was read
/// into pieces of payload and tells which piece ends it, and why.
#[derive(Clone, Copy, Debug, Default)]
enum Coding {
    #[default]
    Transparent,
}

/// A stretch of payload.
struct Piece<'a> {
    /// The payload.
    bytes: &'a [u8],
    /// How much of the input it was.
    taken: usize,
    /// It is the last one.
    end: Option<Cause>,
}

impl Coding {
    fn next<'a>(&mut self, bytes: &'a [u8]) -> Piece<'a> {
        match self {
            Self::Transparent => Piece {
                bytes,
                taken: bytes.len(),
                end: None,
            },
        }
    }
}

/// The escape, where there is one.
fn escape(data: &Data) -> Option<Escape> {
    data.ends.escape.filter(|escape| escape.is_on())
}

impl Payload {
    /// Data mode begins. True where it ends at once, having room for nothing.
    pub(super) fn start(&mut self, data: &Data, now: Time) -> bool {
        *self = Self {
            last: now,
            ..Self::default()
        };
        self.watch.start(now);
        data.ends.length == Some(0)
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The prompt has left the port.
    pub(super) fn drained(&mut self, now: Time) {
        self.asked.get_or_insert(now);
    }

    /// A byte was read that belongs to the line before the data.
    pub(super) fn skipped(&mut self, now: Time) {
        self.last = now;
        self.seen = Some(now);
        self.watch.start(now);
    }

    /// Takes what was read, up to the end of data. Returns how much that was, and the end.
    pub(super) fn input<S: Sink>(
        &mut self,
        data: &Data,
        mask: u8,
        bytes: &[u8],
        now: Time,
        sink: &mut S,
    ) -> (usize, Option<Cause>) {
        self.last = now;
        self.seen = Some(now);
        self.heard |= !bytes.is_empty();
        let mut taken = 0;
        while taken < bytes.len() {
            let room = self.room(data, bytes.len() - taken);
            let piece = self.coding.next(&bytes[taken..taken + room]);
            taken += piece.taken;
            let held =
                escape(data).is_some_and(|escape| self.watch.holds(escape, mask, piece.bytes, now));
            if !held {
                self.release(data, now, sink);
                self.deliver(data, piece.bytes, now, sink);
            }
            let full = (self.room(data, 1) == 0).then_some(Cause::Length);
            if let Some(cause) = piece.end.or(full) {
                self.release(data, now, sink);
                return (taken, Some(cause));
            }
        }
        (taken, None)
    }

    /// The port was looked at and nothing was there: silence is proved up to now.
    pub(super) fn looked<S: Sink>(
        &mut self,
        data: &Data,
        now: Time,
        sink: &mut S,
    ) -> Option<Cause> {
        self.seen = Some(now);
        self.due(data, now, sink)
    }

    /// The first end that is over, if the port was looked at now.
    pub(super) fn due<S: Sink>(&mut self, data: &Data, now: Time, sink: &mut S) -> Option<Cause> {
        if self.seen != Some(now) {
            return None;
        }
        let over = self
            .ends(data)
            .into_iter()
            .flatten()
            .filter(|(at, _)| *at <= now)
            .min_by_key(|(at, _)| *at);
        if let Some((_, cause)) = over {
            if cause != Cause::Escape {
                self.release(data, now, sink);
            }
            return Some(cause);
        }
        if let Some(escape) = escape(data)
            && self.watch.looked(escape, now) == Silence::Data
        {
            self.release(data, now, sink);
        }
        None
    }

    /// When to look at the port and ask again.
    pub(super) fn next_deadline(&self, data: &Data) -> Option<Time> {
        let watch = escape(data).and_then(|escape| self.watch.deadline(escape));
        let ends = self.ends(data).into_iter().flatten().map(|(at, _)| at);
        ends.chain(watch).min()
    }

    /// The equipment's DTR has changed; off counts after `debounce`.
    pub(super) fn ready(&mut self, data: &Data, ready: bool, debounce: Duration, now: Time) {
        self.dropped = (data.ends.dtr && !ready).then(|| now + debounce);
    }

    /// Delivers what was held back for the escape.
    pub(super) fn release<S: Sink>(&mut self, data: &Data, now: Time, sink: &mut S) {
        let (held, len) = self.watch.release();
        self.deliver(data, &held[..len], now, sink);
    }

    /// The ends that come by time alone. At the same moment the first named wins.
    fn ends(&self, data: &Data) -> [Option<(Time, Cause)>; 4] {
        let escaped = escape(data).and_then(|escape| self.watch.complete(escape));
        let quiet = match (self.heard, self.asked) {
            (true, Some(asked)) => Some(self.last.max(asked)),
            (true, None) => Some(self.last),
            (false, asked) => asked,
        };
        let idle = data.ends.idle.zip(quiet).map(|(t, since)| since + t);
        let deadline = data
            .ends
            .deadline
            .zip(self.asked)
            .map(|(t, since)| since + t);
        [
            self.dropped.map(|at| (at, Cause::Dtr)),
            escaped.map(|at| (at, Cause::Escape)),
            idle.map(|at| (at, Cause::Idle)),
            deadline.map(|at| (at, Cause::Deadline)),
        ]
    }

    /// How many of `len` bytes still count.
    fn room(&self, data: &Data, len: usize) -> usize {
        let Some(length) = data.ends.length else {
            return len;
        };
        let so_far = self.count + self.watch.held() as u64;
        usize::try_from(length.saturating_sub(so_far)).map_or(len, |room| room.min(len))
    }

    fn deliver<S: Sink>(&mut self, data: &Data, bytes: &[u8], now: Time, sink: &mut S) {
        if bytes.is_empty() {
            return;
        }
        self.count += bytes.len() as u64;
        if data.echo == Echo::All {
            sink.echo(bytes);
        }
        if !data.discard {
            sink.data(bytes, now);
        }
    }
}
