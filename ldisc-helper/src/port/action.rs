//! What a [`Port`](super::Port) asks its caller to do.

use crate::record::{Circuits, Failure, FromHelper, LineSettings};

/// What a [`Port`](super::Port) asks its caller to do.
pub trait Output {
    /// Send this to the daemon. Never called while the port is detached.
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>);

    /// Do this to the device, now.
    ///
    /// # Errors
    ///
    /// Why it could not be done; the record that asked for it is answered so.
    fn perform(&mut self, action: Action) -> Result<(), Failure>;
}

/// Something to be done to the device, or to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set these; all output has left.
    Configure(LineSettings),
    /// Show these.
    SetCircuits(Circuits),
    /// Begin a break (`TIOCSBRK`).
    BreakOn,
    /// End it (`TIOCCBRK`).
    BreakOff,
    /// Drop what the TTY has taken and not sent (`tcflush(TCOFLUSH)`).
    FlushOutput,
    /// The daemon broke the protocol: end its connection as if it had gone.
    Disconnect(Violation),
}

/// How the daemon broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// More was sent unanswered than twice [`WINDOW`](crate::record::WINDOW).
    Window,
    /// `Claim` or `Release` where it does not belong.
    OutOfPlace,
    /// A port with a module on it is always [`Mode::Raw`](crate::discipline::Mode::Raw).
    NotRaw,
}
