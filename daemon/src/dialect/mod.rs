//! One folder a vendor: its commands, states, codes and words, as tables.
//!
//! A dialect is used twice: [`crate::emulator`] plays a module that speaks it, `modem` drives one. Both
//! share the vendor's names and code tables. To add a vendor: make a folder beside `quectel`, and add
//! one line to [`ALL`].

pub mod code;
pub mod quectel;

pub use code::Code;

/// One vendor's AT language.
#[derive(Debug)]
pub struct Dialect {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its numbers behind `+CME ERROR:`, with their texts for `AT+CMEE=2`.
    pub codes: &'static [&'static [Code]],
}

impl Dialect {
    /// The words for a number of `+CME ERROR:`.
    pub fn text_of(&self, number: u16) -> Option<&'static str> {
        let mut all = self.codes.iter().flat_map(|codes| codes.iter());
        all.find(|code| code.number == number).map(|code| code.text)
    }
}

/// Every dialect that hayesd speaks.
pub const ALL: &[&Dialect] = &[&quectel::DIALECT];

/// The dialect of this name.
pub fn by_name(name: &str) -> Option<&'static Dialect> {
    ALL.iter().copied().find(|dialect| dialect.name == name)
}
