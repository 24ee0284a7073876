//! The folder for sockets and memories.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folder for what survives us but not the machine: `$RUNTIME_DIRECTORY`, else `$XDG_RUNTIME_DIR/hayesd`, else a private
/// one that is removed with the value.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    is_private: bool,
}

impl Folder {
    /// Finds or makes it.
    ///
    /// # Errors
    ///
    /// Whatever making a folder may fail with.
    pub fn find() -> io::Result<Self> {
        if let Some(path) = first_of("RUNTIME_DIRECTORY") {
            return Ok(Self {
                path,
                is_private: false,
            });
        }
        if let Some(path) = first_of("XDG_RUNTIME_DIR") {
            let path = path.join("hayesd");
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)?;
            return Ok(Self {
                path,
                is_private: false,
            });
        }
        Self::private()
    }

    /// A new one that nobody else can enter.
    pub(super) fn private() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        for attempt in 0..100_u32 {
            let path = parent.join(format!("hayesd-{}-{attempt}", std::process::id()));
            // Not recursive: one that is there already is somebody else's.
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    return Ok(Self {
                        path,
                        is_private: true,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The helper's socket in it.
    pub fn socket(&self) -> PathBuf {
        self.path.join("ldisc.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_private {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The first of a list of absolute paths in an environment variable, as systemd sets them.
fn first_of(variable: &str) -> Option<PathBuf> {
    let value = std::env::var(variable).ok()?;
    value
        .split(':')
        .next()
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_folder_is_private_and_goes_away() {
        let folder = Folder::private().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        let other = Folder::private().unwrap();
        assert_ne!(other.path(), path);
        drop(folder);
        assert!(!path.exists());
    }
}
