//! The configuration: files → values that are right by their types → a [`Config`].
//!
//! [`parse`] is pure. [`load`] reads the files, [`Config::check_machine`] looks whether the machine fits.
//! Everything that is wrong is told at once, each with file, line, column and key.

mod account;
mod check;
mod daemon;
mod explain;
#[cfg(test)]
mod explain_tests;
#[doc(hidden)]
pub mod fuzz;
mod glob;
mod line;
mod load;
mod loops;
mod machine;
#[cfg(test)]
mod machine_tests;
mod map;
mod port;
mod quirks;
mod rule;
mod secret;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod user;
mod value;
#[cfg(test)]
mod wrong;

pub use account::{Account, Endpoint, Port, Roots, Sender, Service, TlsSettings, UserName};
pub use daemon::{Bus, Daemon, Helper, Limits, Queue, account_file, account_of};
pub use explain::explain;
pub use line::{CarrierWiring, Device, DtrWiring, FlowControl, Framing, Lines, Speed};
pub use load::{DEFAULT_FILE, load};
pub use machine::Machine;
pub use map::{Map, MapService, WebServer};
pub use port::{Apn, Delivery, DialectName, Emulator, Identity, Modem, ModemDialect, Plain};
pub use quirks::QuirkValue;
pub use rule::PortRange;
pub use secret::{CredentialName, SecretSource, secret_text};
pub use source::{Place, Problem, Severity, Source, Sources};
pub use token::TokenSource;
pub use user::User;
pub use value::{Host, HostPattern, Name, Period, Size};

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use tree::Index;

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `[daemon]`.
    pub daemon: Daemon,
    /// `[emulator.NAME]`.
    pub emulators: BTreeMap<Name, Emulator>,
    /// `[modem.NAME]`.
    pub modems: BTreeMap<Name, Modem>,
    /// `[account.NAME]`.
    pub accounts: BTreeMap<Name, Account>,
    /// `[[map]]`, in the order in which they are tried.
    pub maps: Vec<Map>,
    /// `[tls]`.
    pub tls: TlsSettings,
}

/// A configuration that can be used, and what is to be said about it nevertheless.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings, and [`Severity::Machine`] where the machine was looked at.
    pub problems: Vec<Problem>,
    places: Places,
}

/// Where keys were written.
#[derive(Clone, Debug, Default)]
struct Places {
    sources: Sources,
    index: Index,
}

impl Places {
    fn problem(&self, severity: Severity, key: &str, text: String) -> Problem {
        Problem {
            severity,
            place: self.place_of(key),
            key: key.to_owned(),
            text,
        }
    }

    /// A problem with a key of the n-th `[[map]]`, counted from 0.
    fn map_problem(&self, severity: Severity, number: usize, key: &str, text: String) -> Problem {
        Problem {
            severity,
            place: self.place_of(&format!("map.{number}.{key}")),
            key: format!("map.{key}"),
            text,
        }
    }

    fn place_of(&self, key: &str) -> Option<Place> {
        let span = self.index.span_of(key)?;
        self.sources.place(span.start)
    }
}

/// The names of the dialects that this build speaks.
fn dialects() -> impl Iterator<Item = &'static str> {
    crate::dialect::ALL.iter().map(|dialect| dialect.name)
}

/// Parses configuration files, later ones over earlier ones. No I/O.
///
/// # Errors
///
/// Everything that is wrong, at least one of [`Severity::Error`].
pub fn parse(sources: Sources) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Vec::new();
    let root = tree::read(&sources, &mut problems);
    let index = Index::of(&root);
    let mut reader = Reader {
        sources: &sources,
        index: &index,
        problems: &mut problems,
    };
    let config = reader.config(root);
    let places = Places { sources, index };
    // What does not parse would only make further rules fail.
    if problems.is_empty() {
        check::check(&config, &places, &mut problems);
    }
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        return Err(problems);
    }
    Ok(Loaded {
        config,
        problems,
        places,
    })
}

impl Loaded {
    /// Something that turned out to be wrong with a key when its value was used.
    pub fn wrong(&self, key: &str, text: String) -> Problem {
        self.places.problem(Severity::Error, key, text)
    }

    /// Looks whether this machine has what the configuration names, and adds what is wrong as
    /// [`Severity::Machine`].
    pub fn check_machine(&mut self, machine: &Machine) {
        machine::check(&self.config, machine, &self.places, &mut self.problems);
    }
}

/// Turns values into sections and notes what is wrong.
struct Reader<'a> {
    sources: &'a Sources,
    index: &'a Index,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn config(&mut self, root: DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "daemon" => config.daemon = self.section(value).unwrap_or_default(),
                "tls" => config.tls = self.section(value).unwrap_or_default(),
                "emulator" => config.emulators = self.named(value),
                "modem" => config.modems = self.named(value),
                "account" => config.accounts = self.named(value),
                "map" => config.maps = self.section(value).unwrap_or_default(),
                other => {
                    let text = format!(
                        "unknown key `{}`, expected one of `daemon`, `emulator`, `modem`, `account`, `map`, `tls`",
                        other.escape_debug()
                    );
                    self.wrong(&key.span(), text);
                }
            }
        }
        config
    }

    fn section<T: for<'de> Deserialize<'de>>(&mut self, value: Spanned<DeValue<'_>>) -> Option<T> {
        let whole = value.span();
        T::deserialize(ValueDeserializer::from(value))
            .map_err(|error| {
                let span = error.span().unwrap_or(whole);
                self.wrong(&span, error.message().to_owned());
            })
            .ok()
    }

    fn named<T: for<'de> Deserialize<'de>>(
        &mut self,
        value: Spanned<DeValue<'_>>,
    ) -> BTreeMap<Name, T> {
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            self.wrong(&span, "expected tables, one for each name".into());
            return BTreeMap::new();
        };
        let mut named = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().parse::<Name>();
            let section = self.section(value);
            match (name, section) {
                (Ok(name), Some(section)) => {
                    named.insert(name, section);
                }
                (Err(text), _) => self.wrong(&key.span(), text),
                (Ok(_), None) => {}
            }
        }
        named
    }

    fn wrong(&mut self, span: &std::ops::Range<usize>, text: String) {
        self.problems.push(Problem {
            severity: Severity::Error,
            place: self.sources.place(span.start),
            key: self.index.key_at(span).to_owned(),
            text,
        });
    }
}
