//! Content in memory, for what sends and takes files.

use hayesd::service::{BoxFuture, Error, ErrorKind, Phase, Progress, Result, Sink, Source};
use std::sync::Mutex;

/// Bytes to send; they can be sent from any place on.
#[derive(Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    at: usize,
    /// Fails there, as a disk would.
    fails_at: Option<usize>,
}

impl Bytes {
    /// All of these.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            at: 0,
            fails_at: None,
        }
    }

    /// The same, but reading fails at this byte.
    #[must_use]
    pub fn failing_at(mut self, at: usize) -> Self {
        self.fails_at = Some(at);
        self
    }
}

impl Source for Bytes {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            into.clear();
            let end = self.fails_at.unwrap_or(self.bytes.len());
            if self.fails_at == Some(self.at) {
                return Err(Error::new(ErrorKind::Internal, "the disk is broken"));
            }
            let count = into.capacity().max(1).min(end - self.at);
            into.extend_from_slice(&self.bytes[self.at..self.at + count]);
            self.at += count;
            Ok(())
        })
    }

    fn left(&self) -> Option<u64> {
        Some((self.bytes.len() - self.at) as u64)
    }

    fn seek(&mut self, to: u64) -> BoxFuture<'_, Result<()>> {
        self.at = usize::try_from(to)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        Box::pin(async { Ok(()) })
    }
}

/// Takes everything.
#[derive(Debug, Default)]
pub struct Taken(pub Vec<u8>);

impl Sink for Taken {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.append(bytes);
            Ok(())
        })
    }
}

/// Takes so many bytes, then nothing any more: whoever fetches is left waiting.
#[derive(Debug)]
pub struct Stuck(pub usize);

impl Sink for Stuck {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.0.checked_sub(bytes.len()) {
                Some(rest) => self.0 = rest,
                None => std::future::pending().await,
            }
            bytes.clear();
            Ok(())
        })
    }
}

/// Remembers what it was told.
#[derive(Debug, Default)]
pub struct Told {
    /// Phases, in order.
    pub phases: Mutex<Vec<Phase>>,
    /// The last count, and of how many.
    pub bytes: Mutex<(u64, u64)>,
}

impl Progress for Told {
    fn phase(&self, phase: Phase) {
        if let Ok(mut phases) = self.phases.lock() {
            phases.push(phase);
        }
    }

    fn bytes(&self, done: u64, total: u64) {
        if let Ok(mut bytes) = self.bytes.lock() {
            *bytes = (done, total);
        }
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// So many bytes that no compression and no repetition explains, the same for the same seed.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
