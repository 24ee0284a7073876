//! What runs over time: each state and event of the reference's sections 5.11 and 10.

use super::Module;
use crate::dialect::volume::FileName;
use crate::emulator::{Done, FileError, MailId, Op};
use crate::service::{Error, ErrorKind};
use hayes_ldisc::discipline::Cause;

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "")
}

fn composed() -> Module {
    let mut module = Module::new();
    module.ok("AT+SMTPSRV=\"smtp.example.org\"");
    module.ok("AT+SMTPFROM=\"a@example.org\",\"A\"");
    module.ok("AT+SMTPRCPT=0,0,\"b@example.org\",\"B\"");
    module.ok("AT+SMTPSUB=\"s\"");
    module
}

fn sending() -> Module {
    let mut module = composed();
    assert_eq!(module.line("AT+SMTPSEND"), "");
    assert_eq!(module.answer(Done::Accepted(MailId(7))), "");
    assert_eq!(module.answer(Done::Fine), "+SMTP: OK|OK");
    module
}

#[test]
fn a_mail_that_is_sent_is_forgotten() {
    let mut module = sending();
    assert_eq!(module.line("AT+SMTPSEND"), "+SMTP: ONGOING|ERROR");
    assert_eq!(module.line("AT+SMTPSEND?"), "+SMTPSEND: 1|OK");
    assert_eq!(module.line("AT+SMTPSUB=\"t\""), "ERROR");
    assert_eq!(module.mail_ended(Ok(())), "+SMTP: SUCCESS");
    assert_eq!(module.line("AT+SMTPSEND?"), "+SMTPSEND: 0|OK");
    assert_eq!(module.line("AT+SMTPSUB?"), "+SMTPSUB: \"\"|OK");
    assert_eq!(module.line("AT+SMTPRCPT?"), "OK");
    assert_eq!(module.line("AT+SMTPSEND"), "+SMTP: PARAM ERROR|ERROR");
}

#[test]
fn a_mail_that_fails_is_kept() {
    let mut module = sending();
    let end = Err(error(ErrorKind::NoNetwork));
    assert_eq!(module.mail_ended(end), "+SMTP: NETWORK ERROR");
    assert_eq!(module.line("AT+SMTPSUB?"), "+SMTPSUB: \"s\"|OK");
    assert_eq!(module.line("AT+SMTPSEND?"), "+SMTPSEND: 0|OK");
}

#[test]
fn a_mail_is_stopped_and_never_told_of() {
    let mut module = sending();
    assert_eq!(module.line("AT+SMTPSTOP"), "OK");
    assert_eq!(module.cancelled, 1);
    assert_eq!(module.mail_ended(Ok(())), "");
    assert_eq!(module.line("AT+SMTPSTOP"), "ERROR");
    assert_eq!(module.line("AT+SMTPSUB?"), "+SMTPSUB: \"s\"|OK");
}

#[test]
fn before_the_greeting_the_command_tells_it() {
    let mut module = composed();
    module.line("AT+SMTPSEND");
    let refused = Done::Refused(error(ErrorKind::NameNotFound));
    assert_eq!(module.answer(refused), "+SMTP: NETWORK ERROR|ERROR");
    module.line("AT+SMTPSEND");
    module.answer(Done::Accepted(MailId(7)));
    // The end is known before anybody has asked whether the server greeted: it is told once.
    assert_eq!(module.mail_ended(Err(error(ErrorKind::Protocol))), "");
    let refused = Done::Refused(error(ErrorKind::Protocol));
    assert_eq!(module.answer(refused), "+SMTP: SERVER ERROR|ERROR");
    assert_eq!(module.line("AT+SMTPSEND?"), "+SMTPSEND: 0|OK");
}

#[test]
fn a_restart_goes_on_with_a_mail_that_was_accepted() {
    let mut module = sending();
    assert_eq!(module.restart(), "");
    assert_eq!(module.line("AT+SMTPSEND?"), "+SMTPSEND: 1|OK");
    assert_eq!(module.mail_ended(Ok(())), "+SMTP: SUCCESS");
}

#[test]
fn the_body_is_typed_cancelled_or_too_long() {
    let mut module = Module::new();
    assert_eq!(module.line("AT+SMTPBODY"), ">> ");
    assert_eq!(module.feed(b"abd\x08c", Cause::CtrlZ), "OK");
    assert_eq!(module.line("AT+SMTPBODY?"), "+SMTPBODY: \"abc\"|OK");
    for (bytes, cause, said) in [
        (vec![b'x'; 5], Cause::Cancelled, "OK"),
        (vec![b'x'; 5121], Cause::CtrlZ, "ERROR"),
        (vec![b'x'; 70_000], Cause::CtrlZ, "ERROR"),
        (vec![b'x'; 5], Cause::Idle, "ERROR"),
    ] {
        module.ok("AT+SMTPBODY=\"before\"");
        module.line("AT+SMTPBODY");
        assert_eq!(module.feed(&bytes, cause), said);
        assert_eq!(module.line("AT+SMTPBODY?"), "+SMTPBODY: \"\"|OK");
    }
}

#[test]
fn attachments_are_ten_megabytes_together() {
    let mut module = Module::new();
    module.put_file("D:/a", 10 * 1024 * 1024);
    module.put_file("D:/b", 1);
    module.ok("AT+FSCD=D:/");
    module.ok("AT+SMTPFILE=1,\"a\"");
    assert_eq!(module.line("AT+SMTPFILE=2,\"b\""), "+SMTP: OVERSIZE|ERROR");
    module.ok("AT+SMTPFILE=1,\"b\"");
    assert_eq!(module.line("AT+SMTPFILE=2,\"a\""), "+SMTP: OVERSIZE|ERROR");
}

/// A session that is open.
fn ready() -> Module {
    let mut module = Module::new();
    module.ok("AT+POP3SRV=\"h\",\"u\",\"p\"");
    assert_eq!(module.line("AT+POP3IN"), "");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    module
}

const ASKING: [&str; 6] = ["NUM", "LIST", "HDR=1", "GET=1", "DEL=1", "OUT"];

#[test]
fn without_a_session_there_is_nothing_to_ask() {
    let mut module = Module::new();
    assert_eq!(module.line("AT+POP3IN"), "ERROR");
    for command in ASKING.into_iter().chain(["STOP"]) {
        assert_eq!(
            module.line(&format!("AT+POP3{command}")),
            "ERROR",
            "{command}"
        );
    }
    module.ok("AT+POP3SRV=\"h\",\"u\",\"p\"");
    module.line("AT+POP3IN");
    let refused = Done::Refused(error(ErrorKind::AuthFailed));
    assert_eq!(module.answer(refused), "+POP3: INVALID UNPWD|ERROR");
    module.ok("AT+POP3SRV");
}

#[test]
fn one_operation_at_a_time() {
    let mut module = ready();
    assert_eq!(module.line("AT+POP3IN"), "ERROR");
    assert_eq!(module.line("AT+POP3SRV"), "ERROR");
    assert_eq!(module.line("AT+POP3GET=1"), "OK");
    for command in ASKING {
        let said = module.line(&format!("AT+POP3{command}"));
        assert_eq!(said, "+POP3: ONGOING|ERROR", "{command}");
    }
    assert_eq!(module.line("AT+POP3READ"), "ERROR");
    let stored = Done::Stored {
        folder: FileName::new("c", b"Email/260901120000"),
        file: b"EMAIL000.TXT".to_vec(),
    };
    let told = "+POP3: SUCCESS|C:/Email/260901120000/, EMAIL000.TXT";
    assert_eq!(module.answer(stored), told);
    assert_eq!(module.line("AT+POP3OUT"), "");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    assert_eq!(module.line("AT+POP3STOP"), "ERROR");
}

#[test]
fn answers_of_a_mailbox_are_as_printed() {
    let mut module = ready();
    for (line, done, said) in [
        (
            "AT+POP3NUM",
            Done::Status {
                count: 1,
                bytes: 3057,
            },
            "+POP3: 1, 3057|OK",
        ),
        (
            "AT+POP3LIST",
            Done::Listed(vec![(1, 3056), (3, 10)]),
            "+POP3: 2 3066|1 3056|3 10|OK",
        ),
        ("AT+POP3LIST", Done::Listed(vec![]), "+POP3: 0 0|OK"),
        (
            "AT+POP3LIST= 3",
            Done::Listed(vec![(1, 3056), (3, 10)]),
            "+POP3: 3, 10|OK",
        ),
        (
            "AT+POP3LIST=2",
            Done::Listed(vec![(1, 3056)]),
            "+POP3: SERVER ERROR|ERROR",
        ),
        (
            "AT+POP3HDR=1",
            Done::Header(b"Subject: OK\r\nX: y\r\n\r\n".to_vec()),
            "From:|Date:|Subject: OK|OK",
        ),
        ("AT+POP3DEL=1", Done::Fine, "+POP3: SUCCESS|OK"),
        (
            "AT+POP3DEL=9",
            Done::Refused(error(ErrorKind::Rejected)),
            "+POP3: SERVER ERROR|ERROR",
        ),
        (
            "AT+POP3NUM",
            Done::Lost(error(ErrorKind::NoNetwork)),
            "+POP3: NETWORK ERROR|ERROR",
        ),
    ] {
        assert_eq!(module.line(line), "", "{line}");
        assert_eq!(module.answer(done), said, "{line}");
    }
    assert_eq!(module.line("AT+POP3NUM"), "ERROR");
}

#[test]
fn a_fetch_fails_is_lost_or_finds_no_room() {
    for (done, said, after) in [
        (
            Done::Refused(error(ErrorKind::Rejected)),
            "+POP3: FAILURE",
            "OK",
        ),
        (
            Done::Lost(error(ErrorKind::NoNetwork)),
            "+POP3: NETWORK ERROR",
            "ERROR",
        ),
        (
            Done::Failed(FileError::NoSpace),
            "+POP3: FILE SYSTEM ERROR",
            "ERROR",
        ),
    ] {
        let mut module = ready();
        module.ok("AT+POP3GET=1,1");
        assert_eq!(module.answer(done), said);
        assert_eq!(module.line("AT+POP3STOP"), after, "{said}");
    }
}

#[test]
fn a_stop_ends_session_and_fetch() {
    let mut module = ready();
    module.ok("AT+POP3GET=1");
    let aborted = module.aborted;
    assert_eq!(module.line("AT+POP3STOP"), "OK");
    assert!(module.aborted > aborted);
    // What the fetch came to is told to nobody.
    assert_eq!(module.answer(Done::Refused(error(ErrorKind::Rejected))), "");
    assert_eq!(module.line("AT+POP3STOP"), "ERROR");
}

#[test]
fn a_session_that_was_left_alone_is_given_up_and_a_new_one_can_be_opened() {
    let idle = || Done::Lost(error(ErrorKind::Timeout));
    let mut module = ready();
    let watch = module.watched.take().unwrap();
    module.done(watch, idle());
    assert_eq!(module.said(), "");
    assert_eq!(module.line("AT+POP3IN"), "");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    let watch = module.watched.take().unwrap();
    module.done(watch, idle());
    assert_eq!(module.line("AT+POP3NUM"), "+POP3: NETWORK ERROR|ERROR");
    // Of a session that is closed nothing is told any more.
    let mut module = ready();
    let watch = module.watched.take().unwrap();
    assert_eq!(module.line("AT+POP3OUT"), "");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    module.done(watch, idle());
    assert_eq!(module.line("AT+POP3NUM"), "ERROR");
}

#[test]
fn a_restart_takes_the_session_and_says_so() {
    let mut module = ready();
    assert_eq!(module.restart(), "");
    assert_eq!(module.line("AT+POP3NUM"), "+POP3: NETWORK ERROR|ERROR");
    assert_eq!(module.line("AT+POP3NUM"), "ERROR");
    let mut module = ready();
    module.restart();
    assert_eq!(module.line("AT+POP3IN"), "");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    module.ok("AT+POP3GET=1");
    assert_eq!(module.restart(), "+POP3: NETWORK ERROR");
    assert_eq!(module.line("AT+POP3STOP"), "ERROR");
}

/// A module that knows its FTP server, with numbers for errors.
fn configured() -> Module {
    let mut module = Module::new();
    module.ok("AT+CMEE=1");
    assert_eq!(module.line("AT+CFTPGET=\"a\""), "+CME ERROR: 207");
    module.ok("AT+CFTPSERV=\"ftp.example.org\"");
    module.ok("AT+CFTPUN=\"u\"");
    module
}

#[test]
fn a_transfer_behind_its_line_excludes_others() {
    let mut module = configured();
    module.put_file("C:/Picture/a.txt", 3);
    assert_eq!(
        module.line("AT+CFTPPUTFILE=\"none.txt\",1"),
        "+CME ERROR: 205"
    );
    module.ok("AT+CFTPPUTFILE=\"/x/a.txt\",1");
    for line in [
        "AT+CFTPGETFILE=\"a\",0",
        "AT+CFTPPUTFILE=\"a.txt\",1",
        "AT+CFTPGET=\"a\"",
        "AT+CFTPPUT=\"a\"",
        "AT+CFTPLIST=\"a\"",
    ] {
        assert_eq!(module.line(line), "+CME ERROR: 202", "{line}");
    }
    module.ok("AT+CFTPTYPE=A");
    assert_eq!(module.answer(Done::Fine), "+CFTPPUTFILE: 0");
    module.ok("AT+CFTPGETFILE=\"a.txt\",8");
    let (_, op) = module.asked.first().unwrap();
    let to = FileName::new("d", b"Audio/a.txt");
    assert!(matches!(op, Op::FilesToModule(_, name) if *name == to));
    assert_eq!(
        module.answer(Done::Failed(FileError::NoSpace)),
        "+CFTPGETFILE: 206"
    );
    module.ok("AT+CFTPGETFILE=\"a.txt\",8");
    assert_eq!(module.restart(), "+CFTPGETFILE: 214");
}

#[test]
fn a_file_goes_over_the_line_in_blocks() {
    let mut module = configured();
    assert_eq!(module.line("AT+CFTPGET=\"a\""), "");
    assert_eq!(module.answer(Done::Fine), "OK");
    let data = vec![b'd'; 1030];
    let told = format!(
        "+CFTPGET: DATA,1024|{}|+CFTPGET: DATA,6|dddddd",
        "d".repeat(1024)
    );
    assert_eq!(module.answer(Done::Bytes(data)), told);
    assert_eq!(module.answer(Done::Bytes(Vec::new())), "+CFTPGET: 0");
    assert_eq!(module.line("AT"), "OK");
    module.line("AT+CFTPGET=\"a\"");
    module.answer(Done::Fine);
    let lost = Done::Lost(error(ErrorKind::NoNetwork));
    assert_eq!(module.answer(lost), "+CFTPGET: 210");
}

#[test]
fn what_is_put_is_settled_before_ok() {
    let mut module = configured();
    for (cause, settled, said) in [
        (Cause::CtrlZ, Some(Done::Fine), "OK"),
        (
            Cause::CtrlZ,
            Some(Done::Lost(error(ErrorKind::NoNetwork))),
            "+CME ERROR: 210",
        ),
        (Cause::Idle, None, "+CME ERROR: 204"),
        (Cause::Dtr, None, "+CME ERROR: 210"),
    ] {
        module.line("AT+CFTPPUT=\"a\"");
        assert_eq!(module.answer(Done::Fine), "+CFTPPUT: BEGIN");
        let mut told = module.feed(b"abc", cause);
        assert!(matches!(module.asked.remove(0), (_, Op::Push(_, bytes)) if bytes == b"abc"));
        if let Some(settled) = settled {
            told = module.answer(settled);
        }
        assert_eq!(told, said);
    }
}

/// `AT+FSLS?` and `AT+CCLK?` wait for an answer, as read forms.
#[test]
fn a_read_form_may_wait() {
    let mut module = Module::new();
    assert_eq!(
        module.line("AT+FSLS?"),
        "+FSLS: SUBDIRECTORIES:5,FILES:0|OK"
    );
    assert_eq!(
        module.line("AT+CCLK?"),
        "+CCLK: \"26/09/01,12:00:00+00\"|OK"
    );
    module.ok("AT+CCLK=\"10/02/05,12:00:00-08\"");
    assert_eq!(
        module.line("AT+CCLK?;+CMEE?"),
        "+CCLK: \"10/02/05,12:00:00-08\"|+CMEE: 0|OK"
    );
}
