//! The program to compare with: reads a pseudo-terminal, writes a socket, and nothing else.

use crate::process::{Process, Used};
use crate::traffic::{self, Load};
use nix::fcntl::OFlag;
use nix::pty::{posix_openpt, ptsname_r, unlockpt};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{read, write};
use std::fs::File;
use std::io::{BufRead, BufReader, Error, Result, Write, stdout};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes this program a pump.
pub(crate) const ARGUMENT: &str = "--pump";

pub(crate) struct Pump {
    process: Process,
    tty: File,
    socket: OwnedFd,
}

impl Pump {
    pub(crate) fn start() -> Result<Self> {
        let (socket, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(theirs)
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or_else(|| Error::other("no pipe"))?;
        let process = Process(child);
        let mut name = String::new();
        BufReader::new(out).read_line(&mut name)?;
        let tty = traffic::open(Path::new(name.trim()))?;
        Ok(Self {
            process,
            tty,
            socket,
        })
    }

    pub(crate) fn measure(&self, load: Load) -> Result<Used> {
        traffic::measure(&self.process, &self.tty, &self.socket, load, |length| {
            length
        })
    }
}

/// The pump itself: standard input is its socket.
pub(crate) fn run() -> Result<()> {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY)?;
    unlockpt(&master)?;
    let name = ptsname_r(&master)?;
    // Held open, so that reading blocks while nobody else is there.
    let slave = traffic::open(Path::new(&name))?;
    let mut termios = tcgetattr(&slave)?;
    cfmakeraw(&mut termios);
    tcsetattr(&slave, SetArg::TCSANOW, &termios)?;
    writeln!(stdout(), "{name}")?;
    stdout().flush()?;
    // SAFETY: standard input stays open as long as the process runs.
    let socket = unsafe { BorrowedFd::borrow_raw(0) };
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = read(&master, &mut bytes)?;
        write(socket, &bytes[..length])?;
    }
}
