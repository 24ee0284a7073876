//! Files of the module (FILE AT Commands Manual): space, list, delete. Names without prefix are on UFS.

use super::compose::MAX_NAME;
use super::transfer;
use crate::dialect::quectel::names::{QFDEL, QFDWL, QFLDS, QFLST, QFUPL};
use crate::dialect::row::{Parameter, Row, Test, Write};
use crate::dialect::volume::{self, FileName, Volume};
use crate::emulator::{Call, Done, FileError, Op, Outcome, Refusal, Run, quote};

/// Invalid input value.
const INVALID: Refusal = Refusal::Cme(400);
/// File not found.
pub(super) const NOT_FOUND: Refusal = Refusal::Cme(405);
/// Invalid file name.
pub(super) const BAD_NAME: Refusal = Refusal::Cme(406);

const FILE_NAME: Parameter = Parameter::text("filename", 1, 139);

const fn row(name: &'static str) -> Row {
    Row {
        test: Test::Derived,
        invalid: INVALID,
        ..Row::named(name)
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[Parameter::text("name_pattern", 1, 4).optional()],
        write: Write::Act(space),
        execute: Write::Act(space),
        ..row(QFLDS)
    },
    Row {
        parameters: &[Parameter::text("name_pattern", 1, 139).optional()],
        write: Write::Act(list),
        execute: Write::Act(list),
        ..row(QFLST)
    },
    Row {
        parameters: &[FILE_NAME],
        write: Write::Act(delete),
        ..row(QFDEL)
    },
    Row {
        parameters: &[
            FILE_NAME,
            Parameter::number("file_size", &[(1, u32::MAX)], 10240).or_initial(),
            Parameter::number("timeout", &[(1, 65535)], 5).or_initial(),
            Parameter::number("ackmode", &[(0, 1)], 0).or_initial(),
        ],
        write: Write::Act(transfer::upload),
        ..row(QFUPL)
    },
    Row {
        parameters: &[FILE_NAME],
        write: Write::Act(transfer::download),
        ..row(QFDWL)
    },
];

/// The file that a parameter names; `*` names none, or it could never be deleted by itself.
pub(super) fn file(run: &Run<'_>, call: &Call) -> Option<FileName> {
    let file = FileName::parse(run.played().volumes, &call.text(0)?, MAX_NAME)?;
    (file.name() != b"*").then_some(file)
}

/// The number for what went wrong with a file.
pub(super) fn refusal(error: FileError) -> Refusal {
    Refusal::Cme(match error {
        FileError::NotFound => 405,
        FileError::Exists => 407,
        FileError::NoSpace => 420,
        FileError::NotEmpty | FileError::Disk => 427,
    })
}

/// The volume that a text names, and what of it: a file, or all with `*`.
fn pattern(run: &Run<'_>, text: &[u8]) -> Option<(&'static Volume, Option<FileName>)> {
    let (volume, name) = volume::split(run.played().volumes, text)?;
    if name == b"*" {
        return Some((volume, None));
    }
    let fits = (1..=MAX_NAME).contains(&name.len());
    fits.then(|| (volume, Some(FileName::new(volume.name, name))))
}

/// `AT+QFLDS[="UFS"|"RAM"]`.
fn space(run: &mut Run<'_>, call: &Call) -> Outcome {
    let Some(name) = call.text(0) else {
        let Some(volume) = run.played().volumes.first().map(|first| first.name) else {
            return Outcome::Refused(INVALID);
        };
        return Outcome::Wait(Op::List { volume, name: None }, say_used);
    };
    let name = name.strip_suffix(b":").unwrap_or(&name);
    let mut volumes = run.played().volumes.iter();
    let volume = volumes.find(|volume| volume.name.as_bytes().eq_ignore_ascii_case(name));
    match volume {
        Some(volume) => {
            let volume = volume.name;
            Outcome::Wait(Op::List { volume, name: None }, say_space)
        }
        None => Outcome::Refused(INVALID),
    }
}

fn say_space(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Files { space, .. } = done else {
        return Outcome::Refused(Refusal::Cme(419));
    };
    run.say(format!("{QFLDS}: {},{}", space.free, space.total));
    Outcome::Ok
}

fn say_used(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Files { files, .. } = done else {
        return Outcome::Refused(Refusal::Cme(419));
    };
    let bytes: u64 = files.iter().map(|(_, size)| size).sum();
    run.say(format!("{QFLDS}: {bytes},{}", files.len()));
    Outcome::Ok
}

/// `AT+QFLST[=<name_pattern>]`: files of UFS without prefix, others with it.
fn list(run: &mut Run<'_>, call: &Call) -> Outcome {
    let text = call.text(0).unwrap_or_else(|| b"*".to_vec());
    match pattern(run, &text) {
        Some((volume, name)) => {
            let volume = volume.name;
            Outcome::Wait(Op::List { volume, name }, say_list)
        }
        None => Outcome::Refused(BAD_NAME),
    }
}

fn say_list(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Files { files, .. } = done else {
        return Outcome::Refused(Refusal::Cme(417));
    };
    let text = call.text(0).unwrap_or_else(|| b"*".to_vec());
    let named = pattern(run, &text).is_some_and(|(_, name)| name.is_some());
    if named && files.is_empty() {
        return Outcome::Refused(NOT_FOUND);
    }
    for (file, size) in files {
        let volumes = run.played().volumes.iter();
        let mut others = volumes.skip(1);
        let prefix = others
            .find(|volume| volume.name == file.volume())
            .map_or("", |it| it.prefix);
        let name = [prefix.as_bytes(), file.name()].concat();
        let mut text = format!("{QFLST}: ").into_bytes();
        quote(&name, &mut text);
        text.extend(format!(",{size}").into_bytes());
        run.say(text);
    }
    Outcome::Ok
}

/// `AT+QFDEL=<filename>`, or all of a volume with `*`.
fn delete(run: &mut Run<'_>, call: &Call) -> Outcome {
    let text = call.text(0).unwrap_or_default();
    match pattern(run, &text) {
        Some((_, Some(file))) => Outcome::Wait(Op::Delete(file), deleted),
        Some((volume, None)) => Outcome::Wait(Op::Clear(volume.name), deleted),
        None => Outcome::Refused(BAD_NAME),
    }
}

fn deleted(_: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => Outcome::Ok,
        Done::Failed(FileError::NotFound) => Outcome::Refused(NOT_FOUND),
        _ => Outcome::Refused(Refusal::Cme(418)),
    }
}
