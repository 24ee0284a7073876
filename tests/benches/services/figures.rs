//! What a piece of work has cost, as the kernel counts it.

use anyhow::{Context as _, Result};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Used {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of CPU, user and kernel.
    pub(crate) cpu: f64,
    /// The most resident memory, in MB.
    pub(crate) peak: f64,
}

impl Used {
    /// Of two runs: other work only makes times worse, so the better one counts; of memory the worse.
    pub(crate) fn better(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak: self.peak.max(other.peak),
        }
    }

    /// Both, one after the other.
    pub(crate) fn then(self, next: Self) -> Self {
        Self {
            wall: self.wall + next.wall,
            cpu: self.cpu + next.cpu,
            peak: self.peak.max(next.peak),
        }
    }
}

/// Seconds of CPU that a process has used so far, all its threads together.
pub(crate) fn cpu(process: u32) -> Result<f64> {
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(process)?))?;
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
}

/// Forgets the peak of a process, so that [`peak`] is that since now (proc(5), `clear_refs`).
pub(crate) fn forget_peak(process: u32) -> Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    fs::write(&path, "5").with_context(|| format!("writing {path}"))
}

/// The most resident memory of a process, in MB.
pub(crate) fn peak(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: f64 = number.context("no VmHWM")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
