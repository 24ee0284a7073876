//! What D-Bus brought, as JSON: keys as in the interface, rows as objects.

use crate::Details;
use serde_json::{Map, Value};
use zbus::Variant;

/// The names of what rows consist of, by the key they stand under and how many there are.
const ROWS: &[(&str, &[&str])] = &[
    ("messages", &["uidl", "number", "size"]),
    ("messages", &["uidl", "path"]),
    ("entries", &["name", "type", "size", "mtime"]),
    ("rejected", &["address", "why"]),
    ("recipients", &["address", "outcome", "why"]),
    ("failed", &["uidl", "error_name", "error_text"]),
    ("services", &["service", "failed_at", "why"]),
];

/// A dictionary.
pub(super) fn details(details: &Details) -> Map<String, Value> {
    details
        .iter()
        .map(|(key, value)| (key.clone(), of(key, value)))
        .collect()
}

/// A value that stands under a key.
pub(super) fn of(key: &str, value: &Variant<'_>) -> Value {
    match value {
        Variant::U8(number) => (*number).into(),
        Variant::Bool(bool) => (*bool).into(),
        Variant::I16(number) => (*number).into(),
        Variant::U16(number) => (*number).into(),
        Variant::I32(number) => (*number).into(),
        Variant::U32(number) => (*number).into(),
        Variant::I64(number) => (*number).into(),
        Variant::U64(number) => (*number).into(),
        Variant::F64(number) => (*number).into(),
        Variant::Str(text) => text.as_str().into(),
        Variant::Signature(signature) => signature.to_string().into(),
        Variant::ObjectPath(path) => path.as_str().into(),
        Variant::Variant(inner) => of(key, inner),
        Variant::Array(array) => array.inner().iter().map(|one| of(key, one)).collect(),
        Variant::Dict(dict) => {
            let text = |key: &Variant<'_>| match key {
                Variant::Str(text) => text.as_str().to_owned(),
                other => other.to_string(),
            };
            let entry = |(key, value): (&Variant<'_>, &Variant<'_>)| {
                let key = text(key);
                let value = of(&key, value);
                (key, value)
            };
            Value::Object(dict.iter().map(entry).collect())
        }
        Variant::Structure(row) => structure(key, row.fields()),
        // There are none in what hayesd tells.
        Variant::Fd(_) => Value::Null,
    }
}

fn structure(key: &str, fields: &[Variant<'_>]) -> Value {
    let names = ROWS
        .iter()
        .find(|(under, names)| *under == key && names.len() == fields.len());
    match names {
        Some((_, names)) => names
            .iter()
            .zip(fields)
            .map(|(name, field)| ((*name).to_owned(), of(name, field)))
            .collect::<Map<_, _>>()
            .into(),
        None => fields.iter().map(|field| of("", field)).collect(),
    }
}

/// The text under a key; empty where there is none.
pub(super) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The number under a key; 0 where there is none.
pub(super) fn number(map: &Map<String, Value>, key: &str) -> u64 {
    map.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// The rows under a key.
pub(super) fn rows<'a>(
    map: &'a Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let rows = map.get(key).and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(Value::as_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_have_names() {
        let checked = Variant::from(vec![("a1", 1_u32, 100_u64)]);
        assert_eq!(
            of("messages", &checked),
            json!([{"uidl": "a1", "number": 1, "size": 100}])
        );
        let refused = Variant::from(vec![("a@example.org", "550 no")]);
        assert_eq!(
            of("rejected", &refused),
            json!([{"address": "a@example.org", "why": "550 no"}])
        );
        assert_eq!(of("else", &refused), json!([["a@example.org", "550 no"]]));
    }

    #[test]
    fn what_is_missing_is_empty() {
        let map = Map::new();
        assert_eq!(
            (text(&map, "x"), number(&map, "x"), rows(&map, "x").count()),
            ("", 0, 0)
        );
    }
}
