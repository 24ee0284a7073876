//! The daemon.

use hayesd::process::args::{self, Command};
use hayesd::process::{check, serve};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(text) => {
            let _ = writeln!(io::stderr(), "hayesd: {text}");
            return ExitCode::from(check::WRONG);
        }
    };
    let done = match command {
        Command::Serve { config } => return serve::serve(&config),
        Command::Check { config } => check::check(&config, &mut io::stdout().lock()),
        Command::Explain => print(&hayesd::config::explain()),
        Command::Try(arguments) => try_it(&arguments),
        Command::Ldisc(arguments) => return ldisc(arguments),
        Command::Version => print(&format!("hayesd {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Help => print(args::HELP),
    };
    // Whoever reads our output may have gone.
    done.unwrap_or(ExitCode::FAILURE)
}

fn print(text: &str) -> io::Result<ExitCode> {
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "try")]
fn try_it(arguments: &[OsString]) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match runtime.block_on(hayesd::try_run::run(arguments)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(problem) => {
            writeln!(io::stderr(), "hayesd try: {problem:#}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

#[cfg(feature = "try")]
fn ldisc(arguments: Vec<OsString>) -> ExitCode {
    hayes_ldisc::server::main(arguments)
}

#[cfg(not(feature = "try"))]
fn try_it(_: &[OsString]) -> io::Result<ExitCode> {
    writeln!(
        io::stderr(),
        "hayesd: this build is without `try`; cargo's feature \"try\" adds it"
    )?;
    Ok(ExitCode::from(check::WRONG))
}

#[cfg(not(feature = "try"))]
fn ldisc(_: Vec<OsString>) -> ExitCode {
    let _ = writeln!(
        io::stderr(),
        "hayesd: this build is without `ldisc`; hayes-ldisc is the helper"
    );
    ExitCode::from(check::WRONG)
}
