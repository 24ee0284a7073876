//! Files between equipment and module (FILE AT Commands Manual): `QFUPL`, `QFDWL`.

use super::files::{BAD_NAME, NOT_FOUND, file, refusal};
use crate::at::ResultCode;
use crate::dialect::quectel::names::{QFDWL, QFUPL};
use crate::emulator::{
    Call, Collected, DataMode, Done, FileError, Into, Op, Outcome, Refusal, Run, Tally,
};
use hayes_ldisc::discipline::{Echo, Ends};
use std::time::Duration;

/// With `<ackmode>` 1 an `A` answers each block of so many bytes.
const BLOCK: u32 = 1024;

/// Bytes of a file that are read at once.
const PIECE: u32 = 16 * 1024;

/// `AT+QFUPL=<filename>[,<file_size>[,<timeout>[,<ackmode>]]]`.
pub(super) fn upload(run: &mut Run<'_>, call: &Call) -> Outcome {
    let Some(name) = file(run, call) else {
        return Outcome::Refused(BAD_NAME);
    };
    let size = call.number(1).unwrap_or(0).into();
    let replace = false;
    let create = Op::Create {
        name,
        size,
        replace,
    };
    Outcome::Wait(create, begin_upload)
}

fn begin_upload(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => {}
        Done::Failed(error) => return Outcome::Refused(refusal(error)),
        _ => return Outcome::Refused(Refusal::Cme(408)),
    }
    let (size, time) = (call.number(1).unwrap_or(0), call.number(2).unwrap_or(5));
    run.say_result(ResultCode::Connect);
    Outcome::Data(Box::new(DataMode {
        ends: Ends {
            length: Some(size.into()),
            idle: Some(Duration::from_secs(time.into())),
            ..run.ends()
        },
        into: Into::File {
            acknowledge: (call.number(3) == Some(1)).then_some(BLOCK),
            least: 0,
        },
        echo: Echo::None,
        then: uploaded,
    }))
}

/// However it ended, what came is the file.
fn uploaded(run: &mut Run<'_>, _: &Call, collected: &Collected) -> Outcome {
    match collected.failed {
        None => {
            run.say(format!("{QFUPL}: {},{:x}", collected.count, collected.sum));
            Outcome::Ok
        }
        Some(FileError::NoSpace) => Outcome::Refused(Refusal::Cme(403)),
        Some(_) => Outcome::Refused(Refusal::Cme(409)),
    }
}

/// `AT+QFDWL=<filename>`.
pub(super) fn download(run: &mut Run<'_>, call: &Call) -> Outcome {
    // Another one may stand before it on the line.
    *run.tally() = Tally::default();
    match file(run, call) {
        Some(name) => Outcome::Wait(read(name, 0), send_piece),
        None => Outcome::Refused(BAD_NAME),
    }
}

fn read(name: crate::dialect::volume::FileName, offset: u64) -> Op {
    Op::Read {
        name,
        offset,
        length: PIECE,
    }
}

fn send_piece(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let first = run.tally().count == 0;
    let bytes = match done {
        Done::Bytes(bytes) => bytes,
        Done::Failed(FileError::NotFound) if first => return Outcome::Refused(NOT_FOUND),
        _ => return Outcome::Refused(Refusal::Cme(411)),
    };
    if first {
        run.say_result(ResultCode::Connect);
    }
    run.tally().add(&bytes);
    run.say_raw(&bytes);
    let tally = *run.tally();
    match file(run, call) {
        Some(name) if !bytes.is_empty() => Outcome::Wait(read(name, tally.count), send_piece),
        _ => {
            run.say(format!("{QFDWL}: {},{:x}", tally.count, tally.sum));
            Outcome::Ok
        }
    }
}
