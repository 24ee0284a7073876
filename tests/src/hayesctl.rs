//! `hayesctl` as a process, on the bus of a site.

use crate::binaries;
use crate::bus::Bus;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

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
