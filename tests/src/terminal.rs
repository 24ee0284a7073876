//! A TTY that a test makes, takes away and brings back, at a path that stays the same.

use crate::equipment::Equipment;
use anyhow::Result;
use nix::pty::{OpenptyResult, openpty};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
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
        let OpenptyResult { master, slave } = openpty(None, None)?;
        let node = nix::unistd::ttyname(&slave)?;
        // As udev does it: the name appears whole.
        let fresh = path.with_extension("new");
        symlink(&node, &fresh)?;
        fs::rename(&fresh, path)?;
        let terminal = Self {
            path: path.to_owned(),
            slave: Some(slave),
        };
        Ok((terminal, Equipment::from_master(master)?))
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
