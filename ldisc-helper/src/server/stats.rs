//! What the loop has done, for tests, benchmarks and the curious.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts since the start. They wrap where `usize` does, which on small routers is soon.
#[derive(Debug, Default)]
pub struct Stats {
    wake_ups: AtomicUsize,
    reads: AtomicUsize,
    bytes_in: AtomicUsize,
    bytes_out: AtomicUsize,
}

impl Stats {
    pub(super) fn wake_up(&self) {
        self.wake_ups.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, bytes: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns from waiting for events.
    pub fn wake_ups(&self) -> usize {
        self.wake_ups.load(Ordering::Relaxed)
    }

    /// Reads of TTYs, also those that found nothing.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Bytes read from TTYs.
    pub fn bytes_in(&self) -> usize {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Bytes written to TTYs.
    pub fn bytes_out(&self) -> usize {
        self.bytes_out.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Stats {
    /// One line; the helper prints it on SIGUSR1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wake_ups={} reads={} bytes_in={} bytes_out={}",
            self.wake_ups(),
            self.reads(),
            self.bytes_in(),
            self.bytes_out()
        )
    }
}
