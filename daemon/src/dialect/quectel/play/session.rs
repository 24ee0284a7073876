//! The line and the module itself (AT Commands Manual V2.0).

use super::bearer;
use crate::dialect::quectel::names::{CFUN, CMEE, QPOWD, QURCCFG};
use crate::dialect::row::{Key, Parameter, Read, Row, Test, Write};
use crate::dialect::v250;
use crate::emulator::{Call, Outcome, Run, Slot, Value};
use std::time::Duration;

/// How long the module is silent when it starts anew.
const START: Duration = Duration::from_secs(1);
/// How long it stays off: its power key is taken to be tied, so that it comes back.
const OFF: Duration = Duration::from_secs(5);

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[Parameter::number("value", &[(0, 0)], 0)],
        write: Write::Act(view),
        execute: Write::Act(view),
        ..Row::named("&V")
    },
    Row::setting(CMEE, &[Parameter::number("n", &[(0, 2)], 1)]),
    v250::rate(&[Parameter::number("rate", RATES, 115_200).stored_only()]),
    Row {
        read: Read::Act(functions),
        write: Write::Act(set_functions),
        ..Row::setting(
            CFUN,
            &[
                Parameter::number("fun", &[(0, 1), (4, 4)], 1),
                Parameter::number("rst", &[(0, 1)], 0).or_initial(),
            ],
        )
    },
    Row {
        parameters: &[Parameter::number("n", &[(0, 1)], 1).or_initial()],
        test: Test::Derived,
        write: Write::Act(power_down),
        execute: Write::Act(power_down),
        ..Row::named(QPOWD)
    },
    Row {
        test: Test::Text("\"urcport\",(\"usbat\",\"usbmodem\",\"uart1\",\"all\")"),
        write: Write::Keys(&[Key::new("urcport", &[PORT])]),
        ..Row::named(QURCCFG)
    },
];

/// There is one port here, and it has every unsolicited line whatever is set.
const PORT: Parameter = Parameter {
    initial: crate::dialect::row::Initial::Text("usbat"),
    ..Parameter::text("urc_port_value", 3, 8)
};

const RATES: &[(u32, u32)] = &[
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

/// `AT&V`: one a line; what is not a register or a setting shows as 0.
fn view(run: &mut Run<'_>, _: &Call) -> Outcome {
    let settings = ["&C", "&D", "&F", "&W", "E", "Q", "V", "X", "Z"];
    let settings = settings.map(|name| format!("{name}: {}", run.setting(name)));
    let registers = run.played().registers();
    let registers = registers.map(|it| format!("S{}: {}", it.number, run.register(it.number)));
    let lines: Vec<String> = settings.into_iter().chain(registers).collect();
    run.say(lines.join("\n"));
    Outcome::Ok
}

fn functions(run: &mut Run<'_>, _: &Call) -> Outcome {
    let functions = run.setting(CFUN);
    run.say(format!("{CFUN}: {functions}"));
    Outcome::Ok
}

/// `AT+CFUN=<fun>[,<rst>]`: with `<rst>` 1 the module starts anew.
fn set_functions(run: &mut Run<'_>, call: &Call) -> Outcome {
    if call.number(1) == Some(1) {
        return Outcome::Restart {
            silence: START,
            last_word: "",
        };
    }
    let (before, wanted) = (run.setting(CFUN), call.number(0).unwrap_or(1));
    run.memory.set(Slot::of(CFUN, "fun"), Value::Number(wanted));
    if (before == 1) != (wanted == 1) {
        bearer::radio_switched(run);
    }
    Outcome::Ok
}

fn power_down(_: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Restart {
        silence: OFF,
        last_word: "POWERED DOWN",
    }
}
