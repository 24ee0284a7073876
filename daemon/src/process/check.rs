//! `hayesd check`.

use crate::config::{self, Machine, Severity};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// The exit code for a configuration that is wrong, or not right for this machine.
pub const WRONG: u8 = 2;

/// Says what is wrong with a configuration, a line each; 0 where nothing but warnings is to be said.
pub fn check(file: &Path, out: &mut dyn Write) -> io::Result<ExitCode> {
    let (problems, is_sound) = match config::load(file) {
        Ok(mut loaded) => {
            loaded.check_machine(&Machine::for_service());
            let is_sound = loaded
                .problems
                .iter()
                .all(|problem| problem.severity == Severity::Warning);
            (loaded.problems, is_sound)
        }
        Err(problems) => (problems, false),
    };
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    if is_sound {
        writeln!(out, "{}: good", file.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(WRONG))
}
