//! What the module says that it is (reference section 1; formats as seen on SIM5320 and SIM5216).

use crate::dialect::row::{Parameter, Read, Row, Write};
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
        aliases: &["+GMI"],
        execute: Write::Act(v250::manufacturer),
        ..Row::tested("+CGMI")
    },
    Row {
        aliases: &["+GMM"],
        execute: Write::Act(v250::model),
        ..Row::tested("+CGMM")
    },
    Row {
        aliases: &["+GMR"],
        execute: Write::Act(revision),
        ..Row::tested("+CGMR")
    },
    Row {
        aliases: &["+GSN"],
        execute: Write::Act(v250::imei),
        ..Row::tested("+CGSN")
    },
    Row {
        read: Read::Act(named_imei),
        ..Row::tested("+SIMEI")
    },
    Row {
        execute: Write::Act(capabilities),
        ..Row::tested("+GCAP")
    },
];

const CAPABILITIES: &str = "+GCAP: +CGSM,+DS,+ES";

fn all(run: &mut Run<'_>, _: &Call) -> Outcome {
    let it = run.identity;
    run.say(format!(
        "Manufacturer: {}\nModel: {}\nRevision: {}\nIMEI: {}\n{CAPABILITIES}",
        it.manufacturer, it.model, it.revision, it.imei
    ));
    Outcome::Ok
}

/// The only one of them that is told with its name.
fn revision(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(format!("+CGMR: {}", run.identity.revision));
    Outcome::Ok
}

fn named_imei(run: &mut Run<'_>, call: &Call) -> Outcome {
    run.say(format!("{}: {}", call.row.name, run.identity.imei));
    Outcome::Ok
}

fn capabilities(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(CAPABILITIES);
    Outcome::Ok
}
