//! One folder a vendor: its commands, states, codes and words, as tables.
//!
//! A dialect is used twice: [`crate::emulator`] plays a module that speaks it, [`crate::modem`] drives
//! one. Both share the vendor's names and code tables. To add a vendor: make a folder beside `quectel`,
//! and add one line to [`ALL`].

pub mod code;
pub mod quectel;
pub mod quirk;
pub mod row;
pub mod simcom;
pub mod state;
pub mod v250;
pub mod volume;

use crate::emulator::{MailEnded, Run};
use crate::modem::Drive;
use std::borrow::Cow;

pub use code::Code;
pub use quirk::{Quirk, Quirks};
pub use row::{Register, Row};
pub use volume::Volume;

/// One vendor's AT language.
#[derive(Debug)]
pub struct Dialect {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its numbers behind `+CME ERROR:`, with their texts for `AT+CMEE=2`.
    pub codes: &'static [&'static [Code]],
    /// How a module that speaks it is played.
    pub played: &'static Played,
    /// How its modules are driven.
    pub drive: &'static dyn Drive,
}

/// How a module is played.
#[derive(Debug)]
pub struct Played {
    /// Its commands.
    pub rows: &'static [&'static [Row]],
    /// Its S-registers, in lists.
    pub registers: &'static [&'static [Register]],
    /// Basic commands that do nothing and answer `OK`, whatever their number.
    pub ignored: &'static [&'static str],
    /// Its file systems; names without prefix are on the first.
    pub volumes: &'static [Volume],
    /// The longest command line that it takes, in bytes after `AT`.
    pub max_line: u16,
    /// LF ends a command line as CR does, while S3 says CR.
    pub line_feed: bool,
    /// What it says when it was switched on.
    pub started: &'static [&'static str],
    /// What it says when a mail that it accepted came to its end.
    pub mail_ended: MailEnded,
    /// What it says of activities that a restart of the daemon broke off; it sets them back. A mail that it
    /// owes goes on.
    pub interrupted: fn(&mut Run<'_>),
    /// What its firmware does one way or the other.
    pub quirks: &'static [Quirk],
    /// What it says that it is, unless the configuration says otherwise.
    pub identity: Identity,
}

impl Played {
    /// Its S-registers.
    pub fn registers(&self) -> impl Iterator<Item = &'static Register> + use<> {
        self.registers.iter().copied().flatten()
    }
}

/// What a module says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who made it.
    pub manufacturer: Cow<'static, str>,
    /// Its model.
    pub model: Cow<'static, str>,
    /// Its firmware.
    pub revision: Cow<'static, str>,
    /// Its serial number.
    pub serial: Cow<'static, str>,
    /// Its IMEI.
    pub imei: Cow<'static, str>,
}

impl Dialect {
    /// The words for a number of `+CME ERROR:`.
    pub fn text_of(&self, number: u16) -> Option<&'static str> {
        let mut all = self.codes.iter().flat_map(|codes| codes.iter());
        all.find(|code| code.number == number).map(|code| code.text)
    }
}

/// Every dialect that hayesd speaks.
pub const ALL: &[&Dialect] = &[&quectel::DIALECT, &simcom::DIALECT];

/// The dialect of this name.
pub fn by_name(name: &str) -> Option<&'static Dialect> {
    ALL.iter().copied().find(|dialect| dialect.name == name)
}
