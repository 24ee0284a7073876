//! The merged values of all files, and where each of them was written.

use super::source::{Problem, Severity, Sources, shifted};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Reads and merges all files: tables are joined key by key, a later file's value replaces an
/// earlier one's, arrays of tables (`[[map]]`) are joined.
pub(super) fn read<'a>(sources: &'a Sources, problems: &mut Vec<Problem>) -> DeTable<'a> {
    let mut root = DeTable::default();
    for (base, source) in sources.iter() {
        match DeTable::parse(&source.text) {
            Ok(table) => merge(&mut root, moved(table.into_inner(), base)),
            Err(error) => {
                let span = shifted(error.span().unwrap_or_default(), base);
                problems.push(Problem {
                    severity: Severity::Error,
                    place: sources.place(span.start),
                    key: String::new(),
                    text: error.message().to_owned(),
                });
            }
        }
    }
    root
}

fn merge<'a>(into: &mut DeTable<'a>, from: DeTable<'a>) {
    for (key, value) in from {
        let span = value.span();
        let name = key.get_ref().as_ref();
        let new = match (into.get_mut(name).map(Spanned::get_mut), value.into_inner()) {
            (Some(DeValue::Table(old)), DeValue::Table(new)) => {
                merge(old, new);
                continue;
            }
            (Some(DeValue::Array(old)), DeValue::Array(new)) if holds_tables(old, &new) => {
                new.into_iter().for_each(|item| old.push(item));
                continue;
            }
            (_, new) => new,
        };
        // The key is replaced too: what is wrong with a value is told where it was last written.
        into.remove(name);
        into.insert(key, Spanned::new(span, new));
    }
}

fn holds_tables(old: &DeArray<'_>, new: &DeArray<'_>) -> bool {
    old.iter()
        .chain(new.iter())
        .all(|item| item.get_ref().is_table())
}

/// The same table with all places moved to where its file begins.
fn moved(table: DeTable<'_>, base: usize) -> DeTable<'_> {
    table
        .into_iter()
        .map(|(key, value)| {
            let key = Spanned::new(shifted(key.span(), base), key.into_inner());
            (key, moved_value(value, base))
        })
        .collect()
}

fn moved_value(value: Spanned<DeValue<'_>>, base: usize) -> Spanned<DeValue<'_>> {
    let span = shifted(value.span(), base);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved(table, base)),
        DeValue::Array(array) => DeValue::Array(
            array
                .into_iter()
                .map(|item| moved_value(item, base))
                .collect(),
        ),
        other => other,
    };
    Spanned::new(span, value)
}

/// Where the keys of a merged tree were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Where each dotted key was last written; those of a table in an array also with its number: `map.0.host`.
    keys: BTreeMap<String, Range<usize>>,
    /// The dotted key of each key and each value.
    spans: Vec<(Range<usize>, String)>,
}

impl Index {
    /// Of a tree as [`read`] returns it.
    pub(super) fn of(root: &DeTable<'_>) -> Self {
        let mut index = Self::default();
        index.add(root, "");
        index
    }

    /// Where a dotted key was written; for one that was not written, the nearest table around it.
    pub(super) fn span_of(&self, key: &str) -> Option<&Range<usize>> {
        let mut key = key;
        loop {
            if let Some(span) = self.keys.get(key) {
                return Some(span);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// The dotted key of what was written at a span: the smallest key or value that holds it.
    pub(super) fn key_at(&self, span: &Range<usize>) -> &str {
        let holds = |place: &Range<usize>| place.start <= span.start && span.end <= place.end;
        let around = self.spans.iter().filter(|(place, _)| holds(place));
        around
            .min_by_key(|(place, _)| place.len())
            .map_or("", |(_, key)| key)
    }

    fn add(&mut self, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let name = key.get_ref();
            let path = if path.is_empty() {
                name.to_string()
            } else {
                format!("{path}.{name}")
            };
            if let DeValue::Array(items) = value.get_ref() {
                self.add_numbered(items, &path);
            }
            self.keys.insert(path.clone(), key.span());
            self.spans.push((key.span(), path.clone()));
            self.spans.push((value.span(), path.clone()));
            self.add_value(value, &path);
        }
    }

    fn add_numbered(&mut self, items: &DeArray<'_>, path: &str) {
        for (number, item) in items.iter().enumerate() {
            if let DeValue::Table(table) = item.get_ref() {
                let path = format!("{path}.{number}");
                for key in table.keys() {
                    self.keys
                        .insert(format!("{path}.{}", key.get_ref()), key.span());
                }
                self.keys.insert(path, item.span());
            }
        }
    }

    fn add_value(&mut self, value: &Spanned<DeValue<'_>>, path: &str) {
        match value.get_ref() {
            DeValue::Table(inner) => self.add(inner, path),
            DeValue::Array(items) => items.iter().for_each(|item| self.add_value(item, path)),
            _ => {}
        }
    }
}
