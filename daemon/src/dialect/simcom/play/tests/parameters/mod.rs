//! Every form of every command; every parameter at its ends, beyond them, missing, empty, of another kind.

mod files;
mod ftp;
mod network;
mod pop3;
mod smtp;

use super::Module;
use crate::emulator::Done;

/// A command's name, and which of test, read, write, execute there are.
type Forms = (&'static str, &'static str);

/// `AT+NAME=` and: what is taken, and what is refused.
type Values = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// The table of the reference's section 0.3, and the neighbours.
const FORMS: &[&[Forms]] = &[smtp::FORMS, pop3::FORMS, ftp::FORMS, files::FORMS];

const VALUES: &[&[Values]] = &[
    smtp::VALUES,
    pop3::VALUES,
    ftp::VALUES,
    files::VALUES,
    network::VALUES,
];

#[test]
fn every_form_there_is_and_no_other() {
    use crate::dialect::row::{Read, Test, Write};
    let module = Module::new();
    for (name, forms) in FORMS.iter().copied().flatten() {
        let row = super::PLAYED.rows.iter().flat_map(|rows| rows.iter());
        let mut row = row.filter(|row| row.is_named(format!("+{name}").as_bytes()));
        let row = row.next().unwrap();
        let there = [
            ('T', !matches!(row.test, Test::No)),
            ('R', !matches!(row.read, Read::No)),
            ('W', !matches!(row.write, Write::No)),
            ('X', !matches!(row.execute, Write::No)),
        ];
        for (form, there) in there {
            assert_eq!(there, forms.contains(form), "{name} {form}");
        }
    }
    drop(module);
    let mut module = Module::new();
    for (name, forms) in FORMS.iter().copied().flatten() {
        module.ok(&format!("AT+{name}=?"));
        for (form, line) in [('R', format!("AT+{name}?")), ('X', format!("at+{name}"))] {
            if !forms.contains(form) {
                assert_eq!(module.line(&line), "ERROR", "{line}");
            }
        }
    }
    assert_eq!(module.line("AT+SMTPSEND=1"), "ERROR");
    assert_eq!(module.line("AT+POP3IN=1"), "ERROR");
}

/// Whether a line was refused: what it is refused with depends on `AT+CMEE`.
fn is_refused(said: &str) -> bool {
    said == "ERROR"
        || said.starts_with("+CME ERROR: ")
        // What these say in words before it is told elsewhere.
        || said.ends_with("|ERROR")
}

#[test]
fn every_parameter_at_its_ends_and_beyond() {
    let mut module = Module::new();
    for file in ["f.txt", "g.txt", "h.txt"] {
        module.put_file(&format!("C:/{file}"), 9);
    }
    for line in [
        "AT+CFTPSERV=\"h\"",
        "AT+CFTPUN=\"u\"",
        "AT+POP3SRV=\"h\",\"u\",\"p\"",
        "AT+POP3IN",
    ] {
        module.line(line);
    }
    // A session is open, so that nothing but a parameter can be wrong.
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    for (name, good, bad) in VALUES.iter().copied().flatten() {
        if *name == "POP3SRV" {
            module.ok("AT+POP3STOP");
        }
        for value in *good {
            module.ok(&format!("AT+{name}={value}"));
        }
        module.ok("AT+FSCD=C:/");
        if *name == "POP3SRV" {
            module.line("AT+POP3IN");
            module.answer(Done::Fine);
        }
        if *name == "SMTPFILE" {
            module.ok("AT+SMTPFILE=1,\"f.txt\"");
        }
        for value in *bad {
            let line = format!("AT+{name}={value}");
            let said = module.line(&line);
            assert!(is_refused(&said), "{line}: {said}");
        }
        assert!(module.asked.is_empty(), "{name}: {:?}", module.asked);
    }
}

/// The longest texts, and one byte more.
#[test]
fn every_text_at_its_longest() {
    let mut module = Module::new();
    let x = |count: usize| "x".repeat(count);
    for (before, longest, after) in [
        ("SMTPSRV=\"", 128, "\""),
        ("SMTPAUTH=1,\"", 128, "\",\"p\""),
        ("SMTPAUTH=1,\"u\",\"", 128, "\""),
        ("SMTPFROM=\"", 128, "\""),
        ("SMTPFROM=\"a\",\"", 64, "\""),
        ("SMTPRCPT=0,0,\"", 128, "\""),
        ("SMTPRCPT=0,0,\"a\",\"", 64, "\""),
        ("SMTPSUB=\"", 512, "\""),
        ("SMTPBODY=\"", 512, "\""),
        ("POP3SRV=\"", 128, "\",\"u\",\"p\""),
        ("POP3SRV=\"h\",\"", 128, "\",\"p\""),
        ("POP3SRV=\"h\",\"u\",\"", 128, "\""),
        ("CFTPSERV=\"", 128, "\""),
        ("CFTPUN=\"", 128, "\""),
        ("CFTPPW=\"", 128, "\""),
        // 254 characters with the drive.
        ("FSMKDIR=C:/", 251, ""),
    ] {
        module.ok(&format!("AT+{before}{}{after}", x(longest)));
        let line = format!("AT+{before}{}{after}", x(longest + 1));
        assert_eq!(module.line(&line), "ERROR", "{before}");
    }
    module.ok("AT+CMEE=1");
    let get = format!("AT+CFTPGET=\"{}\"", x(257));
    assert_eq!(module.line(&get), "+CME ERROR: 213");
    let host = format!("AT+CHTTPACT=\"{}\",80", x(129));
    assert_eq!(module.line(&host), "+CME ERROR: 226");
}

#[test]
fn no_name_leads_out_of_the_drives() {
    let mut module = Module::new();
    let long = "y".repeat(300);
    for name in [
        "..",
        "/",
        "\\",
        "../a",
        "..\\a",
        "C:/../a",
        "C:/a/../../b",
        "a/../b",
        &long,
    ] {
        for line in [
            format!("AT+FSMKDIR=\"{name}\""),
            format!("AT+FSDEL=\"{name}\""),
            format!("AT+FSRENAME=\"{name}\",\"a\""),
            format!("AT+CFTRANRX=\"{name}\",1"),
            format!("AT+CFTRANTX=\"{name}\""),
            format!("AT+SMTPFILE=1,\"{name}\""),
            format!("AT+POP3READ=0,\"{name}\""),
        ] {
            assert_eq!(module.line(&line), "ERROR", "{line}");
        }
    }
    assert_eq!(module.line("AT+FSCD=\"../../..\""), "+FSCD: C:/|OK");
    let found = std::fs::read_dir(&module.folder).unwrap().count();
    assert_eq!(found, 1, "nothing but the files' folder");
}
