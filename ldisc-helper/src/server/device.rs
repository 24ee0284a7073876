//! What a claim has got hold of: a TTY, a pseudo-terminal of our own, or nothing yet.

use crate::allow::Allow;
use crate::pty::Pty;
use crate::record::{Circuits, LineSettings, Refusal, Role, Wiring};
use crate::refused::Refused;
use crate::tty::Tty;
use crate::watch::Watch;
use nix::errno::Errno;
use nix::unistd::Gid;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// What stands before the name of a pseudo-terminal of our own.
const PTY: &str = "pty:";

/// The longest name of a pseudo-terminal, in bytes.
const LONGEST_NAME: usize = 32;

/// Times between attempts at a device that no watch tells about.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// What a daemon asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) device: String,
    pub(super) line: LineSettings,
    pub(super) role: Role,
    pub(super) wiring: Wiring,
}

/// Where devices come from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) allow: Allow,
    /// The folder of `pty:NAME`.
    pub(super) ptys: PathBuf,
    /// `pty:/any/path` is allowed as well.
    pub(super) any_path: bool,
    /// The group that may open our pseudo-terminals.
    pub(super) group: Option<Gid>,
}

/// What a claim has got hold of.
#[derive(Debug)]
pub(super) enum Device {
    Tty(Tty),
    Pty {
        pty: Pty,
        /// Somebody has the other side open.
        open: bool,
    },
    Absent(Absent),
}

/// Nothing yet, or not any more.
#[derive(Debug, Default)]
pub(super) struct Absent {
    /// `None` where there is nothing to watch.
    watch: Option<Watch>,
    /// It was waited for before it was last looked for.
    waiting: bool,
    /// Attempts since something was last seen to change.
    attempts: usize,
}

/// What came of a read.
pub(super) enum Read {
    Bytes(usize),
    Nothing,
    /// A pseudo-terminal's other side was closed and is read to its end.
    Closed,
    /// The device is gone.
    Gone,
}

/// What came of a write.
pub(super) enum Written {
    Bytes(usize),
    Full,
    Gone,
}

impl Source {
    /// Takes the device.
    pub(super) fn take(&self, wanted: &Wanted) -> Result<Device, Refused> {
        if let Some(name) = wanted.device.strip_prefix(PTY) {
            let pty = Pty::create(&self.pty_path(name)?, self.group)?;
            let open = pty.is_open();
            return Ok(Device::Pty { pty, open });
        }
        let Wanted {
            device,
            line,
            role,
            wiring,
        } = wanted;
        Tty::claim(device, &self.allow, *line, *role, *wiring).map(Device::Tty)
    }

    fn pty_path(&self, name: &str) -> Result<PathBuf, Refused> {
        if name.starts_with('/') && self.any_path {
            return Ok(PathBuf::from(name));
        }
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(good) {
            return Err(Refused::not_allowed(format_args!(
                "{name:?} is no name for a pseudo-terminal: 1 to {LONGEST_NAME} of A-Z a-z 0-9 _ -"
            )));
        }
        self.make_folder().map_err(|error| {
            Refused::new(
                Refusal::Absent,
                format_args!("{}: {error}", self.ptys.display()),
            )
        })?;
        Ok(self.ptys.join(name))
    }

    /// Makes the folder of names. Who may open a pseudo-terminal must reach its name, whatever our umask;
    /// a folder that is there already has the mode that somebody gave it.
    fn make_folder(&self) -> io::Result<()> {
        match fs::create_dir(&self.ptys) {
            Ok(()) => fs::set_permissions(&self.ptys, Permissions::from_mode(0o755)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Absent {
    /// Begins to wait for `device`. Attempts before this do not count: it may have come in between.
    pub(super) fn new(device: &str) -> Self {
        let watch = (!device.starts_with(PTY)).then(|| Watch::new(device));
        Self {
            // Without a watch, time tells.
            watch: watch.and_then(Result::ok).filter(Watch::sees),
            waiting: true,
            attempts: 0,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Something was seen to change.
    pub(super) fn take(&mut self) -> bool {
        let changed = self.watch.as_mut().is_some_and(Watch::take);
        if changed {
            self.attempts = 0;
        }
        changed
    }

    /// We closed it ourselves. Whether anything else was seen to change meanwhile.
    pub(super) fn take_but_close(&mut self) -> bool {
        self.watch.as_mut().is_some_and(Watch::take_but_close)
    }

    /// How long to wait before trying again after this refusal; `None`: until the watch tells.
    pub(super) fn patience(&mut self, refused: &Refused) -> Option<Duration> {
        if self.watch.is_some() && !refused.unseen {
            return None;
        }
        let last = PATIENCE.len() - 1;
        let patience = PATIENCE[self.attempts.min(last)];
        self.attempts += 1;
        Some(patience)
    }
}

impl Device {
    pub(super) fn is_there(&self) -> bool {
        !matches!(self, Self::Absent(_))
    }

    /// Whether bytes can be exchanged.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Tty(_) | Self::Pty { open: true, .. })
    }

    /// The descriptor that bytes come from.
    pub(super) fn bytes(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Tty(tty) => Some(tty.as_fd()),
            Self::Pty { pty, .. } => Some(pty.as_fd()),
            Self::Absent(_) => None,
        }
    }

    /// The descriptor that tells of changes while no bytes can come.
    pub(super) fn changes(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Tty(_) => None,
            Self::Pty { pty, .. } => Some(pty.events()),
            Self::Absent(absent) => absent.watch.as_ref().map(AsFd::as_fd),
        }
    }

    pub(super) fn read(&self, into: &mut [u8]) -> Read {
        let Some(fd) = self.bytes() else {
            return Read::Nothing;
        };
        loop {
            return match (nix::unistd::read(fd, into), self) {
                (Ok(n), _) if n > 0 => Read::Bytes(n),
                (Err(Errno::EAGAIN), _) => Read::Nothing,
                (Err(Errno::EINTR), _) => continue,
                // EIO on a master means that nobody is there, not the end of it.
                (_, Self::Pty { .. }) => Read::Closed,
                _ => Read::Gone,
            };
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Written {
        let Some(fd) = self.bytes() else {
            return Written::Bytes(bytes.len());
        };
        if !self.is_open() {
            // Nobody is there to read it, now or later.
            return Written::Bytes(bytes.len());
        }
        loop {
            return match (nix::unistd::write(fd, bytes), self) {
                (Ok(n), _) if n > 0 => Written::Bytes(n),
                (Ok(_) | Err(Errno::EAGAIN), _) => Written::Full,
                (Err(Errno::EINTR), _) => continue,
                (_, Self::Pty { .. }) => Written::Bytes(bytes.len()),
                _ => Written::Gone,
            };
        }
    }

    /// Bytes that were written and have not left.
    pub(super) fn output_left(&self) -> usize {
        match self {
            Self::Tty(tty) => tty.output_left(),
            // What the peer has not read is his.
            Self::Pty { .. } | Self::Absent(_) => 0,
        }
    }

    /// Drops what was written and has not left.
    pub(super) fn drop_output(&self) -> nix::Result<()> {
        match self {
            Self::Tty(tty) => tty.drop_output(),
            Self::Pty { .. } | Self::Absent(_) => Ok(()),
        }
    }

    /// New line settings; those of a pseudo-terminal are its user's.
    pub(super) fn configure(&mut self, line: LineSettings) -> nix::Result<()> {
        match self {
            Self::Tty(tty) => tty.configure(line),
            Self::Pty { .. } | Self::Absent(_) => Ok(()),
        }
    }

    pub(super) fn set_break(&self, on: bool) -> nix::Result<()> {
        match self {
            Self::Tty(tty) => tty.set_break(on),
            Self::Pty { .. } | Self::Absent(_) => Ok(()),
        }
    }

    pub(super) fn set_circuits(&self, circuits: Circuits) -> nix::Result<()> {
        match self {
            Self::Tty(tty) => tty.set_circuits(circuits),
            Self::Pty { .. } | Self::Absent(_) => Ok(()),
        }
    }

    /// The peer's circuits at this moment.
    pub(super) fn circuits(&self) -> Circuits {
        match self {
            Self::Tty(tty) => tty.circuits(),
            Self::Pty { open, .. } => Circuits {
                ready: *open,
                ..Circuits::default()
            },
            Self::Absent(_) => Circuits::default(),
        }
    }

    /// Whether the driver lost bytes since this was last asked.
    pub(super) fn has_lost(&mut self) -> bool {
        match self {
            Self::Tty(tty) => tty.has_lost(),
            Self::Pty { .. } | Self::Absent(_) => false,
        }
    }
}
