//! How often a process woke up, as the kernel counts.

use anyhow::{Context as _, Result};
use std::fs;

/// Voluntary context switches of all threads so far: each is one sleep that ended.
///
/// # Errors
/// The process is gone.
pub fn of(process: u32) -> Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
            .context("no voluntary_ctxt_switches")?;
        sum += line.trim().parse::<u64>()?;
    }
    Ok(sum)
}
