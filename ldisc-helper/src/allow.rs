//! Which devices the helper may open.
//!
//! The daemon parses hostile input, so its word is not enough: a name must be on a list that only root
//! can write, and what is found under that name is judged once more when it is open.

use crate::glob;
use crate::refused::Refused;
use nix::sys::stat::{SFlag, fstat, major, minor};
use nix::unistd::Uid;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where the list is.
pub(crate) const PORTS_FILE: &str = "/etc/hayesd/ports";

/// What is allowed where there is no list.
const DEFAULT: &[&str] = &[
    "/dev/ttyS*",
    "/dev/ttyUSB*",
    "/dev/ttyACM*",
    "/dev/ttyAMA*",
    "/dev/ttymxc*",
    "/dev/serial/by-*/*",
    "/dev/wwan*at*",
];

/// The list is not read further than this, in bytes.
const LONGEST_LIST: u64 = 64 * 1024;

/// TTYs of other drivers than these are judged by what they answer (Linux, devices.txt).
mod major_number {
    /// Pseudo-terminals of BSD, slaves.
    pub(super) const PTY_BSD: u64 = 3;
    /// Virtual terminals below 64, UARTs from there.
    pub(super) const TTY: u64 = 4;
    /// `/dev/tty`, `/dev/console`, `/dev/ptmx`.
    pub(super) const TTY_AUX: u64 = 5;
    /// Pseudo-terminals, slaves.
    pub(super) const PTS: std::ops::RangeInclusive<u64> = 136..=143;
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A TTY of a driver.
    Tty,
    /// The slave of a pseudo-terminal of our own user: it has neither framing nor circuits.
    Pts,
    /// An AT port of the kernel's WWAN subsystem: bytes without termios.
    Wwan,
}

/// The list, and what was allowed beside it on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Allow {
    file: PathBuf,
    also: Vec<String>,
}

impl Default for Allow {
    fn default() -> Self {
        Self::new(PORTS_FILE, Vec::new())
    }
}

impl Allow {
    /// The list in `file`, and the paths or patterns `also`.
    pub(crate) fn new(file: impl Into<PathBuf>, also: Vec<String>) -> Self {
        Self {
            file: file.into(),
            also,
        }
    }

    /// Other paths or patterns in the place of those beside the list.
    pub(crate) fn replace_also(&mut self, also: Vec<String>) {
        self.also = also;
    }

    /// Whether the name `device` may be opened. The list is read anew each time.
    pub(crate) fn check(&self, device: &str) -> Result<(), Refused> {
        if !is_plain(device) {
            return Err(Refused::not_allowed(format_args!(
                "{device:?} is not an absolute path without \"..\" and control characters"
            )));
        }
        let on = |pattern: &str| glob::matches(pattern.as_bytes(), device.as_bytes());
        if self.also.iter().any(|pattern| on(pattern)) {
            return Ok(());
        }
        let listed = match self.read()? {
            Some(list) => patterns(&list, &self.file)?.into_iter().any(on),
            None => DEFAULT.iter().copied().any(on),
        };
        if listed {
            return Ok(());
        }
        Err(Refused::not_allowed(format_args!(
            "{device} is not allowed by {}",
            self.file.display()
        )))
    }

    /// The list's text; `None` where there is no list. It counts only if nobody but root can have
    /// written it.
    fn read(&self) -> Result<Option<String>, Refused> {
        let refuse = |why: &dyn std::fmt::Display| {
            Refused::not_allowed(format_args!("{}: {why}", self.file.display()))
        };
        let file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refuse(&error)),
        };
        let about = file.metadata().map_err(|error| refuse(&error))?;
        if !about.is_file() {
            return Err(refuse(&"is not a regular file"));
        }
        if about.uid() != 0 || about.mode() & 0o022 != 0 {
            return Err(refuse(
                &"must belong to root and be writable by nobody else",
            ));
        }
        if about.len() > LONGEST_LIST {
            return Err(refuse(&format_args!("is longer than {LONGEST_LIST} bytes")));
        }
        let mut list = String::new();
        file.take(LONGEST_LIST)
            .read_to_string(&mut list)
            .map_err(|error| refuse(&error))?;
        Ok(Some(list))
    }
}

/// Absolute, and each part of it a name that can stand in a log.
fn is_plain(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains(char::is_control)
        && path.split('/').all(|part| part != ".." && part != ".")
}

/// The patterns of a list: one a line, `#` begins a comment.
fn patterns<'a>(list: &'a str, file: &Path) -> Result<Vec<&'a str>, Refused> {
    let mut found = Vec::new();
    for (index, line) in list.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if !is_plain(line) || line.contains(['{', '}']) {
            // A list that is not understood allows nothing: a line may have been meant to be narrower.
            return Err(Refused::not_allowed(format_args!(
                "{}:{}: {line:?} is not an absolute path or glob (glob(7), no braces)",
                file.display(),
                index + 1
            )));
        }
        found.push(line);
    }
    Ok(found)
}

/// Judges what is open, or open by O_PATH, under the name `device`. That it answers as a TTY is seen
/// when it is set up.
pub(crate) fn judge(fd: impl AsFd, device: &str) -> Result<Kind, Refused> {
    judge_at(Path::new("/sys"), fd, device)
}

fn judge_at(sysfs: &Path, fd: impl AsFd, device: &str) -> Result<Kind, Refused> {
    let refuse = |why: &str| Refused::not_allowed(format_args!("{device} {why}"));
    let about = fstat(fd).map_err(|error| refuse(&format!("cannot be looked at: {error}")))?;
    if SFlag::from_bits_truncate(about.st_mode) & SFlag::S_IFMT != SFlag::S_IFCHR {
        return Err(refuse("is not a character device"));
    }
    let (major, minor) = (major(about.st_rdev), minor(about.st_rdev));
    if major_number::PTS.contains(&major) || major == major_number::PTY_BSD {
        if about.st_uid != Uid::effective().as_raw() {
            return Err(refuse("is a pseudo-terminal of another user"));
        }
        return Ok(Kind::Pts);
    }
    if major == major_number::TTY_AUX || (major == major_number::TTY && minor < 64) {
        return Err(refuse("is a console or a virtual terminal"));
    }
    let node = sysfs.join(format!("dev/char/{major}:{minor}"));
    if is_console(sysfs, &node) {
        return Err(refuse("is the kernel's console"));
    }
    if ends_with(&node.join("subsystem"), "wwan") {
        return Ok(Kind::Wwan);
    }
    Ok(Kind::Tty)
}

/// Whether the kernel writes its messages to this node, or the system logs in there.
fn is_console(sysfs: &Path, node: &Path) -> bool {
    let active = fs::read_to_string(sysfs.join("class/tty/console/active")).unwrap_or_default();
    active.split_whitespace().any(|name| ends_with(node, name))
}

/// Whether this link leads to something of that name.
fn ends_with(link: &Path, name: &str) -> bool {
    fs::read_link(link).is_ok_and(|target| target.file_name().is_some_and(|last| last == name))
}

#[cfg(test)]
#[path = "allow_tests.rs"]
mod tests;
