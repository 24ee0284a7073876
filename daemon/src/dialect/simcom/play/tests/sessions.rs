//! A session with a mailbox that ends though nobody closed it (reference section 5.11).

use super::Module;
use crate::emulator::{Done, Op};
use crate::service::{Error, ErrorKind};
use hayes_ldisc::record::Owed;

fn ready() -> Module {
    let mut module = Module::new();
    module.ok("AT+POP3SRV=\"h\",\"u\",\"p\"");
    module.line("AT+POP3IN");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    module
}

/// The server is gone, or nobody used the session for long.
fn unused(module: &mut Module) {
    let id = module.watched.take().unwrap();
    let lost = Done::Lost(Error::new(ErrorKind::Timeout, "not used"));
    module.done(id, lost);
    assert_eq!(module.said(), "");
}

#[test]
fn a_session_that_nobody_uses_ends_and_the_next_command_is_told() {
    let mut module = ready();
    unused(&mut module);
    assert_eq!(module.aborted, 1);
    assert_eq!(module.line("AT+POP3NUM"), "+POP3: NETWORK ERROR|ERROR");
    assert_eq!(module.line("AT+POP3NUM"), "ERROR");
}

/// Equipment that begins anew is not locked out.
#[test]
fn after_a_loss_all_can_begin_anew() {
    let mut module = ready();
    unused(&mut module);
    module.ok("AT+POP3SRV=\"h2\",\"u\",\"p\"");
    module.line("AT+POP3IN");
    match &module.asked[0].1 {
        Op::MailboxOpen(mailbox) => assert_eq!(mailbox.server.host, "h2"),
        other => panic!("{other:?}"),
    }
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    module.restart();
    module.ok("AT+POP3SRV");
    module.ok("AT+POP3SRV=\"h\",\"u\",\"p\"");
    module.line("AT+POP3IN");
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
}

#[test]
fn a_session_that_is_over_is_looked_after_no_more() {
    for end in ["AT+POP3OUT", "AT+POP3STOP", "AT+POP3NUM"] {
        let mut module = ready();
        module.line(end);
        match end {
            "AT+POP3OUT" => drop(module.answer(Done::Fine)),
            "AT+POP3NUM" => {
                let lost = Done::Lost(Error::new(ErrorKind::NoNetwork, "gone"));
                module.answer(lost);
            }
            _ => {}
        }
        // What it says of the old session is not taken for the new one's.
        let old = module.watched.take().unwrap();
        module.line("AT+POP3IN");
        module.answer(Done::Fine);
        let lost = Done::Lost(Error::new(ErrorKind::Timeout, "not used"));
        module.done(old, lost);
        assert_eq!(module.line("AT+POP3NUM"), "", "{end}");
    }
}

/// The daemon dies while a command waits: its answer tells of the loss, and nothing else does.
#[test]
fn a_loss_is_told_once() {
    let mut module = ready();
    module.line("AT+POP3NUM");
    assert_eq!(
        module.restart_owing(Owed::Line),
        "+POP3: NETWORK ERROR|ERROR"
    );
    assert_eq!(module.line("AT+POP3NUM"), "ERROR");
    // Where another command waited, the next one of POP3 is told.
    let mut module = ready();
    for line in ["AT+CFTPSERV=\"h\"", "AT+CFTPUN=\"u\""] {
        module.ok(line);
    }
    module.line("AT+CFTPPUT=\"a\"");
    assert_eq!(module.restart_owing(Owed::Line), "ERROR");
    assert_eq!(module.line("AT+POP3NUM"), "+POP3: NETWORK ERROR|ERROR");
}
