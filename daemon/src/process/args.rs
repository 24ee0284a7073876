//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The service.
    Serve {
        /// The main configuration file.
        config: PathBuf,
    },
    /// Whether the configuration is right.
    Check {
        /// The main configuration file.
        config: PathBuf,
    },
    /// All keys of the configuration.
    Explain,
    /// Everything on one machine, with what follows `try`.
    Try(Vec<OsString>),
    /// The helper, with what follows `ldisc`.
    Ldisc(Vec<OsString>),
    /// Who we are.
    Version,
    /// What there is to ask for.
    Help,
}

/// What `--help` prints.
pub const HELP: &str = "\
hayesd: mail, POP3 and FTP through cellular modules, or in place of them

  hayesd [--config FILE]                  the service
  hayesd check [--config FILE]            what is wrong with the configuration; exit 0 or 2
  hayesd check --explain                  every key with its values and its default
  hayesd try [--once]                     everything on one machine, nothing to configure (feature \"try\")
  hayesd --version | --help

FILE is /etc/hayesd/hayesd.toml if not given; FILE's folder hayesd.d/*.toml is read after it.
";

/// Reads a command line, without the program's name.
///
/// # Errors
///
/// One line that says what is not understood.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut args = args.into_iter().peekable();
    let mut check = false;
    if let Some(first) = args.peek() {
        match first.to_str() {
            Some("try") => return Ok(Command::Try(args.skip(1).collect())),
            Some("ldisc") => return Ok(Command::Ldisc(args.skip(1).collect())),
            Some("check") => {
                check = true;
                args.next();
            }
            _ => {}
        }
    }
    let mut config = None;
    let mut explain = false;
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        match text.as_ref() {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            "--explain" if check => explain = true,
            "--config" if config.is_none() => match args.next() {
                Some(file) if !file.is_empty() => config = Some(PathBuf::from(file)),
                _ => return Err("--config needs a file".into()),
            },
            other => match other.strip_prefix("--config=") {
                Some(file) if config.is_none() && !file.is_empty() => {
                    config = Some(PathBuf::from(file))
                }
                _ => {
                    return Err(format!(
                        "`{}` is not understood here; see hayesd --help",
                        other.escape_debug()
                    ));
                }
            },
        }
    }
    match (explain, &config) {
        (true, None) => Ok(Command::Explain),
        (true, Some(_)) => Err("--explain reads no file".into()),
        (false, _) => {
            let config = config.unwrap_or_else(|| crate::config::DEFAULT_FILE.into());
            Ok(if check {
                Command::Check { config }
            } else {
                Command::Serve { config }
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_can_be_asked() {
        let config = |file: &str| PathBuf::from(file);
        let default = || config(crate::config::DEFAULT_FILE);
        assert_eq!(parsed(""), Ok(Command::Serve { config: default() }));
        assert_eq!(
            parsed("--config x"),
            Ok(Command::Serve {
                config: config("x")
            })
        );
        assert_eq!(
            parsed("--config=x"),
            Ok(Command::Serve {
                config: config("x")
            })
        );
        assert_eq!(parsed("check"), Ok(Command::Check { config: default() }));
        assert_eq!(
            parsed("check --config x"),
            Ok(Command::Check {
                config: config("x")
            })
        );
        assert_eq!(parsed("check --explain"), Ok(Command::Explain));
        assert_eq!(
            parsed("try --once"),
            Ok(Command::Try(vec!["--once".into()]))
        );
        assert_eq!(
            parsed("ldisc --socket s"),
            Ok(Command::Ldisc(vec!["--socket".into(), "s".into()]))
        );
        assert_eq!(parsed("-V"), Ok(Command::Version));
        assert_eq!(parsed("check --help"), Ok(Command::Help));
    }

    #[test]
    fn what_is_not_understood() {
        for line in [
            "serve",
            "--config",
            "--config a --config b",
            "--explain",
            "check x",
            "-x",
            "--config=",
            "check --explain --config x",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
