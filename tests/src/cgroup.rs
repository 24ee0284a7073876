//! A control group for one machine. systemd-nspawn boots a machine in the group that itself is in, and two that
//! are in the same take each other's groups of services for their own: units fail to start.

use crate::folder::Folder;
use anyhow::Result;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Folders below the group that we are in, one in each hierarchy that systemd uses. Dropped: removed, once the
/// processes in them have ended.
#[derive(Debug)]
pub struct Cgroup {
    folders: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes one, named as this folder is. Where groups can't be made, it is none.
    ///
    /// # Errors
    /// `/proc` does not tell in which group we are.
    pub fn new(named: &Folder) -> Result<Self> {
        let name = named.path().file_name().unwrap_or_default();
        let ours = fs::read_to_string("/proc/self/cgroup")?;
        let folders = ours
            .lines()
            .filter_map(root)
            .map(|group| group.join(name))
            .filter(|folder| fs::create_dir(folder).is_ok())
            .collect();
        Ok(Self { folders })
    }

    /// Has a command run in it.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn with(&self, command: &mut Command) -> Result<()> {
        for folder in &self.folders {
            let file = File::options()
                .write(true)
                .open(folder.join("cgroup.procs"))?;
            // SAFETY: between fork and exec only write is called, which is a bare system call.
            unsafe {
                // "0" is whoever writes it (cgroups(7)).
                command.pre_exec(move || (&file).write_all(b"0"));
            }
        }
        Ok(())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            // What was killed is gone in a moment; a group that stays does no harm.
            let gone = || remove(folder).ok();
            let _ = crate::wait::until("the end of a group", Duration::from_secs(5), gone);
        }
    }
}

/// The folder of our group, from a line of /proc/self/cgroup: `NUMBER:CONTROLLERS:PATH`. `None` for hierarchies
/// that are no matter of systemd's.
fn root(line: &str) -> Option<PathBuf> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let mounted = match controllers {
        "name=systemd" => "/sys/fs/cgroup/systemd",
        "" if Path::new("/sys/fs/cgroup/unified").exists() => "/sys/fs/cgroup/unified",
        "" => "/sys/fs/cgroup",
        _ => return None,
    };
    Some(Path::new(mounted).join(path.trim_start_matches('/')))
}

/// Removes a group and those below it.
fn remove(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}
