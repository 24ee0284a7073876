//! `pty:NAME`: a pseudo-terminal under a name that stays, for software on the same machine.
//!
//! What the kernel gives and does not give (each found by trial, see the tests):
//! - Whether anybody has the slave open is told by POLLHUP on the master, and by nothing else.
//!   inotify on the slave says when it is worth looking.
//! - What the last user did not read waits for the next one, in two places: what the slave's line
//!   discipline holds is emptied through the slave, what is still on its way through the master.
//! - TIOCEXCL outlives whoever set it, as long as the master lives, and stops everyone but root.

use crate::refused::Refused;
use crate::tty::ioctl::{self, Queue};
use crate::tty::settings;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, posix_openpt, unlockpt};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, fchown};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A pseudo-terminal that has a name.
#[derive(Debug)]
pub(crate) struct Pty {
    pair: Pair,
    /// Its name: a link to the slave.
    link: PathBuf,
    /// Who may open the slave, beside us.
    group: Option<Gid>,
    inotify: Inotify,
    /// Present while nobody has the slave open.
    watch: Option<WatchDescriptor>,
}

#[derive(Debug)]
struct Pair {
    master: PtyMaster,
    /// `/dev/pts/N`.
    slave: PathBuf,
}

impl Pty {
    /// Makes a pseudo-terminal under the name `link`, whose folder exists. The name may have belonged to
    /// another one before, but to nothing else.
    pub(crate) fn create(link: &Path, group: Option<Gid>) -> Result<Self, Refused> {
        let refuse = |error: io::Error| {
            let mut refused = Refused::unavailable(link.display(), &error);
            // Nothing watches for a folder or for room in devpts.
            refused.unseen = true;
            refused
        };
        if !is_free(link) {
            return Err(Refused::not_allowed(format_args!(
                "{} exists and is not the name of a pseudo-terminal",
                link.display()
            )));
        }
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)
            .map_err(|error| refuse(error.into()))?;
        let pair = Pair::new(group).map_err(|error| refuse(error.into()))?;
        let mut pty = Self {
            pair,
            link: link.to_owned(),
            group,
            inotify,
            watch: None,
        };
        pty.start_watching().map_err(|error| refuse(error.into()))?;
        rename_link(&pty.pair.slave, link).map_err(refuse)?;
        Ok(pty)
    }

    /// Whether somebody has the slave open.
    pub(crate) fn is_open(&self) -> bool {
        let mut look = [PollFd::new(self.pair.master.as_fd(), PollFlags::empty())];
        // An error would be EINTR at worst; then the next look tells.
        let _ = poll(&mut look, PollTimeout::ZERO);
        !look[0]
            .revents()
            .is_some_and(|events| events.contains(PollFlags::POLLHUP))
    }

    /// Somebody has it open: the master tells the rest.
    pub(crate) fn stop_watching(&mut self) {
        if let Some(watch) = self.watch.take() {
            let _ = self.inotify.rm_watch(watch);
        }
        self.forget_events();
    }

    /// Takes what inotify has to say; all of it means "look".
    pub(crate) fn forget_events(&self) {
        while self.inotify.read_events().is_ok() {}
    }

    fn start_watching(&mut self) -> nix::Result<()> {
        let watch = self
            .inotify
            .add_watch(&self.pair.slave, AddWatchFlags::IN_OPEN)?;
        self.watch = Some(watch);
        Ok(())
    }

    /// After the slave's last user closed it and the master was read to EIO: makes it as new for the
    /// next one, and watches for him. Whether he is there already.
    ///
    /// The watch begins while our own slave is still open, so that it tells of everyone but us; and what
    /// was left behind by someone who came and went before it began is still seen through that slave.
    pub(crate) fn clean(&mut self) -> io::Result<bool> {
        self.stop_watching();
        let slave = match ioctl::pty_peer(&self.pair.master) {
            Ok(slave) => slave,
            // The next one is there, and has set TIOCEXCL.
            Err(Errno::EBUSY) if self.is_open() => return Ok(true),
            // It was left behind.
            Err(Errno::EBUSY) => {
                self.replace()?;
                return Ok(self.is_open());
            }
            Err(error) => return Err(error.into()),
        };
        // On its way first: what is let go of by the one could else refill the other.
        ioctl::flush(&self.pair.master, Queue::Output)?;
        ioctl::flush(&slave, Queue::Input)?;
        self.start_watching()?;
        if ioctl::is_exclusive(&slave)? {
            // Root is let in all the same, and alone can do something about it.
            ioctl::set_exclusive(&slave, false)?;
        }
        drop(slave);
        Ok(self.is_open())
    }

    /// A fresh pair takes the name over.
    fn replace(&mut self) -> io::Result<()> {
        let fresh = Pair::new(self.group)?;
        // The name always leads to one of them.
        rename_link(&fresh.slave, &self.link)?;
        self.pair = fresh;
        Ok(self.start_watching()?)
    }

    /// Where changes of the slave are told.
    pub(crate) fn events(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pair.master.as_fd()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // The name may be another's by now.
        if fs::read_link(&self.link).is_ok_and(|target| target == self.pair.slave) {
            let _ = fs::remove_file(&self.link);
        }
    }
}

impl Pair {
    /// A pair whose slave is raw and open to `group`, before anyone can know its name.
    fn new(group: Option<Gid>) -> nix::Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags)?;
        unlockpt(&master)?;
        let slave = ioctl::pty_peer(&master)?;
        set_raw(&slave)?;
        // A slave may come with the group tty, which is for write(1); without a group of ours it is
        // for our own user alone. To give it to a group that we are not in is not ours to do.
        let shared = group.is_some_and(|group| fchown(&slave, None, Some(group)).is_ok());
        fchmod(
            &slave,
            Mode::from_bits_truncate(if shared { 0o660 } else { 0o600 }),
        )?;
        let slave = PathBuf::from(format!("/dev/pts/{}", ioctl::pty_number(&master)?));
        Ok(Self { master, slave })
    }
}

fn set_raw(slave: &OwnedFd) -> nix::Result<()> {
    let mut termios = ioctl::termios(slave)?;
    settings::make_raw(&mut termios);
    ioctl::set_termios(slave, &termios)
}

/// Whether there is nothing under this name, or the name of a pseudo-terminal (which may be gone).
fn is_free(link: &Path) -> bool {
    match fs::symlink_metadata(link) {
        Ok(about) if about.is_symlink() => {
            fs::read_link(link).is_ok_and(|target| target.starts_with("/dev/pts"))
        }
        Ok(_) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Makes `link` lead to `target` in one step, whatever it led to before.
fn rename_link(target: &Path, link: &Path) -> io::Result<()> {
    let mut fresh = link.as_os_str().to_owned();
    fresh.push(format!(".{}~", std::process::id()));
    let _ = fs::remove_file(&fresh);
    symlink(target, &fresh)?;
    fs::rename(&fresh, link).inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })
}

#[cfg(test)]
#[path = "pty_tests.rs"]
mod tests;
