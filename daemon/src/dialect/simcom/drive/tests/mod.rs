//! The driver against a module in memory, under a paused clock.

mod by_file;
mod decisions;
mod files;
mod left;
mod lost;
mod mail;
mod mailbox;
mod module;
mod module_files;

use super::Simcom;
use super::facts::FACTS;
use super::steps::{of_ftp, of_word};
use crate::dialect::simcom::codes::{FTP, POP3, SMTP};
use crate::disk::Disk;
use crate::modem::tests::start::ready;
use crate::modem::tests::wire::MemoryPorts;
use crate::modem::{Drive, Handle, Identity, Notice, Registration, Settings, start_over};
use crate::service::{BoxFuture, ErrorKind, Fault, Phase, Progress, Result, Sink};
use hayes_ldisc::record::Flow;
use module::{Fake, Mood};
use std::sync::Arc;

fn settings() -> Settings {
    let mut settings = Settings::new("lte", "/dev/ttyS1");
    settings.drive = Some(crate::dialect::simcom::DIALECT.drive);
    settings
}

/// A driver with this module at the other end.
fn drive(fake: &Fake) -> Handle {
    drive_with(fake, settings())
}

fn drive_with(fake: &Fake, settings: Settings) -> Handle {
    let (ports, far_ends) = MemoryPorts::new();
    tokio::spawn(fake.clone().play(far_ends));
    start_over(settings, Arc::new(ports), Disk::start().unwrap())
}

/// Settings where this quirk has the value of this number.
fn with_quirk(name: &str, number: u32) -> Settings {
    let mut settings = settings();
    let known = FACTS.quirks.iter().find(|quirk| quirk.name == name);
    settings.quirks.set(known.unwrap(), number);
    settings
}

/// The same, ready, with what it said so far forgotten.
async fn up() -> (Fake, Handle) {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.memory().seen.clear();
    (fake, handle)
}

/// What came.
#[derive(Debug, Default)]
struct Got(Vec<u8>);

impl Sink for Got {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.append(bytes);
            Ok(())
        })
    }
}

struct Ignored;

impl Progress for Ignored {
    fn phase(&self, _: Phase) {}

    fn bytes(&self, done: u64, total: u64) {
        assert!(total == 0 || done <= total, "{done} of {total}");
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn modules_are_recognised() {
    let identity = |manufacturer: &str, model: &str| Identity {
        manufacturer: manufacturer.into(),
        model: model.into(),
        revision: String::new(),
    };
    for (manufacturer, model, expected) in [
        ("SIMCOM INCORPORATED", "SIMCOM_SIM5320E", true),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM5216E", true),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM5218", true),
        ("SIMCOM INCORPORATED", "SIM5215A", true),
        // Others of the same maker: GSM, and those with other names.
        ("SIMCOM_Ltd", "SIMCOM_SIM800", false),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM5360E", false),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E", false),
        ("SIMCOM INCORPORATED", "SIM5", false),
        ("Quectel", "SIM5320", false),
        ("", "", false),
    ] {
        let found = Simcom.recognises(&identity(manufacturer, model));
        assert_eq!(found, expected, "{manufacturer} {model}");
    }
}

#[tokio::test(start_paused = true)]
async fn comes_up_and_tells_what_it_found() {
    let fake = Fake::default();
    let handle = drive(&fake);
    let snapshot = ready(&handle).await;
    assert_eq!(snapshot.dialect(), "simcom");
    assert_eq!(snapshot.identity.manufacturer, "SIMCOM INCORPORATED");
    assert_eq!(snapshot.identity.model, "SIMCOM_SIM5320E");
    assert_eq!(snapshot.identity.revision, "SIM5320E_V1.5");
    assert_eq!(snapshot.registration, Registration::Home);
    assert_eq!(&*snapshot.services, ["mail", "pop3", "ftp"]);
    assert_eq!(fake.count("+CMEE=1"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_only_ati_tells_is_read_by_its_labels() {
    let fake = Fake::default();
    for name in ["+CGMI", "+CGMM", "+CGMR"] {
        fake.memory().answers.insert(name, "\r\nERROR\r\n");
    }
    // The layout of real modules (reference 1), with what comes when one has just started.
    let said = "\r\nPB DONE\r\n\r\nManufacturer: SIMCOM INCORPORATED\r\nModel: SIMCOM_SIM5320A\r\n\
                Revision: SIM5320A_V1.5\r\nIMEI: 014682001954535\r\n+GCAP: +CGSM,+DS,+ES\r\n\r\nOK\r\n";
    fake.memory().answers.insert("I", said);
    let snapshot = ready(&drive(&fake)).await;
    assert_eq!(snapshot.identity.manufacturer, "SIMCOM INCORPORATED");
    assert_eq!(snapshot.identity.model, "SIMCOM_SIM5320A");
    assert_eq!(snapshot.identity.revision, "SIM5320A_V1.5");
}

/// SIM800 and SIM5360 have commands of the same names with another meaning (reference 1.1).
#[tokio::test(start_paused = true)]
async fn other_families_get_no_mail_whatever_is_configured() {
    for test in ["+EMAILCID=?", "+CSMTPSSRV=?"] {
        let fake = Fake::default();
        fake.memory().answers.insert(test, "\r\nOK\r\n");
        let snapshot = ready(&drive(&fake)).await;
        assert_eq!(&*snapshot.services, ["ftp"], "{test}");
    }
}

/// The commands need a SIM (reference 0.3): one that is being read is waited for, and one that comes later is noticed.
#[tokio::test(start_paused = true)]
async fn services_need_a_sim() {
    let tests = ["+SMTPSRV=?", "+POP3SRV=?", "+CFTPSERV=?"];
    let fake = Fake::default();
    fake.mood("+CPIN?", 3, Mood::Says("\r\n+CME ERROR: 14\r\n"));
    let snapshot = ready(&drive(&fake)).await;
    assert_eq!(&*snapshot.services, ["mail", "pop3", "ftp"]);
    assert_eq!(fake.count("+CPIN?"), 4);
    // It waits for somebody who knows its PIN.
    let fake = Fake::default();
    let locked = "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n";
    fake.mood("+CPIN?", 1, Mood::Says(locked));
    for test in tests {
        fake.mood(test, 1, Mood::Says("\r\n+CME ERROR: 11\r\n"));
    }
    let handle = drive(&fake);
    let snapshot = ready(&handle).await;
    assert!(snapshot.services.is_empty());
    fake.mood("+CSQ", 1, Mood::Preceded("\r\n+CPIN: READY\r\n"));
    let mut watch = handle.watch();
    let has_all = watch.wait_for(|now| now.services.len() == 3);
    let waited = tokio::time::timeout(core::time::Duration::from_secs(120), has_all).await;
    assert!(waited.is_ok());
}

/// A module heeds RTS only if it is told to (reference 9.5).
#[tokio::test(start_paused = true)]
async fn flow_control_is_told_to_the_module() {
    for (flow, count) in [(Flow::RtsCts, 1), (Flow::None, 0)] {
        let fake = Fake::default();
        let mut settings = settings();
        settings.line.flow = flow;
        ready(&drive_with(&fake, settings)).await;
        assert_eq!(fake.count("+IFC=2,2"), count);
    }
}

/// What the driver does not rely on it does not send: settings are never read back (16-A1, 16-A3, 16-A5, 16-A9),
/// the server is CFTPSERV (16-A15), no numbered folder is used (16-A17), nor POP3READ (16-A25); echo is off
/// (16-A27), and all begins with `AT+` or is plain (16-A30).
#[tokio::test(start_paused = true)]
async fn a1_a3_a5_a9_a15_a17_a25_a27_a30_what_is_never_sent() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    mail::everything(&handle).await;
    fake.memory().mails = mailbox::mails();
    mailbox::everything(&handle).await;
    files::everything(&handle).await;
    ready(&handle).await;
    let memory = fake.memory();
    let asked = [
        "+CMEE?",
        "+SMTPSEND?",
        "+CEREG?",
        "+CGREG?",
        "+CPIN?",
        "+FSLS?",
    ];
    for seen in &memory.seen {
        let known = asked.iter().any(|known| seen.ends_with(known));
        assert!(
            known || seen.ends_with("=?") || !seen.ends_with('?'),
            "{seen}"
        );
        let plain = seen.is_empty() || seen.starts_with('E');
        assert!(plain || seen.starts_with('+'), "{seen}");
        for name in [
            "+CFTPSEV",
            "+CFTPGETFILE",
            "+CFTPPUTFILE",
            "+POP3READ",
            "+FSLOCA",
        ] {
            assert!(!seen.starts_with(name), "{seen}");
        }
    }
    assert!(memory.seen.iter().any(|seen| seen == "E0V1Q0"));
}

#[test]
fn unsolicited_lines() {
    let known = |line: &str| {
        let urcs = FACTS.syntax.urcs.iter();
        urcs.copied().any(|urc| urc.matches(line.as_bytes()))
    };
    for line in [
        "+CREG: 1",
        "+SMTP: SUCCESS",
        "+SMTP:AUTHERROR",
        "+POP3: FILE SYSTEM ERROR",
        "+CFTPGETFILE:0",
        "+CFTPGET: DATA, 1020,",
        "+CHTTPACT:0",
        "+CPIN: READY",
        "START",
        "PB DONE",
    ] {
        assert!(known(line), "{line}");
    }
    for line in [
        "+CREG: 0,1",
        "+POP3: 1, 3057",
        "+SMTPSEND: 1",
        "OK",
        "1 3056",
    ] {
        assert!(!known(line), "{line}");
    }
    assert_eq!(Simcom.notice(b"START"), Some(Notice::Restarted));
    let roaming = Some(Notice::Registration(Registration::Roaming));
    assert_eq!(Simcom.notice(b"+CGREG: 5"), roaming);
    assert_eq!(Simcom.notice(b"PB DONE"), None);
}

/// 16-A29: the same number means the same wherever it comes.
#[test]
fn a29_every_number_has_its_meaning() {
    use ErrorKind::*;
    use Fault::{Link, Module, Server};
    let rows = [
        (201, Protocol, Module),
        (202, Busy, Module),
        (203, NameNotFound, Link),
        (204, Timeout, Link),
        (205, Protocol, Module),
        (206, TooLarge, Module),
        (207, Busy, Module),
        (208, AuthFailed, Server),
        (209, Protocol, Module),
        (210, NoNetwork, Link),
        (211, Rejected, Server),
        (212, TooLarge, Module),
        (213, NotSupported, Module),
        (214, NoNetwork, Link),
        (215, NoNetwork, Link),
        (216, NoNetwork, Link),
        (217, NoNetwork, Link),
        (218, AuthFailed, Server),
        (219, Timeout, Link),
        // Firmware newer than the manual.
        (999, Protocol, Module),
    ];
    for (number, kind, fault) in rows {
        let error = of_ftp("+CFTPGET", number);
        assert_eq!((error.kind, error.fault), (kind, fault), "{number}");
        assert!(
            error.text.contains(&format!("+CFTPGET: {number} (")),
            "{error}"
        );
    }
    for code in FTP {
        let number = u32::from(code.number);
        assert!(
            rows.iter().any(|row| row.0 == number),
            "{number} is missing"
        );
        assert!(
            of_ftp("+CFTPPUT", number)
                .text
                .ends_with(&format!("({})", code.text))
        );
    }
}

#[test]
fn every_word_has_its_meaning() {
    use ErrorKind::*;
    use Fault::{Link, Module, Server};
    let rows = [
        ("+SMTP", "ONGOING", Busy, Module),
        ("+SMTP", "PARAM ERROR", Protocol, Module),
        ("+SMTP", "NETWORK ERROR", NoNetwork, Link),
        ("+SMTP", "SERVER ERROR", TemporaryFailure, Server),
        ("+SMTP", "AUTH REQUIRED", AuthFailed, Server),
        ("+SMTP", "AUTH ERROR", AuthFailed, Server),
        ("+SMTP", "OVERSIZE", TooLarge, Module),
        ("+POP3", "ONGOING", Busy, Module),
        ("+POP3", "NETWORK ERROR", NoNetwork, Link),
        ("+POP3", "SERVER ERROR", TemporaryFailure, Server),
        ("+POP3", "INVALID UN", AuthFailed, Server),
        ("+POP3", "INVALID UNPWD", AuthFailed, Server),
        ("+POP3", "FILE SYSTEM ERROR", TooLarge, Module),
        ("+POP3", "FAILURE", TemporaryFailure, Server),
        ("+POP3", "SOMETHING NEW", Protocol, Module),
    ];
    let table = |name| if name == "+SMTP" { SMTP } else { POP3 };
    for (name, text, kind, fault) in rows {
        let error = of_word(name, table(name), text, "test");
        assert_eq!((error.kind, error.fault), (kind, fault), "{name}: {text}");
        assert!(error.text.ends_with(&format!("{name}: {text}")), "{error}");
    }
    for (name, word) in SMTP
        .iter()
        .map(|it| ("+SMTP", it))
        .chain(POP3.iter().map(|it| ("+POP3", it)))
    {
        assert!(
            rows.iter().any(|row| row.0 == name && row.1 == word.text),
            "{word:?}"
        );
    }
}
