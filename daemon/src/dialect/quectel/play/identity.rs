//! What the module says that it is (AT Commands Manual V2.0, chapter 2).

use crate::dialect::row::{Parameter, Row, Write};
use crate::dialect::v250;
use crate::emulator::{Call, Outcome, Run};

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[Parameter::number("value", &[(0, 0)], 0)],
        write: Write::Act(all),
        execute: Write::Act(all),
        ..Row::named("I")
    },
    Row {
        aliases: &["+CGMI"],
        execute: Write::Act(v250::manufacturer),
        ..Row::tested("+GMI")
    },
    Row {
        aliases: &["+CGMM"],
        execute: Write::Act(v250::model),
        ..Row::tested("+GMM")
    },
    Row {
        aliases: &["+CGMR"],
        execute: Write::Act(revision),
        ..Row::tested("+GMR")
    },
    Row {
        execute: Write::Act(build),
        ..Row::tested("+QGMR")
    },
    Row {
        parameters: SERIAL_OR_IMEI,
        write: Write::Act(serial_or_imei),
        execute: Write::Act(v250::imei),
        ..Row::tested("+GSN")
    },
    Row {
        parameters: SERIAL_OR_IMEI,
        write: Write::Act(serial_or_imei),
        execute: Write::Act(v250::imei),
        ..Row::tested("+CGSN")
    },
];

const SERIAL_OR_IMEI: &[Parameter] = &[Parameter::number("snt", &[(0, 1)], 1).optional()];

fn all(run: &mut Run<'_>, _: &Call) -> Outcome {
    let it = run.identity;
    run.say(format!(
        "{}\n{}\nRevision: {}",
        it.manufacturer, it.model, it.revision
    ));
    Outcome::Ok
}

fn revision(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.revision.as_bytes());
    Outcome::Ok
}

/// The revision with the number of its build.
fn build(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(format!("{}_01.001.01.001", run.identity.revision));
    Outcome::Ok
}

/// `=0`: the serial number; `=1`: the IMEI.
fn serial_or_imei(run: &mut Run<'_>, call: &Call) -> Outcome {
    let value = match call.number(0) {
        Some(0) => &run.identity.serial,
        _ => &run.identity.imei,
    };
    run.say(format!("{}: {value}", call.row.name));
    Outcome::Ok
}
