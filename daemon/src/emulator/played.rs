//! What a dialect's tables say of the module as a whole: its settings, profile and modes.

use super::memory::{Memory, Slot};
use super::value::{Value, initial};
use crate::at::Format;
use crate::dialect::Dialect;
use crate::dialect::row::{Kept, Parameter, Row};
use hayes_ldisc::discipline::{Command, Escape, Keys, Mode};
use hayes_ldisc::record::{Circuits, Flow, LineSettings};
use std::time::Duration;

/// The row of this name.
pub(super) fn find(dialect: &'static Dialect, name: &[u8]) -> Option<&'static Row> {
    let mut tables = dialect.played.rows.iter();
    tables.find_map(|rows| rows.iter().find(|row| row.is_named(name)))
}

/// The first value of the row of this name; 0 where there is no such row.
pub(super) fn setting(dialect: &'static Dialect, memory: &Memory, name: &str) -> u32 {
    let row = find(dialect, name.as_bytes());
    let parameter = row.and_then(|row| row.parameters.first().map(|first| (row, first)));
    parameter.map_or(0, |(row, parameter)| {
        let slot = Slot::of(row.name, parameter.name);
        number(memory, &slot, parameter)
    })
}

/// The value of an S-register; 0 where there is no such register.
pub(super) fn register(dialect: &'static Dialect, memory: &Memory, wanted: u16) -> u32 {
    let mut registers = dialect.played.registers();
    let register = registers.find(|register| register.number == wanted);
    register.map_or(0, |register| {
        number(memory, &Slot::register(wanted), &register.value)
    })
}

fn number(memory: &Memory, slot: &Slot, parameter: &Parameter) -> u32 {
    let set = memory.get(slot).map(Value::as_number);
    set.unwrap_or_else(|| initial(parameter).as_number())
}

fn character(dialect: &'static Dialect, memory: &Memory, number: u16) -> u8 {
    u8::try_from(register(dialect, memory, number)).unwrap_or(0)
}

/// How answers are framed (V.250: `V`, `Q`, S3, S4).
pub(super) fn format(dialect: &'static Dialect, memory: &Memory) -> Format {
    Format {
        verbose: setting(dialect, memory, "V") != 0,
        quiet: setting(dialect, memory, "Q") != 0,
        s3: character(dialect, memory, 3),
        s4: character(dialect, memory, 4),
    }
}

/// Command mode as it is set (V.250: `E`, S3, S5).
pub(super) fn command_mode(dialect: &'static Dialect, memory: &Memory) -> Mode {
    let s3 = character(dialect, memory, 3);
    Mode::Command(Command {
        echo: setting(dialect, memory, "E") != 0,
        s3,
        // Equipment that has chosen another end means that one.
        line_feed: dialect.played.line_feed && s3 == b'\r',
        s5: character(dialect, memory, 5),
        max_line: dialect.played.max_line,
        keys: Keys::None,
    })
}

/// The line as the configuration says, but for what the equipment has set (V.250: `+IPR`, `+IFC`).
pub(super) fn line(
    dialect: &'static Dialect,
    memory: &Memory,
    configured: LineSettings,
) -> LineSettings {
    let set = |name: &str, at: usize| {
        let row = find(dialect, name.as_bytes())?;
        let slot = Slot::of(row.name, row.parameters.get(at)?.name);
        memory.get(&slot).map(Value::as_number)
    };
    let flow = match (set("+IFC", 0), set("+IFC", 1)) {
        (None, None) => configured.flow,
        (Some(2), _) | (_, Some(2)) => Flow::RtsCts,
        (Some(1), _) | (_, Some(1)) => Flow::XonXoff,
        _ => Flow::None,
    };
    // Speed 0 asks for automatic detection, which we do not do: the speed stays.
    let speed = set("+IPR", 0).filter(|&speed| speed != 0);
    LineSettings {
        speed: speed.unwrap_or(configured.speed),
        flow,
        ..configured
    }
}

/// Our circuits as they are set: carrier is on under `&C0`.
pub(super) fn circuits(dialect: &'static Dialect, memory: &Memory) -> Circuits {
    Circuits {
        ready: true,
        carrier: setting(dialect, memory, "&C") == 0,
        ring: false,
    }
}

/// The escape as it is set: `+++`, silence S12 x 20 ms.
pub(super) fn escape(dialect: &'static Dialect, memory: &Memory) -> Escape {
    let guard = u64::from(register(dialect, memory, 12).max(1));
    Escape {
        character: b'+',
        guard: Duration::from_millis(guard * 20),
    }
}

/// Every value that has to do with the user profile.
fn kept_slots(dialect: &'static Dialect) -> impl Iterator<Item = (Slot, Kept)> {
    let played = dialect.played;
    let rows = played.rows.iter().flat_map(|rows| rows.iter());
    let of_rows = rows.flat_map(|row| {
        row.sets().flat_map(move |(key, parameters)| {
            let slot = move |it: &Parameter| (Slot::at(row, key, None, it.name), it.kept);
            parameters.iter().map(slot)
        })
    });
    let registers = played.registers();
    let of_registers = registers.map(|it| (Slot::register(it.number), it.value.kept));
    let all = of_rows.chain(of_registers);
    all.filter(|(_, kept)| *kept != Kept::UntilPowerOff)
}

/// The user profile as `&W` stores it.
pub(super) fn profile(dialect: &'static Dialect, memory: &Memory) -> Memory {
    let mut profile = Memory::default();
    for (slot, kept) in kept_slots(dialect) {
        if kept == Kept::Resettable {
            continue;
        }
        if let Some(value) = memory.get(&slot) {
            profile.set(slot, value.clone());
        }
    }
    profile
}

/// Sets the user profile to what `from` holds, where it is part of what `Z` and `&F` set.
pub(super) fn reset_profile(dialect: &'static Dialect, from: &Memory, memory: &mut Memory) {
    for (slot, kept) in kept_slots(dialect) {
        if kept == Kept::StoredOnly {
            continue;
        }
        match from.get(&slot) {
            Some(value) => memory.set(slot, value.clone()),
            None => memory.unset(&slot),
        }
    }
}

/// The memory of a module that was just switched on: its stored profile, and nothing else.
pub(super) fn power_on(dialect: &'static Dialect, stored: &Memory) -> Memory {
    profile(dialect, stored)
}
