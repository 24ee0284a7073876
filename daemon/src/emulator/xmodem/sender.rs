//! The end that has the file. It sends small packets, which every receiver takes.

use super::{
    ACK, BLOCK, CAN, CANCEL, CRC, Came, EOT, NAK, NOISE, Next, PATIENCE, SOH, SUB, TRIES, crc, one,
    sum,
};
use std::time::Duration;

/// How long it waits for the receiver to begin.
const START: Duration = Duration::from_secs(60);

/// Sends a file.
#[derive(Clone, Debug)]
pub struct Sender {
    /// What was said last and is not acknowledged; empty until the receiver has begun.
    said: Vec<u8>,
    /// Bytes that were acknowledged.
    sent: u64,
    /// The number of the packet under way; they count from 1 and wrap.
    number: u8,
    with_crc: bool,
    tries: u32,
    noise: u32,
    cancelled: bool,
}

impl Sender {
    /// A transfer that has not begun, and what comes first: the receiver begins.
    pub fn begin() -> (Self, Next) {
        let sender = Self {
            said: Vec::new(),
            sent: 0,
            number: 1,
            with_crc: false,
            tries: 0,
            noise: 0,
            cancelled: false,
        };
        (sender, one(&[], START))
    }

    /// The receiver answered, or did not.
    pub fn came(&mut self, came: Came<'_>) -> Next {
        let byte = match came {
            Came::Bytes([byte]) => *byte,
            // Nobody asked for the file.
            _ if self.said.is_empty() => return Next::Over(CANCEL),
            _ => return self.again(),
        };
        let twice = self.cancelled && byte == CAN;
        self.cancelled = byte == CAN;
        match byte {
            _ if twice => Next::Over(&[]),
            CRC | NAK if self.said.is_empty() => {
                self.with_crc = byte == CRC;
                Next::Read(0)
            }
            ACK if self.said == [EOT] => Next::Whole,
            ACK if !self.said.is_empty() => {
                (self.tries, self.noise) = (0, 0);
                self.sent += BLOCK as u64;
                self.number = self.number.wrapping_add(1);
                Next::Read(self.sent)
            }
            NAK => self.again(),
            _ => self.ignore(),
        }
    }

    /// The content that was asked for.
    pub fn content(&mut self, bytes: &[u8]) -> Next {
        if bytes.is_empty() {
            self.said = vec![EOT];
        } else {
            let mut block = bytes[..bytes.len().min(BLOCK)].to_vec();
            block.resize(BLOCK, SUB);
            self.said = vec![SOH, self.number, !self.number];
            self.said.extend(&block);
            match self.with_crc {
                true => self.said.extend(crc(&block).to_be_bytes()),
                false => self.said.push(sum(&block)),
            }
        }
        one(&self.said, PATIENCE)
    }

    /// Says the same once more, unless that has not helped often enough.
    fn again(&mut self) -> Next {
        self.tries += 1;
        match self.tries < TRIES {
            true => one(&self.said, PATIENCE),
            false => Next::Over(CANCEL),
        }
    }

    /// A byte that means nothing here.
    fn ignore(&mut self) -> Next {
        self.noise += 1;
        let silence = match self.said.is_empty() {
            true => START,
            false => PATIENCE,
        };
        match self.noise < NOISE {
            true => one(&[], silence),
            false => Next::Over(CANCEL),
        }
    }
}
