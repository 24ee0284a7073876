//! What another user may read: `hayesd check` is run by root, the service as user `hayesd`.

use std::ffi::CString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A user as the kernel judges him: by his number and his groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// For people.
    pub name: String,
    /// His number.
    pub uid: u32,
    /// All his groups.
    pub groups: Vec<u32>,
}

const READ: u32 = 4;
const EXECUTE: u32 = 1;
/// What the same bit means for a folder.
const SEARCH: u32 = EXECUTE;

impl User {
    /// A user of this machine; `None` where there is none of this name.
    pub fn named(name: &str) -> Option<Self> {
        let user = nix::unistd::User::from_name(name).ok()??;
        let groups = CString::new(name)
            .ok()
            .and_then(|name| nix::unistd::getgrouplist(&name, user.gid).ok())
            .unwrap_or_else(|| vec![user.gid]);
        Some(Self {
            name: name.to_owned(),
            uid: user.uid.as_raw(),
            groups: groups.iter().map(|group| group.as_raw()).collect(),
        })
    }

    /// Why he can't read a file, as owners and modes say (an access list may say otherwise); `None` if he
    /// can, or if we can't look ourselves.
    pub fn kept_from(&self, path: &Path) -> Option<String> {
        self.lacks(READ, "read", path)
    }

    /// The same for running a program.
    pub fn kept_from_running(&self, path: &Path) -> Option<String> {
        self.lacks(EXECUTE, "run", path)
    }

    fn lacks(&self, bit: u32, doing: &str, path: &Path) -> Option<String> {
        let real = fs::canonicalize(path).ok()?;
        let name = &self.name;
        for folder in real.ancestors().skip(1) {
            if !self.may(SEARCH, &fs::metadata(folder).ok()?) {
                let (folder, path) = (folder.display(), path.display());
                return Some(format!("{path}: user {name} can't enter {folder}"));
            }
        }
        let meta = fs::metadata(&real).ok()?;
        (!self.may(bit, &meta)).then(|| {
            format!(
                "{}: user {name} can't {doing} it (mode {:04o}, of user {} and group {})",
                path.display(),
                meta.mode() & 0o777,
                meta.uid(),
                meta.gid()
            )
        })
    }

    /// As in path_resolution(7): the owner's bits for the owner, else the group's for its members, else the
    /// others'.
    fn may(&self, bit: u32, meta: &Metadata) -> bool {
        let shift = if meta.uid() == self.uid {
            6
        } else if self.groups.contains(&meta.gid()) {
            3
        } else {
            0
        };
        self.uid == 0 || meta.mode() >> shift & bit != 0
    }
}
