//! Commands that every modem has (ITU-T V.250), as rows for the dialects' tables.

use super::row::{Act, Parameter, Read, Register, Row, Write};
use crate::at::ResultCode;
use crate::emulator::{Call, Done, Op, Outcome, Refusal, Run};

/// `<value>` of a basic command that is part of the profile.
const fn value(ranges: &'static [(u32, u32)], initial: u32) -> Parameter {
    Parameter::number("value", ranges, initial).in_profile()
}

/// `E`: echo (section 6.2.4).
pub const ECHO: Row = Row::basic("E", &[value(&[(0, 1)], 1)]);
/// `Q`: result codes (section 6.2.5).
pub const QUIET: Row = Row::basic("Q", &[value(&[(0, 1)], 0)]);
/// `V`: words or digits (section 6.2.6).
pub const VERBOSE: Row = Row::basic("V", &[value(&[(0, 1)], 1)]);
/// `X`: which result codes (section 6.2.7).
pub const EXTENDED_RESULTS: Row = Row::basic("X", &[value(&[(0, 4)], 4)]);
/// `&C`: what circuit 109 (carrier) shows (section 6.2.8).
pub const CARRIER: Row = Row {
    write: Write::StoreThen(show_circuits),
    execute: Write::StoreThen(show_circuits),
    ..Row::basic("&C", &[value(&[(0, 1)], 1)])
};
/// `&D`: what circuit 108 (DTR) does (section 6.2.9).
pub const DTR: Row = Row::basic("&D", &[value(&[(0, 2)], 2)]);
/// `Z`: back to the stored profile (section 6.1.1).
pub const RESET: Row = act("Z", &[Parameter::number("value", &[(0, 0)], 0)], reset);
/// `&F`: back to the factory's profile (section 6.1.2).
pub const FACTORY: Row = act("&F", &[Parameter::number("value", &[(0, 0)], 0)], factory);
/// `&W`: stores the profile.
pub const STORE: Row = act("&W", &[Parameter::number("value", &[(0, 0)], 0)], store);
/// `O`: back to data. There is never any to go back to here (section 6.3.7).
pub const ONLINE: Row = Row {
    write: Write::Answer(ResultCode::NoCarrier),
    execute: Write::Answer(ResultCode::NoCarrier),
    ..Row::named("O")
};
/// `D`: dials. There is nothing to dial here (section 6.3.1).
pub const DIAL: Row = Row {
    write: Write::Answer(ResultCode::NoCarrier),
    execute: Write::Answer(ResultCode::NoCarrier),
    ..Row::named("D")
};
/// `A`: answers a call. There is none (section 6.3.5).
pub const ANSWER: Row = Row {
    execute: Write::Answer(ResultCode::NoCarrier),
    ..Row::named("A")
};
/// `+IFC`: flow control (section 6.2.12), effective after the `OK`.
pub const FLOW: Row = Row {
    write: Write::StoreThen(configure),
    ..Row::setting(
        "+IFC",
        &[
            Parameter::number("DCE_by_DTE", &[(0, 2)], 0),
            Parameter::number("DTE_by_DCE", &[(0, 2)], 0).optional(),
        ],
    )
};

/// `+IPR`: the rate of the line (section 6.2.10), with the rates that a module has; effective after the `OK`.
pub const fn rate(rates: &'static [Parameter]) -> Row {
    Row {
        read: Read::Act(tell_rate),
        write: Write::StoreThen(configure),
        ..Row::setting("+IPR", rates)
    }
}

/// All of them but the rate, for a dialect that has nothing of its own to say about them.
pub const ROWS: &[Row] = &[
    ECHO,
    QUIET,
    VERBOSE,
    EXTENDED_RESULTS,
    CARRIER,
    DTR,
    RESET,
    FACTORY,
    STORE,
    ONLINE,
    DIAL,
    ANSWER,
    FLOW,
];

/// The S-registers: section 6.1 and 6.3, with the ranges that modules have.
pub const REGISTERS: &[Register] = &[
    Register::new(0, &[(0, 255)], 0),
    Register::unsaved(3, &[(0, 127)], 13),
    Register::unsaved(4, &[(0, 127)], 10),
    Register::unsaved(5, &[(0, 127)], 8),
    Register::unsaved(6, &[(2, 10)], 2),
    Register::new(7, &[(0, 255)], 0),
    Register::unsaved(8, &[(1, 255)], 2),
    Register::new(10, &[(1, 254)], 15),
];

/// Verbs that do nothing here and that old dialers send all the same: loudspeaker, guard tones, pulse or
/// tone, breaks, error correction, compression.
pub const IGNORED: &[&str] = &[
    "L", "M", "B", "Y", "N", "P", "T", "H", "&G", "&J", "&K", "&L", "&M", "&P", "&Q", "&R", "&S",
    "&T", "&X", "&Y", "\\A", "\\B", "\\G", "\\J", "\\K", "\\N", "\\Q", "\\T", "\\V", "\\X", "%A",
    "%B", "%C", "%E", "%G", "%N", "%U",
];

const fn act(name: &'static str, parameters: &'static [Parameter], act: Act) -> Row {
    Row {
        parameters,
        write: Write::Act(act),
        execute: Write::Act(act),
        ..Row::named(name)
    }
}

/// Who made the module (`+GMI`, section 6.1.4).
pub fn manufacturer(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.manufacturer.as_bytes());
    Outcome::Ok
}

/// What it is called (`+GMM`, section 6.1.5).
pub fn model(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.model.as_bytes());
    Outcome::Ok
}

/// Its serial number: cellular modules tell their IMEI (`+GSN`, section 6.1.7).
pub fn imei(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.imei.as_bytes());
    Outcome::Ok
}

fn show_circuits(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.show_circuits();
    Outcome::Ok
}

fn tell_rate(run: &mut Run<'_>, call: &Call) -> Outcome {
    let speed = run.speed();
    run.say(format!("{}: {speed}", call.row.name));
    Outcome::Ok
}

/// Sets the line up as the memory says now.
fn configure(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.configure();
    Outcome::Ok
}

fn reset(run: &mut Run<'_>, call: &Call) -> Outcome {
    run.reset_profile(true);
    show_circuits(run, call)
}

fn factory(run: &mut Run<'_>, call: &Call) -> Outcome {
    run.reset_profile(false);
    show_circuits(run, call)
}

fn store(run: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Wait(Op::Store(run.profile()), stored)
}

fn stored(_: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => Outcome::Ok,
        _ => Outcome::Refused(Refusal::Error),
    }
}
