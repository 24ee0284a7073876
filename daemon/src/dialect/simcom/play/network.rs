//! SIM, registration, contexts, clock (reference section 3). The network is always there while the radio is
//! on.

use super::files::clock;
use crate::dialect::row::{Parameter, Read, Row, Test, Write};
use crate::dialect::simcom::names::{
    CCLK, CFUN, CGATT, CGDCONT, CGREG, CGSOCKCONT, CPIN, CREG, CSOCKAUTH, CSOCKSETPN, CSQ,
};
use crate::emulator::{
    Call, Civil, Done, ModuleClock, Op, Outcome, Refusal, Run, Slot, Value, quote,
};

const CONTEXT: Parameter = Parameter::number("cid", &[(1, 16)], 1);

/// `<cid>,<PDP_type>,<APN>,<PDP_addr>,<d_comp>,<h_comp>`.
const CONTEXT_PARAMETERS: &[Parameter] = &[
    CONTEXT,
    Parameter::word("PDP_type", &["IP", "PPP", "IPV6", "IPV4V6"]).optional(),
    Parameter::text("APN", 0, 100).optional(),
    Parameter::text("PDP_addr", 0, 45).optional(),
    Parameter::number("d_comp", &[(0, 4)], 0).optional(),
    Parameter::number("h_comp", &[(0, 4)], 0).optional(),
];

/// The address of a context is the network's choice.
const NO_ADDRESS: &str = "0.0.0.0";

const fn contexts(name: &'static str) -> Row {
    Row {
        parameters: CONTEXT_PARAMETERS,
        test: Test::Text("(1-16),\"IP\",,,(0-4),(0-4)"),
        read: Read::Act(read_contexts),
        write: Write::Act(set_context),
        ..Row::named(name)
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        cleared_by: &[CGDCONT],
        ..contexts(CGDCONT)
    },
    Row {
        execute: Write::Clear,
        cleared_by: &[CGSOCKCONT],
        ..contexts(CGSOCKCONT)
    },
    Row {
        execute: Write::Clear,
        cleared_by: &[CSOCKSETPN],
        ..Row::setting(CSOCKSETPN, &[CONTEXT])
    },
    Row {
        parameters: &[
            CONTEXT,
            Parameter::number("auth_type", &[(0, 2)], 0).optional(),
            Parameter::text("password", 0, 127).or_initial().hidden(),
            Parameter::text("user", 0, 127).or_initial(),
        ],
        test: Test::Text("(1-16),(0-2),\"PASSWORD\",\"USER\""),
        read: Read::Act(read_logins),
        write: Write::Act(set_login),
        execute: Write::Clear,
        cleared_by: &[CSOCKAUTH],
        ..Row::named(CSOCKAUTH)
    },
    Row {
        // There is no PIN: whichever is entered is right.
        parameters: &[
            Parameter::free("pin", 4, 8).hidden(),
            Parameter::free("new_pin", 4, 8).optional().hidden(),
        ],
        test: Test::Ok,
        read: Read::Act(sim),
        write: Write::Act(|_, _| Outcome::Ok),
        ..Row::named(CPIN)
    },
    registration(CREG, &[REGISTRATION]),
    registration(CGREG, &[REGISTRATION]),
    Row {
        test: Test::Text("(0-31,99),(99)"),
        execute: Write::Act(signal),
        ..Row::named(CSQ)
    },
    Row::setting(CGATT, &[Parameter::number("state", &[(0, 1)], 1)]),
    Row {
        parameters: &[Parameter::text("time", 17, 20)],
        test: Test::Ok,
        read: Read::Act(ask_time),
        write: Write::Act(ask_time),
        ..Row::named(CCLK)
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

/// Whether there is a network to be had.
pub(super) fn is_attached(run: &Run<'_>) -> bool {
    run.setting(CFUN) == 1 && run.setting(CGATT) == 1
}

fn sim(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.say(format!("{CPIN}: READY"));
    Outcome::Ok
}

fn registered(run: &mut Run<'_>, call: &Call) -> Outcome {
    let name = call.row.name;
    let (told, state) = (run.setting(name), u32::from(run.setting(CFUN) == 1));
    run.say(format!("{name}: {told},{state}"));
    Outcome::Ok
}

fn signal(run: &mut Run<'_>, _: &Call) -> Outcome {
    let level = if run.setting(CFUN) == 1 { 24 } else { 99 };
    run.say(format!("{CSQ}: {level},99"));
    Outcome::Ok
}

/// The rows of a list but for that of this number; a row's first value is its number.
fn others(run: &Run<'_>, row: &str, number: u32) -> Vec<Vec<Value>> {
    let mut rows = run.list(row);
    rows.retain(|row| row.first().map(Value::as_number) != Some(number));
    rows
}

fn put(run: &mut Run<'_>, row: &str, mut rows: Vec<Vec<Value>>) -> Outcome {
    rows.sort_by_key(|row| row.first().map_or(0, Value::as_number));
    run.set_list(row, rows);
    Outcome::Ok
}

/// `AT+CGSOCKCONT=<cid>[,…]`: the number alone forgets the context (3GPP TS 27.007 section 10.1.1); what else
/// is left out stays as it was.
fn set_context(run: &mut Run<'_>, call: &Call) -> Outcome {
    let (name, number) = (call.row.name, call.number(0).unwrap_or(1));
    let mut rows = others(run, name, number);
    if call.values.iter().skip(1).any(Option::is_some) {
        let mut row = context(run, name, number);
        for (place, given) in row.iter_mut().zip(&call.values).skip(1) {
            if let Some(value) = given {
                *place = value.clone();
            }
        }
        // An empty address asks for one of the network's.
        if let Some(address) = row.get_mut(3).filter(|it| it.to_bytes().is_empty()) {
            *address = Value::text(NO_ADDRESS);
        }
        rows.push(row);
    }
    put(run, name, rows)
}

/// A context as it is, or as one begins.
fn context(run: &Run<'_>, row: &str, number: u32) -> Vec<Value> {
    let rows = run.list(row);
    let mut rows = rows.into_iter();
    let known = rows.find(|row| row.first().map(Value::as_number) == Some(number));
    known.unwrap_or_else(|| {
        vec![
            Value::Number(number),
            Value::text("IP"),
            Value::text(""),
            Value::text(NO_ADDRESS),
            Value::Number(0),
            Value::Number(0),
        ]
    })
}

fn read_contexts(run: &mut Run<'_>, call: &Call) -> Outcome {
    let name = call.row.name;
    if name == CGDCONT && run.list(name).is_empty() {
        // It has one from the beginning.
        run.say(format!("{CGDCONT}: 1,\"IP\",\"\",\"0.0.0.0\",0,0"));
        return Outcome::Ok;
    }
    say_rows(run, name)
}

/// `AT+CSOCKAUTH=<cid>[,<auth_type>[,<password>[,<user>]]]`: without a type, or with 0, there is no login.
fn set_login(run: &mut Run<'_>, call: &Call) -> Outcome {
    let (name, number) = (call.row.name, call.number(0).unwrap_or(1));
    let mut rows = others(run, name, number);
    if let Some(kind @ 1..) = call.number(1) {
        let value = |at: usize| call.values.get(at).cloned().flatten();
        let values = [Some(Value::Number(kind)), value(2), value(3)];
        let row = [Value::Number(number)].into_iter();
        rows.push(row.chain(values.into_iter().flatten()).collect());
    }
    put(run, name, rows)
}

fn read_logins(run: &mut Run<'_>, call: &Call) -> Outcome {
    let name = call.row.name;
    say_rows(run, name)
}

/// A line a row: numbers as they are, texts between quotes.
fn say_rows(run: &mut Run<'_>, name: &str) -> Outcome {
    let rows = run.list(name);
    let line = |row: &Vec<Value>| {
        let values = row.iter().map(|value| match value {
            Value::Number(number) => number.to_string().into_bytes(),
            text => {
                let mut shown = Vec::new();
                quote(&text.to_bytes(), &mut shown);
                shown
            }
        });
        let values: Vec<Vec<u8>> = values.collect();
        [name.as_bytes(), b": ", &values.join(&b',')].concat()
    };
    let lines: Vec<Vec<u8>> = rows.iter().map(line).collect();
    if !lines.is_empty() {
        run.say(lines.join(&b'\n'));
    }
    Outcome::Ok
}

fn ask_time(_: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Wait(Op::Time, set_or_say_time)
}

/// `AT+CCLK="yy/MM/dd,hh:mm:ss[±zz]"`, `zz` in quarters of an hour; `AT+CCLK?`.
fn set_or_say_time(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Time(now) = done else {
        return Outcome::Refused(Refusal::Error);
    };
    let Some(text) = call.text(0) else {
        let clock = clock(run);
        let at = clock.local(now);
        let year = at.year.rem_euclid(100);
        run.say(format!(
            "{CCLK}: \"{year:02}/{:02}/{:02},{:02}:{:02}:{:02}{:+03}\"",
            at.month, at.day, at.hour, at.minute, at.second, clock.zone
        ));
        return Outcome::Ok;
    };
    match time(&text) {
        Some((local, zone)) => {
            let clock = ModuleClock::set(local, zone, now).to_text();
            run.memory.set(Slot::of(CCLK, "clock"), Value::text(clock));
            Outcome::Ok
        }
        None => Outcome::Refused(Refusal::Error),
    }
}

/// A date that there is, in the years 2000 to 2099, with its time zone.
fn time(text: &[u8]) -> Option<(Civil, i8)> {
    let (time, zone) = text.split_at_checked(17)?;
    let separators = [(2, b'/'), (5, b'/'), (8, b','), (11, b':'), (14, b':')];
    if separators
        .iter()
        .any(|&(at, byte)| time.get(at) != Some(&byte))
    {
        return None;
    }
    let two = |at: usize| match time.get(at..at + 2)? {
        [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Some((high - b'0') * 10 + (low - b'0')),
        _ => None,
    };
    let local = Civil {
        year: 2000 + i64::from(two(0)?),
        month: two(3)?,
        day: two(6)?,
        hour: two(9)?,
        minute: two(12)?,
        second: two(15)?,
    };
    let zone = match zone {
        [] => 0,
        [sign @ (b'+' | b'-'), digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let quarters: i8 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            if *sign == b'-' { -quarters } else { quarters }
        }
        _ => return None,
    };
    // A date that there is comes back as it was.
    let is_date = local.month > 0 && Civil::of(local.seconds()) == local;
    (is_date && (-96..=96).contains(&zone)).then_some((local, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dates_that_there_are() {
        let (at, zone) = time(b"10/02/05,12:00:00+32").unwrap();
        assert_eq!((at.digits().as_str(), zone), ("100205120000", 32));
        for good in [
            "24/02/29,23:59:59",
            "00/01/01,00:00:00-96",
            "99/12/31,00:00:00+00",
        ] {
            assert!(time(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "",
            "10/02/05 12:00:00",
            "10/13/05,12:00:00+00",
            "10/00/05,12:00:00+00",
            "10/02/30,12:00:00+00",
            "23/02/29,12:00:00+00",
            "10/02/00,12:00:00+00",
            "10/02/05,24:00:00+00",
            "10/02/05,12:60:00+00",
            "10/02/05,12:00:60+00",
            "10/02/05,12:00:00+97",
            "10/02/05,12:00:00-97",
            "10/02/05,12:00:00+",
            "10/02/05,12:00:00*1",
            "10/02/05,12:00:00+-1",
            "1a/02/05,12:00:00+00",
        ] {
            assert_eq!(time(bad.as_bytes()), None, "{bad}");
        }
    }
}
