//! Files and folders of the module (file system commands of sister families). Drives are `C:`, its own
//! memory, and `D:`, a card.

use super::path;
use crate::dialect::row::{Parameter, Read, Row, Test, Write};
use crate::dialect::simcom::names::{
    CCLK, FSATTRI, FSCD, FSDEL, FSFMT, FSLOCA, FSLS, FSMEM, FSMKDIR, FSRENAME, FSRMDIR,
};
use crate::dialect::volume::FileName;
use crate::emulator::{Call, Done, ModuleClock, Op, Outcome, Refusal, Run, Slot};

const PATH: Parameter = Parameter::free("path", 1, 1024);

/// What `AT+FSDEL` takes for all files of the current folder.
const ALL: &[u8] = b"*.*";

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[PATH],
        test: Test::Ok,
        read: Read::Act(read_current),
        write: Write::Act(change),
        ..Row::named(FSCD)
    },
    Row {
        parameters: &[PATH],
        test: Test::Ok,
        write: Write::Act(|run, call| on(run, call, Op::MakeFolder)),
        ..Row::named(FSMKDIR)
    },
    Row {
        parameters: &[PATH],
        test: Test::Ok,
        write: Write::Act(|run, call| on(run, call, Op::RemoveFolder)),
        ..Row::named(FSRMDIR)
    },
    Row {
        parameters: &[Parameter::number("type", &[(0, 2)], 0).or_initial()],
        test: Test::Derived,
        read: Read::Act(count),
        write: Write::Act(list),
        execute: Write::Act(list),
        ..Row::named(FSLS)
    },
    Row {
        parameters: &[PATH],
        test: Test::Ok,
        write: Write::Act(delete),
        ..Row::named(FSDEL)
    },
    Row {
        parameters: &[PATH, PATH],
        test: Test::Ok,
        write: Write::Act(rename),
        ..Row::named(FSRENAME)
    },
    Row {
        parameters: &[PATH],
        test: Test::Ok,
        write: Write::Act(attributes),
        ..Row::named(FSATTRI)
    },
    Row {
        test: Test::Ok,
        execute: Write::Act(|_, _| Outcome::Wait(Op::Spaces, say_space)),
        ..Row::named(FSMEM)
    },
    Row {
        test: Test::Ok,
        execute: Write::Act(|_, _| Outcome::Wait(Op::Clear("d"), done)),
        ..Row::named(FSFMT)
    },
    Row::setting(FSLOCA, &[Parameter::number("loca", &[(0, 1)], 0)]),
];

/// The folder that mail is stored in, on the drive of this number (`AT+FSLOCA`).
pub(super) fn mail_folder(run: &Run<'_>, location: u32) -> Option<FileName> {
    let at = usize::try_from(location).ok()?;
    let volume = run.played().volumes.get(at)?;
    Some(FileName::new(volume.name, b"Email"))
}

/// The file or folder that the first parameter names.
fn named(run: &Run<'_>, call: &Call, at: usize) -> Option<FileName> {
    path::file(run, &call.text(at)?)
}

/// Does something with the file or folder that the parameter names.
fn on(run: &mut Run<'_>, call: &Call, op: fn(FileName) -> Op) -> Outcome {
    match named(run, call, 0) {
        Some(name) => Outcome::Wait(op(name), done),
        None => ERROR,
    }
}

fn done(_: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => Outcome::Ok,
        _ => ERROR,
    }
}

fn say_current(run: &mut Run<'_>) -> Outcome {
    let path = path::full_folder(run, &path::current(run));
    run.say([FSCD.as_bytes(), b": ", &path].concat());
    Outcome::Ok
}

fn read_current(run: &mut Run<'_>, _: &Call) -> Outcome {
    say_current(run)
}

fn change(run: &mut Run<'_>, call: &Call) -> Outcome {
    let written = call.text(0).unwrap_or_default();
    match path::folder(run, &written) {
        Some(folder) => Outcome::Wait(Op::Look(folder), changed),
        None => ERROR,
    }
}

fn changed(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Found {
            name, folder: true, ..
        } => {
            path::set_current(run, &name);
            say_current(run)
        }
        _ => ERROR,
    }
}

fn list(run: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Wait(Op::Folder(path::current(run)), say_list)
}

/// Folders, then files, each under its head; neither where there are none.
fn say_list(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Folder { folders, files } = done else {
        return ERROR;
    };
    let kind = call.number(0).unwrap_or(0);
    let files: Vec<_> = files.into_iter().map(|(name, _)| name).collect();
    for (of, head, names) in [(1, "SUBDIRECTORIES:", folders), (2, "FILES:", files)] {
        if (kind == 0 || kind == of) && !names.is_empty() {
            let head = format!("{FSLS}: {head}\n").into_bytes();
            // An empty line ends it.
            run.say([&head[..], &names.join(&b'\n'), b"\n"].concat());
        }
    }
    Outcome::Ok
}

fn count(run: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Wait(Op::Folder(path::current(run)), say_count)
}

fn say_count(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Folder { folders, files } = done else {
        return ERROR;
    };
    let (folders, files) = (folders.len(), files.len());
    run.say(format!("{FSLS}: SUBDIRECTORIES:{folders},FILES:{files}"));
    Outcome::Ok
}

fn delete(run: &mut Run<'_>, call: &Call) -> Outcome {
    if call.text(0).is_some_and(|name| name == ALL) {
        return Outcome::Wait(Op::ClearFolder(path::current(run)), done);
    }
    on(run, call, Op::Delete)
}

fn rename(run: &mut Run<'_>, call: &Call) -> Outcome {
    match (named(run, call, 0), named(run, call, 1)) {
        (Some(from), Some(to)) => Outcome::Wait(Op::Rename { from, to }, done),
        _ => ERROR,
    }
}

fn attributes(run: &mut Run<'_>, call: &Call) -> Outcome {
    match named(run, call, 0) {
        Some(name) => Outcome::Wait(Op::Look(name), say_attributes),
        None => ERROR,
    }
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// `+FSATTRI: <size>, <YYYY/MM/DD HH:MM:SS Www>`, by the module's clock.
fn say_attributes(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Found {
        size,
        modified,
        folder: false,
        ..
    } = done
    else {
        return ERROR;
    };
    let at = clock(run).local(modified);
    // 1970-01-01 was a Thursday.
    let day = at.seconds().div_euclid(24 * 60 * 60).rem_euclid(7);
    let day = usize::try_from(day).ok().and_then(|day| DAYS.get(day));
    run.say(format!(
        "{FSATTRI}: {size}, {:04}/{:02}/{:02} {:02}:{:02}:{:02} {}",
        at.year,
        at.month,
        at.day,
        at.hour,
        at.minute,
        at.second,
        day.unwrap_or(&"")
    ));
    Outcome::Ok
}

/// The module's clock, as `AT+CCLK` has set it.
pub(super) fn clock(run: &Run<'_>) -> ModuleClock {
    let saved = run.memory.get(&Slot::of(CCLK, "clock"));
    saved.map_or_else(ModuleClock::default, |saved| {
        ModuleClock::from_text(&saved.to_bytes())
    })
}

/// `+FSMEM: C:(<total>, <used>), D:(<total>, <used>)`.
fn say_space(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Spaces(spaces) = done else {
        return ERROR;
    };
    let volumes = run.played().volumes.iter();
    let drives: Vec<String> = volumes
        .zip(spaces)
        .map(|(volume, space)| {
            let used = space.total.saturating_sub(space.free);
            format!("{}({}, {used})", volume.prefix, space.total)
        })
        .collect();
    run.say(format!("{FSMEM}: {}", drives.join(", ")));
    Outcome::Ok
}
