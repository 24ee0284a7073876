//! One volume as a folder of this machine: which path a name has there.
//!
//! A name is encoded so that it is one name in one folder, whatever it holds. On a flat volume bytes other
//! than letters, digits, `_`, `-` and `.` become `%XX`, a leading `.` too; where names are paths, each name
//! between two `/` is UTF-8 as it is, but for control characters, `%`, and a leading `.`.

use super::of_io;
use super::writing::sync;
use crate::dialect::Volume;
use crate::dialect::volume::FileName;
use crate::emulator::op::{Done, FileError};
use std::fs::{self, DirBuilder, DirEntry};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// How the names of files begin that are being written; no encoded name begins with a dot.
pub(super) const BEGUN: &str = ".begun";

/// A volume, and where it is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) volume: &'static Volume,
    pub(super) folder: PathBuf,
}

/// What a name may hold as it is.
#[derive(Clone, Copy)]
enum Spelling {
    Flat,
    Path,
}

impl Place {
    pub(super) fn open(volume: &'static Volume, parent: &Path) -> io::Result<Self> {
        let folder = parent.join(volume.name);
        make(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if is_begun(&entry) {
                fs::remove_file(entry.path())?;
            }
        }
        let place = Self { volume, folder };
        place.furnish()?;
        Ok(place)
    }

    /// Makes the folders that it always has.
    fn furnish(&self) -> io::Result<()> {
        for name in self.volume.folders.unwrap_or_default() {
            make(&self.folder.join(encode(name.as_bytes(), Spelling::Path)))?;
        }
        Ok(())
    }

    /// Removes all that is in it.
    pub(super) fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else if !is_begun(&entry) {
                fs::remove_file(entry.path())?;
            }
        }
        self.furnish()?;
        if self.volume.lasts {
            sync(&self.folder).map_err(|_| ErrorKind::Other)?;
        }
        Ok(())
    }

    fn spelling(&self) -> Spelling {
        match self.volume.folders {
            Some(_) => Spelling::Path,
            None => Spelling::Flat,
        }
    }

    /// Where a name is, or would be.
    pub(super) fn path(&self, name: &FileName) -> Result<PathBuf, FileError> {
        if self.volume.folders.is_none() {
            return Ok(self.folder.join(encode(name.name(), Spelling::Flat)));
        }
        let mut path = self.folder.clone();
        for part in name.parts() {
            let exactly = path.join(encode(part, Spelling::Path));
            path = match exactly.symlink_metadata() {
                Ok(_) => exactly,
                Err(_) => other_case(&path, part).unwrap_or(exactly),
            };
        }
        Ok(path)
    }

    /// Where a name would be in just this case, in a folder whose case does not matter.
    pub(super) fn exactly(&self, name: &FileName) -> Result<PathBuf, FileError> {
        let folder = name.parent().ok_or(FileError::NotFound)?;
        Ok(self
            .path(&folder)?
            .join(encode(name.last(), Spelling::Path)))
    }

    /// The same name in the case that it has here.
    pub(super) fn spelt(&self, name: &FileName) -> Result<FileName, FileError> {
        if self.volume.folders.is_none() {
            return Ok(name.clone());
        }
        let path = self.path(name)?;
        let inner = path.strip_prefix(&self.folder).unwrap_or(&path);
        let parts = inner
            .iter()
            .filter_map(|part| decode(part.to_str()?, Spelling::Path));
        let parts: Vec<Vec<u8>> = parts.collect();
        Ok(FileName::new(self.volume.name, &parts.join(&b'/')))
    }

    /// Its files, those in folders too, ordered by name.
    pub(super) fn all(&self) -> Result<Vec<(FileName, u64)>, FileError> {
        let mut files = Vec::new();
        let mut folders = vec![(FileName::root(self.volume), self.folder.clone())];
        while let Some((at, folder)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(of_io)? {
                let entry = entry.map_err(of_io)?;
                let Some(shown) = self.shown(&entry) else {
                    continue;
                };
                let name = match self.volume.folders {
                    Some(_) => at.child(&shown),
                    None => Some(FileName::new(self.volume.name, &shown)),
                };
                let metadata = entry.metadata().map_err(of_io)?;
                match name {
                    Some(name) if metadata.is_dir() => folders.push((name, entry.path())),
                    Some(name) => files.push((name, metadata.len())),
                    None => {}
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Bytes that its files take, those that are being written too.
    pub(super) fn used(&self) -> Result<u64, FileError> {
        let mut used: u64 = self.all()?.iter().map(|(_, size)| size).sum();
        for entry in fs::read_dir(&self.folder).map_err(of_io)? {
            let entry = entry.map_err(of_io)?;
            if is_begun(&entry) {
                used += entry.metadata().map_err(of_io)?.len();
            }
        }
        Ok(used)
    }

    /// The name of an entry as the equipment sees it; `None` for what is of other origin.
    pub(super) fn shown(&self, entry: &DirEntry) -> Option<Vec<u8>> {
        decode(entry.file_name().to_str()?, self.spelling())
    }

    /// What has changed in the folder of this path is on disk.
    pub(super) fn sync(&self, path: &Path) -> Result<Done, FileError> {
        if self.volume.lasts
            && let Some(folder) = path.parent()
        {
            sync(folder)?;
        }
        Ok(Done::Fine)
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn is_begun(entry: &DirEntry) -> bool {
    entry
        .file_name()
        .as_encoded_bytes()
        .starts_with(BEGUN.as_bytes())
}

/// What has this name in another case.
fn other_case(folder: &Path, part: &[u8]) -> Option<PathBuf> {
    let wanted = String::from_utf8_lossy(part).to_lowercase();
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let found = entries.find(|entry| {
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| decode(name, Spelling::Path));
        name.is_some_and(|name| String::from_utf8_lossy(&name).to_lowercase() == wanted)
    });
    found.map(|entry| entry.path())
}

fn encode(name: &[u8], spelling: Spelling) -> String {
    let mut encoded = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            let plain = match spelling {
                Spelling::Flat => character.is_ascii_alphanumeric() || "_-".contains(character),
                Spelling::Path => !character.is_control() && !"%/.".contains(character),
            };
            if plain || (character == '.' && !encoded.is_empty()) {
                encoded.push(character);
            } else {
                escape(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut encoded);
            }
        }
        escape(chunk.invalid(), &mut encoded);
    }
    encoded
}

fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push_str(&format!("%{byte:02X}"));
    }
}

/// The name whose encoding this is; `None` for files of other origin.
fn decode(encoded: &str, spelling: Spelling) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            name.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            name.push(byte);
        }
    }
    (encode(&name, spelling) == encoded).then_some(name)
}
