//! The LF of a CR LF: it belongs to the CR, but it may come late, when what follows the line has begun.

use crate::time::Time;
use core::time::Duration;

const LF: u8 = b'\n';

/// How long after its CR an LF still belongs to it, besides two characters.
const WINDOW: Duration = Duration::from_millis(10);

/// Whether an LF is still to come.
#[derive(Debug, Default)]
pub(super) struct LineFeed {
    /// A line has ended in CR and nothing has come since: the window, until a look has found it empty.
    pending: Option<Pending>,
    /// The line before ended in CR LF.
    pairs: bool,
    /// The prompt of the line that ended last has begun to leave.
    prompt_out: bool,
    /// It came while a command ran, and the mode that comes next decides whose it is.
    left: bool,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    until: Time,
    open: bool,
}

impl LineFeed {
    /// A line has ended in CR.
    pub(super) fn ended(&mut self, now: Time, character: Duration) {
        self.prompt_out = false;
        self.left = false;
        self.pending = Some(Pending {
            until: now + WINDOW + character * 2,
            open: true,
        });
    }

    /// The answer to the line has begun to leave: the equipment may have seen it.
    pub(super) fn prompt_out(&mut self) {
        self.prompt_out = true;
    }

    /// Whether it has.
    pub(super) fn is_prompt_out(&self) -> bool {
        self.prompt_out
    }

    /// Nothing was there: an LF that comes later than the window is no longer the CR's.
    pub(super) fn looked(&mut self, now: Time) {
        if let Some(pending) = &mut self.pending
            && now >= pending.until
        {
            pending.open = false;
        }
    }

    /// When a look tells whether an LF in a data mode can still be the CR's.
    pub(super) fn deadline(&self) -> Option<Time> {
        let pending = self.pending.filter(|pending| pending.open && self.pairs)?;
        self.prompt_out.then_some(pending.until)
    }

    /// Whether this, the next byte, is the LF of the CR that ended a line in command mode.
    pub(super) fn swallows(&mut self, byte: u8) -> bool {
        self.next(byte, true)
    }

    /// Whether this, the next byte, is the CR's LF although it came in data mode: only where the equipment
    /// cannot have meant it as payload.
    pub(super) fn swallows_from_data(&mut self, byte: u8) -> bool {
        let allowed = !self.prompt_out || (self.pairs && self.pending.is_some_and(|p| p.open));
        self.next(byte, allowed)
    }

    /// While nothing is read: whether this, the first byte since, is the CR's LF for certain. If that
    /// depends on the mode that comes next, it is left for later.
    pub(super) fn swallows_early(&mut self, byte: u8) -> bool {
        if self.prompt_out && byte == LF {
            return false;
        }
        self.next(byte, true)
    }

    /// While a command runs: whether this, the next byte, is the CR's LF for certain.
    pub(super) fn swallows_waiting(&mut self, byte: u8) -> bool {
        !self.left && self.swallows_early(byte)
    }

    /// While a command runs: whether this, the next byte, may be the CR's LF or not. It is to be kept.
    pub(super) fn leaves(&mut self, byte: u8) -> bool {
        let leaves = !self.left && self.pending.is_some() && self.prompt_out && byte == LF;
        self.left |= leaves;
        leaves
    }

    fn next(&mut self, byte: u8, allowed: bool) -> bool {
        self.left = false;
        if self.pending.take().is_none() {
            return false;
        }
        let swallowed = byte == LF && allowed;
        self.pairs = swallowed || (byte == LF && self.pairs);
        swallowed
    }
}
