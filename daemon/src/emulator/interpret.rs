//! One command: finds its row and does what the row says.

use super::answers;
use super::memory::Slot;
use super::played;
use super::run::{Call, Outcome, Refusal, Run};
use super::value::{Value, fit, left_out};
use crate::at::parameter::all;
use crate::at::{self, Command, Form, Name, ResultCode};
use crate::dialect::row::{Act, Key, Parameter, Read, Register, Row, Test, Write};

/// Carries a command out. With it comes the call, for what has to go on later.
pub(super) fn carry_out(run: &mut Run<'_>, command: &Command<'_>) -> (Outcome, Option<Call>) {
    let name = match command.name {
        Name::Register(number) => return (of_register(run, number, command.form), None),
        Name::Basic(name) | Name::Extended(name) => name,
    };
    match played::find(run.dialect, name) {
        Some(row) => of_row(run, row, command.form),
        None if is_ignored(run, command) => (Outcome::Ok, None),
        None => (Outcome::Refused(Refusal::Error), None),
    }
}

/// Old dialers die of an `ERROR` to a verb that does nothing here.
fn is_ignored(run: &Run<'_>, command: &Command<'_>) -> bool {
    let Name::Basic(name) = command.name else {
        return false;
    };
    let mut ignored = run.played().ignored.iter();
    ignored.any(|it| it.as_bytes().eq_ignore_ascii_case(name))
}

/// V.250 section 5.3.2.
fn of_register(run: &mut Run<'_>, wanted: u16, form: Form<'_>) -> Outcome {
    let mut registers = run.played().registers();
    let Some(register) = registers.find(|register| register.number == wanted) else {
        return Outcome::Refused(Refusal::Error);
    };
    match form {
        Form::Execute => Outcome::Ok,
        Form::Test => {
            let ranges = answers::range(&register.value);
            run.say(ranges);
            Outcome::Ok
        }
        Form::Read => {
            let value = run.register(wanted);
            run.say(format!("{value:03}"));
            Outcome::Ok
        }
        Form::Write(digits) => set_register(run, register, digits),
    }
}

fn set_register(run: &mut Run<'_>, register: &'static Register, digits: &[u8]) -> Outcome {
    // Nothing written means 0 (V.250 section 5.3.2).
    let digits = if digits.is_empty() { b"0" } else { digits };
    let written = [at::Parameter::Bare(digits)];
    match fit(std::slice::from_ref(&register.value), &written).as_deref() {
        Ok([Some(value)]) => {
            let slot = Slot::register(register.number);
            run.memory.set(slot, value.clone());
            Outcome::Ok
        }
        _ => Outcome::Refused(Refusal::Error),
    }
}

fn of_row(run: &mut Run<'_>, row: &'static Row, form: Form<'_>) -> (Outcome, Option<Call>) {
    let written = match form {
        Form::Test => return (test(run, row), Some(plain_call(row))),
        Form::Read => return (read(run, row), Some(plain_call(row))),
        Form::Write(written) if row.is_basic() => Ok(basic(written)),
        Form::Execute if row.is_basic() && !row.parameters.is_empty() => Ok(basic(b"0")),
        Form::Write(written) => all(written),
        Form::Execute => Ok(Vec::new()),
    };
    let write = match form {
        Form::Execute => row.execute,
        _ => row.write,
    };
    if matches!(write, Write::No) {
        return (Outcome::Refused(Refusal::Error), None);
    }
    let invalid = || (Outcome::Refused(row.invalid), None);
    match written {
        Ok(written) => set(run, row, write, &written).unwrap_or_else(invalid),
        Err(_) => invalid(),
    }
}

/// The number of a basic command; the rest of the line for `D`.
fn basic(written: &[u8]) -> Vec<at::Parameter<'_>> {
    let written = written.trim_ascii();
    let written = if written.is_empty() { b"0" } else { written };
    vec![at::Parameter::Bare(written)]
}

fn test(run: &mut Run<'_>, row: &'static Row) -> Outcome {
    match row.test {
        Test::No => return Outcome::Refused(Refusal::Error),
        Test::Ok => {}
        Test::Derived => run.say(answers::test(row)),
        Test::Text(text) => run.say(format!("{}: {text}", row.name)),
        Test::Act(act) => return act(run, &plain_call(row)),
    }
    Outcome::Ok
}

fn read(run: &mut Run<'_>, row: &'static Row) -> Outcome {
    match row.read {
        Read::No => Outcome::Refused(Refusal::Error),
        Read::Values => {
            say_values(run, row, None, None, row.parameters);
            Outcome::Ok
        }
        Read::Act(act) => act(run, &plain_call(row)),
    }
}

fn plain_call(row: &'static Row) -> Call {
    Call {
        row,
        key: None,
        index: None,
        values: Vec::new(),
    }
}

fn say_values(
    run: &mut Run<'_>,
    row: &Row,
    key: Option<&Key>,
    index: Option<u32>,
    parameters: &'static [Parameter],
) {
    let values = run.values(row, key, index, parameters);
    run.say(answers::values(row, key, index, parameters, &values));
}

/// A write or execute form; `None` where its parameters do not fit.
fn set(
    run: &mut Run<'_>,
    row: &'static Row,
    write: Write,
    written: &[at::Parameter<'_>],
) -> Option<(Outcome, Option<Call>)> {
    if let Some(refusal) = guarded(run, row)
        && !matches!(write, Write::Keys(_))
    {
        return Some((Outcome::Refused(refusal), None));
    }
    let call = match write {
        Write::No => return None,
        Write::Answer(ResultCode::Ok) => plain_call(row),
        Write::Answer(code) => return Some((Outcome::Result(code), None)),
        Write::Clear => {
            clear(run, row);
            plain_call(row)
        }
        Write::Keys(keys) => return keyed(run, row, keys, written).map(|done| (done, None)),
        Write::Indexed { check, shown } => {
            return indexed(run, row, (check, shown), written).map(|done| (done, None));
        }
        Write::Store | Write::StoreThen(_) | Write::Act(_) => Call {
            values: match written {
                // An execute form.
                [] => left_out(row.parameters),
                written => fit(row.parameters, written).ok()?,
            },
            ..plain_call(row)
        },
    };
    if matches!(write, Write::Store | Write::StoreThen(_)) {
        store(run, &call, row.parameters);
    }
    match write {
        Write::StoreThen(act) | Write::Act(act) => Some((act(run, &call), Some(call))),
        _ => Some((Outcome::Ok, None)),
    }
}

/// Why the row's write and execute forms are refused at this moment.
fn guarded(run: &Run<'_>, row: &Row) -> Option<Refusal> {
    let guard = row.guard.as_ref()?;
    (!guard.states.contains(&run.state(guard.activity))).then_some(guard.otherwise)
}

fn store(run: &mut Run<'_>, call: &Call, parameters: &'static [Parameter]) {
    for (parameter, value) in parameters.iter().zip(&call.values) {
        if let Some(value) = value {
            let slot = Slot::at(call.row, call.key, call.index, parameter.name);
            run.memory.set(slot, value.clone());
        }
    }
}

/// Forgets what the rows have set that name this one.
fn clear(run: &mut Run<'_>, row: &Row) {
    let rows = run.played().rows.iter().flat_map(|rows| rows.iter());
    for other in rows.filter(|other| other.cleared_by.contains(&row.name)) {
        run.memory.forget(other.name);
    }
}

/// `="key"[,index][,values]`: without values it is read.
fn keyed(
    run: &mut Run<'_>,
    row: &'static Row,
    keys: &'static [Key],
    written: &[at::Parameter<'_>],
) -> Option<Outcome> {
    let (at::Parameter::Quoted(name), rest) = written.split_first()? else {
        return None;
    };
    let mut keys = keys.iter();
    let key = keys.find(|key| key.name.as_bytes().eq_ignore_ascii_case(name))?;
    let (index, rest) = match key.index {
        Some(index) => take_index(index, rest)?,
        None => (None, rest),
    };
    if rest.is_empty() {
        say_values(run, row, Some(key), index, key.parameters);
        return Some(Outcome::Ok);
    }
    if let Some(refusal) = guarded(run, row) {
        return Some(Outcome::Refused(refusal));
    }
    let call = Call {
        row,
        key: Some(key),
        index,
        values: fit(key.parameters, rest).ok()?,
    };
    store(run, &call, key.parameters);
    Some(Outcome::Ok)
}

/// `=index[,values]`: without values it is read.
fn indexed(
    run: &mut Run<'_>,
    row: &'static Row,
    (check, shown): (Act, bool),
    written: &[at::Parameter<'_>],
) -> Option<Outcome> {
    let (index, parameters) = row.parameters.split_first()?;
    let (index, rest) = take_index(index, written)?;
    if rest.is_empty() {
        let values = run.values(row, None, index, parameters);
        let index = index.filter(|_| shown);
        run.say(answers::values(row, None, index, parameters, &values));
        return Some(Outcome::Ok);
    }
    let call = Call {
        index,
        values: fit(parameters, rest).ok()?,
        ..plain_call(row)
    };
    let checked = check(run, &call);
    if matches!(checked, Outcome::Ok) {
        store(run, &call, parameters);
    }
    Some(checked)
}

/// The number that chooses one of several sets, and what is written behind it.
fn take_index<'a, 'b>(
    index: &'static Parameter,
    written: &'a [at::Parameter<'b>],
) -> Option<(Option<u32>, &'a [at::Parameter<'b>])> {
    let (first, rest) = written.split_first()?;
    let values = fit(std::slice::from_ref(index), std::slice::from_ref(first)).ok()?;
    let number = values.first()?.as_ref().map(Value::as_number);
    Some((number, rest))
}
