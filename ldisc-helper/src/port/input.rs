//! What was read: given to the discipline, or kept while nothing is to be read.

use super::reports::MAX_KEPT;
use super::{Output, Port};
use crate::discipline::{Mode, Raw};
use crate::time::Time;
use core::time::Duration;

impl Port {
    /// A read brought bytes.
    pub fn received(&mut self, bytes: &[u8], now: Time, out: &mut impl Output) {
        self.pace.received(bytes.len(), now);
        if self.holds() {
            self.keep(bytes);
            return;
        }
        let taken = self.feed(bytes, now, out);
        self.keep(&bytes[taken..]);
        self.settle(now, out);
    }

    /// A read found nothing: silence is proved up to now.
    pub fn looked(&mut self, now: Time, out: &mut impl Output) {
        // What is kept is older than this silence.
        if self.kept.is_empty() {
            let (discipline, mut reports) = self.parts(now, out);
            discipline.looked(now, &mut reports);
        }
    }

    /// Whether the TTY is to be read. False while a record is unanswered or a command runs, and as much is
    /// kept as may be.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.gone && (!self.keeps() || self.kept.len() < MAX_KEPT)
    }

    /// Whether the daemon wants nothing to be read for now ([`crate::record::ToHelper::Hold`]).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// How many bytes the next read may bring at most; 0 where [`Port::wants_input`] is false.
    #[must_use]
    pub fn input_room(&self) -> usize {
        match (self.wants_input(), self.keeps()) {
            (false, _) => 0,
            (true, false) => MAX_KEPT,
            (true, true) => MAX_KEPT - self.kept.len(),
        }
    }

    /// How long the port may rest after a wake-up in this mode; `None`: not at all.
    #[must_use]
    pub fn rest(&self) -> Option<Duration> {
        match self.discipline.mode() {
            Mode::Data(data) if self.discipline.in_data() => {
                self.pace.rest(data.ends.escape.map(|escape| escape.guard))
            }
            Mode::Raw(Raw { gather: true }) => self.pace.rest(None),
            _ => None,
        }
    }

    /// Whether bytes are kept instead of read.
    pub(super) fn holds(&self) -> bool {
        self.discipline.is_stopped() || (self.unset && !self.discipline.in_data())
    }

    /// Whether what is read may have to be kept: in `Wait`, all but the keys.
    fn keeps(&self) -> bool {
        self.holds() || matches!(self.discipline.mode(), Mode::Wait(_))
    }

    /// When the line that has begun was typed at last.
    pub(super) fn typing(&self) -> Option<Time> {
        self.discipline.typing().filter(|_| self.between_commands())
    }

    /// Command mode, and no answer is awaited.
    pub(super) fn between_commands(&self) -> bool {
        !self.holds() && matches!(self.discipline.mode(), Mode::Command(_))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(&first) = bytes.first() else {
            return;
        };
        let swallowed =
            self.kept.is_empty() && self.discipline.is_stopped() && self.discipline.swallows(first);
        self.kept.push(&bytes[usize::from(swallowed)..]);
    }

    /// Gives the discipline bytes. Returns how many it took.
    fn feed(&mut self, bytes: &[u8], now: Time, out: &mut impl Output) -> usize {
        let (discipline, mut reports) = self.parts(now, out);
        discipline.input(bytes, now, &mut reports)
    }

    /// Reads what was kept, as far as the mode goes.
    pub(super) fn replay(&mut self, now: Time, out: &mut impl Output) {
        // In `Wait` only what comes after the command began may be a key.
        while !self.kept.is_empty()
            && !self.holds()
            && !matches!(self.discipline.mode(), Mode::Wait(_))
        {
            let mut kept = core::mem::take(&mut self.kept);
            let taken = self.feed(kept.bytes(), now, out);
            kept.consume(taken);
            self.kept = kept;
        }
    }

    /// A module's port goes on after a restart of the daemon.
    pub(super) fn resume(&mut self, now: Time, out: &mut impl Output) {
        self.resume = None;
        self.unset = false;
        self.replay(now, out);
    }
}
