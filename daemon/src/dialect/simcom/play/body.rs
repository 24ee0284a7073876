//! The body of a mail in data mode (manual, `AT+SMTPBODY`).

use super::PATIENCE;
use crate::dialect::simcom::names::SMTPBODY;
use crate::emulator::{Call, Collected, DataMode, Into, Outcome, Refusal, Run, Slot, Value};
use hayes_ldisc::discipline::{Cause, Ends, InBand};

/// The longest body in data mode (16-A4).
const LONGEST: usize = 5120;
/// Most bytes that are kept until it is known which of them were erased.
const KEPT: usize = 64 * 1024;

/// `AT+SMTPBODY?`: as it is, so that a body of several lines is told in several.
pub(super) fn read(run: &mut Run<'_>, _: &Call) -> Outcome {
    let body = run.memory.get(&Slot::of(SMTPBODY, "body"));
    let body = body.map(Value::to_bytes).unwrap_or_default();
    run.say_raw(format!("\r\n{SMTPBODY}: \"").as_bytes());
    run.say_raw(&body);
    run.say_raw(b"\"\r\n");
    Outcome::Ok
}

/// `AT+SMTPBODY`: `>>`, then the body up to Ctrl-Z; ESC empties it.
pub(super) fn enter(run: &mut Run<'_>, _: &Call) -> Outcome {
    // 16-A26: one blank, and no line behind it.
    run.say_raw(b"\r\n>> ");
    Outcome::Data(Box::new(DataMode {
        ends: Ends {
            in_band: Some(InBand::CtrlZ { cancel: true }),
            idle: Some(PATIENCE),
            escape: None,
            ..run.ends()
        },
        into: Into::Memory(KEPT),
        echo: run.echo(),
        then: entered,
    }))
}

fn entered(run: &mut Run<'_>, _: &Call, collected: &Collected) -> Outcome {
    let slot = Slot::of(SMTPBODY, "body");
    run.memory.unset(&slot);
    match collected.cause {
        Cause::Cancelled => Outcome::Ok,
        Cause::CtrlZ => {
            let body = edited(&collected.bytes);
            let whole = u64::try_from(collected.bytes.len()) == Ok(collected.count);
            if !whole || body.len() > LONGEST {
                return Outcome::Refused(Refusal::Error);
            }
            run.memory.set(slot, Value::Text(body));
            Outcome::Ok
        }
        _ => Outcome::Refused(Refusal::Error),
    }
}

/// What is left when each backspace has taken the character before it. What is not printable ASCII, a tab or
/// a line's end is no text.
fn edited(bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            0x08 => {
                body.pop();
            }
            b'\r' | b'\n' | b'\t' => body.push(byte),
            b' '..=b'~' => body.push(byte),
            _ => {}
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::edited;

    #[test]
    fn a_backspace_takes_the_character_before_it() {
        for (typed, body) in [
            (&b"abc"[..], &b"abc"[..]),
            (b"\x08\x08abx\x08c", b"abc"),
            (b"abc\x08\x08\x08\x08", b""),
            (b"line 1\r\nline 2\r\n", b"line 1\r\nline 2\r\n"),
            (b"a\x7f\x00\x03\x1fb", b"ab"),
            (b"a\x00\x08b", b"b"),
            (b"\xe4\tx", b"\tx"),
        ] {
            assert_eq!(edited(typed), body, "{}", typed.escape_ascii());
        }
    }
}
