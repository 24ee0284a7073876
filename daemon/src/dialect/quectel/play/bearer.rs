//! Bearer, registration, SIM, signal (TCP/IP application note, AT Commands Manual V2.0). The network is
//! always there while the radio is on. `QIDNSGIP` is not played: there is nothing here that resolves names
//! for equipment.

use super::send;
use crate::dialect::Code;
use crate::dialect::quectel::codes::TCPIP;
use crate::dialect::quectel::names::{
    CEREG, CFUN, CGATT, CGREG, CPIN, CREG, CSQ, QIACT, QIACTEX, QICSGP, QIDEACT, QIDEACTEX,
    QIDNSCFG, QIGETERROR,
};
use crate::dialect::row::{Parameter, Read, Row, Test, Write};
use crate::emulator::{Call, Outcome, Refusal, Run, Slot, Value, quote};

const CONTEXT: Parameter = Parameter::number("contextID", &[(1, 16)], 1);

/// Most contexts at a time.
const MAX_ACTIVE: usize = 3;

/// `<err>` of `+QIGETERROR`: operation not allowed.
const NOT_ALLOWED: u16 = 572;
/// `<err>` of `+QIGETERROR`: open context failed.
const NOT_OPENED: u16 = 561;

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[
            CONTEXT,
            Parameter::number("context_type", &[(1, 3)], 1),
            Parameter::text("APN", 0, 100),
            Parameter::text("username", 0, 127).or_initial(),
            Parameter::text("password", 0, 127).or_initial().hidden(),
            Parameter::number("authentication", &[(0, 3)], 0).or_initial(),
        ],
        test: Test::Derived,
        write: Write::Indexed {
            check: only_inactive,
            shown: false,
        },
        ..Row::named(QICSGP)
    },
    Row {
        parameters: &[CONTEXT],
        test: Test::Derived,
        read: Read::Act(active),
        write: Write::Act(activate),
        ..Row::named(QIACT)
    },
    Row {
        parameters: &[CONTEXT],
        test: Test::Derived,
        write: Write::Act(deactivate),
        ..Row::named(QIDEACT)
    },
    Row {
        parameters: &[
            CONTEXT,
            Parameter::number("view_mode", &[(0, 1)], 0).or_initial(),
        ],
        test: Test::Derived,
        write: Write::Act(activate_later),
        ..Row::named(QIACTEX)
    },
    Row {
        parameters: &[CONTEXT],
        test: Test::Derived,
        write: Write::Act(deactivate_later),
        ..Row::named(QIDEACTEX)
    },
    Row {
        parameters: &[
            CONTEXT,
            Parameter::text("pridnsaddr", 1, 45),
            Parameter::text("secdnsaddr", 0, 45).or_initial(),
        ],
        test: Test::Derived,
        write: Write::Indexed {
            check: |_, _| Outcome::Ok,
            shown: true,
        },
        ..Row::named(QIDNSCFG)
    },
    Row {
        test: Test::Ok,
        execute: Write::Act(last_error),
        ..Row::named(QIGETERROR)
    },
    Row {
        test: Test::Ok,
        read: Read::Act(sim),
        ..Row::named(CPIN)
    },
    registration(CREG, &[REGISTRATION]),
    registration(CGREG, &[REGISTRATION]),
    registration(CEREG, &[REGISTRATION]),
    Row {
        test: Test::Text("(0-31,99),(0-7,99)"),
        execute: Write::Act(signal),
        ..Row::named(CSQ)
    },
    Row {
        write: Write::StoreThen(attach),
        ..Row::setting(CGATT, &[Parameter::number("state", &[(0, 1)], 1)])
    },
];

/// Whether changes of the registration are told.
const REGISTRATION: Parameter = Parameter::number("n", &[(0, 2)], 0).in_profile();

const fn registration(name: &'static str, parameters: &'static [Parameter]) -> Row {
    Row {
        read: Read::Act(registered),
        ..Row::setting(name, parameters)
    }
}

/// Remembers what `+QIGETERROR` tells.
fn note(run: &mut Run<'_>, error: u16) {
    run.memory
        .set(Slot::of(QIGETERROR, "err"), Value::Number(error.into()));
}

fn refuse(run: &mut Run<'_>, error: u16) -> Outcome {
    note(run, error);
    Outcome::Refused(Refusal::Error)
}

fn contexts(run: &Run<'_>) -> Vec<u32> {
    let rows = run.list(QIACT);
    rows.iter()
        .filter_map(|row| row.first())
        .map(Value::as_number)
        .collect()
}

fn set_contexts(run: &mut Run<'_>, mut contexts: Vec<u32>) {
    contexts.sort_unstable();
    let rows = contexts
        .into_iter()
        .map(|context| vec![Value::Number(context)]);
    run.set_list(QIACT, rows.collect());
}

/// `,"10.7.157.1"`: the addresses that a context has while it is active.
fn addresses(run: &Run<'_>, context: u32) -> (u32, Vec<u8>) {
    let slot = |row| Slot::at(row, None, Some(context), "context_type");
    let set = run.row(QICSGP).and_then(|row| run.memory.get(&slot(row)));
    let kind = set.map_or(1, Value::as_number);
    let mut text = Vec::new();
    if kind != 2 {
        text.push(b',');
        quote(format!("10.7.157.{context}").as_bytes(), &mut text);
    }
    if kind != 1 {
        text.push(b',');
        quote(format!("2001:DB8:7:157::{context:X}").as_bytes(), &mut text);
    }
    (kind, text)
}

fn only_inactive(run: &mut Run<'_>, call: &Call) -> Outcome {
    let active = call
        .index
        .is_some_and(|index| contexts(run).contains(&index));
    if active {
        refuse(run, NOT_ALLOWED)
    } else {
        Outcome::Ok
    }
}

/// `AT+QIACT?`.
fn active(run: &mut Run<'_>, _: &Call) -> Outcome {
    for context in contexts(run) {
        let (kind, addresses) = addresses(run, context);
        let mut text = format!("{QIACT}: {context},1,{kind}").into_bytes();
        text.extend(addresses);
        run.say(text);
    }
    Outcome::Ok
}

/// Activates a context; the number for `+QIGETERROR`.
fn open(run: &mut Run<'_>, context: u32) -> u16 {
    let mut contexts = contexts(run);
    if contexts.contains(&context) || contexts.len() >= MAX_ACTIVE {
        return NOT_ALLOWED;
    }
    if !is_attached(run) {
        return NOT_OPENED;
    }
    contexts.push(context);
    set_contexts(run, contexts);
    0
}

/// Whether a context can be opened: the radio is on, and the packet service was not left.
pub(super) fn is_attached(run: &Run<'_>) -> bool {
    run.setting(CFUN) == 1 && run.setting(CGATT) == 1
}

fn close(run: &mut Run<'_>, context: u32) {
    let mut contexts = contexts(run);
    contexts.retain(|&active| active != context);
    set_contexts(run, contexts);
    note(run, 0);
    send::context_gone(run, context);
}

fn activate(run: &mut Run<'_>, call: &Call) -> Outcome {
    match open(run, call.number(0).unwrap_or(1)) {
        0 => {
            note(run, 0);
            Outcome::Ok
        }
        error => refuse(run, error),
    }
}

/// Deactivating what is not active is no error: it is how a host answers `+QIURC: "pdpdeact"`.
fn deactivate(run: &mut Run<'_>, call: &Call) -> Outcome {
    close(run, call.number(0).unwrap_or(1));
    Outcome::Ok
}

/// `OK`, then `+QIACTEX: <contextID>,<err>`; with `<view_mode>` 1 type and addresses as well.
fn activate_later(run: &mut Run<'_>, call: &Call) -> Outcome {
    let context = call.number(0).unwrap_or(1);
    let error = open(run, context);
    note(run, error);
    let mut text = format!("{QIACTEX}: {context},{error}").into_bytes();
    if error == 0 && call.number(1) == Some(1) {
        let (kind, addresses) = addresses(run, context);
        text.extend(format!(",{kind}").into_bytes());
        text.extend(addresses);
    }
    run.tell(text);
    Outcome::Ok
}

fn deactivate_later(run: &mut Run<'_>, call: &Call) -> Outcome {
    let context = call.number(0).unwrap_or(1);
    close(run, context);
    run.tell(format!("{QIDEACTEX}: {context},0"));
    Outcome::Ok
}

fn last_error(run: &mut Run<'_>, _: &Call) -> Outcome {
    let error = run
        .memory
        .get(&Slot::of(QIGETERROR, "err"))
        .map_or(0, Value::as_number);
    let code = u16::try_from(error)
        .ok()
        .and_then(|error| Code::find(TCPIP, error));
    let text = code.map_or("operate successfully", |code| code.text);
    run.say(format!("{QIGETERROR}: {error},{text}"));
    Outcome::Ok
}

fn sim(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(format!("{CPIN}: READY"));
    Outcome::Ok
}

/// 1: registered in the home network; 0: not registered.
fn network(run: &Run<'_>) -> u32 {
    u32::from(run.setting(CFUN) == 1)
}

fn registered(run: &mut Run<'_>, call: &Call) -> Outcome {
    let name = call.row.name;
    let (told, state) = (run.setting(name), network(run));
    run.say(format!("{name}: {told},{state}"));
    Outcome::Ok
}

/// The radio was switched: registration changes are told where that was asked for, and without radio
/// there is no context.
pub(super) fn radio_switched(run: &mut Run<'_>) {
    let state = network(run);
    for name in [CREG, CGREG, CEREG] {
        if run.setting(name) != 0 {
            run.tell(format!("{name}: {state}"));
        }
    }
    if state == 0 {
        drop_contexts(run);
    }
}

/// The network drops every context.
fn drop_contexts(run: &mut Run<'_>) {
    for context in contexts(run) {
        run.tell(format!("+QIURC: \"pdpdeact\",{context}"));
        send::context_gone(run, context);
    }
    set_contexts(run, Vec::new());
}

fn signal(run: &mut Run<'_>, _: &Call) -> Outcome {
    let level = if network(run) == 1 { 30 } else { 99 };
    run.say(format!("{CSQ}: {level},99"));
    Outcome::Ok
}

fn attach(run: &mut Run<'_>, call: &Call) -> Outcome {
    if call.number(0) == Some(0) {
        drop_contexts(run);
    }
    Outcome::Ok
}
