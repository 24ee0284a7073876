//! The socket, and who may use it.

use super::log;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, connect, getsockname,
    getsockopt, listen, socket, sockopt,
};
use nix::unistd::{Uid, User};
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The first descriptor that systemd passes (sd_listen_fds(3)).
const FIRST_PASSED: RawFd = 3;

/// Connections that wait to be taken; a daemon has one a port, all at once at its start.
const BACKLOG: i32 = 128;

/// The user that the daemon runs as.
const DAEMON: &str = "hayesd";

/// The socket that daemons connect to.
#[derive(Debug)]
pub(super) struct Listener {
    fd: OwnedFd,
    path: PathBuf,
    /// Made by us, so removed by us.
    own: bool,
    /// The uid of [`DAEMON`], looked up once: the lookup may ask a network.
    daemon: Option<Uid>,
}

impl Listener {
    /// Makes the socket at `path`, in place of one that nobody listens at. Once it is there, it is
    /// listened at.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        check_stale(path)?;
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}~", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let _ = fs::remove_file(&fresh);
        let fd = socket(
            AddressFamily::Unix,
            SockType::SeqPacket,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            None,
        )?;
        bind(fd.as_raw_fd(), &UnixAddr::new(&fresh)?)?;
        // Who may do what is decided by the peer's uid; this only keeps the rest of the system away.
        fs::set_permissions(&fresh, Permissions::from_mode(0o660))
            .and_then(|()| Ok(listen(&fd, Backlog::new(BACKLOG)?)?))
            .and_then(|()| fs::rename(&fresh, path))
            .inspect_err(|_| {
                let _ = fs::remove_file(&fresh);
            })?;
        Ok(Self::new(fd, path.to_owned(), true))
    }

    /// The socket that systemd made and passed (sd_listen_fds(3)).
    pub(super) fn passed() -> io::Result<Self> {
        let bad = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, text);
        let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
        if number("LISTEN_PID") != Some(std::process::id()) || number("LISTEN_FDS") != Some(1) {
            return Err(bad(
                "no socket was passed (LISTEN_FDS, LISTEN_PID); use --socket PATH",
            ));
        }
        // SAFETY: the service manager opened this descriptor for us alone, and nobody else here took
        // it: this is called once, before anything else is opened under that number.
        let fd = unsafe { OwnedFd::from_raw_fd(FIRST_PASSED) };
        if getsockopt(&fd, sockopt::SockType)? != SockType::SeqPacket
            || !getsockopt(&fd, sockopt::AcceptConn)?
        {
            return Err(bad(
                "the socket that was passed is no SOCK_SEQPACKET listener",
            ));
        }
        set_flags(&fd)?;
        let address: UnixAddr = getsockname(fd.as_raw_fd())?;
        let path = address
            .path()
            .ok_or_else(|| bad("the socket that was passed has no path"))?
            .to_owned();
        Ok(Self::new(fd, path, false))
    }

    fn new(fd: OwnedFd, path: PathBuf, own: bool) -> Self {
        let daemon = User::from_name(DAEMON).ok().flatten();
        Self {
            fd,
            path,
            own,
            daemon: daemon.map(|user| user.uid),
        }
    }

    /// The folder that the socket is in.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The next connection of someone who may; `None` when there is none.
    pub(super) fn accept(&self) -> nix::Result<Option<OwnedFd>> {
        loop {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let fd = match accept4(self.fd.as_raw_fd(), flags) {
                // SAFETY: the kernel has just opened this descriptor for us.
                Ok(fd) => unsafe { OwnedFd::from_raw_fd(fd) },
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR | Errno::ECONNABORTED) => continue,
                Err(error) => return Err(error),
            };
            let peer = getsockopt(&fd, sockopt::PeerCredentials)?;
            let uid = Uid::from_raw(peer.uid());
            if uid.is_root() || uid == Uid::effective() || Some(uid) == self.daemon {
                return Ok(Some(fd));
            }
            log(format_args!(
                "refused: process {} of user {uid}, who is neither root, {DAEMON} nor ours",
                peer.pid()
            ));
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.own {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether `path` is free, or a socket whose listener is gone; anything else is left alone.
fn check_stale(path: &Path) -> io::Result<()> {
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about?,
    };
    if !about.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "exists and is not a socket",
        ));
    }
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let probe = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
    match connect(probe.as_raw_fd(), &UnixAddr::new(path)?) {
        Err(Errno::ECONNREFUSED) => Ok(()),
        _ => Err(Errno::EADDRINUSE.into()),
    }
}

/// A passed descriptor blocks and is inherited, unless we say so.
fn set_flags(fd: &OwnedFd) -> nix::Result<()> {
    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}
