//! The merged values of all files, each still knowing where it was written.

use super::source::{Problem, Severity, Sources, shifted};
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

type Value = Spanned<DeValue<'static>>;
type Key = Spanned<Cow<'static, str>>;

/// Merged values with the places of their keys.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: DeTable<'static>,
}

impl Tree {
    /// Reads and merges all files: tables are joined key by key, a later file's value replaces an
    /// earlier one's, arrays of tables (`[[map]]`) are joined.
    pub(super) fn read(sources: &Sources, problems: &mut Vec<Problem>) -> Self {
        let mut tree = Self::default();
        for (base, source) in sources.iter() {
            match DeTable::parse(&source.text) {
                Ok(table) => {
                    let mut table = table.into_inner();
                    table.make_owned();
                    merge(&mut tree.root, moved(table, base));
                }
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
        tree
    }

    /// Its top-level entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.root.iter()
    }

    /// Where the value of a dotted key was written; for one that was not written, its nearest table.
    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        let mut table = &self.root;
        let mut found = None;
        for part in key.split('.') {
            let Some((name, value)) = table.get_key_value(part) else {
                break;
            };
            found = Some(name.span());
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found
    }

    /// The dotted key of what was written at a span: the smallest key or value that holds it.
    pub(super) fn key_at(&self, span: &Range<usize>) -> String {
        let mut best = (usize::MAX, String::new());
        search(&self.root, "", span, &mut best);
        best.1
    }
}

fn merge(into: &mut DeTable<'static>, from: DeTable<'static>) {
    for (key, value) in from {
        let span = value.span();
        let new = match (into.get_mut(key.get_ref()).map(Spanned::get_mut), value.into_inner()) {
            (Some(DeValue::Table(old)), DeValue::Table(new)) => {
                merge(old, new);
                continue;
            }
            (Some(DeValue::Array(old)), DeValue::Array(new)) if holds_tables(old, &new) => {
                old.extend(new);
                continue;
            }
            (_, new) => new,
        };
        // The key is replaced too: what is wrong with a value is told where it was last written.
        into.remove(key.get_ref());
        into.insert(key, Spanned::new(span, new));
    }
}

fn holds_tables(old: &DeArray<'static>, new: &DeArray<'static>) -> bool {
    old.iter().chain(new.iter()).all(|item| item.get_ref().is_table())
}

fn moved(table: DeTable<'static>, base: usize) -> DeTable<'static> {
    table
        .into_iter()
        .map(|(key, value)| {
            let key = Spanned::new(shifted(key.span(), base), key.into_inner());
            (key, moved_value(value, base))
        })
        .collect()
}

fn moved_value(value: Value, base: usize) -> Value {
    let span = shifted(value.span(), base);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved(table, base)),
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|item| moved_value(item, base)).collect())
        }
        other => other,
    };
    Spanned::new(span, value)
}

fn search(table: &DeTable<'static>, path: &str, span: &Range<usize>, best: &mut (usize, String)) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        consider(key.span(), &path, span, best);
        consider(value.span(), &path, span, best);
        search_value(value, &path, span, best);
    }
}

fn search_value(value: &Value, path: &str, span: &Range<usize>, best: &mut (usize, String)) {
    match value.get_ref() {
        DeValue::Table(inner) => search(inner, path, span, best),
        DeValue::Array(items) => items.iter().for_each(|item| search_value(item, path, span, best)),
        _ => {}
    }
}

fn consider(place: Range<usize>, path: &str, span: &Range<usize>, best: &mut (usize, String)) {
    let holds = place.start <= span.start && span.end <= place.end;
    if holds && place.len() < best.0 {
        *best = (place.len(), path.to_owned());
    }
}
