//! A module's file systems as folders. For the disk thread: everything here may block.

mod folders;
mod place;
#[cfg(test)]
mod tests;
mod writing;

use super::op::{Done, FileError, Op, Space};
use crate::dialect::Volume;
use crate::dialect::volume::FileName;
use place::Place;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

pub use writing::Writing;

/// The file systems of one module.
#[derive(Debug)]
pub struct Files {
    places: Vec<Place>,
    /// The file that the equipment is writing.
    begun: Option<Writing>,
    /// Files that were begun so far.
    count: u32,
}

impl Files {
    /// Opens the volumes: lasting ones as folders under `lasting`, the others under `volatile`. What was
    /// half written in an earlier life is dropped.
    ///
    /// # Errors
    /// This machine's disk refuses the folders.
    pub fn open(volumes: &'static [Volume], lasting: &Path, volatile: &Path) -> io::Result<Self> {
        let open = |volume: &'static Volume| {
            let parent = if volume.lasts { lasting } else { volatile };
            Place::open(volume, parent)
        };
        Ok(Self {
            places: volumes.iter().map(open).collect::<io::Result<_>>()?,
            begun: None,
            count: 0,
        })
    }

    /// Does what an operation on files asks for; `None` for operations of another kind.
    pub fn perform(&mut self, op: &Op) -> Option<Done> {
        let done = match op {
            Op::List { volume, name } => self.list(volume, name.as_ref()),
            Op::Delete(name) => self.delete(name),
            Op::Clear(volume) => self.clear(volume),
            Op::Create {
                name,
                size,
                replace,
            } => self.create(name, *size, *replace),
            Op::Append(bytes) => self.append(bytes),
            Op::Finish => self.finish(),
            Op::Abandon => {
                self.begun = None;
                Ok(Done::Fine)
            }
            Op::Read {
                name,
                offset,
                length,
            } => self.read(name, *offset, *length),
            Op::Spaces => self.spaces(),
            Op::Folder(name) => self.folder(name),
            Op::Look(name) => self.look(name),
            Op::MakeFolder(name) => self.make_folder(name),
            Op::RemoveFolder(name) => self.remove_folder(name),
            Op::ClearFolder(name) => self.clear_folder(name),
            Op::Rename { from, to } => self.rename(from, to),
            _ => return None,
        };
        Some(done.unwrap_or_else(Done::Failed))
    }

    /// All of a file, at most `most` bytes.
    ///
    /// # Errors
    /// [`FileError::NoSpace`] where it is longer; there is none; the disk refuses it.
    pub fn whole(&self, name: &FileName, most: u64) -> Result<Vec<u8>, FileError> {
        let file = self.open_file(name)?;
        if file.metadata().map_err(of_io)?.len() > most {
            return Err(FileError::NoSpace);
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(of_io)?;
        Ok(bytes)
    }

    /// Begins a file that shows under its name only after [`Writing::finish`], with room for `size` bytes
    /// at least; several may be written at a time. One of that name makes way where it may be replaced.
    ///
    /// # Errors
    /// [`FileError::Exists`], [`FileError::NoSpace`]; the folder is not there; the disk refuses it.
    pub fn begin(
        &mut self,
        name: &FileName,
        size: u64,
        replace: bool,
    ) -> Result<Writing, FileError> {
        let place = self.place(name.volume())?;
        let path = place.path(name)?;
        match fs::symlink_metadata(&path).map_err(of_io) {
            Ok(found) if found.is_dir() || !replace => return Err(FileError::Exists),
            Ok(_) => {}
            Err(FileError::NotFound) if path.parent().is_some_and(Path::is_dir) => {}
            Err(error) => return Err(error),
        }
        let free = place.volume.size.saturating_sub(place.used()?);
        if size > free {
            return Err(FileError::NoSpace);
        }
        self.count = self.count.wrapping_add(1);
        Writing::begin(self.place(name.volume())?, path, self.count, free)
    }

    fn place(&self, volume: &str) -> Result<&Place, FileError> {
        let mut places = self.places.iter();
        let found = places.find(|place| place.volume.name == volume);
        found.ok_or(FileError::NotFound)
    }

    fn open_file(&self, name: &FileName) -> Result<File, FileError> {
        let path = self.place(name.volume())?.path(name)?;
        if path.is_dir() {
            return Err(FileError::NotFound);
        }
        File::open(path).map_err(of_io)
    }

    fn list(&self, volume: &str, name: Option<&FileName>) -> Result<Done, FileError> {
        let place = self.place(volume)?;
        let mut files = place.all()?;
        let space = space(place)?;
        if let Some(name) = name {
            let spelt = place.spelt(name)?;
            files.retain(|(file, _)| *file == spelt);
        }
        Ok(Done::Files { files, space })
    }

    fn spaces(&self) -> Result<Done, FileError> {
        let spaces = self.places.iter().map(space);
        Ok(Done::Spaces(spaces.collect::<Result<_, _>>()?))
    }

    fn delete(&self, name: &FileName) -> Result<Done, FileError> {
        let place = self.place(name.volume())?;
        let path = place.path(name)?;
        fs::remove_file(&path).map_err(of_io)?;
        place.sync(&path)
    }

    fn clear(&self, volume: &str) -> Result<Done, FileError> {
        let place = self.place(volume)?;
        place.clear().map_err(of_io)?;
        Ok(Done::Fine)
    }

    fn create(&mut self, name: &FileName, size: u64, replace: bool) -> Result<Done, FileError> {
        self.begun = None;
        self.begun = Some(self.begin(name, size, replace)?);
        Ok(Done::Fine)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<Done, FileError> {
        let begun = self.begun.as_mut().ok_or(FileError::Disk)?;
        begun.append(bytes)?;
        Ok(Done::Fine)
    }

    fn finish(&mut self) -> Result<Done, FileError> {
        let begun = self.begun.take().ok_or(FileError::Disk)?;
        begun.finish()?;
        Ok(Done::Fine)
    }

    fn read(&self, name: &FileName, offset: u64, length: u32) -> Result<Done, FileError> {
        let mut file = self.open_file(name)?;
        file.seek(SeekFrom::Start(offset)).map_err(of_io)?;
        let mut bytes = Vec::new();
        file.take(length.into())
            .read_to_end(&mut bytes)
            .map_err(of_io)?;
        Ok(Done::Bytes(bytes))
    }
}

fn space(place: &Place) -> Result<Space, FileError> {
    let total = place.volume.size;
    let free = total.saturating_sub(place.used()?);
    Ok(Space { free, total })
}

fn of_io(error: io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            FileError::NotFound
        }
        ErrorKind::AlreadyExists => FileError::Exists,
        ErrorKind::DirectoryNotEmpty => FileError::NotEmpty,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileError::NoSpace,
        _ => FileError::Disk,
    }
}
