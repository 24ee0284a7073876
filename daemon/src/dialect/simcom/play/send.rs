//! Sending the mail that was composed, and what became of it.

use super::compose::{MOST, attached, bytes, forget_mail, number};
use super::smtp::SENDING;
use super::{MAIL_PATIENCE, files, network, told};
use crate::dialect::simcom::names::{SMTPAUTH, SMTPBODY, SMTPFROM, SMTPRCPT, SMTPSRV, SMTPSUB};
use crate::dialect::state::Event;
use crate::emulator::{
    Call, Done, Letter, MailEnd, MailTime, Op, Outcome, Party, Refusal, Run, Value, Words,
};
use crate::message::Charset;
use crate::service::{Credentials, Mechanism, Secret, Server, Tls};
use std::time::Duration;

/// A mail of 10 MB has time to leave over a line of 9600 bit/s.
const TIME: MailTime = MailTime {
    least: Duration::from_secs(300),
    each_kib: Duration::from_secs(1),
    answer: Some(MAIL_PATIENCE),
};

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

/// `AT+SMTPSEND?`.
pub(super) fn is_sending(run: &mut Run<'_>, _: &Call) -> Outcome {
    let sending = u32::from(run.state(&SENDING) != SENDING.first());
    run.say(format!("+SMTPSEND: {sending}"));
    Outcome::Ok
}

/// `AT+SMTPSEND`: `+SMTP: OK` once the server has greeted, the result later.
pub(super) fn send(run: &mut Run<'_>, _: &Call) -> Outcome {
    if run.state(&SENDING) != SENDING.first() {
        return refused(run, "ONGOING");
    }
    let Some(letter) = letter(run) else {
        return refused(run, "PARAM ERROR");
    };
    if !network::is_attached(run) {
        return refused(run, "NETWORK ERROR");
    }
    run.happens(&SENDING, Event::Accepted, &[]);
    run.if_interrupted("+SMTP: NETWORK ERROR", Some(Refusal::Error));
    Outcome::Wait(Op::Send(Box::new(letter)), accepted)
}

fn refused(run: &mut Run<'_>, word: &str) -> Outcome {
    run.say(format!("+SMTP: {word}"));
    ERROR
}

fn accepted(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Accepted(mail) => {
            run.owes_mail(mail);
            Outcome::Wait(Op::Greeted(mail), greeted)
        }
        done => failed(run, done),
    }
}

fn greeted(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => {
            run.happens(&SENDING, Event::Begun, &[]);
            run.say("+SMTP: OK");
            Outcome::Ok
        }
        done => failed(run, done),
    }
}

/// It came to nothing before the server had greeted.
fn failed(run: &mut Run<'_>, done: Done) -> Outcome {
    run.drops_mail();
    run.happens(&SENDING, Event::Failed, &[]);
    let word = match done {
        Done::Refused(error) | Done::Lost(error) => told::of_mail(&error, true),
        _ => "SERVER ERROR",
    };
    refused(run, word)
}

/// The mail came to its end. What was composed is kept unless it was sent.
pub(super) fn ended(run: &mut Run<'_>, end: &MailEnd) {
    let word = match end {
        Ok(()) => "SUCCESS",
        // The command that still waits tells it.
        Err(_) if run.state(&SENDING) == "connecting" => return,
        Err(error) => told::of_mail(error, false),
    };
    if end.is_ok() {
        forget_mail(run);
    }
    run.happens(&SENDING, Event::Finished, &[("{code}", word.to_owned())]);
}

/// `AT+SMTPSTOP`.
pub(super) fn stop(run: &mut Run<'_>, _: &Call) -> Outcome {
    if !run.drops_mail() {
        return ERROR;
    }
    run.happens(&SENDING, Event::Stopped, &[]);
    Outcome::Ok
}

/// The daemon was restarted: a mail that the equipment was told of goes on; of one that it was not, it has
/// been told an error.
pub(super) fn interrupted(run: &mut Run<'_>) {
    if run.state(&SENDING) == "connecting" {
        run.drops_mail();
        run.happens(&SENDING, Event::Failed, &[]);
    }
}

/// The texts and numbers of a row.
fn set(run: &Run<'_>, row: &str) -> Vec<Value> {
    let row = run.row(row);
    row.map(|row| run.values(row, None, None, row.parameters))
        .unwrap_or_default()
}

fn words(bytes: Vec<u8>) -> Words {
    let charset = Charset::Ascii;
    Words { charset, bytes }
}

/// The mail as it was composed; `None` where server, sender or recipients are missing.
fn letter(run: &Run<'_>) -> Option<Letter> {
    let (server, login, sender) = (set(run, SMTPSRV), set(run, SMTPAUTH), set(run, SMTPFROM));
    let host = String::from_utf8(bytes(&server, 0)).ok()?;
    let recipients = run.list(SMTPRCPT);
    if host.is_empty() || bytes(&sender, 0).is_empty() || recipients.is_empty() {
        return None;
    }
    let of_kind = |kind: u32| {
        let rows = recipients.iter().filter(|row| number(row, 0) == kind);
        let party = |row: &Vec<Value>| Party {
            address: bytes(row, 2),
            name: words(bytes(row, 3)),
        };
        rows.map(party).collect()
    };
    let text = |values: &[Value], at| String::from_utf8_lossy(&bytes(values, at)).into_owned();
    Some(Letter {
        server: Server {
            host,
            port: u16::try_from(number(&server, 1)).ok()?,
            tls: Tls::None,
        },
        credentials: (number(&login, 0) == 1).then(|| Credentials {
            user: text(&login, 1),
            password: Secret::new(text(&login, 2)),
            // The module knows no TLS, and the equipment said so.
            plain_auth: true,
            mechanism: Mechanism::default(),
        }),
        sender: bytes(&sender, 0),
        sender_name: words(bytes(&sender, 1)),
        to: of_kind(0),
        cc: of_kind(1),
        bcc: of_kind(2),
        subject: words(bytes(&set(run, SMTPSUB), 0)),
        text: words(bytes(&set(run, SMTPBODY), 0)),
        attachments: attached(run),
        clock: files::clock(run),
        most_attached: MOST,
        time: TIME,
    })
}
