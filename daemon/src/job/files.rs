//! The file system as the spool uses it, so that tests can make each step fail.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Steps on a file system. Each may fail, and after each the machine may stop.
pub(super) trait Files: Send + Sync + std::fmt::Debug {
    /// Makes a folder, 0700; one that is there already is taken over.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes a new file, 0600, and syncs it.
    fn write(&self, path: &Path, bytes: &[&[u8]]) -> io::Result<()>;
    /// Writes over the first bytes of a file, and syncs it.
    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes at the end of a file, unsynced.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Syncs a file.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Moves a file or folder.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes what was created, moved and removed in this folder last.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file, or a folder with all that is in it.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The bytes of a file of at most this size.
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>>;
    /// The names in a folder.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    /// The size of a plain file.
    fn size(&self, path: &Path) -> io::Result<u64>;
    /// Bytes that are free, and of how many.
    fn room(&self, path: &Path) -> io::Result<(u64, u64)>;
    /// Takes a file for this process alone. WouldBlock where another has it.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
}

/// Given back when it is dropped.
pub(super) type Lock = Box<dyn Send>;

/// The real one.
#[derive(Clone, Copy, Debug)]
pub(super) struct RealFiles;

impl Files for RealFiles {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let about = fs::symlink_metadata(path)?;
                if !about.is_dir() {
                    return Err(error);
                }
                if about.permissions().mode() & 0o777 == 0o700 {
                    return Ok(());
                }
                fs::set_permissions(path, Permissions::from_mode(0o700))
            }
            result => result,
        }
    }

    fn write(&self, path: &Path, bytes: &[&[u8]]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        for part in bytes {
            file.write_all(part)?;
        }
        file.sync_all()
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new()
            .append(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?
            .write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path)?.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // A FIFO or a link put here by somebody must not be waited for or followed.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not a plain file",
            ));
        }
        if file.take(most + 1).read_to_end(&mut bytes)? as u64 > most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "too long"));
        }
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.file_name().into()))
            .collect()
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let about = fs::symlink_metadata(path)?;
        if about.is_file() {
            Ok(about.len())
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not a plain file",
            ))
        }
    }

    fn room(&self, path: &Path) -> io::Result<(u64, u64)> {
        let about = nix::sys::statvfs::statvfs(path)?;
        let block = about.fragment_size() as u64;
        Ok((
            (about.blocks_available() as u64).saturating_mul(block),
            (about.blocks() as u64).saturating_mul(block),
        ))
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        Ok(Box::new(file))
    }
}
