//! Composing a mail: recipients, subject, body, attachments.

use super::mail::{NO_MEMORY, NO_RECIPIENT, WRONG};
use crate::at::ResultCode;
use crate::dialect::quectel::names::{QSMTPATT, QSMTPBODY, QSMTPDST, QSMTPSUB};
use crate::dialect::volume::FileName;
use crate::emulator::{
    Call, Collected, DataMode, Done, Into, Op, Outcome, Refusal, Run, Slot, Value, Words, quote,
};
use crate::message::Charset;
use hayes_ldisc::discipline::{Echo, Ends};
use std::time::Duration;

const MAX_RECIPIENTS: usize = 20;
const MAX_ATTACHMENTS: usize = 10;
const MAX_SUBJECT: usize = 100;
/// Longest name of a file, without its volume (FILE AT Commands Manual).
pub(super) const MAX_NAME: usize = 80;

/// `<mode>`: what write forms of lists do.
const DELETE: u32 = 0;

fn number(row: &[Value], at: usize) -> u32 {
    row.get(at).map_or(0, Value::as_number)
}

fn bytes(row: &[Value], at: usize) -> Vec<u8> {
    row.get(at).map(Value::to_bytes).unwrap_or_default()
}

/// The recipients of a type: 1 To, 2 CC, 3 BCC.
pub(super) fn of_type(run: &Run<'_>, wanted: u32) -> Vec<Vec<u8>> {
    let rows = run.list(QSMTPDST);
    let wanted = rows.iter().filter(|row| number(row, 0) == wanted);
    wanted.map(|row| bytes(row, 1)).collect()
}

/// `AT+QSMTPDST?`: all of type 1, then 2, then 3, each in the order in which they were added.
pub(super) fn recipients(run: &mut Run<'_>, _: &Call) -> Outcome {
    for of in 1..=3 {
        for address in of_type(run, of) {
            let mut text = format!("{QSMTPDST}: {of},").into_bytes();
            quote(&address, &mut text);
            run.say(text);
        }
    }
    Outcome::Ok
}

/// `AT+QSMTPDST=<mode>[,<type>[,<emailaddr>]]`.
pub(super) fn change_recipients(run: &mut Run<'_>, call: &Call) -> Outcome {
    let mut rows = run.list(QSMTPDST);
    let before = rows.len();
    match (call.number(0), call.number(1), call.text(2)) {
        (Some(DELETE), None, None) => rows.clear(),
        (Some(DELETE), Some(of), None) => rows.retain(|row| number(row, 0) != of),
        (Some(DELETE), Some(of), Some(address)) => {
            rows.retain(|row| number(row, 0) != of || bytes(row, 1) != address);
        }
        (Some(_), Some(of), Some(address)) => {
            if rows.len() >= MAX_RECIPIENTS {
                return Outcome::Refused(NO_MEMORY);
            }
            rows.push(vec![Value::Number(of), Value::Text(address)]);
        }
        _ => return Outcome::Refused(WRONG),
    }
    if rows.len() == before && call.number(1).is_some() {
        return Outcome::Refused(NO_RECIPIENT);
    }
    run.set_list(QSMTPDST, rows);
    Outcome::Ok
}

fn charset(number: u32) -> Charset {
    match number {
        1 => Charset::Utf8,
        2 => Charset::Gb2312,
        3 => Charset::Big5,
        _ => Charset::Ascii,
    }
}

/// What was entered under `row`, with its charset.
pub(super) fn words(run: &Run<'_>, row: &str) -> Words {
    let get = |parameter| run.memory.get(&Slot::of(row, parameter));
    Words {
        charset: charset(get("charset").map_or(0, Value::as_number)),
        bytes: get("text").map(Value::to_bytes).unwrap_or_default(),
    }
}

fn set_words(run: &mut Run<'_>, row: &str, charset: u32, bytes: Vec<u8>) {
    run.memory
        .set(Slot::of(row, "charset"), Value::Number(charset));
    run.memory.set(Slot::of(row, "text"), Value::Text(bytes));
}

/// `AT+QSMTPSUB?`: hexadecimal under charsets 1 to 3.
pub(super) fn subject(run: &mut Run<'_>, _: &Call) -> Outcome {
    let words = words(run, QSMTPSUB);
    let number = run.memory.get(&Slot::of(QSMTPSUB, "charset"));
    let number = number.map_or(0, Value::as_number);
    let text = match words.charset {
        Charset::Ascii => words.bytes,
        _ => words
            .bytes
            .iter()
            .flat_map(|byte| format!("{byte:02X}").into_bytes())
            .collect(),
    };
    let mut answer = format!("{QSMTPSUB}: {number},").into_bytes();
    quote(&text, &mut answer);
    run.say(answer);
    Outcome::Ok
}

/// `AT+QSMTPSUB=<charset>,<subject>`. Under charsets 1 to 3 an even number of hexadecimal digits is
/// decoded, anything else is the text itself.
pub(super) fn set_subject(run: &mut Run<'_>, call: &Call) -> Outcome {
    let (Some(charset), Some(text)) = (call.number(0), call.text(1)) else {
        return Outcome::Refused(WRONG);
    };
    let decoded = if charset == 0 { None } else { unhex(&text) };
    let text = decoded.unwrap_or(text);
    if text.len() > MAX_SUBJECT {
        return Outcome::Refused(WRONG);
    }
    set_words(run, QSMTPSUB, charset, text);
    Outcome::Ok
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

/// `AT+QSMTPBODY=<charset>,<body_length>[,<input_time>]`: `<input_time>` counts for the whole entry.
pub(super) fn enter_body(run: &mut Run<'_>, call: &Call) -> Outcome {
    let (Some(length), Some(time)) = (call.number(1), call.number(2)) else {
        return Outcome::Refused(WRONG);
    };
    run.say_result(ResultCode::Connect);
    Outcome::Data(Box::new(DataMode {
        ends: Ends {
            length: Some(length.into()),
            deadline: Some(Duration::from_secs(time.into())),
            ..run.ends()
        },
        into: Into::Memory(usize::try_from(length).unwrap_or(usize::MAX)),
        echo: Echo::None,
        then: body_entered,
    }))
}

/// However it ended, what came is the body.
fn body_entered(run: &mut Run<'_>, call: &Call, collected: &Collected) -> Outcome {
    let charset = call.number(0).unwrap_or(0);
    set_words(run, QSMTPBODY, charset, collected.bytes.clone());
    run.say(format!("{QSMTPBODY}: {}", collected.count));
    Outcome::Ok
}

/// `AT+QSMTPATT?`.
pub(super) fn attachments(run: &mut Run<'_>, _: &Call) -> Outcome {
    for row in run.list(QSMTPATT) {
        let mut text = format!("{QSMTPATT}: {},", number(&row, 0)).into_bytes();
        quote(&bytes(&row, 1), &mut text);
        text.extend(format!(",{}", number(&row, 2)).into_bytes());
        run.say(text);
    }
    Outcome::Ok
}

/// `AT+QSMTPATT=<mode>[,<index>[,<file_name>]]`.
pub(super) fn change_attachments(run: &mut Run<'_>, call: &Call) -> Outcome {
    let mut rows = run.list(QSMTPATT);
    match (call.number(0), call.number(1), call.text(2)) {
        (Some(DELETE), None, None) => rows.clear(),
        (Some(DELETE), Some(index), _) => {
            let before = rows.len();
            rows.retain(|row| number(row, 0) != index);
            if rows.len() == before {
                return Outcome::Refused(WRONG);
            }
        }
        (Some(1), Some(_), Some(name)) => {
            if rows.len() >= MAX_ATTACHMENTS {
                return Outcome::Refused(NO_MEMORY);
            }
            return match FileName::parse(run.played().volumes, &name, MAX_NAME) {
                Some(file) => Outcome::Wait(
                    Op::List {
                        volume: file.volume(),
                        name: Some(file),
                    },
                    attach,
                ),
                None => Outcome::Refused(WRONG),
            };
        }
        _ => return Outcome::Refused(WRONG),
    }
    run.set_list(QSMTPATT, rows);
    Outcome::Ok
}

/// The file was looked for.
fn attach(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let size = match &done {
        Done::Files { files, .. } => files.first().map(|(_, size)| *size),
        _ => None,
    };
    let (Some(size), Some(index), Some(name)) = (size, call.number(1), call.text(2)) else {
        return Outcome::Refused(Refusal::Cme(661));
    };
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let mut rows = run.list(QSMTPATT);
    rows.retain(|row| number(row, 0) != index);
    rows.push(vec![
        Value::Number(index),
        Value::Text(name),
        Value::Number(size),
    ]);
    rows.sort_by_key(|row| number(row, 0));
    run.set_list(QSMTPATT, rows);
    Outcome::Ok
}

/// The files that are attached, each with the name that the mail shows; `None` where one cannot be
/// named any more.
pub(super) fn attached(run: &Run<'_>) -> Option<Vec<(FileName, String)>> {
    let one = |row: &Vec<Value>| {
        let file = FileName::parse(run.played().volumes, &bytes(row, 1), MAX_NAME)?;
        let shown = String::from_utf8_lossy(file.name()).into_owned();
        Some((file, shown))
    };
    run.list(QSMTPATT).iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::unhex;

    #[test]
    fn only_an_even_number_of_digits_is_hexadecimal() {
        assert_eq!(unhex(b"E6b3B5"), Some(vec![0xE6, 0xB3, 0xB5]));
        assert_eq!(unhex(b""), Some(vec![]));
        for text in ["ABC", "AB CD", "4g", "+1"] {
            assert_eq!(unhex(text.as_bytes()), None, "{text}");
        }
    }
}
