//! What the bytes of a port can be.

use core::time::Duration;

/// What the bytes of a port are, until the daemon says otherwise. Always set whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lines are assembled, echoed and edited (V.250 section 5.2).
    Command(Command),
    /// A command runs: only `keys` come through.
    Wait(Wait),
    /// Bytes are payload until one of the ends is found.
    Data(Data),
    /// Bytes and their arrival times, nothing else: a module is at the other end.
    Raw(Raw),
}

/// Settings of command mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Send characters back as they are taken (`ATE1`).
    pub echo: bool,
    /// The character that ends a command line (S3), 0 to 127; 13 by default.
    pub s3: u8,
    /// LF ends a line as well: not V.250, but what some modules take. One behind a CR is the CR's.
    pub line_feed: bool,
    /// The character that deletes the one before it (S5), 0 to 127; 8 by default.
    pub s5: u8,
    /// The longest line, in bytes after `AT`, at most 32766; a longer one is discarded to its end and
    /// reported.
    pub max_line: u16,
    /// Bytes that are reported at once when they come outside a line.
    pub keys: Keys,
}

/// Settings while a command runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// Bytes that are reported, of those that come after the command began. All others stay unread, for
    /// the mode that comes next: what is typed ahead of an answer is not lost.
    pub keys: Keys,
}

/// Settings of data mode. Of several ends the first wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// How the data may end.
    pub ends: Ends,
    /// What is sent back to the equipment.
    pub echo: Echo,
    /// Find the end, deliver nothing.
    pub discard: bool,
}

/// How data mode may end. All absent: it ends with the connection to the daemon, or with a hang-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// After so many bytes; held bytes count.
    pub length: Option<u64>,
    /// So long after the prompt has left.
    pub deadline: Option<Duration>,
    /// After so long without a byte.
    pub idle: Option<Duration>,
    /// The Hayes escape: three characters between two silences.
    pub escape: Option<Escape>,
    /// A byte of the data itself.
    pub in_band: Option<InBand>,
    /// The equipment drops DTR (on a `pty:`: the last opener closes it).
    pub dtr: bool,
}

/// How the data itself says that it ends. The byte that ends it is no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InBand {
    /// Ctrl-Z (0x1A); all else is payload, backspaces as well.
    CtrlZ {
        /// ESC (0x1B) ends it as well.
        cancel: bool,
    },
    /// A Ctrl-Z without ETX (0x03) before it: see [`stuffing`](super::stuffing). One that was there before the
    /// prompt began to leave, and before all else, ends nothing.
    CtrlZStuffed,
}

/// The Hayes escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escape {
    /// The escape character (S2); above 127 there is no escape.
    pub character: u8,
    /// The silence before and after, and the longest gap between the three (S12 × 20 ms); not zero.
    pub guard: Duration,
}

impl Ends {
    /// Whether any of them can come, besides the end of the daemon and of the line.
    #[must_use]
    pub fn may_come(&self) -> bool {
        let escape = self.escape.is_some_and(Escape::is_on);
        self.length.is_some()
            || self.deadline.is_some()
            || self.idle.is_some()
            || escape
            || self.in_band.is_some()
            || self.dtr
    }
}

impl Escape {
    /// Above 127 it is off (V.250 has S2 so), and without guard it never was.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.character <= 127 && !self.guard.is_zero()
    }
}

/// Echo in data mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// Nothing is sent back.
    #[default]
    None,
    /// All payload, as it was typed.
    All,
    /// Only the byte that ends the data ([`Ends::in_band`]).
    End,
}

/// Settings of a port with a module on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// Rest a little after each read, so that bulk data comes in few pieces.
    pub gather: bool,
}

/// A set of bytes that are reported by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    /// No byte.
    #[default]
    None,
    /// Every byte (V.250 section 5.6.1: any character aborts).
    Any,
    /// These; unused places repeat the first.
    Of([u8; 4]),
}

/// Why data mode ended. What that means is the dialect's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// [`Ends::length`] bytes have come.
    Length,
    /// [`Ends::deadline`] is over.
    Deadline,
    /// [`Ends::idle`] passed without a byte.
    Idle,
    /// The Hayes escape.
    Escape,
    /// The Ctrl-Z of [`Ends::in_band`].
    CtrlZ,
    /// The ESC of [`InBand::CtrlZ`].
    Cancelled,
    /// DTR was dropped.
    Dtr,
    /// The line hung up.
    Hangup,
}

impl Keys {
    /// Whether this is one of them.
    #[must_use]
    pub fn contains(self, byte: u8) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Of(these) => these.contains(&byte),
        }
    }
}
