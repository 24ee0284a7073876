//! Processes that end with the test, however it ends.

use crate::wait;
use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A process with everything it prints in a file. Dropped: killed, waited for, its log printed.
/// Should the test's process be killed itself, the kernel kills this one.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// Where its own part of the log begins, in bytes.
    begin: u64,
}

impl Process {
    /// Starts `command`; standard output and error go to the end of `log`.
    ///
    /// # Errors
    /// The program is not there, or the log cannot be written.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let begin = output.metadata()?.len();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let child = spawn_bound(command)
            .with_context(|| format!("{name}: {:?} does not start", command.get_program()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
            begin,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal; without effect if it has ended and was waited for.
    pub fn signal(&self, signal: Signal) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(id), signal);
        }
    }

    /// From now on it gets no file, socket or pipe any more; or again as many as it ever may.
    ///
    /// # Errors
    /// It has ended.
    pub fn may_open(&self, may: bool) -> Result<()> {
        let id = self.child.id();
        let mut taken = BTreeSet::new();
        for entry in fs::read_dir(format!("/proc/{id}/fd"))? {
            taken.extend(entry?.file_name().to_string_lossy().parse::<u64>());
        }
        // A new one would get the lowest number that is free.
        let free = (0..).find(|number| !taken.contains(number));
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        let (pid, what) = (libc::pid_t::try_from(id)?, libc::RLIMIT_NOFILE);
        // SAFETY: the kernel writes one rlimit, which is ours.
        Errno::result(unsafe { libc::prlimit(pid, what, std::ptr::null(), &raw mut limit) })?;
        limit.rlim_cur = match free {
            Some(free) if !may => free,
            _ => limit.rlim_max,
        };
        // SAFETY: the kernel reads one rlimit.
        Errno::result(unsafe { libc::prlimit(pid, what, &raw const limit, std::ptr::null_mut()) })?;
        Ok(())
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It runs longer than `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        wait::until(&format!("the end of {}", self.name), limit, || {
            self.child.try_wait().ok().flatten()
        })
    }

    /// What it has printed so far; of others that wrote to the same log before, nothing.
    pub fn log(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.begin))?;
            log.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let end = match ended {
            None => "ran to the end of the test".to_owned(),
            Some(status) => match status.signal() {
                Some(signal) => format!("had been ended by signal {signal}"),
                None => format!("had ended by itself: {status}"),
            },
        };
        show(&format!("{} {end}", self.name), &self.log());
    }
}

/// Prints a log for whoever looks at a failed test.
#[allow(
    clippy::print_stderr,
    reason = "the test harness keeps this and shows it when the test fails"
)]
pub fn show(title: &str, text: &str) {
    eprintln!("--- {title}");
    for line in text.lines() {
        eprintln!("    {line}");
    }
}

/// Starts `command` so that the kernel kills it when the calling thread, a test, is no more.
///
/// # Errors
/// As [`Command::spawn`].
pub fn spawn_bound(command: &mut Command) -> std::io::Result<Child> {
    // SAFETY: between fork and exec only prctl is called, which is a bare system call.
    unsafe {
        command.pre_exec(|| nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(Into::into));
    }
    command.spawn()
}

/// A command that runs as root: as it is if we are, else through `sudo`.
pub fn as_root(program: &str) -> Command {
    if nix::unistd::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg("-n").arg(program);
    command
}
