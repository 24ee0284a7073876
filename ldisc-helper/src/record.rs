//! The records that helper and daemon exchange: one packet each on a `SOCK_SEQPACKET` connection,
//! one connection a port. The packet's length is the record's length.

mod codec;
mod decode;
mod encode;
mod malformed;
#[cfg(test)]
mod tests;

use crate::discipline::{Cause, Mode};
use crate::time::Time;
use core::time::Duration;

pub use encode::DATA_HEAD;
pub use malformed::Malformed;

/// The version of this protocol; [`Claim::version`] must be equal.
pub const VERSION: u16 = 3;

/// The most bytes that one [`ToHelper::Write`] or [`FromHelper::Data`] carries.
pub const MAX_PAYLOAD: usize = 32 * 1024;

/// The largest packet: a [`FromHelper::Data`] of [`MAX_PAYLOAD`] bytes.
pub const MAX_PACKET: usize = DATA_HEAD + MAX_PAYLOAD;

/// The most bytes of [`ToHelper::Write`] that a daemon may leave unanswered by [`FromHelper::Done`].
pub const WINDOW: usize = 256 * 1024;

/// The longest break, and the longest guard of an escape in either direction.
pub const MAX_SILENCE: Duration = Duration::from_secs(60);

/// What stands before each record's payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Counts the sender's records from 1; wraps past 0. The helper counts on from one connection of a
    /// port to the next, and what happened in between has numbers too.
    pub sequence: u32,
    /// How the record is to be treated.
    pub flags: Flags,
}

/// Marks of a record. Each has a meaning only where it is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// On any record to the helper: answer with [`FromHelper::Done`] when it has been performed.
    pub ack: bool,
    /// On [`ToHelper::Write`]: an unsolicited result code; waits for a moment between lines.
    pub urc: bool,
    /// On [`ToHelper::Write`]: pays the debt of the line or data mode last reported.
    pub result: bool,
    /// On [`ToHelper::Write`] that is neither `urc` nor `result`: the equipment answers it with data. It
    /// goes out together with the record after it, which says what that data is; should the connection end
    /// before that record, not at all. Otherwise the equipment of a daemon killed between the two would
    /// send its data to a port that takes it for commands.
    pub prompt: bool,
}

/// Daemon to helper. Performed strictly in order, except `Flush`, `Hold` and `Release`, which are done at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToHelper<'a> {
    /// First record of a connection: take this device.
    Claim(Claim<'a>),
    /// What the bytes are from here on. `answers` is the sequence of the `CommandLine`, `Key` or `End`
    /// that it answers; 0 is unasked and is ignored where an answer is owed.
    Mode {
        /// The record that this answers, or 0.
        answers: u32,
        /// The mode, with all its settings.
        mode: Mode,
    },
    /// Bytes to the TTY.
    Write(&'a [u8]),
    /// Drop what has not been sent yet; `Done::dropped` says how much that was.
    Flush,
    /// Leave what comes unread from here on, or no more: whoever it goes to takes nothing. That the device
    /// hangs up is told all the same.
    Hold(bool),
    /// New line settings, after all before it has left.
    Configure(LineSettings),
    /// Set our circuits.
    SetCircuits(Circuits),
    /// Nothing; with `ack` its `Done` says that all before it has left.
    Drain,
    /// A break of this length, at most [`MAX_SILENCE`].
    Break(Duration),
    /// Silence of `guard`, `character` three times in one write, silence of `guard`.
    SendEscape {
        /// The escape character.
        character: u8,
        /// The silence before and after, at most [`MAX_SILENCE`].
        guard: Duration,
    },
    /// Give the device back and end the connection.
    Release,
}

/// Helper to daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromHelper<'a> {
    /// The device is ours; also sent again each time that it came back after a [`FromHelper::Hangup`].
    Claimed(Claimed),
    /// The device cannot be had; `text` names the device and the reason. The connection ends where the
    /// reason is final, and stays where the helper goes on trying.
    Refused {
        /// The reason.
        why: Refusal,
        /// For a person.
        text: &'a str,
    },
    /// A command line, from `A` of `AT` to before S3, as bytes. The helper waits for `Mode`.
    CommandLine {
        /// The line; empty where it was too long.
        line: &'a [u8],
        /// It was longer than `max_line` and is gone.
        too_long: bool,
    },
    /// One of the mode's keys. The helper waits for `Mode`.
    Key(u8),
    /// Payload, or in `Raw` whatever came.
    Data {
        /// When it was read.
        at: Time,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Data mode is over. The helper waits for `Mode`.
    End {
        /// How it ended.
        cause: Cause,
        /// Bytes of payload in all.
        count: u64,
    },
    /// The peer's circuits changed.
    Circuits(Circuits),
    /// The TTY's driver lost bytes.
    Overrun,
    /// The device went away; the claim stands.
    Hangup,
    /// Answer to a record flagged `ack`, to `Flush` and to `Release`.
    Done {
        /// The sequence of the record.
        of: u32,
        /// Bytes that were dropped instead of sent.
        dropped: u64,
        /// Why it was not performed; `None` where it was.
        failed: Option<Failure>,
    },
    /// Output has been stopped for 30 s by flow control, or runs again.
    OutputStopped(bool),
}

/// Why a record was not performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Output did not drain in time (flow control, usually).
    TimedOut,
    /// The device is not there.
    Gone,
    /// The device refused, with this `errno`.
    Device(i32),
}

/// What to claim, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// [`VERSION`].
    pub version: u16,
    /// A path, or `pty:NAME`.
    pub device: &'a str,
    /// Speed, framing, flow control.
    pub line: LineSettings,
    /// Which side we are.
    pub role: Role,
    /// Where the peer's DTR is seen and how we show carrier; ignored where the device has no circuits.
    pub wiring: Wiring,
}

/// Which side of the line we are (V.250: DCE is the modem's side).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We play the module: command mode at the start.
    Dce,
    /// We drive a module: always [`Mode::Raw`].
    Dte,
}

/// Speed, framing and flow control of a TTY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// Bits a second, any.
    pub speed: u32,
    /// Data bits: 7 or 8.
    pub data_bits: u8,
    /// Parity bit.
    pub parity: Parity,
    /// Stop bits: 1 or 2.
    pub stop_bits: u8,
    /// Flow control.
    pub flow: Flow,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self {
            speed: 115_200,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
            flow: Flow::None,
        }
    }
}

impl LineSettings {
    /// How long one character takes on the line: start bit, data, parity, stop.
    #[must_use]
    pub fn character(&self) -> Duration {
        let parity = u64::from(self.parity != Parity::None);
        let bits = 1 + u64::from(self.data_bits) + parity + u64::from(self.stop_bits);
        Duration::from_nanos(bits * 1_000_000_000 / u64::from(self.speed.max(1)))
    }
}

/// Parity bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Parity {
    None,
    Odd,
    Even,
}

/// Flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// None.
    None,
    /// RTS and CTS.
    RtsCts,
    /// DC1 and DC3.
    XonXoff,
}

/// Modem circuits, as seen from us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circuits {
    /// The peer is there: its DTR (role DCE), or the module's DSR (role DTE).
    pub ready: bool,
    /// Carrier: ours to show (role DCE), the module's DCD (role DTE).
    pub carrier: bool,
    /// Ring indicator.
    pub ring: bool,
}

/// How the peer's DTR arrives and our carrier leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wiring {
    /// The input that shows the equipment's DTR.
    pub dtr: DtrInput,
    /// Carrier is shown on our DTR.
    pub carrier: bool,
}

impl Default for Wiring {
    fn default() -> Self {
        Self {
            dtr: DtrInput::Dsr,
            carrier: true,
        }
    }
}

/// The input that shows the equipment's DTR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtrInput {
    /// Not wired.
    None,
    /// On our DSR.
    Dsr,
    /// On our DCD.
    Dcd,
}

/// What was going on at the port when this connection claimed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The port had been held for an earlier connection and was kept.
    pub kept: bool,
    /// A data mode is still running down, discarding.
    pub in_data: bool,
    /// Payload bytes of that data mode so far.
    pub count: u64,
    /// What the equipment has not been answered yet.
    pub owed: Owed,
    /// The sequence of the last record that an earlier connection was sent and did not answer with
    /// `Mode`; 0 if none. The next `Mode` answers it.
    pub unanswered: u32,
    /// The circuits at this moment.
    pub circuits: Circuits,
}

/// What the equipment still waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owed {
    /// Nothing.
    #[default]
    Nothing,
    /// The result of a command line.
    Line,
    /// The result of a data mode.
    Data,
}

/// Why a device cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not on the list of `/etc/hayesd/ports`, or not a TTY, a console, someone else's pty.
    NotAllowed,
    /// Someone else holds it. The helper goes on trying.
    Busy,
    /// It is not there. The helper goes on watching.
    Absent,
    /// The driver refuses these settings.
    Settings,
    /// The record was not understood, or of another [`VERSION`].
    Protocol,
    /// Another connection has this port.
    Taken,
}
