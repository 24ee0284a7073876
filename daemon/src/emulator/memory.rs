//! What a played module remembers: one value a slot, under the names that its tables give them.
//!
//! A slot that was never set has its initial value, which stands in the table, not here.

use super::value::{Value, from_latin1, to_latin1};
use crate::dialect::row::{Key, Row};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use zeroize::Zeroizing;

/// How something that holds secrets is written, into a buffer that never moved: one that grows leaves copies
/// behind. Whoever has it wipes it.
pub(super) fn written(saved: &impl Serialize) -> Vec<u8> {
    struct Length(usize);

    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut length = Length(0);
    // Maps with string keys can always be written.
    let _ = serde_json::to_writer(&mut length, saved);
    let mut bytes = Vec::with_capacity(length.0);
    let _ = serde_json::to_writer(&mut bytes, saved);
    bytes
}

/// The name of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(String);

impl Slot {
    /// A parameter of a row.
    pub fn of(row: &str, parameter: &str) -> Self {
        Self(format!("{row}.{parameter}"))
    }

    /// A parameter under a key of a row, of the set that `index` chooses.
    pub fn at(row: &Row, key: Option<&Key>, index: Option<u32>, parameter: &str) -> Self {
        let mut name = String::from(row.name);
        if let Some(key) = key {
            name = name + "." + key.name;
        }
        if let Some(index) = index {
            name = name + "." + &index.to_string();
        }
        Self(name + "." + parameter)
    }

    /// An S-register.
    pub fn register(number: u16) -> Self {
        Self(format!("S{number}.value"))
    }
}

/// A module's memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    values: BTreeMap<Slot, Value>,
    changed: bool,
}

impl Memory {
    /// The value of a slot, if it was ever set.
    pub fn get(&self, slot: &Slot) -> Option<&Value> {
        self.values.get(slot)
    }

    /// Sets a slot.
    pub fn set(&mut self, slot: Slot, value: Value) {
        if self.values.get(&slot) != Some(&value) {
            self.values.insert(slot, value);
            self.changed = true;
        }
    }

    /// Sets a slot back to its initial value.
    pub fn unset(&mut self, slot: &Slot) {
        self.changed |= self.values.remove(slot).is_some();
    }

    /// Forgets all that a row has set.
    pub fn forget(&mut self, row: &str) {
        let from = Slot(format!("{row}."));
        // All names under the row lie between `row.` and `row/`.
        let to = Slot(format!("{row}/"));
        let range = (Bound::Included(&from), Bound::Excluded(&to));
        let names: Vec<Slot> = self
            .values
            .range(range)
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self.unset(&name);
        }
    }

    /// Everything.
    pub fn iter(&self) -> impl Iterator<Item = (&Slot, &Value)> {
        self.values.iter()
    }

    /// Whether anything changed since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Counts as changed, though no value is another.
    pub fn touch(&mut self) {
        self.changed = true;
    }

    /// What must not be seen in a trace.
    pub fn secrets(&self) -> impl Iterator<Item = Vec<u8>> {
        let mut found = Vec::new();
        for value in self.values.values() {
            secrets(value, &mut found);
        }
        found.into_iter()
    }
}

fn secrets(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::Secret(_) => {
            found.extend(Some(value.to_bytes()).filter(|bytes| !bytes.is_empty()));
        }
        Value::List(rows) => {
            for value in rows.iter().flatten() {
                secrets(value, found);
            }
        }
        Value::Number(_) | Value::Text(_) => {}
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (slot, value) in &self.values {
            map.serialize_entry(&slot.0, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values: BTreeMap<String, Value> = Deserialize::deserialize(deserializer)?;
        let values = values.into_iter().map(|(name, value)| (Slot(name), value));
        Ok(Self {
            values: values.collect(),
            changed: false,
        })
    }
}

/// Numbers as numbers, texts as strings of characters up to U+00FF, secrets as such strings behind
/// `secret:`, lists as arrays.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Text(text) => serializer.serialize_str(&format!("text:{}", to_latin1(text))),
            Self::Secret(secret) => {
                let text = Zeroizing::new(format!("secret:{}", secret.expose()));
                serializer.serialize_str(&text)
            }
            Self::List(rows) => {
                let mut list = serializer.serialize_seq(Some(rows.len()))?;
                for row in rows {
                    list.serialize_element(row)?;
                }
                list.end()
            }
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Saved {
    Number(u32),
    Text(String),
    List(Vec<Vec<Value>>),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Saved::deserialize(deserializer)? {
            Saved::Number(number) => Self::Number(number),
            Saved::List(rows) => Self::List(rows),
            Saved::Text(text) => match text.split_once(':') {
                Some(("text", text)) => Self::Text(from_latin1(text)),
                Some(("secret", text)) => Self::Secret(crate::service::Secret::new(text.into())),
                _ => return Err(D::Error::custom("neither text nor secret")),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_comes_back() {
        let mut memory = Memory::default();
        memory.set(Slot::of("+A", "n"), Value::Number(7));
        let bytes: Vec<u8> = (0..=255).collect();
        memory.set(Slot::of("+A", "text"), Value::Text(bytes));
        let secret = crate::service::Secret::new("s:\u{e9}".into());
        memory.set(Slot::of("+A", "secret"), Value::Secret(secret));
        let row = vec![Value::Number(1), Value::text("a@example.org")];
        memory.set(Slot::of("+B", "all"), Value::List(vec![row]));
        let saved = serde_json::to_vec(&memory).unwrap();
        let again: Memory = serde_json::from_slice(&saved).unwrap();
        assert_eq!(again.values, memory.values);
    }

    #[test]
    fn secrets_are_found_in_lists_too() {
        let mut memory = Memory::default();
        let secret = |text: &str| Value::Secret(crate::service::Secret::new(text.into()));
        memory.set(Slot::of("+A", "secret"), secret("one"));
        let row = vec![Value::Number(1), secret("two"), Value::text("u")];
        memory.set(Slot::of("+B", "list"), Value::List(vec![row]));
        memory.set(Slot::of("+C", "secret"), secret(""));
        let found: Vec<_> = memory.secrets().collect();
        assert_eq!(found, [b"one", b"two"]);
    }

    #[test]
    fn a_row_forgets_its_own_values_only() {
        let mut memory = Memory::default();
        for name in ["+A", "+A2", "+B"] {
            memory.set(Slot::of(name, "n"), Value::Number(1));
        }
        assert!(memory.take_changed());
        memory.forget("+A");
        assert!(memory.take_changed());
        memory.forget("+A");
        assert!(!memory.take_changed());
        let left: Vec<_> = memory.iter().map(|(slot, _)| slot.0.as_str()).collect();
        assert_eq!(left, ["+A2.n", "+B.n"]);
    }

    #[test]
    fn a_memory_of_somebody_else_is_refused() {
        for bad in [
            "[]",
            "{\"a\":\"b\"}",
            "{\"a\":-1}",
            "{\"a\":true}",
            "{\"a\":1",
        ] {
            assert!(serde_json::from_str::<Memory>(bad).is_err(), "{bad}");
        }
    }
}
