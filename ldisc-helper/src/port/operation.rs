//! What can stand between bytes of output.

use crate::discipline::Mode;
use crate::record::{Circuits, LineSettings};
use crate::time::Time;
use core::time::Duration;

/// An operation in its place.
#[derive(Debug)]
pub(super) struct Entry {
    /// After how many bytes, of all that were ever queued.
    pub(super) at: u64,
    pub(super) operation: Operation,
    /// The record to answer.
    pub(super) ack: Option<u32>,
}

/// A record that cannot be performed at once.
#[derive(Debug)]
pub(super) enum Operation {
    Drain,
    Configure(LineSettings),
    Circuits(Circuits),
    Break(Duration),
    Escape {
        character: u8,
        guard: Duration,
    },
    /// Only where one of the others stands before it.
    Mode {
        answers: u32,
        mode: Mode,
    },
}

impl Operation {
    pub(super) fn wants_drain(&self) -> bool {
        !matches!(self, Self::Circuits(_) | Self::Mode { .. })
    }
}

/// How far the first operation is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not begun: what stands before it is on its way.
    Waiting,
    /// The break ends then.
    Breaking(Time),
    /// The silence before the escape ends then.
    Before(Time),
    /// The escape's characters go out.
    Sending { characters: [u8; 3], left: u8 },
    /// The silence after the escape ends then.
    After(Time),
}
