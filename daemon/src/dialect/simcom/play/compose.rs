//! Composing a mail: login, recipients, attachments.

use super::path;
use crate::dialect::simcom::names::{SMTPAUTH, SMTPBODY, SMTPFILE, SMTPRCPT, SMTPSUB};
use crate::dialect::volume::FileName;
use crate::emulator::{Call, Done, Op, Outcome, Refusal, Run, Slot, Value, quote};

/// Most bytes of all attachments.
pub(super) const MOST: u64 = 10 * 1024 * 1024;

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

pub(super) fn number(row: &[Value], at: usize) -> u32 {
    row.get(at).map_or(0, Value::as_number)
}

pub(super) fn bytes(row: &[Value], at: usize) -> Vec<u8> {
    row.get(at).map(Value::to_bytes).unwrap_or_default()
}

/// `AT+SMTPAUTH=<flag>[,<user>,<pwd>]`: both or, without login, neither.
pub(super) fn set_login(run: &mut Run<'_>, call: &Call) -> Outcome {
    let value = |at: usize| call.values.get(at).cloned().flatten();
    match (call.number(0), value(1), value(2)) {
        (Some(0), None, None) => {
            run.memory.forget(SMTPAUTH);
            Outcome::Ok
        }
        (Some(1), Some(user), Some(password)) => {
            let flag = Value::Number(1);
            for (name, value) in [("flag", flag), ("user", user), ("pwd", password)] {
                run.memory.set(Slot::of(SMTPAUTH, name), value);
            }
            Outcome::Ok
        }
        _ => ERROR,
    }
}

/// A list as its rows are shown; nothing where it is empty.
fn say_list(run: &mut Run<'_>, lines: Vec<Vec<u8>>) -> Outcome {
    if !lines.is_empty() {
        run.say(lines.join(&b'\n'));
    }
    Outcome::Ok
}

/// `AT+SMTPRCPT?`: by kind, then index.
pub(super) fn recipients(run: &mut Run<'_>, _: &Call) -> Outcome {
    let line = |row: &Vec<Value>| {
        let (kind, index) = (number(row, 0), number(row, 1));
        let mut text = format!("{SMTPRCPT}: {kind}, {index}, ").into_bytes();
        quote(&bytes(row, 2), &mut text);
        text.extend(b", ");
        quote(&bytes(row, 3), &mut text);
        text
    };
    let lines = run.list(SMTPRCPT).iter().map(line).collect();
    say_list(run, lines)
}

/// `AT+SMTPRCPT=<kind>[,<index>[,<raddr>[,<rname>]]]`: how many there are says what is meant.
pub(super) fn change_recipients(run: &mut Run<'_>, call: &Call) -> Outcome {
    let mut rows = run.list(SMTPRCPT);
    let kind = call.number(0).unwrap_or(0);
    match (call.number(1), call.text(2), call.text(3)) {
        (None, None, None) => rows.retain(|row| number(row, 0) != kind),
        (Some(index), address, name) if address.is_some() || name.is_none() => {
            rows.retain(|row| number(row, 0) != kind || number(row, 1) != index);
            if let Some(address) = address {
                let (kind, index) = (Value::Number(kind), Value::Number(index));
                let name = Value::Text(name.unwrap_or_default());
                rows.push(vec![kind, index, Value::Text(address), name]);
                rows.sort_by_key(|row| (number(row, 0), number(row, 1)));
            }
        }
        _ => return ERROR,
    }
    run.set_list(SMTPRCPT, rows);
    Outcome::Ok
}

/// `AT+SMTPFILE?`: full paths and sizes (16-A5).
pub(super) fn attachments(run: &mut Run<'_>, _: &Call) -> Outcome {
    let line = |row: &Vec<Value>| {
        let mut text = format!("{SMTPFILE}: {}, ", number(row, 0)).into_bytes();
        quote(&bytes(row, 1), &mut text);
        text.extend(format!(", {}", number(row, 2)).into_bytes());
        text
    };
    let lines = run.list(SMTPFILE).iter().map(line).collect();
    say_list(run, lines)
}

/// `AT+SMTPFILE=<index>[,<filename>]`.
pub(super) fn change_attachments(run: &mut Run<'_>, call: &Call) -> Outcome {
    let Some(written) = call.text(1) else {
        let mut rows = run.list(SMTPFILE);
        rows.retain(|row| Some(number(row, 0)) != call.number(0));
        run.set_list(SMTPFILE, rows);
        return Outcome::Ok;
    };
    match path::file(run, &written) {
        Some(file) => Outcome::Wait(Op::Look(file), attach),
        None => ERROR,
    }
}

/// The file was looked for.
fn attach(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let (
        Some(index),
        Done::Found {
            name,
            size,
            folder: false,
            ..
        },
    ) = (call.number(0), done)
    else {
        return ERROR;
    };
    let mut rows = run.list(SMTPFILE);
    rows.retain(|row| number(row, 0) != index);
    // Two of one name could not be told apart, whichever folders they are in.
    let same = |row: &Vec<Value>| {
        let last = file(run, row).map(|other| other.last().to_owned());
        last.is_some_and(|last| last.eq_ignore_ascii_case(name.last()))
    };
    if rows.iter().any(same) {
        return ERROR;
    }
    let others: u64 = rows.iter().map(|row| u64::from(number(row, 2))).sum();
    let (all, Ok(size)) = (others.saturating_add(size), u32::try_from(size)) else {
        return oversize(run);
    };
    if all > MOST {
        return oversize(run);
    }
    let path = path::full(run, &name);
    rows.push(vec![
        Value::Number(index),
        Value::Text(path),
        Value::Number(size),
    ]);
    rows.sort_by_key(|row| number(row, 0));
    run.set_list(SMTPFILE, rows);
    Outcome::Ok
}

fn oversize(run: &mut Run<'_>) -> Outcome {
    run.say("+SMTP: OVERSIZE");
    ERROR
}

fn file(run: &Run<'_>, row: &[Value]) -> Option<FileName> {
    path::file(run, &bytes(row, 1))
}

/// The files that are attached, each with the name that the mail shows.
pub(super) fn attached(run: &Run<'_>) -> Vec<(FileName, String)> {
    let rows = run.list(SMTPFILE);
    let files = rows.iter().filter_map(|row| file(run, row));
    let named = files.map(|file| {
        let shown = String::from_utf8_lossy(file.last()).into_owned();
        (file, shown)
    });
    named.collect()
}

/// Nothing of the mail is left but server, login and sender: it was sent.
pub(super) fn forget_mail(run: &mut Run<'_>) {
    for row in [SMTPRCPT, SMTPSUB, SMTPBODY, SMTPFILE] {
        run.memory.forget(row);
    }
}
