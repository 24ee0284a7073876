//! Ends that are bytes of the data itself: what was read becomes payload, and its end is found.

use super::stuffing::{Decoder, END, LEAD};
use super::{Cause, InBand};
use memchr::{memchr, memchr2};

/// Cancels, where the mode says so (ESC).
const CANCEL: u8 = 0x1B;

/// What was read of one data mode, as far as the next byte depends on it.
#[derive(Debug, Default)]
pub(super) struct Coding {
    decoder: Decoder,
    /// Payload that does not stand in the input as it is; used again.
    decoded: Vec<u8>,
}

/// A stretch of payload.
pub(super) struct Piece<'a> {
    pub(super) payload: &'a [u8],
    /// How much of the input it was, the end not counted.
    pub(super) wire: usize,
    /// It is the last one: how it ended, by one byte more.
    pub(super) end: Option<Cause>,
}

impl InBand {
    /// Whether this byte is the coding's own, whatever else it would be.
    pub(super) fn owns(self, byte: u8) -> bool {
        match self {
            Self::CtrlZ { cancel } => byte == END || (cancel && byte == CANCEL),
            Self::CtrlZStuffed => byte == END || byte == LEAD,
        }
    }
}

impl Coding {
    /// Data mode begins.
    pub(super) fn start(&mut self) {
        self.decoder = Decoder::default();
    }

    /// The first stretch of payload in what was read. It is never longer than the input, but for a lead held
    /// back, which comes by itself.
    pub(super) fn next<'a>(
        &'a mut self,
        in_band: Option<InBand>,
        mask: u8,
        wire: &'a [u8],
    ) -> Piece<'a> {
        match in_band {
            None => whole(wire),
            Some(InBand::CtrlZ { cancel }) => ctrl_z(cancel, mask, wire),
            Some(InBand::CtrlZStuffed) => self.stuffed(mask, wire),
        }
    }

    fn stuffed<'a>(&'a mut self, mask: u8, wire: &'a [u8]) -> Piece<'a> {
        let plain = self.decoder.plain(wire, mask);
        let special = wire.get(plain).map(|byte| byte & mask);
        if self.decoder.is_led() && special.is_some_and(|byte| !InBand::CtrlZStuffed.owns(byte)) {
            self.decoder.release();
            return Piece {
                payload: &[LEAD],
                wire: 0,
                end: None,
            };
        }
        if !self.decoder.is_led() && special != Some(LEAD) {
            return Piece {
                payload: &wire[..plain],
                wire: plain,
                end: special.map(|_| Cause::CtrlZ),
            };
        }
        self.decoded.clear();
        let (taken, ended) = self.decoder.decode(wire, mask, &mut self.decoded);
        Piece {
            payload: &self.decoded,
            wire: taken - usize::from(ended),
            end: ended.then_some(Cause::CtrlZ),
        }
    }

    /// The data ends otherwise, or what follows is not coded: what was held back is payload.
    pub(super) fn release(&mut self) -> &'static [u8] {
        match self.decoder.release() {
            true => &[LEAD],
            false => &[],
        }
    }
}

fn whole(wire: &[u8]) -> Piece<'_> {
    Piece {
        payload: wire,
        wire: wire.len(),
        end: None,
    }
}

fn ctrl_z(cancel: bool, mask: u8, wire: &[u8]) -> Piece<'_> {
    let end = match (mask, cancel) {
        (0xFF, false) => memchr(END, wire),
        (0xFF, true) => memchr2(END, CANCEL, wire),
        (mask, cancel) => {
            let end = InBand::CtrlZ { cancel };
            wire.iter().position(|byte| end.owns(byte & mask))
        }
    };
    let Some(place) = end else {
        return whole(wire);
    };
    Piece {
        payload: &wire[..place],
        wire: place,
        end: Some(match wire[place] & mask {
            END => Cause::CtrlZ,
            _ => Cause::Cancelled,
        }),
    }
}
