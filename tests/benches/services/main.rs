//! hayesd beside what one would take instead, on the same servers and in the same minutes: small mails,
//! mailboxes, files, files over a line, and calls over D-Bus. `cargo bench -p hayes-tests --bench services [-- WORD]`
//!
//! WORD: only lines of the tables that hold it. What it prints is Markdown, for BENCHMARKS.md; what servers
//! and daemons have logged goes to standard error. Without `--bench`, as from `cargo test --benches`, counts
//! are tiny and say nothing about speed.

mod access;
mod bare;
mod calls;
mod contest;
mod figures;
mod files;
mod hayesd;
mod line;
mod mail;
mod mailbox;
mod tool;

use anyhow::{Context as _, Result};
use contest::{Plan, Scale};
use std::fs;
use std::io::Write as _;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == tool::ARGUMENT => return tool::run(rest),
        Some((first, rest)) if first == bare::ARGUMENT => return bare::run(rest),
        _ => {}
    }
    let said = |word: &str| arguments.iter().any(|argument| argument == word);
    let scale = match said("--bench") && !said("--test") {
        true => Scale::FULL,
        false => Scale::BRIEF,
    };
    let word = arguments.iter().find(|word| !word.starts_with("--"));
    let plan = Plan {
        scale,
        word: word.cloned(),
    };
    tell(&format!("{} Before: {}.", environment()?, load()?))?;
    for tool in tool::ALL {
        tell(&format!("- {tool}: {}", tool::version(tool)?))?;
    }
    contest::head()?;
    mail::bench(&plan)?;
    mailbox::bench(&plan)?;
    files::bench(&plan)?;
    line::bench(&plan)?;
    calls::bench(&plan)?;
    tell(&format!("\nAfter: {}.", load()?))
}

/// What figures depend on: cores, kernel, priority.
fn environment() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The 19th field (proc(5)); the name in parentheses, which may hold anything, is the second.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let nice = rest.split_whitespace().nth(16).context("no nice level")?;
    Ok(format!(
        "{cores} cores, Linux {}, nice level {nice}.",
        kernel.trim()
    ))
}

/// Whatever else the machine does.
fn load() -> Result<String> {
    let averages = fs::read_to_string("/proc/loadavg")?;
    let minute = averages.split(' ').next().context("no load average")?;
    Ok(format!("load average of a minute {minute}"))
}

fn tell(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
