//! Sending the mail that was composed, and what became of it.

use super::bearer;
use super::compose::{attached, of_type, words};
use super::mail::{NO_RECIPIENT, SENDING, WRONG};
use crate::dialect::quectel::codes;
use crate::dialect::quectel::names::{QSMTPBODY, QSMTPCFG, QSMTPSUB};
use crate::dialect::row::{Row, Write};
use crate::dialect::state::Event;
use crate::emulator::{
    Call, Done, Letter, MailEnd, MailTime, ModuleClock, Op, Outcome, Party, Run, Value, Words,
};
use crate::message::Charset;
use crate::service::{Credentials, Error, ErrorKind, Mechanism, Secret, Server, Tls};
use std::time::Duration;

/// Most bytes of all attachments: more than both volumes hold.
const MOST_ATTACHED: u64 = 32 << 20;

/// `AT+QSMTPPUT[=<timeout>]`: `OK` once the mail is in the spool, later `+QSMTPPUT: <err>,<protocol_error>`.
pub(super) fn put(run: &mut Run<'_>, call: &Call) -> Outcome {
    let letter = match letter(run, call) {
        Ok(letter) => letter,
        Err(refused) => return refused,
    };
    if !bearer::is_attached(run) {
        return failed(run, &Error::new(ErrorKind::NoNetwork, "no packet service"));
    }
    Outcome::Wait(Op::Send(Box::new(letter)), put_accepted)
}

fn put_accepted(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Accepted(mail) => {
            run.owes_mail(mail);
            run.happens(&SENDING, Event::Accepted, &[]);
            Outcome::Ok
        }
        Done::Refused(error) => failed(run, &error),
        _ => failed(run, &Error::new(ErrorKind::Internal, "no answer to a mail")),
    }
}

/// `OK` only says that the command was right: what follows is told by the result line.
fn failed(run: &mut Run<'_>, error: &Error) -> Outcome {
    run.happens(&SENDING, Event::Accepted, &[]);
    ended(run, &Err(error.clone()));
    Outcome::Ok
}

/// The mail came to its end. What was composed is kept.
pub(super) fn ended(run: &mut Run<'_>, end: &MailEnd) {
    let result = match end {
        Ok(()) => (0, 0),
        Err(error) => codes::of_mail(error),
    };
    finished(run, result);
}

/// PDP context deactivated.
const DEACTIVATED: u16 = 657;

/// A context is down: a mail that is being sent over it is broken off, and its result says so.
pub(super) fn context_gone(run: &mut Run<'_>, context: u32) {
    let own = run.row(QSMTPCFG).and_then(|row| {
        configured(run, row, "contextid")
            .first()
            .map(Value::as_number)
    });
    if own == Some(context) && run.drops_mail() {
        finished(run, (DEACTIVATED, 0));
    }
}

fn finished(run: &mut Run<'_>, (err, reply): (u16, u16)) {
    let words = [
        ("{err}", err.to_string()),
        ("{protocol_error}", reply.to_string()),
    ];
    run.happens(&SENDING, Event::Finished, &words);
}

/// The values under a key of `+QSMTPCFG`.
fn configured(run: &Run<'_>, row: &Row, key: &str) -> Vec<Value> {
    let Write::Keys(keys) = row.write else {
        return Vec::new();
    };
    let key = keys.iter().find(|it| it.name == key);
    let values = key.map(|key| run.values(row, Some(key), None, key.parameters));
    values.unwrap_or_default()
}

/// The mail as it was composed; what is missing is refused at once.
fn letter(run: &Run<'_>, call: &Call) -> Result<Letter, Outcome> {
    let row = run.row(QSMTPCFG).ok_or(Outcome::Refused(WRONG))?;
    let of = |key: &str| configured(run, row, key);
    let text = |values: &[Value], at: usize| {
        let bytes = values.get(at).map(Value::to_bytes);
        bytes.unwrap_or_default()
    };
    let number = |values: &[Value], at: usize| values.get(at).map_or(0, Value::as_number);

    let (server, sender, account) = (of("smtpserver"), of("sender"), of("account"));
    let host = String::from_utf8(text(&server, 0)).map_err(|_| Outcome::Refused(WRONG))?;
    if host.is_empty() || text(&sender, 1).is_empty() {
        return Err(Outcome::Refused(WRONG));
    }
    let (to, cc, bcc) = (of_type(run, 1), of_type(run, 2), of_type(run, 3));
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        return Err(Outcome::Refused(NO_RECIPIENT));
    }
    let parties = |all: Vec<_>| all.into_iter().map(Party::nameless).collect();
    let text_of = |values: &[Value], at| String::from_utf8_lossy(&text(values, at)).into_owned();
    let (user, password) = (text_of(&account, 0), text_of(&account, 1));
    let named = !user.is_empty() || !password.is_empty();
    Ok(Letter {
        server: Server {
            host,
            port: u16::try_from(number(&server, 1)).unwrap_or(25),
            tls: match number(&of("ssltype"), 0) {
                1 => Tls::Implicit,
                2 => Tls::StartTls,
                _ => Tls::None,
            },
        },
        credentials: named.then(|| Credentials {
            user,
            password: Secret::new(password),
            // The equipment said so: an account and no TLS.
            plain_auth: true,
            mechanism: Mechanism::default(),
        }),
        sender: text(&sender, 1),
        sender_name: Words {
            charset: Charset::Ascii,
            bytes: text(&sender, 0),
        },
        to: parties(to),
        cc: parties(cc),
        bcc: parties(bcc),
        subject: words(run, QSMTPSUB),
        text: words(run, QSMTPBODY),
        attachments: attached(run).ok_or(Outcome::Refused(WRONG))?,
        clock: ModuleClock::default(),
        most_attached: MOST_ATTACHED,
        time: MailTime {
            least: Duration::from_secs(call.number(0).unwrap_or(300).into()),
            each_kib: Duration::ZERO,
            answer: None,
        },
    })
}
