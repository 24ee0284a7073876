//! Data mode: bytes are payload until the first of its ends.

use super::escape::{Silence, Watch};
use super::in_band::Coding;
use super::stuffing::END;
use super::{Cause, Data, Echo, Escape, InBand, Sink};
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
    /// Nothing of it has come, nor anything that was swallowed instead.
    opening: bool,
    /// When DTR will have been off long enough.
    dropped: Option<Time>,
}

/// The escape, where there is one. A byte that ends the data by itself escapes nothing.
fn escape(data: &Data) -> Option<Escape> {
    let owned = |byte| data.ends.in_band.is_some_and(|end| end.owns(byte));
    let escape = data.ends.escape.filter(|escape| escape.is_on());
    escape.filter(|escape| !owned(escape.character))
}

impl Payload {
    /// Data mode begins. True where it ends at once, having room for nothing.
    pub(super) fn start(&mut self, data: &Data, now: Time) -> bool {
        let mut coding = core::mem::take(&mut self.coding);
        coding.start();
        *self = Self {
            last: now,
            opening: true,
            coding,
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

    /// Whether this byte, which came before anybody asked for data, is a Ctrl-Z that was to end an earlier
    /// data mode: some
    /// equipment sends one to be sure. The first byte of all only.
    pub(super) fn is_stray(&mut self, data: &Data, character: u8) -> bool {
        let stuffed = data.ends.in_band == Some(InBand::CtrlZStuffed);
        core::mem::take(&mut self.opening) && stuffed && character == END
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
        self.opening = false;
        let mut taken = 0;
        while taken < bytes.len() {
            let room = self.room(data, bytes.len() - taken);
            let wire = &bytes[taken..taken + room];
            let held = escape(data).is_some_and(|escape| self.watch.holds(escape, mask, wire, now));
            let (n, end) = match held {
                true => (room, None),
                false => self.decode(data, mask, wire, now, sink),
            };
            taken += n;
            let full = (self.room(data, 1) == 0).then_some(Cause::Length);
            if let Some(cause) = end.or(full) {
                self.release(data, now, sink);
                return (taken, Some(cause));
            }
        }
        (taken, None)
    }

    fn decode<S: Sink>(
        &mut self,
        data: &Data,
        mask: u8,
        wire: &[u8],
        now: Time,
        sink: &mut S,
    ) -> (usize, Option<Cause>) {
        self.release_held(data, now, sink);
        let mut coding = core::mem::take(&mut self.coding);
        let piece = coding.next(data.ends.in_band, mask, wire);
        let (mut taken, end) = (piece.wire, piece.end);
        echo(data, &wire[..taken], sink);
        self.deliver(data, piece.payload, now, sink);
        if end.is_some() {
            if data.echo == Echo::End {
                sink.echo(&wire[taken..=taken]);
            }
            taken += 1;
        }
        self.coding = coding;
        (taken, end)
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
            if cause == Cause::Escape {
                self.watch.release();
            }
            self.release(data, now, sink);
            return Some(cause);
        }
        if let Some(escape) = escape(data)
            && self.watch.looked(escape, now) == Silence::Data
        {
            self.release_held(data, now, sink);
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

    /// Delivers what was held back, for the escape or for what comes after it.
    pub(super) fn release<S: Sink>(&mut self, data: &Data, now: Time, sink: &mut S) {
        self.release_held(data, now, sink);
        let lead = self.coding.release();
        self.deliver(data, lead, now, sink);
    }

    /// Delivers what was held back for the escape. None of it is the coding's own, so it tells what a byte
    /// held back before it was.
    fn release_held<S: Sink>(&mut self, data: &Data, now: Time, sink: &mut S) {
        let (held, len) = self.watch.release();
        if len > 0 {
            let lead = self.coding.release();
            self.deliver(data, lead, now, sink);
            echo(data, &held[..len], sink);
            self.deliver(data, &held[..len], now, sink);
        }
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
        if !data.discard {
            sink.data(bytes, now);
        }
    }
}

/// Payload goes back as it was typed.
fn echo<S: Sink>(data: &Data, wire: &[u8], sink: &mut S) {
    if data.echo == Echo::All && !wire.is_empty() {
        sink.echo(wire);
    }
}
