//! Prints a mail that was fetched (`AT+POP3READ`).

use super::pop3::SESSION;
use super::{files, path};
use crate::dialect::simcom::names::POP3READ;
use crate::dialect::volume::FileName;
use crate::emulator::{Call, Done, Op, Outcome, Refusal, Run, Slot, Tally, Value};

/// Bytes of a mail that are read at once.
const PIECE: u32 = 16 * 1024;

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

/// This is the mail that was received last.
pub(super) fn remember(run: &mut Run<'_>, mail: &FileName) {
    let path = path::full(run, mail);
    run.memory
        .set(Slot::of(POP3READ, "last"), Value::Text(path));
}

/// `AT+POP3READ=<location>,<mail_file>`, `AT+POP3READ` for the mail received last.
pub(super) fn read(run: &mut Run<'_>, call: &Call) -> Outcome {
    *run.tally() = Tally::default();
    if run.state(&SESSION) == "busy" {
        return ERROR;
    }
    match candidates(run, call).into_iter().next() {
        Some(mail) => Outcome::Wait(Op::Look(mail), looked),
        None => ERROR,
    }
}

/// Where the mail may be: in the drive's folder for mail, else in the current folder if that is on
/// the same drive (16-A25).
fn candidates(run: &Run<'_>, call: &Call) -> Vec<FileName> {
    match (call.number(0), call.text(1)) {
        (Some(location), Some(written)) => {
            let Some(name) = path::text(run, &written) else {
                return Vec::new();
            };
            let mails = files::mail_folder(run, location);
            let mail = mails.and_then(|mails| path::within(run, &mails, &name));
            let drive = mail.as_ref().map(FileName::volume);
            let current = path::within(run, &path::current(run), &name);
            let current = current.filter(|file| Some(file.volume()) == drive);
            mail.into_iter().chain(current).collect()
        }
        (None, None) => stored(run, "last").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn stored(run: &Run<'_>, slot: &str) -> Option<FileName> {
    let path = run.memory.get(&Slot::of(POP3READ, slot))?.to_bytes();
    path::file(run, &path)
}

/// It is there, or it may be at the other place.
fn looked(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    match (done, candidates(run, call).into_iter().nth(1)) {
        (Done::Found { name, folder, .. }, _) if !folder => begin(run, &name),
        (_, Some(other)) => Outcome::Wait(Op::Look(other), |run, _, done| match done {
            Done::Found { name, folder, .. } if !folder => begin(run, &name),
            _ => ERROR,
        }),
        (_, None) => ERROR,
    }
}

fn begin(run: &mut Run<'_>, mail: &FileName) -> Outcome {
    let path = path::full(run, mail);
    run.memory.set(Slot::of(POP3READ, "now"), Value::Text(path));
    ask(run)
}

fn ask(run: &mut Run<'_>) -> Outcome {
    let offset = run.tally().count;
    match stored(run, "now") {
        Some(name) => Outcome::Wait(
            Op::Read {
                name,
                offset,
                length: PIECE,
            },
            say,
        ),
        None => ERROR,
    }
}

/// As it is, with a line's end at its own.
fn say(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Bytes(bytes) = done else {
        return ERROR;
    };
    if run.tally().count == 0 {
        run.say_raw(b"\r\n");
    }
    run.say_raw(&bytes);
    run.tally().add(&bytes);
    if u32::try_from(bytes.len()) == Ok(PIECE) {
        return ask(run);
    }
    if !bytes.ends_with(b"\n") {
        run.say_raw(b"\r\n");
    }
    Outcome::Ok
}
