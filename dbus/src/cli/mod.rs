//! `hayesctl`: what it is asked, what it asks hayesd, what it prints.
//!
//! No interface for programs: these use the proxies. Public is what the binary needs, and what its manual
//! page and its completions are made from.

mod account;
mod address;
mod attachment;
mod bus;
mod content;
mod emulator;
mod exit;
mod failure;
mod follow;
mod ftp;
mod header;
mod interrupt;
mod job;
mod json;
mod local;
mod mail;
mod modem;
mod objects;
mod out;
mod pop3;
mod port;
mod progress;
mod server;
mod status;
mod table;
mod terminal;
mod text;
mod trace;

pub use exit::{STATUSES, errors};

use bus::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use exit::Exit;
use failure::{Failure, Result};
use out::Out;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Mail, POP3 and FTP by way of hayesd, and a look at its modems, emulators and jobs
///
/// hayesctl asks hayesd by D-Bus. What needs a server becomes a job of hayesd; hayesctl shows how far it is
/// and ends with it. Ctrl-C cancels the job. Accounts, modems and emulators have the names of the
/// configuration (hayesd.toml(5)).
#[derive(Debug, Parser)]
#[command(
    name = "hayesctl",
    version,
    arg_required_else_help = true,
    subcommand_value_name = "COMMAND"
)]
struct Hayesctl {
    /// The D-Bus address of the bus; without, the system bus
    #[arg(long, global = true, value_name = "ADDRESS")]
    bus: Option<String>,
    /// Print one JSON value: the result, or an object with `error`
    #[arg(long, global = true)]
    json: bool,
    /// No progress, no notes, no word of success
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(subcommand)]
    Mail(mail::Mail),
    #[command(subcommand)]
    Pop3(pop3::Pop3),
    #[command(subcommand)]
    Ftp(ftp::Ftp),
    #[command(subcommand)]
    Job(job::Job),
    #[command(subcommand)]
    Modem(modem::Modem),
    #[command(subcommand)]
    Emulator(emulator::Emulator),
    #[command(subcommand)]
    Account(account::Account),
    Trace(trace::Trace),
    #[command(subcommand)]
    Port(port::Port),
    /// Tell how hayesd is, and its modems and emulators
    Status,
    /// Let hayesd read its configuration again
    Reload,
    /// Change how much hayesd logs until it ends
    LogLevel {
        #[arg(value_parser = ["error", "warning", "info", "debug", "trace"])]
        level: String,
    },
}

/// Does what the arguments say, the first being the program's name; returns one of [`STATUSES`].
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // For errors before the arguments are understood.
    let json = arguments.iter().any(|one| one == "--json");
    let mut out = Out { json, quiet: false };
    let done = match Hayesctl::try_parse_from(arguments) {
        Ok(asked) => {
            out.quiet = asked.quiet;
            run(asked, out)
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // What can be said next is all that helps.
            let _ = write!(io::stderr(), "{}", error.render());
            Err(Failure::usage("a command is missing"))
        }
        Err(error) if error.use_stderr() => Err(wrong_usage(&error)),
        // Help, or the version.
        Err(text) => Out { json: false, ..out }.bytes(text.render().to_string().as_bytes()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// The definition of the command line.
pub fn command() -> clap::Command {
    Hayesctl::command()
}

fn run(asked: Hayesctl, out: Out) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Software, format!("the runtime: {error}")))?;
    runtime.block_on(async {
        let context = Context::new(asked.bus, out);
        match asked.command {
            Command::Mail(mail) => mail.run(&context).await,
            Command::Pop3(pop3) => pop3.run(&context).await,
            Command::Ftp(ftp) => ftp.run(&context).await,
            Command::Job(job) => job.run(&context).await,
            Command::Modem(modem) => modem.run(&context).await,
            Command::Emulator(emulator) => emulator.run(&context).await,
            Command::Account(account) => account.run(&context).await,
            Command::Trace(trace) => trace.run(&context).await,
            Command::Port(port) => port.run(out),
            Command::Status => status::show(&context).await,
            Command::Reload => status::reload(&context).await,
            Command::LogLevel { level } => status::log_level(&context, &level).await,
        }
    })
}

/// What is wrong with the arguments, in one line: clap's first words, its tip, and where help is.
fn wrong_usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let mut words = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        words.extend(line.split_whitespace());
    }
    let line = words.join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    Failure::usage(format!("{line} (hayesctl --help, hayesctl COMMAND --help)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn wrong_arguments_are_explained_in_one_line() {
        for (line, words) in [
            ("hayesctl mail sned", "'sned'"),
            ("hayesctl mail send --sbject x", "'--sbject'"),
            ("hayesctl mail send --timeout soon a@example.org", "1h30m"),
            ("hayesctl mail send --raw --subject x", "'--subject"),
        ] {
            let error = Hayesctl::try_parse_from(line.split(' ')).unwrap_err();
            let failure = wrong_usage(&error);
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.text.contains(words), "{}", failure.text);
            assert!(!failure.text.contains('\n'), "{}", failure.text);
        }
    }
}
