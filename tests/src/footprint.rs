//! How much of the machine a process holds.

use anyhow::{Context as _, Result};
use std::fs;

/// What a process holds now.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    /// Resident memory, in KiB.
    pub memory: usize,
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
}

impl Footprint {
    /// Looks at a process.
    ///
    /// # Errors
    /// It is gone.
    pub fn of(process: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let word = line.and_then(|line| line.split_whitespace().next());
            let word = word.with_context(|| format!("no {key}"))?;
            anyhow::Ok(word.parse()?)
        };
        Ok(Self {
            memory: number("VmRSS:")?,
            descriptors: fs::read_dir(format!("/proc/{process}/fd"))?.count(),
            threads: number("Threads:")?,
        })
    }
}
