//! Modems, emulators and accounts, as hayesd's ObjectManager lists them.

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json;
use serde_json::{Map, Value};
use zbus::fdo::ObjectManagerProxy;

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Modem,
    Emulator,
    Account,
}

impl Kind {
    /// As paths and messages have it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Modem => "modem",
            Self::Emulator => "emulator",
            Self::Account => "account",
        }
    }

    fn interface(self) -> &'static str {
        match self {
            Self::Modem => "org.hayesd1.Modem",
            Self::Emulator => "org.hayesd1.Emulator",
            Self::Account => "org.hayesd1.Account",
        }
    }

    /// The path of an object. Names are escaped as `sd_bus_path_encode` does.
    pub(super) fn path(self, name: &str) -> String {
        use std::fmt::Write as _;
        let mut path = format!("/org/hayesd1/{}/", self.word());
        if name.is_empty() {
            path.push('_');
        }
        for (index, byte) in name.bytes().enumerate() {
            if byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit()) {
                path.push(char::from(byte));
            } else {
                // Writing to a String does not fail.
                let _ = write!(path, "_{byte:02x}");
            }
        }
        path
    }

    /// An error for a name that nothing has.
    pub(super) fn missing(self, name: &str) -> Failure {
        let word = self.word();
        Failure::new(
            Exit::NoInput,
            format!("there is no {word} {name:?} (hayesctl {word} list)"),
        )
    }
}

/// What there is of a kind, by name; of each its properties, named as in JSON.
pub(super) async fn list(context: &Context, kind: Kind) -> Result<Vec<Map<String, Value>>> {
    let bus = context.bus().await?;
    let manager = ObjectManagerProxy::new(&bus, "org.hayesd1", "/org/hayesd1").await?;
    let mut found = Vec::new();
    for (path, interfaces) in manager.get_managed_objects().await? {
        let properties = interfaces
            .iter()
            .find(|(name, _)| name.as_str() == kind.interface());
        if let Some((_, properties)) = properties {
            let last = path.as_str().rsplit('/').next().unwrap_or_default();
            let mut object = Map::new();
            object.insert("name".into(), unescaped(last).into());
            for (name, value) in properties {
                let key = snake(name);
                object.insert(key.clone(), json::of(&key, value));
            }
            found.push(object);
        }
    }
    found.sort_by(|a, b| json::text(a, "name").cmp(json::text(b, "name")));
    Ok(found)
}

/// One of them.
///
/// # Errors
/// There is none of that name.
pub(super) async fn find(context: &Context, kind: Kind, name: &str) -> Result<Map<String, Value>> {
    let mut found = list(context, kind).await?.into_iter();
    let one = found.find(|one| json::text(one, "name") == name);
    one.ok_or_else(|| kind.missing(name))
}

/// One property a line.
pub(super) fn shown(object: &Map<String, Value>) -> String {
    let mut table = super::table::Table::new(&["", ""]);
    for (key, value) in object {
        let words = |list: &Vec<Value>| {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(list) => words(list),
            Value::Bool(true) => "yes".into(),
            Value::Bool(false) => "no".into(),
            other => other.to_string(),
        };
        table.row([&key.replace('_', " "), &text]);
    }
    table.without_headings()
}

/// The name of a property as JSON has it: `BytesIn` is `bytes_in`, `CreatedUSec` is `created_usec`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
        before = c;
    }
    text
}

/// The name behind an element of a path.
fn unescaped(element: &str) -> String {
    if element == "_" {
        return String::new();
    }
    let mut name = Vec::new();
    let mut rest = element.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'_' => {
                name.push(byte);
                rest = &tail[2..];
            }
            _ => {
                name.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_their_paths() {
        for (name, element) in [
            ("lte", "lte"),
            ("a-b_c", "a_2db_5fc"),
            ("4g", "_34g"),
            ("", "_"),
        ] {
            assert_eq!(
                Kind::Modem.path(name),
                format!("/org/hayesd1/modem/{element}")
            );
            assert_eq!(unescaped(element), name);
        }
        assert_eq!(unescaped("a_"), "a_");
        assert_eq!(unescaped("a_ü"), "a_ü");
    }

    #[test]
    fn properties_are_named_as_options_are() {
        for (property, key) in [
            ("State", "state"),
            ("BytesIn", "bytes_in"),
            ("NextAttemptUSec", "next_attempt_usec"),
            ("RecoveryRung", "recovery_rung"),
        ] {
            assert_eq!(snake(property), key);
        }
    }
}
