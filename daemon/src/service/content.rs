//! Content on its way between a back and wherever it comes from or goes to.
//!
//! Buffers change hands instead of being copied: whoever has one fills it or empties it and passes it on.

use super::{BoxFuture, Result};

/// Where content comes from.
pub trait Source: Send {
    /// Puts the next bytes into `into`, whose content is over: as many as fit its capacity, at least one
    /// unless the content has ended. It may put another buffer in its place.
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>>;

    /// How many bytes there are from here on, where known.
    fn left(&self) -> Option<u64>;

    /// Goes on from this byte, counted from the content's beginning (a transfer that is resumed).
    /// NotSupported where it can't.
    fn seek(&mut self, to: u64) -> BoxFuture<'_, Result<()>>;
}

/// Where content goes.
pub trait Sink: Send {
    /// Takes all bytes of `bytes`, which is empty afterwards; it may put another buffer in its place.
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>>;
}
