//! The two files, below the root.

use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Result};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where things are.
pub(super) struct Place {
    pub(super) root: PathBuf,
    /// The helper's list.
    pub(super) ports: PathBuf,
    /// The rules of udev.
    pub(super) rules: PathBuf,
}

impl Place {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ports: root.join("etc/hayesd/ports"),
            rules: root.join("etc/udev/rules.d/99-hayesd.rules"),
        }
    }

    /// Whether it is this machine.
    pub(super) fn is_here(&self) -> bool {
        self.root == Path::new("/")
    }

    /// What a file has; `None` where it is not there.
    pub(super) fn read(&self, path: &Path) -> Result<Option<String>> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(path, &error, Exit::Io)),
        }
    }

    /// Writes a file, whole or not at all; all may read it.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<()> {
        let written = || {
            let folder = path.parent().unwrap_or(Path::new("/"));
            fs::create_dir_all(folder)?;
            let new = path.with_extension("new");
            // Whatever is left there, we did not make.
            let _ = fs::remove_file(&new);
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .mode(0o644)
                .open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, path)?;
            File::open(folder)?.sync_all()
        };
        written().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::new(
                Exit::NoPermission,
                format!("{}: only root may write it", path.display()),
            ),
            _ => Failure::file(path, &error, Exit::CantCreate),
        })
    }
}
