//! The line and the module itself.

use crate::dialect::row::{Parameter, Read, Row, Test, Write};
use crate::dialect::simcom::names::{CATR, CFUN, CMEE, CPOF, CRESET};
use crate::dialect::v250;
use crate::emulator::{Call, Outcome, Refusal, Run, Slot, Value};
use std::time::Duration;

/// How long the module is silent when it starts anew.
const START: Duration = Duration::from_secs(1);
/// How long it stays off: its power key is taken to be tied, so that it comes back.
const OFF: Duration = Duration::from_secs(5);

pub(super) const ROWS: &[Row] = &[
    Row {
        execute: Write::Clear,
        cleared_by: &[CMEE],
        invalid: Refusal::Cme(4),
        ..Row::setting(CMEE, &[Parameter::number("n", &[(0, 2)], 0).in_profile()])
    },
    v250::rate(&[Parameter::number("rate", RATES, 115_200).stored_only()]),
    Row {
        read: Read::Act(functions),
        write: Write::Act(set_functions),
        ..Row::setting(
            CFUN,
            &[
                Parameter::number("fun", &[(0, 1), (4, 7)], 1),
                Parameter::number("rst", &[(0, 1)], 0).or_initial(),
            ],
        )
    },
    Row {
        test: Test::Ok,
        execute: Write::Act(restart),
        ..Row::named(CRESET)
    },
    Row {
        test: Test::Ok,
        execute: Write::Act(power_off),
        ..Row::named(CPOF)
    },
    // There is one port here, and it has everything whatever is set.
    Row {
        test: Test::Text("(0-7)"),
        ..Row::setting(
            CATR,
            &[
                Parameter::number("port", &[(0, 7)], 0),
                Parameter::number("more", &[(0, 1)], 0).optional().unread(),
            ],
        )
    },
];

const RATES: &[(u32, u32)] = &[
    (300, 300),
    (600, 600),
    (1200, 1200),
    (2400, 2400),
    (4800, 4800),
    (9600, 9600),
    (19200, 19200),
    (38400, 38400),
    (57600, 57600),
    (115_200, 115_200),
    (230_400, 230_400),
    (460_800, 460_800),
    (921_600, 921_600),
];

fn functions(run: &mut Run<'_>, _: &Call) -> Outcome {
    let functions = run.setting(CFUN);
    run.say(format!("{CFUN}: {functions}"));
    Outcome::Ok
}

/// `AT+CFUN=<fun>[,<rst>]`: 6, or 1 with `<rst>`, starts the module anew.
fn set_functions(run: &mut Run<'_>, call: &Call) -> Outcome {
    let wanted = call.number(0).unwrap_or(1);
    if wanted == 6 || call.number(1) == Some(1) {
        return restart(run, call);
    }
    run.memory.set(Slot::of(CFUN, "fun"), Value::Number(wanted));
    Outcome::Ok
}

fn restart(_: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Restart {
        silence: START,
        last_word: "",
    }
}

fn power_off(_: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Restart {
        silence: OFF,
        last_word: "+SIMCARD: NOT AVAILABLE",
    }
}
