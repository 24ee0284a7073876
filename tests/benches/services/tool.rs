//! Programs to compare with, each run measured by a small process of its own: Linux counts to a program's
//! peak what its parent had resident when it was started, and this bench has more than they do.

use crate::figures::Used;
use crate::tell;
use anyhow::{Context as _, Result, bail, ensure};
use hayes_tests::process::spawn_bound;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use std::env;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Makes this program the small process: what follows is a command. It prints wall and CPU in seconds and
/// the peak in MB.
pub(crate) const ARGUMENT: &str = "--measured";

/// Everything that is compared with, if it is there.
pub(crate) const ALL: [&str; 4] = ["curl", "msmtp", "mpop", "lftp"];

/// Runs a command and waits for its end. `None`: it is not installed.
pub(crate) fn measure(
    program: &str,
    arguments: &[&str],
    input: Option<File>,
) -> Result<Option<Used>> {
    let Some(path) = find(program) else {
        return Ok(None);
    };
    let mut command = Command::new(env::current_exe()?);
    command
        .arg(ARGUMENT)
        .arg(path)
        .args(arguments)
        .stdin(input.map_or_else(Stdio::null, Stdio::from))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = spawn_bound(&mut command)?.wait_with_output()?;
    ensure!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let &[wall, cpu, peak] = figures.as_slice() else {
        bail!("not three figures: {text}");
    };
    Ok(Some(Used { wall, cpu, peak }))
}

/// The small process.
pub(crate) fn run(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    let begin = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status()?;
    let wall = begin.elapsed().as_secs_f64();
    ensure!(status.success(), "{status}");
    // There was but this one child.
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let peak = usage.max_rss() as f64 * 1024.0 / 1e6;
    tell(&format!("{wall} {} {peak}", cpu as f64 / 1e6))
}

/// Its version as it says, or how to get it.
pub(crate) fn version(program: &str) -> Result<String> {
    let Some(path) = find(program) else {
        return Ok(format!("not installed (`tests/install {program}`)"));
    };
    let output = Command::new(path).arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    Ok(version.unwrap_or("version not known").to_owned())
}

fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
