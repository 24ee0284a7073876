//! What the module says that it is (reference section 1; formats as seen on SIM5320 and SIM5216).

use crate::dialect::row::{Parameter, Read, Row, Test, Write};
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
        execute: Write::Act(manufacturer),
        ..asked("+CGMI")
    },
    Row {
        aliases: &["+GMM"],
        execute: Write::Act(model),
        ..asked("+CGMM")
    },
    Row {
        aliases: &["+GMR"],
        execute: Write::Act(revision),
        ..asked("+CGMR")
    },
    Row {
        aliases: &["+GSN"],
        execute: Write::Act(imei),
        ..asked("+CGSN")
    },
    Row {
        read: Read::Act(named_imei),
        ..asked("+SIMEI")
    },
    Row {
        execute: Write::Act(capabilities),
        ..asked("+GCAP")
    },
];

const CAPABILITIES: &str = "+GCAP: +CGSM,+DS,+ES";

const fn asked(name: &'static str) -> Row {
    Row {
        test: Test::Ok,
        ..Row::named(name)
    }
}

fn all(run: &mut Run<'_>, _: &Call) -> Outcome {
    let it = run.identity;
    run.say(format!(
        "Manufacturer: {}\nModel: {}\nRevision: {}\nIMEI: {}\n{CAPABILITIES}",
        it.manufacturer, it.model, it.revision, it.imei
    ));
    Outcome::Ok
}

fn manufacturer(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.manufacturer.as_bytes());
    Outcome::Ok
}

fn model(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.model.as_bytes());
    Outcome::Ok
}

/// The only one of them that is told with its name.
fn revision(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(format!("+CGMR: {}", run.identity.revision));
    Outcome::Ok
}

fn imei(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(run.identity.imei.as_bytes());
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
