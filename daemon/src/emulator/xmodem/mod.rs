//! XMODEM, without I/O: files over a line, packet by packet (W. Christensen, "MODEM/XMODEM protocol"; C. Forsberg,
//! "XMODEM/YMODEM Protocol Reference", 1988, chapters 7 and 8: CRC-16 and packets of 1 KiB).
//!
//! Either side asks for so many bytes, or for silence, and is told which came. So nothing behind the transfer is
//! ever taken for a part of it.

mod receiver;
mod sender;
#[cfg(test)]
mod tests;

pub use receiver::Receiver;
pub use sender::Sender;

use std::time::Duration;

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const EOT: u8 = 0x04;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const CAN: u8 = 0x18;
/// Fills the last packet up.
const SUB: u8 = 0x1A;
/// Asks for CRC-16 in the place of a sum.
const CRC: u8 = b'C';

/// What says that a transfer is given up.
const CANCEL: &[u8] = &[CAN, CAN, CAN];

/// Bytes of content in a packet.
pub const BLOCK: usize = 128;
/// The same in a large one.
const LARGE: usize = 1024;

/// One packet is tried so often.
const TRIES: u32 = 10;
/// Bytes that mean nothing: so many, and the other end speaks another language.
const NOISE: u32 = 2048;

/// The next packet, or an answer to one, comes within this.
const PATIENCE: Duration = Duration::from_secs(10);
/// Within a packet bytes are no farther apart.
const GAP: Duration = Duration::from_secs(1);

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Say this; then so many bytes are awaited, no two of them farther apart than this.
    Await {
        /// Bytes to the other end; may be empty.
        say: Vec<u8>,
        /// How many bytes are awaited, at least 1.
        count: usize,
        /// The longest silence.
        silence: Duration,
    },
    /// The sender needs the content from here on, at most [`BLOCK`] bytes, empty at its end.
    Read(u64),
    /// The receiver has got this: it goes on once it is stored.
    Store(Vec<u8>),
    /// All was sent, or has come: the receiver answers once that is stored as a whole.
    Whole,
    /// It was given up; this is to be said.
    Over(&'static [u8]),
}

/// What came of what was awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came<'a> {
    /// As many bytes as were awaited.
    Bytes(&'a [u8]),
    /// Fewer, and then silence.
    Silence,
}

fn one(say: &[u8], silence: Duration) -> Next {
    Next::Await {
        say: say.to_vec(),
        count: 1,
        silence,
    }
}

/// The arithmetic sum of the content.
fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// CRC-16 with polynomial 0x1021, from 0, most significant bit first.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}
