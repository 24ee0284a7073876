//! What a table says of a command: one row each, from which test, read and write forms, ranges and
//! defaults follow. Only what cannot be said in a row is code (an [`Act`]).

use super::state::Guard;
use crate::at::ResultCode;
use crate::emulator::{Call, Outcome, Refusal, Run};

/// What a command does, where the row alone cannot say it.
pub type Act = fn(&mut Run<'_>, &Call) -> Outcome;

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, with its prefix: `E`, `&D`, `+CMEE`.
    pub name: &'static str,
    /// Other names of the same command.
    pub aliases: &'static [&'static str],
    /// Its parameters, in order.
    pub parameters: &'static [Parameter],
    /// `=?`.
    pub test: Test,
    /// `?`.
    pub read: Read,
    /// `=…`; for a basic command its number.
    pub write: Write,
    /// The name alone. For a basic command the number 0 is meant (V.250 section 5.3.1).
    pub execute: Write,
    /// The answer to parameters that are malformed, out of range, too few or too many.
    pub invalid: Refusal,
    /// When write and execute forms are refused.
    pub guard: Option<Guard>,
    /// The commands that forget what this one has set ([`Write::Clear`]); itself, where it has a form for
    /// that.
    pub cleared_by: &'static [&'static str],
    /// What stands between the values that `?` shows.
    pub separator: &'static str,
}

impl Row {
    /// A command of this name with no form at all, to be completed by `..`.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            parameters: &[],
            test: Test::No,
            read: Read::No,
            write: Write::No,
            execute: Write::No,
            invalid: Refusal::Error,
            guard: None,
            cleared_by: &[],
            separator: ",",
        }
    }

    /// A command whose test form says `OK` and nothing else, to be completed by `..`.
    pub const fn tested(name: &'static str) -> Self {
        Self {
            test: Test::Ok,
            ..Self::named(name)
        }
    }

    /// A basic command that is a setting: one number, shown by nothing but `&V`.
    pub const fn basic(name: &'static str, parameters: &'static [Parameter]) -> Self {
        Self {
            parameters,
            write: Write::Store,
            execute: Write::Store,
            ..Self::named(name)
        }
    }

    /// An extended command that is a setting: tested, read and written as its parameters say.
    pub const fn setting(name: &'static str, parameters: &'static [Parameter]) -> Self {
        Self {
            parameters,
            test: Test::Derived,
            read: Read::Values,
            write: Write::Store,
            ..Self::named(name)
        }
    }

    /// Whether it goes by this name, in any case.
    pub fn is_named(&self, name: &[u8]) -> bool {
        let is = |own: &str| own.len() == name.len() && own.as_bytes().eq_ignore_ascii_case(name);
        is(self.name) || self.aliases.iter().any(|own| is(own))
    }

    /// Whether it is a basic command (V.250 section 5.3.1).
    pub fn is_basic(&self) -> bool {
        !self.name.starts_with(['+', '#', '$', '*', '^'])
    }

    /// Every set of parameters under this row, with the key that leads to it.
    pub fn sets(&self) -> impl Iterator<Item = (Option<&'static Key>, &'static [Parameter])> {
        let keys: &'static [Key] = match self.write {
            Write::Keys(keys) => keys,
            _ => &[],
        };
        let own = std::iter::once((None, self.parameters));
        own.chain(keys.iter().map(|key| (Some(key), key.parameters)))
    }
}

/// What `=?` answers.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// There is no such form.
    No,
    /// Nothing but `OK`.
    Ok,
    /// What the parameters say: `+CMEE: (0-2)`.
    Derived,
    /// This, behind the name and a colon.
    Text(&'static str),
    /// Whatever the code says.
    Act(Act),
}

/// What `?` answers.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// There is no such form.
    No,
    /// The parameters' values.
    Values,
    /// Whatever the code says.
    Act(Act),
}

/// What a write or execute form does.
#[derive(Clone, Copy, Debug)]
pub enum Write {
    /// There is no such form.
    No,
    /// Nothing; this is answered, whatever is written.
    Answer(ResultCode),
    /// Keeps the values.
    Store,
    /// Keeps the values, then runs this.
    StoreThen(Act),
    /// The first parameter is a quoted key; each has parameters of its own.
    Keys(&'static [Key]),
    /// The first parameter is a number that chooses one of several sets of values, read by writing it
    /// alone (`AT+QICSGP=1`).
    Indexed {
        /// Says whether they may be set now.
        check: Act,
        /// The number stands before the values that are read.
        shown: bool,
    },
    /// Forgets what the rows have set that name this one in [`Row::cleared_by`].
    Clear,
    /// Whatever the code says.
    Act(Act),
}

/// One key of [`Write::Keys`]. Written without values it is read.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key, compared without regard to case.
    pub name: &'static str,
    /// A number before the values that chooses one of several sets.
    pub index: Option<&'static Parameter>,
    /// Its values.
    pub parameters: &'static [Parameter],
}

impl Key {
    /// A key with one set of values.
    pub const fn new(name: &'static str, parameters: &'static [Parameter]) -> Self {
        Self {
            name,
            index: None,
            parameters,
        }
    }

    /// A key with a set of values for each number.
    pub const fn indexed(
        name: &'static str,
        index: &'static Parameter,
        parameters: &'static [Parameter],
    ) -> Self {
        Self {
            index: Some(index),
            ..Self::new(name, parameters)
        }
    }
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, as `=?` shows it between angle brackets.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Its value before anything was set; where it may be left out, also the value that it then takes.
    pub initial: Initial,
    /// What leaving it out means.
    pub omitted: Omitted,
    /// What it survives.
    pub kept: Kept,
    /// Who may see it.
    pub secret: Secret,
    /// How the answers show it.
    pub shown: Shown,
}

impl Parameter {
    /// A number within these ranges that must be given.
    pub const fn number(name: &'static str, ranges: &'static [(u32, u32)], initial: u32) -> Self {
        Self::of(name, Kind::Number(ranges), Initial::Number(initial))
    }

    /// A quoted text of so many bytes that must be given; empty at first.
    pub const fn text(name: &'static str, shortest: u16, longest: u16) -> Self {
        let kind = Kind::Text { shortest, longest };
        Self::of(name, kind, Initial::Text(""))
    }

    /// One of these words that must be given, bare or quoted, in any case; the first one at first. It is
    /// kept and shown as it stands here.
    pub const fn word(name: &'static str, words: &'static [&'static str]) -> Self {
        let first = match words {
            [first, ..] => first,
            [] => "",
        };
        Self::of(name, Kind::Word(words), Initial::Text(first))
    }

    /// So many bytes that must be given, such as a path: what stands between quotes, or whatever else is
    /// written, as it is written.
    pub const fn free(name: &'static str, shortest: u16, longest: u16) -> Self {
        let kind = Kind::Free { shortest, longest };
        Self::of(name, kind, Initial::Text(""))
    }

    const fn of(name: &'static str, kind: Kind, initial: Initial) -> Self {
        Self {
            name,
            kind,
            initial,
            omitted: Omitted::Refused,
            kept: Kept::UntilPowerOff,
            secret: Secret::No,
            shown: Shown::Plainly,
        }
    }

    /// Words of hexadecimal digits, all the rest of the parameters.
    pub const fn words(name: &'static str, initial: &'static str) -> Self {
        Self::of(name, Kind::Words, Initial::Text(initial))
    }

    /// The same, and may be left out: it is then its initial value.
    pub const fn or_initial(self) -> Self {
        Self {
            omitted: Omitted::Initial,
            ..self
        }
    }

    /// The same, and may be left out: it then has no value, or keeps the one it has.
    pub const fn optional(self) -> Self {
        Self {
            omitted: Omitted::Kept,
            ..self
        }
    }

    /// The same, and part of the user profile.
    pub const fn in_profile(self) -> Self {
        Self {
            kept: Kept::InProfile,
            ..self
        }
    }

    /// The same, and set back to its initial value with the user profile, which does not hold it.
    pub const fn resettable(self) -> Self {
        Self {
            kept: Kept::Resettable,
            ..self
        }
    }

    /// The same; `&W` stores it, only power-on brings it back.
    pub const fn stored_only(self) -> Self {
        Self {
            kept: Kept::StoredOnly,
            ..self
        }
    }

    /// The same; `=?` shows its name, not its range.
    pub const fn by_name(self) -> Self {
        Self {
            shown: Shown::ByName,
            ..self
        }
    }

    /// The same; no answer shows it.
    pub const fn unread(self) -> Self {
        Self {
            shown: Shown::Never,
            ..self
        }
    }

    /// The same, and shown as stars.
    pub const fn masked(self) -> Self {
        Self {
            secret: Secret::Masked,
            ..self
        }
    }

    /// The same; the equipment may read it, nobody else.
    pub const fn hidden(self) -> Self {
        Self {
            secret: Secret::Hidden,
            ..self
        }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A decimal number within one of these ranges, ends included.
    Number(&'static [(u32, u32)]),
    /// A quoted text.
    Text {
        /// Fewest bytes.
        shortest: u16,
        /// Most bytes.
        longest: u16,
    },
    /// One of these words, with or without quotes.
    Word(&'static [&'static str]),
    /// Anything, with or without quotes.
    Free {
        /// Fewest bytes.
        shortest: u16,
        /// Most bytes.
        longest: u16,
    },
    /// Words like `0XC02F`, separated by commas: this one and all that follow.
    Words,
}

/// A value before anything was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// A number.
    Number(u32),
    /// A text.
    Text(&'static str),
}

/// What leaving a parameter out means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omitted {
    /// The command is refused.
    Refused,
    /// The initial value.
    Initial,
    /// What is set stays set; code sees that it was left out.
    Kept,
}

/// What a value survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing but a restart of the daemon.
    UntilPowerOff,
    /// `&W` stores it; power-on and `Z` bring it back, `&F` sets its initial value.
    InProfile,
    /// `Z` and `&F` set its initial value.
    Resettable,
    /// `&W` stores it and power-on brings it back; `Z` and `&F` leave it alone.
    StoredOnly,
}

/// How answers show a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its range by `=?`, its value when it is read.
    Plainly,
    /// Its name by `=?`, its value when it is read.
    ByName,
    /// Its name by `=?`, nothing when it is read.
    Never,
}

/// Who may see a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// Everybody.
    No,
    /// The equipment that reads it; starred in traces.
    Hidden,
    /// Nobody: the equipment reads stars as well.
    Masked,
}

/// An S-register (V.250 section 5.3.2).
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Its number.
    pub number: u16,
    /// Its range and first value; whether it is part of the profile.
    pub value: Parameter,
}

impl Register {
    /// A register that the user profile does not hold.
    pub const fn unsaved(number: u16, ranges: &'static [(u32, u32)], initial: u32) -> Self {
        Self {
            number,
            value: Parameter::number("value", ranges, initial).resettable(),
        }
    }

    /// A register of the user profile.
    pub const fn new(number: u16, ranges: &'static [(u32, u32)], initial: u32) -> Self {
        Self {
            number,
            value: Parameter::number("value", ranges, initial).in_profile(),
        }
    }
}
