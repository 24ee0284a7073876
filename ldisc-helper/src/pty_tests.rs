use super::{Pair, Pty};
use crate::tty::ioctl;
use nix::errno::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::PathBuf;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("hayes-ldisc-pty-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(pty: &Pty) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
        .open(&pty.link)
        .unwrap()
}

fn read(fd: impl AsFd) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0; 65536];
    let n = nix::unistd::read(fd, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

/// Waits until what was written has gone through the kernel's worker.
fn settle(fd: impl AsFd) {
    use nix::poll::{PollFd, PollFlags, poll};
    poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], 5000u16).unwrap();
}

#[test]
fn it_is_raw_and_ours_before_it_has_a_name() {
    let folder = Folder::new("raw");
    let pty = Pty::create(&folder.0.join("panel"), None).unwrap();
    let slave = open(&pty);
    let termios = ioctl::termios(&slave).unwrap();
    assert_eq!((termios.c_lflag, termios.c_oflag), (0, 0));
    assert_eq!(slave.metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn the_name_goes_when_it_is_ours_and_only_then() {
    let folder = Folder::new("name");
    let link = folder.0.join("panel");
    let first = Pty::create(&link, None).unwrap();
    let second = Pty::create(&link, None).unwrap();
    drop(first);
    assert_eq!(fs::read_link(&link).unwrap(), second.pair.slave);
    drop(second);
    assert!(fs::symlink_metadata(&link).is_err());
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn it_takes_no_name_of_another_kind() {
    let folder = Folder::new("taken");
    let link = folder.0.join("panel");
    fs::write(&link, "precious").unwrap();
    assert!(Pty::create(&link, None).is_err());
    assert_eq!(fs::read(&link).unwrap(), b"precious");
    fs::remove_file(&link).unwrap();
    symlink("/etc/passwd", &link).unwrap();
    assert!(Pty::create(&link, None).is_err());
    assert!(Pty::create(&folder.0.join("missing/panel"), None).is_err());
}

#[test]
fn open_and_closed_are_told() {
    let folder = Folder::new("open");
    let mut pty = Pty::create(&folder.0.join("panel"), None).unwrap();
    assert!(!pty.is_open());
    assert_eq!(pty.inotify.read_events().unwrap_err(), Errno::EAGAIN);

    let mut slave = open(&pty);
    assert!(pty.is_open());
    assert_eq!(pty.inotify.read_events().unwrap().len(), 1);
    pty.stop_watching();

    slave.write_all(b"AT\r").unwrap();
    drop(slave);
    assert!(!pty.is_open());
    // What was sent before the close still counts.
    assert_eq!(read(&pty).unwrap(), b"AT\r");
    assert_eq!(read(&pty), Err(Errno::EIO));
    pty.clean().unwrap();
    assert!(!pty.is_open());
    // What we did ourselves does not wake us.
    assert_eq!(pty.inotify.read_events().unwrap_err(), Errno::EAGAIN);
}

#[test]
fn nothing_stale_is_read_by_the_next_user() {
    let folder = Folder::new("stale");
    let mut pty = Pty::create(&folder.0.join("panel"), None).unwrap();
    for amount in [1, 4000, 1 << 20] {
        let slave = open(&pty);
        let mut left = amount;
        while left > 0 {
            match nix::unistd::write(&pty, &vec![b'x'; left.min(4096)]) {
                Ok(n) => left -= n,
                Err(error) => {
                    assert_eq!(error, Errno::EAGAIN);
                    break;
                }
            }
        }
        settle(&slave);
        drop(slave);
        pty.clean().unwrap();
        let mut next = open(&pty);
        let error = next.read(&mut [0; 64]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN), "{amount}");
        // And it works.
        nix::unistd::write(&pty, b"new").unwrap();
        settle(&next);
        assert_eq!(read(&next).unwrap(), b"new");
    }
}

/// Runs this as an unprivileged user (this thread alone: the call is the kernel's, not the library's).
fn as_nobody(what: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // SAFETY: setresuid takes three numbers, and nothing else runs on this thread.
            let done = unsafe { libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534) };
            if done != 0 {
                eprintln!("not root: TIOCEXCL is tested as the user who runs this");
            }
            what();
        });
    });
}

#[test]
fn exclusivity_that_was_left_behind_is_gone_for_the_next_user() {
    let folder = Folder::new("exclusive");
    // The unprivileged thread makes links here.
    fs::set_permissions(
        &folder.0,
        <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777),
    )
    .unwrap();
    as_nobody(|| {
        let link = folder.0.join("panel");
        let mut pty = Pty::create(&link, None).unwrap();
        let name = fs::read_link(&link).unwrap();
        let slave = open(&pty);
        pty.stop_watching();
        ioctl::set_exclusive(&slave, true).unwrap();
        drop(slave);
        assert_eq!(ioctl::pty_peer(&pty.pair.master).unwrap_err(), Errno::EBUSY);
        pty.clean().unwrap();
        assert_ne!(fs::read_link(&link).unwrap(), name);
        assert!(!pty.is_open());
        // Watched as before.
        let _next = open(&pty);
        assert_eq!(pty.inotify.read_events().unwrap().len(), 1);
        assert!(pty.is_open());
    });
}

#[test]
fn root_takes_the_exclusivity_away() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("not root: nothing to test");
        return;
    }
    let folder = Folder::new("root");
    let mut pty = Pty::create(&folder.0.join("panel"), None).unwrap();
    let slave = open(&pty);
    ioctl::set_exclusive(&slave, true).unwrap();
    drop(slave);
    pty.clean().unwrap();
    assert!(!ioctl::is_exclusive(&open(&pty)).unwrap());
}

#[test]
fn the_group_may_open_it() {
    let Ok(pair) = Pair::new(Some(nix::unistd::getgid())) else {
        panic!("no pty");
    };
    assert_eq!(fs::metadata(&pair.slave).unwrap().mode() & 0o777, 0o660);
}
