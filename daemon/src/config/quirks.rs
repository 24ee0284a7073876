//! `quirks`, of an emulator and of a modem: settings of a dialect's own.

use crate::dialect::quirk::Values;
use crate::dialect::{Quirk, Quirks};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The value of a quirk; which type it has to be is the dialect's business.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "true, false, a number or a string")]
pub enum QuirkValue {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl QuirkValue {
    /// Its number among the quirk's values; `None` where it is none of them.
    fn number(&self, quirk: &Quirk) -> Option<u32> {
        match (self, quirk.values) {
            (Self::Switch(on), Values::Switch) => Some(u32::from(*on)),
            (Self::Text(text), Values::Word(words)) => {
                let at = words.iter().position(|word| word == text)?;
                u32::try_from(at).ok()
            }
            _ => None,
        }
    }
}

/// What of these is right.
pub(super) fn of(known: &'static [Quirk], written: &BTreeMap<String, QuirkValue>) -> Quirks {
    let mut quirks = Quirks::default();
    for quirk in known {
        let number = written.get(quirk.name).and_then(|it| it.number(quirk));
        if let Some(number) = number {
            quirks.set(quirk, number);
        }
    }
    quirks
}

/// What is wrong with a quirk of this dialect, if anything is.
pub(super) fn wrong(
    dialect: &str,
    known: &'static [Quirk],
    name: &str,
    value: &QuirkValue,
) -> Option<String> {
    let Some(quirk) = known.iter().find(|quirk| quirk.name == name) else {
        let names: Vec<_> = known.iter().map(|quirk| quirk.name).collect();
        let has = match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        };
        let name = name.escape_debug();
        return Some(format!(
            "`{name}` is not a quirk of dialect {dialect}, which has {has}"
        ));
    };
    match value.number(quirk) {
        Some(_) => None,
        None => Some(format!("must be {}", values(quirk))),
    }
}

/// What a quirk may be, for people.
pub(super) fn values(quirk: &Quirk) -> String {
    match quirk.values {
        Values::Switch => "true or false".to_owned(),
        Values::Word(words) => {
            let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            quoted.join(" or ")
        }
    }
}

/// What a quirk is unless it is configured, as the file has it.
pub(super) fn unless_configured(quirk: &Quirk) -> String {
    match quirk.values {
        Values::Switch => "false".to_owned(),
        Values::Word(words) => format!("\"{}\"", words.first().unwrap_or(&"")),
    }
}

/// Each table of quirks that can be written: its header, and what it may hold.
pub(super) fn tables() -> impl Iterator<Item = (String, &'static [Quirk])> {
    let of = |kind: &'static str, get: fn(&crate::dialect::Dialect) -> &'static [Quirk]| {
        crate::dialect::ALL.iter().map(move |dialect| {
            let header = format!("{kind}.NAME.quirks, dialect {}", dialect.name);
            (header, get(dialect))
        })
    };
    of("emulator", |dialect| dialect.played.quirks)
        .chain(of("modem", |dialect| dialect.drive.facts().quirks))
}
