//! How the helper is started.

use super::stats::Stats;
use crate::allow::PORTS_FILE;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a port is kept for a daemon that went away.
const ORPHAN: Duration = Duration::from_secs(60);

/// What `--help` prints.
const HELP: &str = "\
Usage: hayes-ldisc [--socket PATH] [--allow PATH]... [--orphan SECONDS] [--spawned]

Claims TTYs for hayesd. Without --socket, the socket is the one that systemd passes.

  --socket PATH     listen at PATH (SOCK_SEQPACKET); a socket that nobody listens at is replaced
  --allow PATH      a device that may be claimed although the list does not name it; a path or a glob
  --orphan SECONDS  give a port back when no daemon has claimed it for so long (60)
  --spawned         end when standard input is closed, and allow a pseudo-terminal at any path
                    (device \"pty:/any/path\"); devices on standard input, one a line and an empty
                    line at the end, take the place of those of --allow
  --help, --version

The list of ports is /etc/hayesd/ports: a path or a glob a line. Without it /dev/ttyS*, ttyUSB*,
ttyACM*, ttyAMA*, ttymxc*, /dev/serial/by-*/* and /dev/wwan*at* may be claimed.
SIGUSR1 prints what the loop has done so far; SIGTERM and SIGINT give everything back.
";

/// How the helper is to run.
#[derive(Debug)]
pub struct Options {
    /// Where to listen; `None`: at the socket that systemd passed (sd_listen_fds(3)).
    pub socket: Option<PathBuf>,
    /// The list of ports.
    pub ports_file: PathBuf,
    /// Devices that may be claimed beside the list: paths or globs.
    pub allow: Vec<String>,
    /// How long a port is kept for a daemon that went away.
    pub orphan: Duration,
    /// Ends when the other end of this closes, and allows `pty:/any/path`: whoever started us is the only
    /// one whom we serve. The devices that are written to it, one a line and an empty line at the end, take
    /// the place of `allow`.
    pub spawned: Option<OwnedFd>,
    /// Takes SIGTERM, SIGINT, SIGHUP and SIGUSR1 (for this thread: block them in others).
    pub signals: bool,
    /// Counts what happens.
    pub stats: Arc<Stats>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            socket: None,
            ports_file: PORTS_FILE.into(),
            allow: Vec::new(),
            orphan: ORPHAN,
            spawned: None,
            signals: false,
            stats: Arc::default(),
        }
    }
}

/// What a command line asks for.
#[derive(Debug)]
pub(super) enum Asked {
    /// To run; and whether to end with standard input.
    Run { options: Options, spawned: bool },
    /// To print this.
    Print(String),
}

/// Reads a command line, without the program's name.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let mut arguments = arguments.into_iter();
    let mut options = Options::default();
    let mut spawned = false;
    while let Some(argument) = arguments.next() {
        let argument = text(argument)?;
        // Both `--socket PATH` and `--socket=PATH`.
        let (name, mut value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut wanted = |what: &str| match value.take() {
            Some(value) => Ok(value),
            None => match arguments.next() {
                Some(value) => text(value),
                None => Err(format!("{name} needs {what}")),
            },
        };
        match name {
            "--socket" => options.socket = Some(wanted("a path")?.into()),
            "--allow" => options.allow.push(wanted("a path")?),
            "--orphan" => {
                let seconds = wanted("a number of seconds")?;
                options.orphan = seconds
                    .parse()
                    .map(Duration::from_secs)
                    .map_err(|_| format!("--orphan {seconds}: not a number of seconds"))?;
            }
            "--spawned" => spawned = true,
            "--help" => return Ok(Asked::Print(HELP.into())),
            "--version" => {
                return Ok(Asked::Print(format!(
                    "hayes-ldisc {}\n",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            _ => return Err(format!("unknown argument {argument:?}; see --help")),
        }
        if value.is_some() {
            return Err(format!("{name} takes no value"));
        }
    }
    Ok(Asked::Run { options, spawned })
}

fn text(argument: OsString) -> Result<String, String> {
    argument
        .into_string()
        .map_err(|argument| format!("{argument:?} is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::{Asked, parse};
    use std::time::Duration;

    fn ask(line: &str) -> Result<Asked, String> {
        parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn everything() {
        let line = "--socket /run/x --allow /dev/a --allow=/dev/b* --orphan 5 --spawned";
        let Ok(Asked::Run { options, spawned }) = ask(line) else {
            panic!("{line}");
        };
        assert_eq!(options.socket, Some("/run/x".into()));
        assert_eq!(options.allow, ["/dev/a", "/dev/b*"]);
        assert_eq!(options.orphan, Duration::from_secs(5));
        assert!(spawned);
    }

    #[test]
    fn nothing() {
        let Ok(Asked::Run { options, spawned }) = ask("") else {
            panic!();
        };
        assert_eq!((options.socket, spawned), (None, false));
        assert_eq!(options.orphan, Duration::from_secs(60));
        assert_eq!(options.ports_file.to_str(), Some("/etc/hayesd/ports"));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, error) in [
            ("--socket", "--socket needs a path"),
            ("--orphan -1", "--orphan -1: not a number of seconds"),
            ("--spawned=yes", "--spawned takes no value"),
            ("-h", "unknown argument \"-h\"; see --help"),
        ] {
            assert_eq!(ask(line).unwrap_err(), error);
        }
        assert!(matches!(ask("--help"), Ok(Asked::Print(_))));
        assert!(matches!(ask("--version"), Ok(Asked::Print(text)) if text.ends_with('\n')));
    }
}
