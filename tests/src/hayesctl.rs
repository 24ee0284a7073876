//! `hayesctl` as a process, on the bus of a site.

use crate::binaries;
use crate::bus::Bus;
use crate::wait;
use anyhow::{Context as _, Result, ensure};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{LocalFlags, tcgetattr};
use serde_json::Value;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// What a call came to.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; `None` where a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as JSON.
    ///
    /// # Errors
    /// It is none, or more than one value.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.stdout).with_context(|| format!("no JSON: {self:?}"))
    }

    /// The same, of a call that must have been right.
    ///
    /// # Errors
    /// It was not.
    pub fn good(self) -> Result<Self> {
        ensure!(self.status == Some(0), "{self:?}");
        Ok(self)
    }

    /// Expects an exit status, and one line on standard error that has these words.
    ///
    /// # Errors
    /// It came to something else.
    pub fn bad(&self, status: i32, words: &str) -> Result<()> {
        ensure!(self.status == Some(status), "{status}: {self:?}");
        ensure!(
            self.stderr.starts_with("hayesctl: ")
                && self.stderr.ends_with('\n')
                && self.stderr.matches('\n').count() == 1,
            "not one line: {self:?}"
        );
        ensure!(self.stderr.contains(words), "{words:?}: {self:?}");
        Ok(())
    }
}

/// A command that runs `hayesctl` on a bus.
///
/// # Errors
/// It does not build.
pub fn command(bus: &Bus, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(binaries::hayesctl()?);
    command
        .arg("--bus")
        .arg(bus.address())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// Runs it to its end.
///
/// # Errors
/// It does not start.
pub fn run(bus: &Bus, arguments: &[&str]) -> Result<Ended> {
    ended(command(bus, arguments)?.spawn()?)
}

/// Runs it with this on its standard input, a pipe.
///
/// # Errors
/// It does not start.
pub fn run_with(bus: &Bus, arguments: &[&str], input: &[u8]) -> Result<Ended> {
    let mut child = command(bus, arguments)?.stdin(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    // Who is wrong with its arguments does not read it.
    let _ = stdin.write_all(input);
    drop(stdin);
    ended(child)
}

/// Waits for the end of one that was started.
///
/// # Errors
/// It cannot be waited for.
pub fn ended(child: Child) -> Result<Ended> {
    let output = child.wait_with_output()?;
    Ok(Ended {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// One that runs on a terminal of its own, as at a person's.
pub struct AtTerminal {
    child: Child,
    master: File,
    seen: String,
}

impl AtTerminal {
    /// Starts it there.
    ///
    /// # Errors
    /// No pseudo-terminal is left, or it does not start.
    pub fn start(mut command: Command) -> Result<Self> {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let slave = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(ptsname_r(&master)?)?;
        command
            .stdin(slave.try_clone()?)
            .stdout(slave.try_clone()?)
            .stderr(slave);
        // SAFETY: between fork and exec only setsid and ioctl are called, bare system calls.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    -1 => Err(std::io::Error::last_os_error()),
                    _ => Ok(()),
                }
            });
        }
        let child = command.spawn()?;
        // Our copies of the slave go with the command.
        drop(command);
        Ok(Self {
            child,
            master: OwnedFd::from(master).into(),
            seen: String::new(),
        })
    }

    /// Reads until these words are on the screen; returns all that was.
    ///
    /// # Errors
    /// They never come.
    pub fn until(&mut self, words: &str) -> Result<&str> {
        let begin = Instant::now();
        while !self.seen.contains(words) {
            ensure!(begin.elapsed() < wait::LONG, "{words:?} in {:?}", self.seen);
            let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::from(100_u8))?;
            if fds[0].any() == Some(true) {
                let mut buffer = [0; 1024];
                let n = self.master.read(&mut buffer)?;
                self.seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        }
        Ok(&self.seen)
    }

    /// Types.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn type_in(&mut self, keys: &str) -> Result<()> {
        Ok(self.master.write_all(keys.as_bytes())?)
    }

    /// Whether the terminal shows what is typed.
    ///
    /// # Errors
    /// It is gone.
    pub fn echoes(&self) -> Result<bool> {
        let settings = tcgetattr(&self.master)?;
        Ok(settings.local_flags.contains(LocalFlags::ECHO))
    }

    /// Reads to its end; all that was on the screen, and the exit status.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn end(mut self) -> Result<(Option<i32>, String)> {
        let mut rest = Vec::new();
        // A master without a slave reads EIO: the end.
        let _ = self.master.read_to_end(&mut rest);
        self.seen.push_str(&String::from_utf8_lossy(&rest));
        Ok((self.child.wait()?.code(), self.seen))
    }
}
