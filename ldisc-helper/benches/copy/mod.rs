//! Where benches of the discipline put what it hands on.

use divan::black_box;
use hayes_ldisc::discipline::{Cause, Sink};
use hayes_ldisc::time::Time;

/// Where a read goes: one copy, as into a socket.
pub(crate) struct Copy {
    to: Vec<u8>,
    /// What came so far, in bytes.
    pub(crate) total: u64,
}

impl Copy {
    /// Nothing came yet.
    pub(crate) fn new() -> Self {
        Self {
            to: vec![0; 4096],
            total: 0,
        }
    }

    /// At most 4 KiB.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let bytes = black_box(bytes);
        self.to[..bytes.len()].copy_from_slice(bytes);
        black_box(&mut self.to);
        self.total += bytes.len() as u64;
    }
}

impl Sink for Copy {
    fn line(&mut self, _: &[u8], _: bool) {}
    fn key(&mut self, _: u8) {}
    fn data(&mut self, bytes: &[u8], _: Time) {
        self.take(bytes);
    }
    fn end(&mut self, _: Cause, _: u64) {}
    fn echo(&mut self, _: &[u8]) {}
    fn unread(&mut self, _: &[u8]) {}
}
