//! A TTY: claimed, set up, and given back as it was.

pub(crate) mod ioctl;
pub(crate) mod settings;

use crate::allow::{Allow, Kind, judge};
use crate::record::{Circuits, DtrInput, LineSettings, Refusal, Role, Wiring};
use crate::refused::Refused;
use ioctl::Queue;
use libc::{c_int, termios2};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

/// A device that is ours. Dropped, it is as it was before: settings, exclusivity, lock.
#[derive(Debug)]
pub(crate) struct Tty {
    file: File,
    kind: Kind,
    /// What to give back; `None` where it has no termios.
    saved: Option<termios2>,
    role: Role,
    wiring: Wiring,
    /// What the driver had counted as lost; `None` where it does not count.
    lost: Option<i64>,
}

impl Tty {
    /// Takes `device` if it is allowed, there, and nobody else's.
    ///
    /// The order is that of other careful programs, so that each sees the others: `flock`, TIOCGEXCL,
    /// TIOCEXCL. Of these only the second stops root.
    pub(crate) fn claim(
        device: &str,
        allow: &Allow,
        line: LineSettings,
        role: Role,
        wiring: Wiring,
    ) -> Result<Self, Refused> {
        if !settings::is_sensible(line) {
            return Err(bad_settings(device, line, Errno::EINVAL));
        }
        allow.check(device)?;
        let (file, kind) = open(device)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(device, "is locked")),
            Err(TryLockError::Error(error)) => return Err(Refused::unavailable(device, &error)),
        }
        let saved = match ioctl::termios(&file) {
            // Newer kernels answer for these, but the settings mean nothing.
            _ if kind == Kind::Wwan => None,
            Ok(termios) => Some(termios),
            Err(Errno::ENOTTY | Errno::EINVAL) => {
                let text = format_args!("{device} does not answer as a TTY");
                return Err(Refused::not_allowed(text));
            }
            Err(error) => return Err(Refused::unavailable(device, &error.into())),
        };
        if saved.is_some() {
            if ioctl::is_exclusive(&file).unwrap_or(false) {
                return Err(busy(device, "is held exclusively (TIOCEXCL)"));
            }
            ioctl::set_exclusive(&file, true)
                .map_err(|error| Refused::unavailable(device, &error.into()))?;
        }
        let mut tty = Self {
            file,
            kind,
            saved,
            role,
            wiring,
            lost: None,
        };
        // From here on, whatever fails, the drop gives it back.
        tty.configure(line)
            .map_err(|error| bad_settings(device, line, error))?;
        tty.lost = tty.count_lost();
        Ok(tty)
    }

    /// New line settings, at once. Output that has not left yet may be spoilt.
    pub(crate) fn configure(&mut self, line: LineSettings) -> nix::Result<()> {
        if !settings::is_sensible(line) {
            return Err(Errno::EINVAL);
        }
        if self.saved.is_some() {
            settings::apply(&self.file, line, self.kind == Kind::Pts)?;
        }
        Ok(())
    }

    /// Bytes that have not left yet, as far as the driver can tell.
    pub(crate) fn output_left(&self) -> usize {
        match ioctl::output_queue(&self.file).unwrap_or(0) {
            0 => usize::from(ioctl::transmitter_is_empty(&self.file) == Ok(false)),
            left => left,
        }
    }

    /// Drops what the driver has not sent.
    pub(crate) fn drop_output(&self) -> nix::Result<()> {
        ioctl::flush(&self.file, Queue::Output)
    }

    pub(crate) fn set_break(&self, on: bool) -> nix::Result<()> {
        ioctl::set_break(&self.file, on)
    }

    /// The circuits as the peer drives them. Where there are none, the peer counts as there.
    ///
    /// This is a look at one moment: Linux tells changes only to a thread that sleeps in TIOCMIWAIT,
    /// which belongs here once `&D` asks for it.
    pub(crate) fn circuits(&self) -> Circuits {
        let Ok(bits) = ioctl::circuits(&self.file) else {
            return Circuits {
                ready: true,
                ..Circuits::default()
            };
        };
        let on = |bit: c_int| bits & bit != 0;
        match self.role {
            Role::Dce => Circuits {
                ready: match self.wiring.dtr {
                    DtrInput::None => true,
                    DtrInput::Dsr => on(libc::TIOCM_DSR),
                    DtrInput::Dcd => on(libc::TIOCM_CAR),
                },
                ..Circuits::default()
            },
            Role::Dte => Circuits {
                ready: on(libc::TIOCM_DSR),
                carrier: on(libc::TIOCM_CAR),
                ring: on(libc::TIOCM_RNG),
            },
        }
    }

    /// Shows these circuits on our DTR, the only output that flow control leaves us: carrier where the
    /// wiring says so, else that we are there. Devices without circuits have nothing to show.
    pub(crate) fn set_circuits(&self, circuits: Circuits) -> nix::Result<()> {
        let on = match self.role {
            Role::Dce if self.wiring.carrier => circuits.carrier,
            Role::Dce | Role::Dte => circuits.ready,
        };
        match ioctl::set_circuits(&self.file, libc::TIOCM_DTR, on) {
            Err(Errno::ENOTTY | Errno::EINVAL) => Ok(()),
            result => result,
        }
    }

    /// Whether the driver lost bytes since the last time that this was asked.
    pub(crate) fn has_lost(&mut self) -> bool {
        // One that does not count is not asked again.
        let Some(before) = self.lost else {
            return false;
        };
        self.lost = self.count_lost();
        self.lost.is_some_and(|now| now != before)
    }

    fn count_lost(&self) -> Option<i64> {
        let counters = ioctl::counters(&self.file).ok()?;
        Some(i64::from(counters.overrun) + i64::from(counters.buffer_overrun))
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Tty {
    /// Gives it back. On one that is gone, all of this fails and does nothing.
    fn drop(&mut self) {
        let Some(saved) = self.saved else {
            return;
        };
        // A close waits for output, for up to 30 s behind flow control, unless there is none.
        let _ = ioctl::flush(&self.file, Queue::Both);
        let _ = ioctl::set_break(&self.file, false);
        let _ = ioctl::set_termios(&self.file, &saved);
        let _ = ioctl::set_exclusive(&self.file, false);
    }
}

/// Opens a device after it was judged by a descriptor that does nothing to it: to open a FIFO or a
/// watchdog would be felt by others. What was opened is judged again, since names can be exchanged.
fn open(device: &str) -> Result<(File, Kind), Refused> {
    let path = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_PATH | OFlag::O_CLOEXEC).bits())
        .open(device)
        .map_err(|error| Refused::unavailable(device, &error))?;
    judge(&path, device)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).bits())
        .open(device)
        .map_err(|error| Refused::unavailable(device, &error))?;
    let kind = judge(&file, device)?;
    Ok((file, kind))
}

fn busy(device: &str, why: &str) -> Refused {
    Refused::new(Refusal::Busy, format_args!("{device} {why}"))
}

fn bad_settings(device: &str, line: LineSettings, error: Errno) -> Refused {
    Refused::new(
        Refusal::Settings,
        format_args!(
            "{device} does not take {}: {error}",
            settings::describe(line)
        ),
    )
}

#[cfg(test)]
mod tests;
