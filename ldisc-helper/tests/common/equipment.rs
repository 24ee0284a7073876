//! The other end of a TTY.

use super::LONG;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{PtyMaster, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{read, write};
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;

/// A pair of which the helper claims the slave.
pub(crate) struct Pair {
    pub(crate) master: PtyMaster,
    pub(crate) name: String,
    /// Held open, so that the pair does not hang up when the helper gives it back.
    pub(crate) slave: OwnedFd,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname_r(&master).unwrap();
        let slave = open(Path::new(&name)).into();
        Self {
            master,
            name,
            slave,
        }
    }
}

impl Pair {
    /// The device is unplugged. While what this returns is kept, nobody else's gets its name.
    pub(crate) fn vanish(self) -> OwnedFd {
        self.slave
    }
}

/// Opens a TTY as equipment's software would, and makes it raw.
pub(crate) fn open(path: &Path) -> File {
    let file = try_open(path).unwrap();
    let mut termios = tcgetattr(&file).unwrap();
    cfmakeraw(&mut termios);
    tcsetattr(&file, SetArg::TCSANOW, &termios).unwrap();
    file
}

pub(crate) fn try_open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags((OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(path)
}

fn wait(fd: BorrowedFd<'_>, events: PollFlags) {
    let mut look = [PollFd::new(fd, events)];
    let ready = poll(&mut look, LONG.as_millis() as u16).unwrap();
    assert_eq!(ready, 1, "nothing moves");
}

/// Waits until one of them can be read.
pub(crate) fn readable(fds: &[BorrowedFd<'_>]) {
    let looks = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN));
    let mut looks: Vec<_> = looks.collect();
    assert_ne!(poll(&mut looks, LONG.as_millis() as u16), Ok(0));
}

/// Writes all of it, as fast as it is taken.
pub(crate) fn write_all(fd: impl AsFd, bytes: &[u8]) {
    assert!(try_write(fd, bytes), "hung up");
}

/// The same; `false` if the other side is gone before it has all of it.
pub(crate) fn try_write(fd: impl AsFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match write(&fd, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::EAGAIN) => wait(fd.as_fd(), PollFlags::POLLOUT),
            Err(Errno::EIO) => return false,
            Err(error) => panic!("{error}"),
        }
    }
    true
}

/// Reads exactly so much.
pub(crate) fn read_exactly(fd: impl AsFd, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut at = 0;
    while at < length {
        match read(&fd, &mut bytes[at..]) {
            Ok(0) => panic!("hung up after {at} of {length} bytes"),
            Ok(more) => at += more,
            Err(Errno::EAGAIN) => wait(fd.as_fd(), PollFlags::POLLIN),
            Err(error) => panic!("{error} after {at} of {length} bytes"),
        }
    }
    bytes
}

/// Nothing waits to be read.
pub(crate) fn assert_nothing(fd: impl AsFd) {
    let mut bytes = [0; 64];
    match read(&fd, &mut bytes) {
        Err(Errno::EAGAIN) => {}
        other => panic!("{other:?}: {}", bytes.escape_ascii()),
    }
}

/// What a TTY is set to, in a form that can be compared.
pub(crate) fn settings(fd: impl AsFd) -> String {
    format!("{:?}", tcgetattr(fd).unwrap())
}

/// Its speed, which need not be one that termios(3) knows.
pub(crate) fn speed(fd: impl AsFd) -> u32 {
    // SAFETY: termios2 is plain numbers, for which zero is a value.
    let mut value: libc::termios2 = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the termios2 that the pointer leads to.
    let done = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TCGETS2, &mut value) };
    assert_eq!(done, 0);
    value.c_ospeed
}

/// What picocom, pyserial and others set and never take back.
pub(crate) fn leave_exclusive(fd: impl AsFd) {
    // SAFETY: the call takes no argument.
    let done = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCEXCL) };
    assert_eq!(done, 0);
}

/// A name that leads to one pair after the other, as /dev/serial/by-id does to one node after the other.
pub(crate) fn lead(link: &Path, pair: &Pair) {
    symlink(&pair.name, link).unwrap();
}
