//! Folders of a module, where it has them.

use super::{Files, of_io};
use crate::dialect::volume::FileName;
use crate::emulator::op::{Done, FileError};
use std::fs::{self, DirBuilder, Metadata};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

impl Files {
    pub(super) fn folder(&self, name: &FileName) -> Result<Done, FileError> {
        let place = self.place(name.volume())?;
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(place.path(name)?).map_err(of_io)? {
            let entry = entry.map_err(of_io)?;
            let metadata = entry.metadata().map_err(of_io)?;
            match place.shown(&entry) {
                Some(name) if metadata.is_dir() => folders.push(name),
                Some(name) => files.push((name, metadata.len())),
                None => {}
            }
        }
        folders.sort();
        files.sort();
        Ok(Done::Folder { folders, files })
    }

    pub(super) fn look(&self, name: &FileName) -> Result<Done, FileError> {
        let place = self.place(name.volume())?;
        let (_, metadata) = self.there(name)?;
        let folder = metadata.is_dir();
        Ok(Done::Found {
            name: place.spelt(name)?,
            size: if folder { 0 } else { metadata.len() },
            modified: metadata.modified().map_err(of_io)?,
            folder,
        })
    }

    pub(super) fn make_folder(&self, name: &FileName) -> Result<Done, FileError> {
        let place = self.place(name.volume())?;
        let path = place.path(name)?;
        DirBuilder::new().mode(0o700).create(&path).map_err(of_io)?;
        place.sync(&path)
    }

    pub(super) fn remove_folder(&self, name: &FileName) -> Result<Done, FileError> {
        let place = self.place(name.volume())?;
        if name.parent().is_none() {
            return Err(FileError::NotEmpty);
        }
        let path = place.path(name)?;
        fs::remove_dir(&path).map_err(of_io)?;
        place.sync(&path)
    }

    pub(super) fn clear_folder(&self, name: &FileName) -> Result<Done, FileError> {
        let place = self.place(name.volume())?;
        let folder = place.path(name)?;
        for entry in fs::read_dir(&folder).map_err(of_io)? {
            let entry = entry.map_err(of_io)?;
            let is_file = entry.file_type().map_err(of_io)?.is_file();
            if is_file && place.shown(&entry).is_some() {
                fs::remove_file(entry.path()).map_err(of_io)?;
            }
        }
        place.sync(&folder.join("."))
    }

    pub(super) fn rename(&self, from: &FileName, to: &FileName) -> Result<Done, FileError> {
        let place = self.place(from.volume())?;
        let (old, _) = self.there(from)?;
        if from.volume() != to.volume() || from.parent().is_none() {
            return Err(FileError::NotFound);
        }
        let mut new = place.path(to)?;
        if new == old {
            // Only the case of its name is to be another.
            new = place.exactly(to)?;
        } else if new.exists() {
            return Err(FileError::Exists);
        }
        fs::rename(&old, &new).map_err(of_io)?;
        place.sync(&old)?;
        place.sync(&new)
    }

    fn there(&self, name: &FileName) -> Result<(PathBuf, Metadata), FileError> {
        let path = self.place(name.volume())?.path(name)?;
        let metadata = fs::symlink_metadata(&path).map_err(of_io)?;
        Ok((path, metadata))
    }
}
