//! Files between equipment and module over the line: `CFTRANRX`, `CFTRANTX`.

use super::{PATIENCE, block, path};
use crate::dialect::row::{Parameter, Row, Test, Write};
use crate::dialect::simcom::names::{CFTRANRX, CFTRANTX};
use crate::emulator::{Call, Collected, DataMode, Done, Into, Op, Outcome, Refusal, Run, Tally};
use hayes_ldisc::discipline::{Cause, Echo, Ends};

const PATH: Parameter = Parameter::free("FILEPATH", 1, 1024);
/// Reserved; an offset. Later firmware has them, and nothing comes of them here.
const MORE: Parameter = Parameter::number("more", &[(0, u32::MAX)], 0).optional();

/// Bytes of data in a block.
const BLOCK: usize = 512;
/// Bytes of a file that are read at once: whole blocks.
const PIECE: u64 = 32 * 512;

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[
            PATH,
            Parameter::number("len", &[(1, u32::MAX)], 1),
            MORE,
            MORE,
        ],
        test: Test::Text("[{non-ascii}]\"FILEPATH\""),
        write: Write::Act(take),
        ..Row::named(CFTRANRX)
    },
    Row {
        parameters: &[
            PATH,
            Parameter::number("location", &[(0, u32::MAX)], 0).optional(),
            Parameter::number("size", &[(0, u32::MAX)], 0).optional(),
        ],
        test: Test::Text("[{non-ascii}]\"FILEPATH\""),
        write: Write::Act(give),
        ..Row::named(CFTRANTX)
    },
];

/// `AT+CFTRANRX="<path>",<len>`: a prompt, then just so many bytes. A file of that name makes way once they
/// are there.
fn take(run: &mut Run<'_>, call: &Call) -> Outcome {
    let name = call.text(0).and_then(|path| path::file(run, &path));
    let (Some(name), Some(size)) = (name, call.number(1)) else {
        return ERROR;
    };
    let size = size.into();
    let replace = true;
    let create = Op::Create {
        name,
        size,
        replace,
    };
    Outcome::Wait(create, begin)
}

fn begin(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let (Done::Fine, Some(length)) = (done, call.number(1)) else {
        return ERROR;
    };
    run.say_raw(b"\r\n>");
    Outcome::Data(Box::new(DataMode {
        ends: Ends {
            length: Some(length.into()),
            idle: Some(PATIENCE),
            escape: None,
            ..run.ends()
        },
        into: Into::File {
            acknowledge: None,
            least: length.into(),
        },
        echo: Echo::None,
        then: taken,
    }))
}

fn taken(_: &mut Run<'_>, _: &Call, collected: &Collected) -> Outcome {
    match (collected.cause, collected.failed) {
        (Cause::Length, None) => Outcome::Ok,
        _ => ERROR,
    }
}

/// `AT+CFTRANTX="<path>"[,<location>,<size>]`: the file, or so many of its bytes from there on, in blocks.
fn give(run: &mut Run<'_>, call: &Call) -> Outcome {
    // Another one may stand before it on the line.
    *run.tally() = Tally::default();
    ask(run, call)
}

fn ask(run: &mut Run<'_>, call: &Call) -> Outcome {
    let Some(name) = call.text(0).and_then(|path| path::file(run, &path)) else {
        return ERROR;
    };
    let sent = run.tally().count;
    let offset = u64::from(call.number(1).unwrap_or(0)) + sent;
    let left = call.number(2).map_or(u64::MAX, u64::from);
    let length = left.saturating_sub(sent).min(PIECE);
    Outcome::Wait(
        Op::Read {
            name,
            offset,
            length: u32::try_from(length).unwrap_or(0),
        },
        given,
    )
}

fn given(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Bytes(bytes) = done else {
        return ERROR;
    };
    if bytes.is_empty() {
        run.say(format!("{CFTRANTX}: 0"));
        return Outcome::Ok;
    }
    for data in bytes.chunks(BLOCK) {
        block(run, CFTRANTX, data);
    }
    run.tally().add(&bytes);
    ask(run, call)
}
