//! Private temporary folders.

use anyhow::{Context as _, Result};
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own below the system's temporary folder, removed when dropped. The path is short,
/// since sockets live in it (`sun_path` holds 107 bytes).
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes one that only this user can enter.
    ///
    /// # Errors
    /// The temporary folder cannot be written.
    pub fn new(name: &str) -> Result<Self> {
        Self::below(&std::env::temp_dir(), name)
    }

    /// Makes one in memory where the system has a place for that, for tests that write so often that
    /// syncing would be most of their time.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn in_memory(name: &str) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        Self::below(memory, name).or_else(|_| Self::new(name))
    }

    fn below(parent: &Path, name: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("hayes-{name}-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self { path })
    }

    /// Lets other users look inside (a mail server works under several).
    ///
    /// # Errors
    /// The mode cannot be changed.
    pub fn open_to_all(self) -> Result<Self> {
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o755))?;
        Ok(self)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file in it and returns its path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
