//! `a{sv}` arguments: read once, without copies, and judged by key.
//!
//! zbus would make a tree of variants out of them, 32 bytes and more for each byte of an attachment, and
//! would refuse wrong ones in the name of the bus. Here bytes stay where they came, and what is wrong is
//! told by key as `org.hayesd1.Error.InvalidArgument`.

use super::error::{self, Refused};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use zbus::Type;
use zbus::wire::Signature;

/// A value of one of the types that our keys have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// `b`
    Bool(bool),
    /// `u`
    U32(u32),
    /// `t`
    U64(u64),
    /// `s`
    Text(&'a str),
    /// `as`
    Texts(Vec<&'a str>),
    /// `a{ss}`
    Pairs(BTreeMap<&'a str, &'a str>),
    /// `a{sv}`
    Dict(Dict<'a>),
    /// `a(ssay)`
    Files(Vec<(&'a str, &'a str, &'a [u8])>),
    /// Anything else: its signature.
    Other(String),
}

/// The entries of an `a{sv}`, taken out one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dict<'a> {
    entries: BTreeMap<&'a str, Value<'a>>,
    twice: Option<&'a str>,
    /// The key under which it stands in another one.
    within: Option<String>,
}

/// Makes a method that takes one type of value.
macro_rules! take {
    ($name:ident, $kind:ident, $type:ty, $signature:literal) => {
        #[doc = concat!("Takes the value of a key, of type `", $signature, "`.")]
        pub(super) fn $name(&mut self, key: &str) -> error::Result<Option<$type>> {
            match self.entries.remove(key) {
                None => Ok(None),
                Some(Value::$kind(value)) => Ok(Some(value)),
                Some(other) => Err(wrong_type(&self.place(key), $signature, &other)),
            }
        }
    };
}

impl<'a> Dict<'a> {
    take!(bool, Bool, bool, "b");
    take!(u32, U32, u32, "u");
    take!(u64, U64, u64, "t");
    take!(text, Text, &'a str, "s");
    take!(texts, Texts, Vec<&'a str>, "as");
    take!(pairs, Pairs, BTreeMap<&'a str, &'a str>, "a{ss}");
    take!(files, Files, Vec<(&'a str, &'a str, &'a [u8])>, "a(ssay)");

    /// Takes the entries of an `a{sv}` that is a value itself; they are told as `KEY.THEIRS`.
    pub(super) fn dict(&mut self, key: &str) -> error::Result<Option<Dict<'a>>> {
        match self.entries.remove(key) {
            None => Ok(None),
            Some(Value::Dict(dict)) => Ok(Some(Dict {
                within: Some(self.place(key)),
                ..dict
            })),
            Some(other) => Err(wrong_type(&self.place(key), "a{sv}", &other)),
        }
    }

    /// Whether there are no entries (any more).
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is such an entry.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A key as it is told.
    pub(super) fn place(&self, key: &str) -> String {
        match &self.within {
            Some(within) => format!("{within}.{}", shown(key)),
            None => shown(key),
        }
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> error::Result<()> {
        if let Some(key) = self.twice {
            return Err(Refused::argument(format!(
                "the key `{}` is there twice",
                self.place(key)
            )));
        }
        match self.entries.keys().next() {
            Some(key) => Err(Refused::argument(format!(
                "the key `{}` is not known here",
                self.place(key)
            ))),
            None => Ok(()),
        }
    }
}

/// A key that somebody else chose, bounded and printable.
fn shown(key: &str) -> String {
    key.chars().take(64).flat_map(char::escape_debug).collect()
}

fn wrong_type(key: &str, expected: &str, value: &Value<'_>) -> Refused {
    let is = match value {
        Value::Bool(_) => "b",
        Value::U32(_) => "u",
        Value::U64(_) => "t",
        Value::Text(_) => "s",
        Value::Texts(_) => "as",
        Value::Pairs(_) => "a{ss}",
        Value::Dict(_) => "a{sv}",
        Value::Files(_) => "a(ssay)",
        Value::Other(signature) => signature,
    };
    Refused::argument(format!(
        "the key `{key}` is of type `{expected}`, not `{is}`"
    ))
}

impl Type for Dict<'_> {
    const SIGNATURE: &'static Signature =
        <std::collections::HashMap<&str, zbus::Variant<'_>>>::SIGNATURE;
}

impl<'de: 'a, 'a> Deserialize<'de> for Dict<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Dict<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a{sv}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dict<'de>, A::Error> {
                let mut dict = Dict::default();
                while let Some((key, value)) = map.next_entry::<&str, Value<'de>>()? {
                    if dict.entries.insert(key, value).is_some() {
                        dict.twice = Some(key);
                    }
                }
                Ok(dict)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Variant;

        impl<'de> Visitor<'de> for Variant {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a variant")
            }

            /// A variant is its signature, then its value.
            fn visit_seq<A: SeqAccess<'de>>(self, mut variant: A) -> Result<Value<'de>, A::Error> {
                let signature: Signature = of(variant.next_element()?)?;
                let signature = signature.to_string();
                Ok(match signature.as_str() {
                    "b" => Value::Bool(of(variant.next_element()?)?),
                    "u" => Value::U32(of(variant.next_element()?)?),
                    "t" => Value::U64(of(variant.next_element()?)?),
                    "s" => Value::Text(of(variant.next_element()?)?),
                    "as" => Value::Texts(of(variant.next_element()?)?),
                    "a{ss}" => Value::Pairs(of(variant.next_element()?)?),
                    "a{sv}" => Value::Dict(of(variant.next_element()?)?),
                    "a(ssay)" => Value::Files(of(variant.next_element()?)?),
                    _ => {
                        variant.next_element::<IgnoredAny>()?;
                        Value::Other(signature)
                    }
                })
            }
        }

        // The name and the fields by which zbus knows a variant.
        deserializer.deserialize_struct("Variant", &["signature", "value"], Variant)
    }
}

fn of<T, E: serde::de::Error>(element: Option<T>) -> Result<T, E> {
    element.ok_or_else(|| E::custom("half a variant"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use zbus::DBusError;
    use zbus::Variant;
    use zbus::wire::{LE, serialized::Context, to_bytes};

    fn with<R>(entries: HashMap<&str, Variant<'_>>, look: impl FnOnce(Dict<'_>) -> R) -> R {
        let bytes = to_bytes(Context::new(LE, 0), &entries).unwrap();
        let (dict, read) = bytes.deserialize::<Dict<'_>>().unwrap();
        assert_eq!(read, bytes.len());
        look(dict)
    }

    fn text(result: error::Result<()>) -> String {
        result.unwrap_err().description().unwrap().to_owned()
    }

    #[test]
    fn every_type_is_read_where_it_came() {
        let entries = HashMap::from([
            ("b", Variant::from(true)),
            ("u", Variant::from(7_u32)),
            ("t", Variant::from(8_u64)),
            ("s", Variant::from("text")),
            ("as", Variant::from(vec!["a", "b"])),
            (
                "a{ss}",
                Variant::from(HashMap::from([("X-A", "1"), ("X-B", "2")])),
            ),
            ("a(ssay)", Variant::from(vec![("n", "m", vec![0_u8, 255])])),
        ]);
        with(entries, |mut dict| {
            assert_eq!(dict.bool("b").unwrap(), Some(true));
            assert_eq!(dict.u32("u").unwrap(), Some(7));
            assert_eq!(dict.u64("t").unwrap(), Some(8));
            assert_eq!(dict.text("s").unwrap(), Some("text"));
            assert_eq!(dict.texts("as").unwrap(), Some(vec!["a", "b"]));
            assert_eq!(dict.pairs("a{ss}").unwrap().unwrap()["X-B"], "2");
            assert_eq!(
                dict.files("a(ssay)").unwrap(),
                Some(vec![("n", "m", &[0, 255][..])])
            );
            assert_eq!(dict.text("absent").unwrap(), None);
            dict.finish().unwrap();
        });
    }

    #[test]
    fn what_is_wrong_is_told_by_key() {
        let entries = || {
            HashMap::from([
                ("timeout_usec", Variant::from("soon")),
                (
                    "x\n",
                    Variant::from(vec![Variant::from(1_u8), Variant::from(vec![1.5_f64])]),
                ),
                ("y", Variant::from((1_i16, "a", vec![("b", 2_i32)]))),
            ])
        };
        with(entries(), |mut dict| {
            let error = dict.u64("timeout_usec").unwrap_err();
            assert_eq!(
                error.description(),
                Some("the key `timeout_usec` is of type `t`, not `s`")
            );
            assert_eq!(text(dict.finish()), "the key `x\\n` is not known here");
        });
        with(entries(), |mut dict| {
            let error = dict.texts("y").unwrap_err();
            assert_eq!(
                error.description(),
                Some("the key `y` is of type `as`, not `(nsa(si))`")
            );
        });
    }
}
