//! Every parameter one below and one above its range, missing, empty, too long and of the wrong kind. Each is
//! refused once, and changes nothing.

use super::bad_input::{ERROR, FTP, HTTP, ask, module};
use anyhow::{Result, ensure};
use hayes_tests::transcript::Wire;

/// A command and its parameters.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// How it is refused with `AT+CMEE=1`.
    refused: &'static str,
}

/// A parameter of a write form.
pub(super) enum Parameter {
    /// A number of this range.
    Number(i64, i64),
    /// The same, and it may be left out.
    Optional(i64, i64),
    /// A string of at most so many characters, which may not be empty.
    Text(usize),
    /// The same, but it may be empty and left out.
    OptionalText(usize),
    /// A path of at most so many characters, in quotes or without.
    Path(usize),
    /// One of these letters.
    Letter(&'static str),
}
use Parameter::{Letter, Number, Optional, OptionalText, Path, Text};

const PORT: (i64, i64) = (1, 65535);

pub(super) const COMMANDS: &[Command] = &[
    smtp("+SMTPSRV", &[Text(128), Optional(PORT.0, PORT.1)]),
    smtp("+SMTPAUTH", &[Number(0, 1)]),
    smtp("+SMTPAUTH", &[Number(1, 1), Text(128), OptionalText(128)]),
    smtp("+SMTPFROM", &[Text(128), OptionalText(64)]),
    smtp(
        "+SMTPRCPT",
        &[Number(0, 2), Number(0, 4), Text(128), OptionalText(64)],
    ),
    smtp("+SMTPSUB", &[OptionalText(512)]),
    smtp("+SMTPBODY", &[OptionalText(512)]),
    smtp("+SMTPFILE", &[Number(1, 10)]),
    smtp(
        "+POP3SRV",
        &[Text(128), Text(128), Text(128), Optional(PORT.0, PORT.1)],
    ),
    ftp("+CFTPPORT", &[Number(PORT.0, PORT.1)]),
    ftp("+CFTPMODE", &[Number(0, 1)]),
    ftp("+CFTPTYPE", &[Letter("I")]),
    ftp("+CFTPSERV", &[Text(128)]),
    ftp("+CFTPUN", &[Text(128)]),
    ftp("+CFTPPW", &[OptionalText(128)]),
    ftp("+CFTPGETFILE", &[Path(256), Number(0, 8)]),
    ftp("+CFTPPUTFILE", &[Path(256), Number(0, 8)]),
    ftp("+CFTPGET", &[Path(256)]),
    ftp("+CFTPPUT", &[Path(256)]),
    ftp("+CFTPLIST", &[Path(256)]),
    Command {
        name: "+CHTTPACT",
        parameters: &[Text(128), Number(PORT.0, PORT.1)],
        refused: HTTP,
    },
    smtp("+FSLOCA", &[Number(0, 1)]),
    smtp("+FSLS", &[Optional(0, 2)]),
    smtp("+CATR", &[Number(0, 7)]),
    smtp("+CSOCKSETPN", &[Number(1, 16)]),
    smtp("+CGSOCKCONT", &[Number(1, 16)]),
];

const fn smtp(name: &'static str, parameters: &'static [Parameter]) -> Command {
    Command {
        name,
        parameters,
        refused: ERROR,
    }
}

const fn ftp(name: &'static str, parameters: &'static [Parameter]) -> Command {
    Command {
        name,
        parameters,
        refused: FTP,
    }
}

impl Parameter {
    /// A value that is taken.
    pub(super) fn good(&self) -> String {
        match self {
            Number(least, _) | Optional(least, _) => least.to_string(),
            Text(_) | OptionalText(_) | Path(_) => "\"a\"".into(),
            Letter(letter) => (*letter).into(),
        }
    }

    /// Values that are not, each with what is wrong with it.
    fn bad(&self) -> Vec<(&'static str, String)> {
        match self {
            Number(least, most) | Optional(least, most) => vec![
                ("one below", (least - 1).to_string()),
                ("one above", (most + 1).to_string()),
                ("far above", "99999999999999999999".into()),
                ("no number", "x".into()),
                ("half a number", format!("{least}x")),
                ("in quotes", format!("\"{least}\"")),
            ],
            Text(longest) => vec![
                ("empty", "\"\"".into()),
                ("one too long", quoted(longest + 1)),
                ("without its end", "\"a".into()),
                ("without quotes", "a".into()),
                ("a number", "1".into()),
            ],
            Path(longest) => vec![
                ("empty", "\"\"".into()),
                ("one too long", quoted(longest + 1)),
                ("without its end", "\"a".into()),
                ("half hex", "{non-ascii}\"2F7\"".into()),
                ("no hex", "{non-ascii}\"2G\"".into()),
            ],
            Letter(letter) => vec![
                ("another letter", "B".into()),
                ("two letters", format!("{letter}{letter}")),
                ("a number", "1".into()),
                ("empty", "\"\"".into()),
            ],
            OptionalText(longest) => vec![
                ("one too long", quoted(longest + 1)),
                ("without its end", "\"a".into()),
                ("without quotes", "a".into()),
            ],
        }
    }

    fn may_be_missing(&self) -> bool {
        matches!(self, Optional(..) | OptionalText(_))
    }
}

fn quoted(length: usize) -> String {
    format!("\"{}\"", "a".repeat(length))
}

/// All that may be read.
pub(super) fn settings(wire: &mut Wire) -> Vec<String> {
    let read = COMMANDS
        .iter()
        .map(|command| format!("AT{}?", command.name));
    read.map(|line| ask(wire, &line)).collect()
}

#[test]
fn values_out_of_range_are_refused_once_and_change_nothing() -> Result<()> {
    let mut wire = module()?;
    let before = settings(&mut wire);
    let (mut count, mut failures) = (0, Vec::new());
    for command in COMMANDS {
        for (what, line) in lines(command) {
            let answer = ask(&mut wire, &line);
            // Where a string does not end, nothing of the line can be read.
            let refused = match what {
                "without its end" => ERROR,
                _ => command.refused,
            };
            if answer != refused {
                failures.push(format!("{what}: {line} was answered {answer:?}"));
            }
            count += 1;
        }
        ensure!(
            settings(&mut wire) == before,
            "{} changed something",
            command.name
        );
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    ensure!(count > 200, "only {count} lines");
    Ok(())
}

/// Each parameter in each wrong way, the others right; and the one before the first that may be missing left out.
fn lines(command: &Command) -> Vec<(&'static str, String)> {
    let good: Vec<_> = command.parameters.iter().map(Parameter::good).collect();
    let line = |values: &[String]| format!("AT{}={}", command.name, values.join(","));
    let mut lines = Vec::new();
    for (at, parameter) in command.parameters.iter().enumerate() {
        for (what, bad) in parameter.bad() {
            let mut values = good.clone();
            values[at] = bad;
            lines.push((what, line(&values)));
        }
        // What may be cleared by fewer values is no mistake.
        let clears = ["+SMTPRCPT", "+SMTPFILE"].contains(&command.name) && at > 0;
        if !parameter.may_be_missing() && !clears {
            lines.push(("missing", line(&good[..at])));
        }
    }
    lines
}
