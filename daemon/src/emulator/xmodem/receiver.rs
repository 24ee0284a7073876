//! The end that gets the file. It takes small and large packets, with a sum or with CRC-16.

use super::{
    ACK, BLOCK, CAN, CANCEL, CRC, Came, EOT, GAP, LARGE, NAK, NOISE, Next, PATIENCE, SOH, STX,
    TRIES, crc, one, sum,
};
use std::time::Duration;

/// The sender is asked to begin so often.
const ASK: Duration = Duration::from_secs(3);
/// So often it is asked for CRC-16; then it may be one that knows only the sum.
const ASKS: u32 = 4;

/// Receives a file.
#[derive(Clone, Debug)]
pub struct Receiver {
    stage: Stage,
    /// The number that the next packet must have.
    number: u8,
    /// Nothing has come yet.
    fresh: bool,
    with_crc: bool,
    tries: u32,
    noise: u32,
    cancelled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A packet is to begin, or the end to come.
    Head,
    /// The rest of a packet with so many bytes of content.
    Body(usize),
    /// What came makes no sense: it is left out until silence.
    Purge,
}

impl Receiver {
    /// A transfer that has not begun, and what comes first: the sender is asked to begin.
    pub fn begin() -> (Self, Next) {
        let receiver = Self {
            stage: Stage::Head,
            number: 1,
            fresh: true,
            with_crc: true,
            tries: 0,
            noise: 0,
            cancelled: false,
        };
        (receiver, one(&[CRC], ASK))
    }

    /// What was awaited came, or did not.
    pub fn came(&mut self, came: Came<'_>) -> Next {
        match (self.stage, came) {
            (_, Came::Silence) => self.again(),
            (Stage::Body(size), Came::Bytes(bytes)) => self.body(size, bytes),
            (Stage::Head, Came::Bytes(bytes)) => self.head(bytes),
            (Stage::Purge, Came::Bytes(_)) => self.purge(),
        }
    }

    /// What was to be stored is.
    pub fn stored(&mut self) -> Next {
        self.number = self.number.wrapping_add(1);
        self.acknowledge()
    }

    /// What is to be said once the whole file is stored; or is not.
    pub fn finished(stored: bool) -> &'static [u8] {
        if stored { &[ACK] } else { CANCEL }
    }

    /// What gives a transfer up.
    pub fn give_up() -> &'static [u8] {
        CANCEL
    }

    fn head(&mut self, bytes: &[u8]) -> Next {
        let byte = bytes.first().copied().unwrap_or(0);
        let twice = self.cancelled && byte == CAN;
        self.cancelled = byte == CAN;
        match byte {
            SOH => self.packet(BLOCK),
            STX => self.packet(LARGE),
            EOT => Next::Whole,
            CAN if twice => Next::Over(&[]),
            CAN => one(&[], PATIENCE),
            _ => self.purge(),
        }
    }

    fn packet(&mut self, size: usize) -> Next {
        self.stage = Stage::Body(size);
        Next::Await {
            say: Vec::new(),
            // Its number, twice, and the check behind the content.
            count: 2 + size + if self.with_crc { 2 } else { 1 },
            silence: GAP,
        }
    }

    fn body(&mut self, size: usize, bytes: &[u8]) -> Next {
        let (Some((&[number, inverse], rest)), true) =
            (bytes.split_first_chunk(), bytes.len() >= 2 + size)
        else {
            return self.purge();
        };
        let (content, check) = rest.split_at(size);
        let whole = match self.with_crc {
            true => check == crc(content).to_be_bytes(),
            false => check == [sum(content)],
        };
        if !whole || number != !inverse {
            return self.purge();
        }
        if number == self.number {
            self.stage = Stage::Head;
            return Next::Store(content.to_vec());
        }
        // Our acknowledgement was lost.
        if !self.fresh && number == self.number.wrapping_sub(1) {
            return self.acknowledge();
        }
        Next::Over(CANCEL)
    }

    fn acknowledge(&mut self) -> Next {
        (self.tries, self.noise, self.fresh) = (0, 0, false);
        self.stage = Stage::Head;
        one(&[ACK], PATIENCE)
    }

    /// The last packet is asked for once more: the line is silent now.
    fn again(&mut self) -> Next {
        self.stage = Stage::Head;
        self.tries += 1;
        if self.tries >= TRIES {
            return Next::Over(CANCEL);
        }
        if self.fresh && self.with_crc && self.tries < ASKS {
            return one(&[CRC], ASK);
        }
        if self.fresh {
            self.with_crc = false;
        }
        one(&[NAK], PATIENCE)
    }

    fn purge(&mut self) -> Next {
        self.stage = Stage::Purge;
        self.noise += 1;
        match self.noise < NOISE {
            true => one(&[], GAP),
            false => Next::Over(CANCEL),
        }
    }
}
