//! Every parameter one below and one above its range, missing, empty, too long and of the wrong kind; commands
//! in the wrong state; names of files that lead out. Each is refused once, and changes nothing.

use super::simcom;
use anyhow::{Context, Result, ensure};
use hayes_tests::transcript::Wire;

/// A command and its parameters.
struct Command {
    name: &'static str,
    parameters: &'static [Parameter],
    /// How it is refused with `AT+CMEE=1`.
    refused: &'static str,
}

/// A parameter of a write form.
enum Parameter {
    /// A number of this range.
    Number(i64, i64),
    /// The same, and it may be left out.
    Optional(i64, i64),
    /// A string of at most so many characters, which may not be empty.
    Text(usize),
    /// The same, but it may be empty and left out.
    OptionalText(usize),
}
use Parameter::{Number, Optional, OptionalText, Text};

const ERROR: &str = "\r\nERROR\r\n";
const FTP: &str = "\r\n+CME ERROR: 213\r\n";
const HTTP: &str = "\r\n+CME ERROR: 226\r\n";
const PORT: (i64, i64) = (1, 65535);

const COMMANDS: &[Command] = &[
    smtp("+SMTPSRV", &[Text(128), Optional(PORT.0, PORT.1)]),
    smtp("+SMTPAUTH", &[Number(0, 1)]),
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
    ftp("+CFTPSERV", &[Text(128)]),
    ftp("+CFTPUN", &[Text(128)]),
    ftp("+CFTPPW", &[OptionalText(128)]),
    ftp("+CFTPGETFILE", &[Text(256), Number(0, 8)]),
    ftp("+CFTPPUTFILE", &[Text(256), Number(0, 8)]),
    ftp("+CFTPGET", &[Text(256)]),
    ftp("+CFTPPUT", &[Text(256)]),
    Command {
        name: "+CHTTPACT",
        parameters: &[Text(128), Number(PORT.0, PORT.1)],
        refused: HTTP,
    },
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
    fn good(&self) -> String {
        match self {
            Number(least, _) | Optional(least, _) => least.to_string(),
            Text(_) | OptionalText(_) => "\"a\"".into(),
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
            ],
            Text(longest) => vec![
                ("empty", "\"\"".into()),
                ("one too long", quoted(longest + 1)),
                ("without its end", "\"a".into()),
            ],
            OptionalText(longest) => vec![
                ("one too long", quoted(longest + 1)),
                ("without its end", "\"a".into()),
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

/// A module without echo, its errors numbered, with all settings of a transfer.
fn module() -> Result<Wire> {
    let mut wire = Wire::new(simcom())?;
    wire.set_served(true);
    for line in [
        "ATE0",
        "AT+CMEE=1",
        "AT+CFTPSERV=\"ftp.example.org\"",
        "AT+CFTPUN=\"u\"",
    ] {
        ask(&mut wire, line);
    }
    Ok(wire)
}

fn ask(wire: &mut Wire, line: &str) -> String {
    wire.take_sent();
    wire.receive(format!("{line}\r").as_bytes());
    String::from_utf8_lossy(&wire.take_sent()).into_owned()
}

/// All that may be read.
fn settings(wire: &mut Wire) -> Vec<String> {
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
    ensure!(count > 120, "only {count} lines");
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

/// Commands whose time is not now, in a fresh module and while a mailbox is open.
#[test]
fn commands_in_the_wrong_state_are_refused() -> Result<()> {
    let mut wire = module()?;
    for line in [
        "AT+SMTPSTOP",
        "AT+POP3IN",
        "AT+POP3NUM",
        "AT+POP3LIST",
        "AT+POP3LIST=1",
        "AT+POP3HDR=1",
        "AT+POP3GET=1",
        "AT+POP3DEL=1",
        "AT+POP3OUT",
        "AT+POP3STOP",
        "AT+POP3READ",
    ] {
        ensure!(ask(&mut wire, line) == ERROR, "{line}");
    }
    ensure!(ask(&mut wire, "AT+SMTPSEND") == "\r\n+SMTP: PARAM ERROR\r\n\r\nERROR\r\n");
    let opened = ["AT+POP3SRV=\"pop3.example.org\",\"u\",\"p\"", "AT+POP3IN"];
    for line in opened {
        ensure!(ask(&mut wire, line).ends_with("\r\nOK\r\n"), "{line}");
    }
    for line in ["AT+POP3IN", "AT+POP3SRV", "AT+POP3SRV=\"a\",\"b\",\"c\""] {
        ensure!(ask(&mut wire, line) == ERROR, "{line}");
    }
    // Numbers of no mail.
    for line in [
        "AT+POP3HDR=0",
        "AT+POP3DEL=1",
        "AT+POP3HDR=4294967296",
        "AT+POP3DEL=",
    ] {
        let answer = ask(&mut wire, line);
        ensure!(answer.ends_with(ERROR), "{line}: {answer:?}");
    }
    Ok(())
}

/// Forms that a command does not have (reference section 0.3).
#[test]
fn forms_that_there_are_not_are_refused() -> Result<()> {
    let mut wire = module()?;
    for line in [
        "AT+SMTPSEND=1",
        "AT+SMTPSTOP?",
        "AT+SMTPSTOP=1",
        "AT+POP3IN?",
        "AT+POP3IN=1",
        "AT+POP3NUM?",
        "AT+POP3NUM=1",
        "AT+POP3LIST?",
        "AT+POP3HDR",
        "AT+POP3HDR?",
        "AT+POP3GET",
        "AT+POP3GET?",
        "AT+POP3DEL",
        "AT+POP3DEL?",
        "AT+POP3OUT?",
        "AT+POP3OUT=1",
        "AT+POP3STOP?",
        "AT+POP3STOP=1",
        "AT+POP3READ?",
        "AT+CFTPPORT",
        "AT+CFTPMODE",
        "AT+CFTPTYPE",
        "AT+CFTPSERV",
        "AT+CFTPUN",
        "AT+CFTPPW",
        "AT+CFTPGETFILE",
        "AT+CFTPGETFILE?",
        "AT+CFTPPUTFILE",
        "AT+CFTPPUTFILE?",
        "AT+CFTPGET",
        "AT+CFTPGET?",
        "AT+CFTPPUT",
        "AT+CFTPPUT?",
        "AT+CHTTPACT",
        "AT+CHTTPACT?",
    ] {
        let answer = ask(&mut wire, line);
        ensure!(answer == ERROR, "{line}: {answer:?}");
    }
    Ok(())
}

/// Names of files that lead out of the module, that no file system has, or that are too long.
#[test]
fn names_of_files_stay_inside() -> Result<()> {
    let mut wire = module()?;
    let long = "n".repeat(300);
    let names = [
        "../../../../etc/passwd",
        "..",
        "/",
        "\\",
        "a\\b",
        "a:b",
        "a*b",
        "a?b",
        "a<b",
        "a>b",
        "a|b",
        "C:/..",
        "D:/../../x",
        &long,
        "",
    ];
    for name in names {
        for line in [
            format!("AT+FSDEL=\"{name}\""),
            format!("AT+FSRMDIR=\"{name}\""),
            format!("AT+FSATTRI=\"{name}\""),
            format!("AT+SMTPFILE=1,\"{name}\""),
            format!("AT+CFTRANTX=\"{name}\""),
            format!("AT+CFTRANRX=\"{name}\",3"),
            format!("AT+POP3READ=0,\"{name}\""),
        ] {
            let answer = ask(&mut wire, &line);
            ensure!(answer.ends_with(ERROR), "{line}: {answer:?}");
        }
    }
    // Nothing of the host's comes along.
    let answer = ask(&mut wire, "AT+FSLS=2");
    ensure!(answer == "\r\nOK\r\n", "{answer:?}");
    Ok(())
}

/// A sixth recipient, an eleventh attachment, more than 5120 bytes of a body, more than 10 MB of attachments.
#[test]
fn no_more_than_there_is_room_for() -> Result<()> {
    let mut wire = module()?;
    for kind in 0..3 {
        for index in 0..5 {
            let line = format!("AT+SMTPRCPT={kind},{index},\"a@example.org\"");
            ensure!(ask(&mut wire, &line) == "\r\nOK\r\n", "{line}");
        }
        let line = format!("AT+SMTPRCPT={kind},5,\"a@example.org\"");
        ensure!(ask(&mut wire, &line) == ERROR, "{line}");
    }
    for index in 1..=11 {
        wire.put_file(&format!("C:/{index}.txt"), b"x")?;
        let line = format!("AT+SMTPFILE={index},\"{index}.txt\"");
        let expected = if index > 10 { ERROR } else { "\r\nOK\r\n" };
        ensure!(ask(&mut wire, &line) == expected, "{line}");
    }
    ask(&mut wire, "AT+SMTPFILE");
    wire.put_file("C:/large", &vec![0; 10 << 20])?;
    ensure!(ask(&mut wire, "AT+SMTPFILE=1,\"large\"") == "\r\nOK\r\n");
    let over = ask(&mut wire, "AT+SMTPFILE=2,\"1.txt\"");
    ensure!(over == "\r\n+SMTP: OVERSIZE\r\n\r\nERROR\r\n", "{over:?}");
    ensure!(ask(&mut wire, "AT+SMTPBODY") == "\r\n>> ");
    wire.receive(&vec![b'b'; 100_000]);
    wire.receive(b"\x1A");
    let answer = String::from_utf8(wire.take_sent()).context("its answer")?;
    ensure!(answer == ERROR, "{answer:?}");
    ensure!(ask(&mut wire, "AT+SMTPBODY?").starts_with("\r\n+SMTPBODY: \"\"\r\n"));
    Ok(())
}
