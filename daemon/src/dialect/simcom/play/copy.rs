//! Copies a file (`AT+FSCOPY`, which later firmware has; reference section 8.2).

use super::path;
use crate::dialect::row::{Parameter, Row, Test, Write};
use crate::dialect::simcom::names::FSCOPY;
use crate::dialect::volume::FileName;
use crate::emulator::{Call, Done, FileError, Op, Outcome, Refusal, Run, Tally};

const PATH: Parameter = Parameter::free("path", 1, 1024);

/// Bytes that are copied at once.
const PIECE: u32 = 64 * 1024;

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

pub(super) const ROWS: &[Row] = &[Row {
    parameters: &[PATH, PATH],
    test: Test::Ok,
    write: Write::Act(copy),
    ..Row::named(FSCOPY)
}];

/// Says why not in words, as this command does.
fn refused(run: &mut Run<'_>, words: &str) -> Outcome {
    run.say(words);
    ERROR
}

fn named(run: &Run<'_>, call: &Call, at: usize) -> Option<FileName> {
    path::file(run, &call.text(at)?)
}

/// `AT+FSCOPY=<from>,<to>`: how far it has come, in percent, and `OK`.
fn copy(run: &mut Run<'_>, call: &Call) -> Outcome {
    *run.tally() = Tally::default();
    match (named(run, call, 0), named(run, call, 1)) {
        (Some(from), Some(_)) => Outcome::Wait(Op::Look(from), found),
        _ => refused(run, "INVALID PATH NAME"),
    }
}

fn found(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    match (done, named(run, call, 1)) {
        (Done::Found { folder: false, .. }, Some(to)) => Outcome::Wait(Op::Look(to), is_free),
        _ => refused(run, "FILE NOT EXISTING"),
    }
}

fn is_free(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    match (done, named(run, call, 0)) {
        (Done::Found { folder: true, .. }, _) => refused(run, "DIRECTORY IS EXISTED"),
        (Done::Found { .. }, _) => refused(run, "FILE IS EXISTING"),
        // Its size is wanted, now that it will be copied.
        (_, Some(from)) => Outcome::Wait(Op::Look(from), create),
        _ => ERROR,
    }
}

fn create(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let (Done::Found { size, .. }, Some(name)) = (done, named(run, call, 1)) else {
        return refused(run, "FILE NOT EXISTING");
    };
    let replace = false;
    Outcome::Wait(
        Op::Create {
            name,
            size,
            replace,
        },
        |run, call, done| match done {
            Done::Fine => read(run, call),
            done => failed(run, call, &done),
        },
    )
}

fn failed(run: &mut Run<'_>, call: &Call, done: &Done) -> Outcome {
    let on_card = named(run, call, 1).is_some_and(|to| to.volume() == "d");
    let words = match (done, on_card) {
        (Done::Failed(FileError::NoSpace), true) => "SD CARD HAVE NO ENOUGH MEMORY",
        (Done::Failed(FileError::NoSpace), false) => "EFS HAVE NO ENOUGH MEMORY",
        (Done::Failed(FileError::NotFound), _) => "DIRECTORY NOT EXISTED",
        _ => "FILE CREATE ERROR",
    };
    refused(run, words)
}

fn read(run: &mut Run<'_>, call: &Call) -> Outcome {
    let offset = run.tally().count;
    match named(run, call, 0) {
        Some(name) => Outcome::Wait(
            Op::Read {
                name,
                offset,
                length: PIECE,
            },
            write,
        ),
        None => ERROR,
    }
}

fn write(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Bytes(bytes) if bytes.is_empty() => Outcome::Wait(Op::Finish, finished),
        Done::Bytes(bytes) => {
            run.tally().count += bytes.len() as u64;
            Outcome::Wait(Op::Append(bytes), written)
        }
        _ => give_up(run, "READ FILE ERROR"),
    }
}

fn written(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    match (done, named(run, call, 0)) {
        (Done::Fine, Some(from)) => Outcome::Wait(Op::Look(from), say_how_far),
        _ => give_up(run, "WRITE FILE ERROR"),
    }
}

fn say_how_far(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    if let Done::Found { size, .. } = done {
        let copied = run.tally().count.min(size);
        let percent = (copied * 100).checked_div(size).unwrap_or(100);
        if percent < 100 {
            run.say(format!("{FSCOPY}: {percent}"));
        }
    }
    read(run, call)
}

fn finished(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => {
            run.say(format!("{FSCOPY}: 100"));
            Outcome::Ok
        }
        _ => refused(run, "WRITE FILE ERROR"),
    }
}

/// Half of a file is none.
fn give_up(run: &mut Run<'_>, words: &str) -> Outcome {
    run.say(words);
    Outcome::Wait(Op::Abandon, |_, _, _| ERROR)
}
