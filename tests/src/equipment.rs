//! Serial equipment at the far end of a pseudo-terminal: what a test types, and what it reads.

use crate::wait;
use anyhow::{Context as _, Result, bail, ensure};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{read, write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// An open TTY, raw. Dropped: closed, which the other side sees as DTR off.
#[derive(Debug)]
pub struct Equipment {
    tty: OwnedFd,
    /// What was read and not yet asked for.
    unread: Vec<u8>,
    /// How long an answer may take before the test gives up on it.
    patience: Duration,
}

impl AsFd for Equipment {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}

impl Equipment {
    /// Opens the TTY and makes it raw.
    ///
    /// # Errors
    /// It is not there, or no TTY.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let tty = nix::fcntl::open(path, flags, Mode::empty())
            .with_context(|| format!("{} does not open", path.display()))?;
        let mut termios = tcgetattr(&tty)?;
        cfmakeraw(&mut termios);
        tcsetattr(&tty, SetArg::TCSANOW, &termios)?;
        Ok(Self {
            tty,
            unread: Vec::new(),
            patience: wait::LONG,
        })
    }

    /// Takes over the master of a pseudo-terminal.
    ///
    /// # Errors
    /// It is none.
    pub fn from_master(master: OwnedFd) -> Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&master, FcntlArg::F_GETFL)?);
        fcntl(&master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Self {
            tty: master,
            unread: Vec::new(),
            patience: wait::LONG,
        })
    }

    /// Waits longer for answers than other tests do.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Sends bytes, in as many writes as the TTY wants.
    ///
    /// # Errors
    /// It takes nothing more for a long time.
    pub fn send(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            match write(&self.tty, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::EAGAIN) => {
                    ensure!(
                        self.wait(PollFlags::POLLOUT, self.patience)?,
                        "the TTY takes nothing more"
                    );
                }
                Err(error) => return Err(error).context("writing to the TTY"),
            }
        }
        Ok(())
    }

    /// Reads up to and with the first occurrence of `text` and returns all of that. What came after it
    /// is kept.
    ///
    /// # Errors
    /// It did not come; the error holds what came instead.
    pub fn expect(&mut self, text: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        let text = text.as_ref();
        let start = Instant::now();
        loop {
            let found = self
                .unread
                .windows(text.len())
                .position(|window| window == text);
            if let Some(at) = found {
                return Ok(self.unread.drain(..at + text.len()).collect());
            }
            let left = self.patience.saturating_sub(start.elapsed());
            if left.is_zero() || !self.read_more(left)? {
                bail!(
                    "\"{}\" did not come, but \"{}\"",
                    text.escape_ascii(),
                    self.unread.escape_ascii()
                );
            }
        }
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// They did not come.
    pub fn exactly(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.unread.len() < count {
            ensure!(
                self.read_more(self.patience)?,
                "of {count} bytes {} came",
                self.unread.len()
            );
        }
        Ok(self.unread.drain(..count).collect())
    }

    /// Sends a command line and returns what came up to and with its final result code, as lines
    /// without the empty ones.
    ///
    /// # Errors
    /// No result code came.
    pub fn command(&mut self, line: &str) -> Result<Vec<String>> {
        self.send(format!("{line}\r"))?;
        self.result().with_context(|| format!("after {line}"))
    }

    /// The lines up to and with the next final result code.
    ///
    /// # Errors
    /// None came.
    pub fn result(&mut self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let last = matches!(line.as_str(), "OK" | "ERROR" | "CONNECT" | "NO CARRIER")
                || line.starts_with("+CME ERROR: ");
            lines.push(line);
            if last {
                return Ok(lines);
            }
        }
    }

    /// The next line that is not empty, without its line ends.
    ///
    /// # Errors
    /// None came.
    pub fn line(&mut self) -> Result<String> {
        loop {
            let bytes = self.expect(b"\n")?;
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_matches(['\r', '\n']);
            if !text.is_empty() {
                return Ok(text.to_owned());
            }
        }
    }

    /// A command that must answer OK, echoed or not.
    ///
    /// # Errors
    /// It answered something else.
    pub fn ok(&mut self, line: &str) -> Result<Vec<String>> {
        let lines = self.command(line)?;
        ensure!(
            lines.last().is_some_and(|last| last == "OK"),
            "{line} answered {lines:?}"
        );
        Ok(lines)
    }

    /// Returns what comes within `time`, without waiting for anything in particular.
    ///
    /// # Errors
    /// The TTY is gone.
    pub fn collect(&mut self, time: Duration) -> Result<Vec<u8>> {
        let start = Instant::now();
        loop {
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() || !self.read_more(left)? {
                return Ok(std::mem::take(&mut self.unread));
            }
        }
    }

    /// Sets TIOCEXCL, which outlives us while the other side keeps the terminal.
    ///
    /// # Errors
    /// As the ioctl.
    pub fn set_exclusive(&self) -> Result<()> {
        use std::os::fd::AsRawFd as _;
        // SAFETY: TIOCEXCL takes no argument.
        Errno::result(unsafe { libc::ioctl(self.tty.as_raw_fd(), libc::TIOCEXCL) })?;
        Ok(())
    }

    /// Reads once. False: nothing came within `limit`.
    fn read_more(&mut self, limit: Duration) -> Result<bool> {
        if !self.wait(PollFlags::POLLIN, limit)? {
            return Ok(false);
        }
        let mut buffer = [0; 4096];
        match read(&self.tty, &mut buffer) {
            Ok(0) => bail!("the TTY was hung up"),
            Ok(n) => self.unread.extend_from_slice(&buffer[..n]),
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error).context("reading from the TTY"),
        }
        Ok(true)
    }

    fn wait(&self, events: PollFlags, limit: Duration) -> Result<bool> {
        let mut fds = [PollFd::new(self.tty.as_fd(), events)];
        let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, limit) {
            Ok(n) => Ok(n > 0),
            Err(Errno::EINTR) => Ok(true),
            Err(error) => Err(error).context("waiting for the TTY"),
        }
    }
}
