//! A file while it is written.

use super::of_io;
use super::place::{BEGUN, Place};
use crate::emulator::op::FileError;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file while it is written: nobody sees it until it is finished, and dropping it forgets it.
#[derive(Debug)]
pub struct Writing {
    file: File,
    begun: PathBuf,
    path: PathBuf,
    room: u64,
    lasts: bool,
}

impl Writing {
    pub(super) fn begin(
        place: &Place,
        path: PathBuf,
        number: u32,
        room: u64,
    ) -> Result<Self, FileError> {
        let begun = place.folder.join(format!("{BEGUN}-{number}"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        Ok(Self {
            file: options.open(&begun).map_err(of_io)?,
            begun,
            path,
            room,
            lasts: place.volume.lasts,
        })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// [`FileError::NoSpace`] where the volume is full; the disk refuses it.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let room = self.room.checked_sub(bytes.len() as u64);
        self.room = room.ok_or(FileError::NoSpace)?;
        self.file.write_all(bytes).map_err(of_io)
    }

    /// Ends it: it is on disk and has its name.
    ///
    /// # Errors
    /// The disk refuses it; its folder is gone.
    pub fn finish(self) -> Result<(), FileError> {
        if self.lasts {
            self.file.sync_all().map_err(of_io)?;
        }
        fs::rename(&self.begun, &self.path).map_err(of_io)?;
        match self.path.parent() {
            Some(folder) if self.lasts => sync(folder),
            _ => Ok(()),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // After `finish` there is nothing left of it.
        let _ = fs::remove_file(&self.begun);
    }
}

/// What has changed in a folder is on disk.
pub(super) fn sync(folder: &Path) -> Result<(), FileError> {
    let folder = File::open(folder).map_err(of_io)?;
    folder.sync_all().map_err(of_io)
}
