//! What the driver needs of a port, so that it runs over the helper's as over one in memory.

use crate::service::{BoxFuture, Result};
use hayes_ldisc::record::{LineSettings, Refusal};

/// What came from a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Bytes of the module; they were appended to the buffer.
    Data,
    /// The device is ours, for the first time or again after it went away. `kept`: it was held for an
    /// earlier daemon, and what the module said meanwhile follows.
    Claimed {
        /// Held since an earlier connection.
        kept: bool,
    },
    /// It cannot be had.
    Refused {
        /// Why.
        why: Refusal,
        /// For a person.
        text: String,
    },
    /// It went away.
    Hangup,
    /// The TTY's driver lost bytes.
    Overrun,
    /// Something that a driver of modules has no use for.
    Other,
}

/// The reading half of a port.
pub trait WireReader: Send {
    /// The next that comes; bytes go to the end of `into`. Cancel-safe. An error is the end of the port.
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<Incoming>>;
}

/// The writing half of a port.
pub trait WireWriter: Send {
    /// Hands bytes over; may wait until enough of the earlier ones have left.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<()>>;

    /// Drops what has not left yet.
    fn flush(&mut self) -> BoxFuture<'_, Result<()>>;

    /// Other line settings, after all before has left.
    fn configure(&mut self, line: LineSettings) -> BoxFuture<'_, Result<()>>;

    /// Our DTR.
    fn ready(&mut self, on: bool) -> BoxFuture<'_, Result<()>>;

    /// Gives the port back. A connection that merely ends leaves the port held for the next one.
    fn release(&mut self) -> BoxFuture<'_, Result<()>>;
}

/// Both halves of a claimed port.
pub type Wire = (Box<dyn WireReader>, Box<dyn WireWriter>);

/// Where ports come from.
pub trait Ports: Send + Sync {
    /// Asks for the port; the answer comes by [`WireReader::next`].
    fn claim(&self) -> BoxFuture<'_, Result<Wire>>;
}
