//! Commands in the wrong state and in forms that there are not; names of files that lead out; more than there is
//! room for.

use super::simcom;
use super::values::{COMMANDS, Parameter, settings};
use anyhow::{Context, Result, ensure};
use hayes_tests::transcript::Wire;

pub(super) const ERROR: &str = "\r\nERROR\r\n";
pub(super) const FTP: &str = "\r\n+CME ERROR: 213\r\n";
pub(super) const HTTP: &str = "\r\n+CME ERROR: 226\r\n";

/// A module without echo, its errors numbered, with all settings of a transfer.
pub(super) fn module() -> Result<Wire> {
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

pub(super) fn ask(wire: &mut Wire, line: &str) -> String {
    wire.take_sent();
    wire.receive(format!("{line}\r").as_bytes());
    String::from_utf8_lossy(&wire.take_sent()).into_owned()
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
        "AT+POP3GET=x",
        "AT+POP3GET=-1",
        "AT+POP3DEL=\"1\"",
        "AT+POP3LIST=1x",
        "AT+POP3READ=2,\"a/b\"",
        "AT+POP3READ=-1,\"a/b\"",
        "AT+POP3READ=0,\"\"",
        "AT+POP3READ=0",
        "AT+POP3READ=\"a/b\"",
    ] {
        let answer = ask(&mut wire, line);
        ensure!(answer.ends_with(ERROR), "{line}: {answer:?}");
    }
    Ok(())
}

/// While a mail is being sent, nothing of it can be changed (manual, chapter SMTP).
#[test]
fn a_mail_that_is_being_sent_stays_as_it_is() -> Result<()> {
    let mut wire = module()?;
    for line in [
        "AT+SMTPSRV=\"smtp.example.org\"",
        "AT+SMTPFROM=\"a@example.org\"",
        "AT+SMTPRCPT=0,0,\"b@example.org\"",
        "AT+SMTPSEND",
    ] {
        ensure!(ask(&mut wire, line).ends_with("\r\nOK\r\n"), "{line}");
    }
    let before = settings(&mut wire);
    for command in COMMANDS {
        if !command.name.starts_with("+SMTP") {
            continue;
        }
        let good: Vec<_> = command.parameters.iter().map(Parameter::good).collect();
        for line in [
            format!("AT{}={}", command.name, good.join(",")),
            format!("AT{}", command.name),
        ] {
            ensure!(ask(&mut wire, &line) == ERROR, "{line}");
        }
    }
    ensure!(settings(&mut wire) == before, "something was changed");
    ensure!(ask(&mut wire, "AT+SMTPSEND?") == "\r\n+SMTPSEND: 1\r\n\r\nOK\r\n");
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
    wire.put_file("C:/kept", b"x")?;
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
            format!("AT+FSMKDIR=\"{name}\""),
            format!("AT+FSRENAME=\"kept\",\"{name}\""),
        ] {
            let answer = ask(&mut wire, &line);
            ensure!(answer.ends_with(ERROR), "{line}: {answer:?}");
        }
    }
    // The last name of a path on a server is that of the file here.
    for name in ["..", "a\\b", "a:b", "a*b", &long[..], ""] {
        for line in [
            format!("AT+CFTPGETFILE=\"pub/{name}\",0"),
            format!("AT+CFTPPUTFILE=\"pub/{name}\",0"),
        ] {
            let answer = ask(&mut wire, &line);
            ensure!(answer == FTP, "{line}: {answer:?}");
        }
    }
    // Nothing of the host's comes along, and nothing is anywhere else.
    let answer = ask(&mut wire, "AT+FSLS=2");
    let kept = "\r\n+FSLS: FILES:\r\nkept\r\n\r\n\r\nOK\r\n";
    ensure!(answer == kept, "{answer:?}");
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
    for (length, result, left) in [
        (5120, "\r\nOK\r\n", 5120),
        (5121, ERROR, 0),
        (100_000, ERROR, 0),
    ] {
        ensure!(ask(&mut wire, "AT+SMTPBODY") == "\r\n>> ");
        wire.receive(&vec![b'b'; length]);
        wire.receive(b"\x1A");
        let answer = String::from_utf8(wire.take_sent()).context("its answer")?;
        ensure!(answer == result, "{length}: {answer:?}");
        let body = format!("\r\n+SMTPBODY: \"{}\"\r\n", "b".repeat(left));
        ensure!(
            ask(&mut wire, "AT+SMTPBODY?").starts_with(&body),
            "{length}"
        );
    }
    Ok(())
}
