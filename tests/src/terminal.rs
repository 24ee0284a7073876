//! A TTY that a test makes, takes away and brings back, at a path that stays the same.

use crate::equipment::Equipment;
use anyhow::Result;
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use std::fs::{self, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// A device node that may vanish.
pub struct Terminal {
    path: PathBuf,
    /// Keeps the slave's side alive while nobody else has it open.
    slave: Option<OwnedFd>,
}

impl Terminal {
    /// Puts a device at `path` and returns it with its far end.
    ///
    /// # Errors
    /// No pseudo-terminal is left.
    pub fn plug_in(path: &Path) -> Result<(Self, Equipment)> {
        // Close-on-exec from the first moment, unlike openpty(3): a daemon that another test starts meanwhile
        // must not inherit an end, or unplugging is none.
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let node = ptsname_r(&master)?;
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(&node)?;
        // As udev does it: the name appears whole.
        let fresh = path.with_extension("new");
        symlink(&node, &fresh)?;
        fs::rename(&fresh, path)?;
        let terminal = Self {
            path: path.to_owned(),
            slave: Some(slave.into()),
        };
        Ok((terminal, Equipment::from_master(master.into())?))
    }

    /// Removes name and device, as unplugging does; `far_end` goes with it.
    ///
    /// # Errors
    /// The name is gone already.
    pub fn unplug(mut self, far_end: Equipment) -> Result<()> {
        fs::remove_file(&self.path)?;
        self.slave = None;
        drop(far_end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use std::os::fd::AsFd;

    #[test]
    fn no_process_inherits_it() -> Result<()> {
        let folder = Folder::new("terminal")?;
        let (terminal, far_end) = Terminal::plug_in(&folder.join("tty"))?;
        let slave = terminal.slave.as_ref().map(AsFd::as_fd);
        for fd in slave.into_iter().chain([far_end.as_fd()]) {
            let flags = FdFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFD)?);
            anyhow::ensure!(flags.contains(FdFlag::FD_CLOEXEC));
        }
        terminal.unplug(far_end)
    }
}
