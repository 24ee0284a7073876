//! A session with a mailbox: what its commands ask and answer.

use super::pop3::{SESSION, UNUSED};
use super::{MAIL_PATIENCE, files, network, path, reading, told};
use crate::dialect::simcom::names::{FSLOCA, POP3SRV};
use crate::dialect::state::Event;
use crate::emulator::{
    Call, Client, Done, Fetch, Mailbox, Op, Outcome, Refusal, Resume, Run, Value,
};
use crate::service::{Credentials, Mechanism, Secret, Server, Tls};
use std::time::Duration;

/// A session that is not used for so long is closed, as servers do (RFC 1939 section 3).
const UNUSED_FOR: Duration = Duration::from_secs(10 * 60);

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

fn refused(run: &mut Run<'_>, word: &str) -> Outcome {
    run.say(format!("+POP3: {word}"));
    ERROR
}

/// `AT+POP3IN`.
pub(super) fn open(run: &mut Run<'_>, _: &Call) -> Outcome {
    if !matches!(run.state(&SESSION), "closed" | "lost") {
        return ERROR;
    }
    let Some(mailbox) = named(run) else {
        return ERROR;
    };
    if !network::is_attached(run) {
        return refused(run, "NETWORK ERROR");
    }
    run.if_interrupted("+POP3: NETWORK ERROR", Some(Refusal::Error));
    Outcome::Wait(Op::MailboxOpen(Box::new(mailbox)), opened)
}

fn opened(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => {
            run.happens(&SESSION, Event::Begun, &[]);
            run.begin(&UNUSED, Op::MailboxWatch(UNUSED_FOR), unused);
            success(run)
        }
        Done::Refused(error) | Done::Lost(error) => {
            run.abort(Client::Mailbox);
            run.happens(&SESSION, Event::Stopped, &[]);
            refused(run, told::of_login(&error))
        }
        _ => refused(run, "SERVER ERROR"),
    }
}

/// Nobody has used the session for long, or the server went away meanwhile: who asks next is told.
fn unused(run: &mut Run<'_>, _: Done) {
    run.abort(Client::Mailbox);
    run.happens(&SESSION, Event::Lost, &[]);
}

/// The session is over, whatever is under way in it.
fn leave(run: &mut Run<'_>) {
    run.stop(&UNUSED);
    run.abort(Client::Mailbox);
}

fn success(run: &mut Run<'_>) -> Outcome {
    run.say("+POP3: SUCCESS");
    Outcome::Ok
}

/// The mailbox that `AT+POP3SRV` names.
fn named(run: &Run<'_>) -> Option<Mailbox> {
    let row = run.row(POP3SRV)?;
    let values = run.values(row, None, None, row.parameters);
    let text = |at: usize| {
        let bytes = values.get(at).map(Value::to_bytes).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let host = text(0);
    let port = values.get(3).map_or(110, Value::as_number);
    (!host.is_empty()).then(|| Mailbox {
        server: Server {
            host,
            port: u16::try_from(port).unwrap_or(110),
            tls: Tls::None,
        },
        credentials: Credentials {
            user: text(1),
            password: Secret::new(text(2)),
            // The module knows no TLS, and the equipment said so.
            plain_auth: true,
            mechanism: Mechanism::default(),
        },
        patience: MAIL_PATIENCE,
    })
}

/// Asks the session, where there is one that nothing else asks.
fn ask(run: &mut Run<'_>, op: Op, then: Resume) -> Outcome {
    match run.state(&SESSION) {
        "ready" => {
            run.if_interrupted("+POP3: NETWORK ERROR", Some(Refusal::Error));
            Outcome::Wait(op, then)
        }
        "busy" => refused(run, "ONGOING"),
        "lost" => {
            run.happens(&SESSION, Event::Stopped, &[]);
            refused(run, "NETWORK ERROR")
        }
        _ => ERROR,
    }
}

/// The server said no, or nothing, or is gone.
fn failed(run: &mut Run<'_>, done: Done) -> Outcome {
    let word = match done {
        Done::Lost(error) => {
            leave(run);
            run.happens(&SESSION, Event::Stopped, &[]);
            told::of_mailbox(&error)
        }
        Done::Refused(error) => told::of_mailbox(&error),
        _ => "SERVER ERROR",
    };
    refused(run, word)
}

/// `AT+POP3NUM`.
pub(super) fn count(run: &mut Run<'_>, _: &Call) -> Outcome {
    ask(run, Op::MailboxStatus, |run, _, done| match done {
        Done::Status { count, bytes } => {
            run.say(format!("+POP3: {count}, {bytes}"));
            Outcome::Ok
        }
        done => failed(run, done),
    })
}

/// `AT+POP3LIST`: no comma here.
pub(super) fn list(run: &mut Run<'_>, _: &Call) -> Outcome {
    ask(run, Op::MailboxList, |run, _, done| match done {
        Done::Listed(mails) => {
            let bytes: u64 = mails.iter().map(|(_, size)| size).sum();
            let mut text = format!("+POP3: {} {bytes}", mails.len());
            for (number, size) in mails {
                text.push_str(&format!("\n{number} {size}"));
            }
            run.say(text);
            Outcome::Ok
        }
        done => failed(run, done),
    })
}

/// `AT+POP3LIST=<msg_id>`.
pub(super) fn list_one(run: &mut Run<'_>, call: &Call) -> Outcome {
    if call.number(0).is_none() {
        return ERROR;
    }
    ask(run, Op::MailboxList, |run, call, done| match done {
        Done::Listed(mails) => {
            let wanted = call.number(0);
            let mut mails = mails.into_iter();
            match mails.find(|&(number, _)| Some(number) == wanted) {
                Some((number, size)) => {
                    run.say(format!("+POP3: {number}, {size}"));
                    Outcome::Ok
                }
                // 16-A8.
                None => refused(run, "SERVER ERROR"),
            }
        }
        done => failed(run, done),
    })
}

/// `AT+POP3HDR=<msg_id>`: From, Date, Subject as they are in the mail (16-A20).
pub(super) fn header(run: &mut Run<'_>, call: &Call) -> Outcome {
    let number = call.number(0).unwrap_or(0);
    ask(run, Op::MailboxHeader(number), |run, _, done| match done {
        Done::Header(header) => {
            let fields = ["From", "Date", "Subject"].map(|name| {
                let value = field(&header, name).unwrap_or_default();
                let head = format!("{name}: ").into_bytes();
                [head, value].concat().trim_ascii_end().to_vec()
            });
            run.say(fields.join(&b'\n'));
            Outcome::Ok
        }
        done => failed(run, done),
    })
}

/// The value of the first field of this name, its lines joined by one blank, control characters left out.
fn field(header: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for line in header.split(|&byte| byte == b'\n') {
        let folded = line.first().is_some_and(|byte| b" \t".contains(byte));
        match (&mut found, folded) {
            (Some(value), true) => {
                value.push(b' ');
                value.extend(line.trim_ascii());
            }
            (Some(_), false) => break,
            (None, _) => {
                let (start, rest) = line.split_at_checked(name.len()).unwrap_or_default();
                let value = rest.trim_ascii_start().strip_prefix(b":");
                if let Some(value) = value.filter(|_| start.eq_ignore_ascii_case(name.as_bytes())) {
                    found = Some(value.trim_ascii().to_vec());
                }
            }
        }
    }
    let mut value = found?;
    value.retain(|byte| !byte.is_ascii_control());
    Some(value)
}

/// `AT+POP3GET=<msg_id>`: `OK`, and later where it was stored.
pub(super) fn fetch(run: &mut Run<'_>, call: &Call) -> Outcome {
    match run.state(&SESSION) {
        "ready" => {}
        // They answer as the others do.
        _ => return ask(run, Op::MailboxStatus, |_, _, _| ERROR),
    }
    let Some(parent) = files::mail_folder(run, run.setting(FSLOCA)) else {
        return ERROR;
    };
    let fetch = Fetch {
        number: call.number(0).unwrap_or(0),
        parent,
        clock: files::clock(run),
    };
    run.happens(&SESSION, Event::Accepted, &[]);
    run.begin(&SESSION, Op::MailboxFetch(Box::new(fetch)), fetched);
    Outcome::Ok
}

fn fetched(run: &mut Run<'_>, done: Done) {
    let (on, words) = match done {
        Done::Stored { folder, file } => {
            if let Some(mail) = folder.child(&file) {
                reading::remember(run, &mail);
            }
            let folder = path::full_folder(run, &folder);
            let folder = String::from_utf8_lossy(&folder).into_owned();
            let file = String::from_utf8_lossy(&file);
            (Event::Finished, format!("SUCCESS\n{folder}, {file}"))
        }
        Done::Refused(_) => (Event::Finished, "FAILURE".to_owned()),
        Done::Lost(error) => (Event::Lost, told::of_mailbox(&error).to_owned()),
        // The manual: the client then closes the session.
        _ => (Event::Failed, "FILE SYSTEM ERROR".to_owned()),
    };
    if on != Event::Finished {
        leave(run);
    }
    run.happens(&SESSION, on, &[("{code}", words)]);
}

/// `AT+POP3DEL=<msg_id>`.
pub(super) fn delete(run: &mut Run<'_>, call: &Call) -> Outcome {
    let number = call.number(0).unwrap_or(0);
    ask(run, Op::MailboxDelete(number), |run, _, done| match done {
        Done::Fine => success(run),
        done => failed(run, done),
    })
}

/// `AT+POP3OUT`: what was marked is deleted.
pub(super) fn close(run: &mut Run<'_>, _: &Call) -> Outcome {
    ask(run, Op::MailboxClose, |run, _, done| {
        run.happens(&SESSION, Event::Finished, &[]);
        leave(run);
        match done {
            Done::Fine => success(run),
            done => failed(run, done),
        }
    })
}

/// `AT+POP3STOP`: what was marked stays.
pub(super) fn stop(run: &mut Run<'_>, _: &Call) -> Outcome {
    if run.state(&SESSION) == "closed" {
        return ERROR;
    }
    run.stop(&SESSION);
    leave(run);
    run.happens(&SESSION, Event::Stopped, &[]);
    Outcome::Ok
}

/// The daemon was restarted, and the connection is gone with it. Who is told so in the place of an answer need
/// not be told again.
pub(super) fn interrupted(run: &mut Run<'_>) {
    let told = run.apology().is_some_and(|it| it.say.starts_with("+POP3"));
    let lost = if told { Event::Stopped } else { Event::Lost };
    run.happens(&SESSION, lost, &[("{code}", "NETWORK ERROR".to_owned())]);
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_found_as_they_stand() {
        let header =
            b"From: a <a@example.org>\r\nSUBJECT : =?utf-8?Q?x?=\r\n\t second\r\n third\r\n\
            subject: another\r\nDate:\r\nX-Subject: no\r\n\r\n";
        let found = |name| field(header, name).map(|value| String::from_utf8(value).unwrap());
        assert_eq!(found("From").as_deref(), Some("a <a@example.org>"));
        assert_eq!(
            found("Subject").as_deref(),
            Some("=?utf-8?Q?x?= second third")
        );
        assert_eq!(found("Date").as_deref(), Some(""));
        assert_eq!(found("To"), None);
    }

    #[test]
    fn a_field_ends_no_line_of_the_answer() {
        let header = b"Subject: a\rOK\r\n\x00b\n";
        assert_eq!(field(header, "Subject").unwrap(), b"aOK");
    }
}
