//! A date that jumps, or time that passes at once, for one process: libfaketime puts itself between it and the C
//! library.

use crate::folder::Folder;
use anyhow::{Context as _, Result};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a clock shows that was never set, in seconds since 1970.
const SOON_AFTER_1970: u64 = 600;

/// What the clocks of one process show.
pub struct FakeTime {
    preload: PathBuf,
    told: PathBuf,
    /// The clock by which it is judged how long something took is a fake too.
    all_clocks: bool,
    passed: Duration,
}

impl FakeTime {
    /// A date of 1970, told by a file in this folder. How long something took is not changed by it.
    ///
    /// # Errors
    /// libfaketime is not installed, or the file cannot be written.
    pub fn never_set(folder: &Folder) -> Result<Self> {
        let time = Self::told_by(folder)?;
        time.forget()?;
        Ok(time)
    }

    /// The time as it is, until [`FakeTime::pass`].
    ///
    /// # Errors
    /// As [`FakeTime::never_set`].
    pub fn running(folder: &Folder) -> Result<Self> {
        let time = Self {
            all_clocks: true,
            ..Self::told_by(folder)?
        };
        time.set()?;
        Ok(time)
    }

    fn told_by(folder: &Folder) -> Result<Self> {
        let preload = find().context("libfaketime is not installed (tests/install faketime)")?;
        Ok(Self {
            preload,
            told: folder.join("faketime"),
            all_clocks: false,
            passed: Duration::ZERO,
        })
    }

    /// So much time passes at once, in whole seconds. The process sees it when something else wakes it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn pass(&mut self, time: Duration) -> Result<()> {
        self.passed += time;
        self.tell(&format!("+{}", self.passed.as_secs()))
    }

    /// From now on it is today.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self) -> Result<()> {
        self.tell("+0")
    }

    /// From now on it is 1970 again.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&self) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        self.tell(&format!("-{}", now - SOON_AFTER_1970))
    }

    fn tell(&self, offset: &str) -> Result<()> {
        // By rename: it is read at any time.
        let new = self.told.with_extension("new");
        fs::write(&new, offset)?;
        fs::rename(new, &self.told)?;
        Ok(())
    }

    /// What a process needs in its environment.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let yes = || OsStr::new("1").to_owned();
        let mut variables = vec![
            ("LD_PRELOAD", self.preload.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.told.clone().into()),
            ("FAKETIME_NO_CACHE", yes()),
        ];
        if !self.all_clocks {
            variables.push(("FAKETIME_DONT_FAKE_MONOTONIC", yes()));
        }
        variables
    }
}

/// Where Debian has it, for this machine's architecture.
fn find() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path: &PathBuf| Path::is_file(path))
}
