//! The processes that `hayesd try` starts.

use anyhow::{Context as _, Result, bail};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

/// How long a process may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one may take to come up.
const START: Duration = Duration::from_secs(20);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(20);

/// A process with what it prints in a file. It ends with us, however we end.
#[derive(Debug)]
pub(super) struct Child {
    name: &'static str,
    process: Process,
    log: PathBuf,
}

impl Child {
    /// Starts `command`. What it prints goes to `NAME.log` in `folder`.
    pub(super) fn start(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
    ) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        // Ctrl-C at the terminal is for us: we end the others in order.
        command.process_group(0);
        // SAFETY: between fork and exec only prctl is called, which is a bare system call.
        unsafe {
            command.pre_exec(|| prctl::set_pdeathsig(Signal::SIGTERM).map_err(io::Error::from));
        }
        Ok(Self {
            name,
            process: command.spawn()?,
            log,
        })
    }

    /// Waits until `ready`, as long as the process lives.
    pub(super) async fn until(&mut self, mut ready: impl AsyncFnMut() -> bool) -> Result<()> {
        let start = tokio::time::Instant::now();
        while !ready().await {
            if let Some(status) = self.process.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.log());
            }
            if start.elapsed() > START {
                bail!("{} does not come up:\n{}", self.name, self.log());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// What it has printed.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn end(&mut self) -> Result<()> {
        if self.process.try_wait()?.is_some() {
            return Ok(());
        }
        let id = i32::try_from(self.process.id()).context("a process id")?;
        match kill(Pid::from_raw(id), Signal::SIGTERM) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
        let start = std::time::Instant::now();
        while self.process.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                self.process.kill()?;
                self.process.wait()?;
                bail!("{} did not end when it was asked to", self.name);
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            super::say(&format!("{error:#}"));
        }
    }
}
