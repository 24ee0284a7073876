//! `[emulator.NAME]` and `[modem.NAME]`. [`super::explain`] says what each key means.

use super::line::{self, Device, FlowControl, Framing, Lines, Speed};
use super::quirks::{self, QuirkValue};
use super::rule::PortRange;
use super::secret::SecretSource;
use super::value::{Name, parsed_from_string};
use crate::dialect::{self, Dialect, Quirk, Quirks};
use crate::job::{OnUnknown, Via};
use crate::service::Destination;
use hayes_ldisc::record::{LineSettings, Parity};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// `[emulator.NAME]`: equipment is at this port, hayesd plays the module for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emulator {
    /// Where the equipment is.
    pub device: Device,
    /// The dialect it speaks.
    pub dialect: DialectName,
    /// Bits a second.
    #[serde(default = "default_speed")]
    pub speed: Speed,
    /// Data bits, parity, stop bits.
    #[serde(default = "default_framing")]
    pub framing: Framing,
    /// Flow control.
    #[serde(default)]
    pub flow: FlowControl,
    /// The ways out; empty: `daemon.via`.
    #[serde(default)]
    pub via: Vec<Via>,
    /// When success is told.
    #[serde(default)]
    pub delivery: Delivery,
    /// The account that hears of permanent failures.
    #[serde(default)]
    pub bounce_to: Option<Name>,
    /// How the modem circuits are wired.
    #[serde(default)]
    pub lines: Lines,
    /// What `ATI` and its friends answer instead of the dialect's own.
    #[serde(default)]
    pub identity: Identity,
    /// Reachable although [`Emulator::deny`] or the default forbids it.
    #[serde(default)]
    pub allow: Vec<Destination>,
    /// Not reachable.
    #[serde(default)]
    pub deny: Vec<Destination>,
    /// Ports that it may listen on.
    #[serde(default)]
    pub listen: Vec<PortRange>,
    /// The dialect's own settings.
    #[serde(default)]
    pub quirks: BTreeMap<String, QuirkValue>,
}

/// `[modem.NAME]`: a module is at this port, hayesd drives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modem {
    /// Where the module is.
    pub device: Device,
    /// Its dialect.
    #[serde(default)]
    pub dialect: ModemDialect,
    /// Bits a second.
    #[serde(default = "default_speed")]
    pub speed: Speed,
    /// Data bits, parity, stop bits.
    #[serde(default = "default_framing")]
    pub framing: Framing,
    /// Flow control.
    #[serde(default)]
    pub flow: FlowControl,
    /// The access point's name; empty: what the module has.
    #[serde(default)]
    pub apn: Apn,
    /// Who we are to the access point.
    #[serde(default)]
    pub apn_user: Option<Plain>,
    /// The password for it.
    #[serde(default)]
    pub apn_password: Option<SecretSource>,
    /// What happens to a mail whose result never came; else as `daemon.on_unknown`.
    #[serde(default)]
    pub on_unknown: Option<OnUnknown>,
    /// The dialect's own settings.
    #[serde(default)]
    pub quirks: BTreeMap<String, QuirkValue>,
}

impl Emulator {
    /// The line's settings.
    pub fn line(&self) -> LineSettings {
        line::settings(self.speed, self.framing, self.flow)
    }
}

impl Emulator {
    /// The dialect's own settings, as far as they are right.
    pub fn quirks_of(&self, dialect: &'static Dialect) -> Quirks {
        quirks::of(dialect.played.quirks, &self.quirks)
    }

    /// What is wrong with a quirk, if anything is.
    pub(super) fn quirk_wrong(&self, name: &str, value: &QuirkValue) -> Option<String> {
        let dialect = self.dialect.as_str();
        let known = dialect::by_name(dialect).map_or(&[][..], |it| it.played.quirks);
        quirks::wrong(dialect, known, name, value)
    }
}

impl Modem {
    /// The line's settings.
    pub fn line(&self) -> LineSettings {
        line::settings(self.speed, self.framing, self.flow)
    }

    /// The dialect's own settings, as far as they are right.
    pub fn quirks(&self) -> Quirks {
        quirks::of(self.known_quirks(), &self.quirks)
    }

    /// What is wrong with a quirk, if anything is. Only who says which dialect it is may set any.
    pub(super) fn quirk_wrong(&self, name: &str, value: &QuirkValue) -> Option<String> {
        match &self.dialect {
            ModemDialect::Auto => Some("needs `dialect` to be a name".to_owned()),
            ModemDialect::Is(dialect) => {
                quirks::wrong(dialect.as_str(), self.known_quirks(), name, value)
            }
        }
    }

    fn known_quirks(&self) -> &'static [Quirk] {
        match &self.dialect {
            ModemDialect::Auto => &[],
            ModemDialect::Is(name) => {
                dialect::by_name(name.as_str()).map_or(&[], |it| it.drive.facts().quirks)
            }
        }
    }
}

fn default_speed() -> Speed {
    Speed(115_200)
}

fn default_framing() -> Framing {
    Framing {
        data_bits: 8,
        parity: Parity::None,
        stop_bits: 1,
    }
}

/// The name of a dialect that this build knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DialectName(String);

impl DialectName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DialectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known: Vec<_> = super::dialects().collect();
        if known.contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` is not a dialect of this hayesd: {}",
            text.escape_default(),
            known.join(", ")
        ))
    }
}

/// A module's dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ModemDialect {
    /// It is asked who it is.
    #[default]
    Auto,
    /// This one.
    Is(DialectName),
}

impl FromStr for ModemDialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text
                .parse()
                .map(Self::Is)
                .map_err(|error| format!("{error}, or auto")),
        }
    }
}

/// When equipment is told of success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// When the server said so.
    #[default]
    Through,
    /// When the mail is in the spool.
    Store,
}

/// What `ATI` and its friends answer instead of the dialect's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// `AT+GMI`.
    pub manufacturer: Option<Plain>,
    /// `AT+GMM`.
    pub model: Option<Plain>,
    /// `AT+GMR`.
    pub revision: Option<Plain>,
    /// The serial number.
    pub serial: Option<Plain>,
    /// `AT+GSN`.
    pub imei: Option<Plain>,
}

/// A text that can stand in a command or an answer: 1 to 64 printable ASCII characters, no `"`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Plain(String);

impl Plain {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Plain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let printable = |b: u8| matches!(b, b' '..=b'~') && b != b'"';
        if (1..=64).contains(&text.len()) && text.bytes().all(printable) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}`: 1 to 64 printable ASCII characters without \" are needed",
            text.escape_default()
        ))
    }
}

/// The name of an access point (3GPP TS 23.003 section 9.1: at most 100 characters), or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Apn(String);

impl Apn {
    /// The name; empty where the module keeps its own.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Apn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if text.len() <= 100 && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` is not the name of an access point",
            text.escape_default()
        ))
    }
}

parsed_from_string!(DialectName, ModemDialect, Plain, Apn);
