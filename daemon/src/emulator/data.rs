//! Data on its way between equipment and module.

use super::client::Client;
use super::op::FileError;
use super::run::{Call, Collected, DataMode, Into};
use hayes_ldisc::discipline::Cause;

/// Count and checksum of a stream.
///
/// The checksum is the XOR of big-endian pairs of bytes; an odd last byte counts as a high byte
/// (Quectel, FILE AT Commands Manual).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes.
    pub count: u64,
    /// Checksum.
    pub sum: u16,
}

impl Tally {
    /// Takes more of the stream.
    pub fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let byte = u16::from(byte);
            self.sum ^= if self.count.is_multiple_of(2) {
                byte << 8
            } else {
                byte
            };
            self.count += 1;
        }
    }
}

/// A data mode that is under way.
#[derive(Debug)]
pub(super) struct Taking {
    pub(super) call: Call,
    pub(super) mode: Box<DataMode>,
    bytes: Vec<u8>,
    tally: Tally,
    failed: Option<FileError>,
}

/// What becomes of bytes that came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// They are kept.
    Kept,
    /// They go into the file; so many acknowledgements are due.
    ToFile { acknowledgements: usize },
    /// They go to this client's peer.
    ToPeer(Client),
}

impl Taking {
    pub(super) fn new(call: Call, mode: Box<DataMode>) -> Self {
        Self {
            call,
            mode,
            bytes: Vec::new(),
            tally: Tally::default(),
            failed: None,
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Taken {
        match self.mode.into {
            Into::Memory(most) => {
                let room = most.saturating_sub(self.bytes.len());
                self.bytes.extend(&bytes[..bytes.len().min(room)]);
                self.tally.add(bytes);
                Taken::Kept
            }
            Into::File { acknowledge, .. } => {
                let blocks = |count: u64| match acknowledge {
                    Some(block) => count / u64::from(block.max(1)),
                    None => 0,
                };
                let before = blocks(self.tally.count);
                self.tally.add(bytes);
                let due = blocks(self.tally.count) - before;
                let acknowledgements = usize::try_from(due).unwrap_or(usize::MAX);
                Taken::ToFile { acknowledgements }
            }
            Into::Peer(client) => {
                self.tally.count += bytes.len() as u64;
                Taken::ToPeer(client)
            }
        }
    }

    /// The file could not take what was appended.
    pub(super) fn fail(&mut self, error: FileError) {
        self.failed.get_or_insert(error);
    }

    /// What came for a file is none.
    pub(super) fn is_spoilt(&self) -> bool {
        let short = matches!(self.mode.into, Into::File { least, .. } if self.tally.count < least);
        short || self.failed.is_some()
    }

    pub(super) fn has_file(&self) -> bool {
        matches!(self.mode.into, Into::File { .. })
    }

    /// The client whose peer gets it.
    pub(super) fn peer(&self) -> Option<Client> {
        match self.mode.into {
            Into::Peer(client) => Some(client),
            Into::Memory(_) | Into::File { .. } => None,
        }
    }

    pub(super) fn end(self, cause: Cause) -> (Call, Box<DataMode>, Collected) {
        let collected = Collected {
            cause,
            count: self.tally.count,
            bytes: self.bytes,
            sum: self.tally.sum,
            failed: self.failed,
        };
        (self.call, self.mode, collected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_does_not_depend_on_the_pieces() {
        let bytes: Vec<u8> = (0..=200).collect();
        let mut whole = Tally::default();
        whole.add(&bytes);
        for at in 0..bytes.len() {
            let mut pieces = Tally::default();
            pieces.add(&bytes[..at]);
            pieces.add(&bytes[at..]);
            assert_eq!(pieces, whole, "{at}");
        }
    }

    #[test]
    fn an_odd_last_byte_is_a_high_byte() {
        let mut tally = Tally::default();
        tally.add(&[0x12, 0x34, 0x01]);
        assert_eq!(tally.sum, 0x1334);
    }
}
