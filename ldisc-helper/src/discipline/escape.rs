//! The Hayes escape: exactly three escape characters between two silences, and nothing in the gaps.
//!
//! No byte of bulk data is looked at. The escape comes after a silence, so it begins a read; and it is
//! followed by a silence, so its three bytes are all there is. A read of more than three bytes, or one
//! that no silence came before, cannot hold it.
//!
//! Silence counts only where it is proved: by a look at the port that found nothing, back to the last byte
//! that was read. Bytes found after a time without looking are taken to have come without a pause, else
//! a port that was not read for a while (a full queue, a busy machine) would turn payload into an escape.

use super::Escape;
use crate::time::Time;

/// Watches the reads of a data mode for the escape.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Escape characters that may turn out to be data, as they came (a parity bit included).
    held: [u8; 3],
    len: usize,
    /// The silence before the first character is proved.
    armed: bool,
    /// When the last byte was read, or data mode began.
    last: Time,
}

/// What a silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing, or not yet.
    Nothing,
    /// The bytes held are data.
    Data,
    /// The bytes held were the escape.
    Escape,
}

impl Watch {
    pub(super) fn start(&mut self, now: Time) {
        *self = Self {
            last: now,
            ..Self::default()
        };
    }

    /// Offers a read, or what counts of it. True: all of it is held back. False: it is data, and so is
    /// what was held before it ([`Watch::release`]).
    pub(super) fn holds(&mut self, escape: Escape, mask: u8, bytes: &[u8], now: Time) -> bool {
        let candidate = (self.armed || self.len > 0)
            && self.len + bytes.len() <= self.held.len()
            && bytes.iter().all(|byte| byte & mask == escape.character);
        self.armed = false;
        self.last = now;
        if candidate {
            self.held[self.len..self.len + bytes.len()].copy_from_slice(bytes);
            self.len += bytes.len();
        }
        candidate
    }

    /// The port was looked at and nothing was there.
    pub(super) fn looked(&mut self, escape: Escape, now: Time) -> Silence {
        if now - self.last < escape.guard {
            return Silence::Nothing;
        }
        match self.len {
            0 => {
                self.armed = true;
                Silence::Nothing
            }
            3 => Silence::Escape,
            _ => {
                // A gap as long as the guard: those were data, and a silence lies before what follows.
                self.armed = true;
                Silence::Data
            }
        }
    }

    /// When a look will be worth it; `None` where nothing more is to be learnt from silence.
    pub(super) fn deadline(&self, escape: Escape) -> Option<Time> {
        (self.len > 0 || !self.armed).then(|| self.last + escape.guard)
    }

    /// When the three characters become the escape, if nothing follows them.
    pub(super) fn complete(&self, escape: Escape) -> Option<Time> {
        (self.len == 3).then(|| self.last + escape.guard)
    }

    /// How many bytes are held back.
    pub(super) fn held(&self) -> usize {
        self.len
    }

    /// Gives out what was held back.
    pub(super) fn release(&mut self) -> ([u8; 3], usize) {
        (self.held, core::mem::take(&mut self.len))
    }
}
