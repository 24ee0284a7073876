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

/// A file of any length that is nowhere: each byte follows from its place.
#[derive(Debug)]
pub struct Pattern {
    length: u64,
    at: u64,
    /// Nothing more comes once so many bytes have.
    stops_at: u64,
}

impl Pattern {
    /// So many bytes.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            at: 0,
            stops_at: u64::MAX,
        }
    }

    /// The same, but it stands still there.
    #[must_use]
    pub fn stopping_at(mut self, at: u64) -> Self {
        self.stops_at = at;
        self
    }
}

/// Appends the pattern's bytes from this place on.
fn pattern(mut from: u64, count: usize, into: &mut Vec<u8>) {
    let end = into.len() + count;
    while into.len() < end {
        // Splitmix64 of the word's number.
        let mut word = (from / 8).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bytes = (word ^ (word >> 31)).to_le_bytes();
        let skip = usize::try_from(from % 8).unwrap_or(0);
        let take = (8 - skip).min(end - into.len());
        into.extend_from_slice(&bytes[skip..skip + take]);
        from += take as u64;
    }
}

impl Source for Pattern {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        into.clear();
        if self.at >= self.stops_at {
            return Box::pin(std::future::pending());
        }
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let count = into.capacity().max(1).min(left);
        pattern(self.at, count, into);
        self.at += count as u64;
        Box::pin(async { Ok(()) })
    }

    fn left(&self) -> Option<u64> {
        Some(self.length - self.at)
    }

    fn seek(&mut self, to: u64) -> BoxFuture<'_, Result<()>> {
        self.at = to.min(self.length);
        Box::pin(async { Ok(()) })
    }
}

/// Takes a [`Pattern`], and nothing else.
#[derive(Debug)]
pub struct Compared {
    /// So many bytes have come, all of them right.
    pub at: u64,
    /// Takes nothing more once so many have.
    pub stops_at: u64,
    expected: Vec<u8>,
}

impl Compared {
    /// Takes it from its beginning, and stands still there.
    pub fn stopping_at(at: u64) -> Self {
        Self {
            at: 0,
            stops_at: at,
            expected: Vec::new(),
        }
    }
}

impl Sink for Compared {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.at >= self.stops_at {
                std::future::pending::<()>().await;
            }
            self.expected.clear();
            pattern(self.at, bytes.len(), &mut self.expected);
            if self.expected != *bytes {
                let text = format!("the bytes from {} on are wrong", self.at);
                return Err(Error::new(ErrorKind::Internal, text));
            }
            self.at += bytes.len() as u64;
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
