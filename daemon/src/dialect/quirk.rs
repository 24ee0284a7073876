//! What firmware of one vendor does one way or the other: settings of a dialect's own.

use std::collections::BTreeMap;

/// A setting of a dialect's own (`emulator.NAME.quirks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it may be.
    pub values: Values,
    /// What it is for, for people.
    pub text: &'static str,
}

/// What a quirk may be; the first is what it is unless configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Off or on.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Quirk {
    /// One that is off unless configured.
    pub const fn switch(name: &'static str, text: &'static str) -> Self {
        let values = Values::Switch;
        Self { name, values, text }
    }

    /// One of these words; the first unless configured.
    pub const fn word(
        name: &'static str,
        words: &'static [&'static str],
        text: &'static str,
    ) -> Self {
        let values = Values::Word(words);
        Self { name, values, text }
    }
}

/// The quirks of one emulator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks(BTreeMap<&'static str, u32>);

impl Quirks {
    /// The number of a quirk's value: 0 for the first, and for a switch that is off; 1 for one that is on.
    pub fn get(&self, quirk: &Quirk) -> u32 {
        self.0.get(quirk.name).copied().unwrap_or(0)
    }

    /// Sets it to the value of this number.
    pub fn set(&mut self, quirk: &Quirk, number: u32) {
        self.0.insert(quirk.name, number);
    }
}
