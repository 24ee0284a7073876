//! What a process has used, as the kernel counts it.

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;
use std::io::{Error, Result};
use std::ops::Sub;
use std::process::Child;

/// A process that is measured; it ends with this.
pub(crate) struct Process(pub(crate) Child);

/// What was used between two looks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Seconds of CPU, user and kernel.
    cpu: f64,
    /// Calls of read(2) and its like.
    reads: u64,
    /// Voluntary context switches: it slept and was woken.
    pub(crate) wake_ups: u64,
    /// Seconds on the clock.
    pub(crate) elapsed: f64,
    /// Bytes that went through.
    pub(crate) bytes: u64,
}

impl Process {
    pub(crate) fn used(&self) -> Result<Used> {
        let id = self.0.id();
        let clock = clock_getcpuclockid(Pid::from_raw(id as i32))?;
        Ok(Used {
            cpu: seconds(clock)?,
            reads: field(&format!("/proc/{id}/io"), "syscr:")?,
            wake_ups: field(&format!("/proc/{id}/status"), "voluntary_ctxt_switches:")?,
            elapsed: seconds(ClockId::CLOCK_MONOTONIC)?,
            bytes: 0,
        })
    }

    /// Resident memory, in kB.
    pub(crate) fn resident(&self) -> Result<u64> {
        field(&format!("/proc/{}/status", self.0.id()), "VmRSS:")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sub for Used {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            cpu: self.cpu - before.cpu,
            reads: self.reads - before.reads,
            wake_ups: self.wake_ups - before.wake_ups,
            elapsed: self.elapsed - before.elapsed,
            bytes: self.bytes - before.bytes,
        }
    }
}

impl Used {
    fn megabytes(&self) -> f64 {
        self.bytes as f64 / 1e6
    }

    pub(crate) fn megabytes_per_second(&self) -> f64 {
        self.megabytes() / self.elapsed
    }

    pub(crate) fn cpu_per_megabyte(&self) -> f64 {
        self.cpu / self.megabytes()
    }

    pub(crate) fn reads_per_megabyte(&self) -> f64 {
        self.reads as f64 / self.megabytes()
    }

    pub(crate) fn wake_ups_per_megabyte(&self) -> f64 {
        self.wake_ups as f64 / self.megabytes()
    }
}

fn seconds(clock: ClockId) -> Result<f64> {
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
}

/// The number after `name` in a file of proc(5).
fn field(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| Error::other(format!("{path} has no {name}")))
}
