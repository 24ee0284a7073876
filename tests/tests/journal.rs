//! The journal: what the daemon's sources can say, against what hayesd(8) and the catalog say of it.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::logged::{Logged, messages};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../packaging/man/hayesd.8");
const CATALOG: &str = include_str!("../../packaging/hayesd.catalog");
const IDS: &str = include_str!("../../daemon/src/catalog.rs");

/// What journald calls our fields.
const PREFIX: &str = "HAYESD_";

type Names = BTreeSet<String>;

/// Every `HAYESD_…` of a text.
fn named(text: &str) -> Names {
    let rest = text.split(PREFIX).skip(1);
    rest.map(|rest| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        format!("{PREFIX}{}", &rest[..end])
    })
    .collect()
}

/// As journald has them: tracing-journald makes capitals of letters and `_` of all that is no letter or digit.
fn fields(message: &Logged) -> Names {
    let in_journal = |field: &String| format!("{PREFIX}{}", field.to_uppercase());
    message.fields.iter().map(in_journal).collect()
}

#[test]
fn every_field_is_in_the_page_and_every_one_there_is_said() -> Result<()> {
    let section = PAGE
        .split("\n.SH ")
        .find(|part| part.starts_with("JOURNAL"));
    let documented = named(section.context("JOURNAL")?);
    let messages = messages()?;
    ensure!(messages.len() > 50, "{}", messages.len());
    for message in &messages {
        let unknown: Vec<_> = fields(message).difference(&documented).cloned().collect();
        ensure!(unknown.is_empty(), "{unknown:?}: {message:?}");
    }
    let said: Names = messages.iter().flat_map(fields).collect();
    ensure!(said == documented, "{said:?}\n{documented:?}");
    Ok(())
}

/// The names of `catalog.rs` with their IDs.
fn ids() -> Result<BTreeMap<String, String>> {
    let table = IDS.split("MESSAGES: ").nth(1).context("MESSAGES")?;
    let table = table.split("];").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.trim().starts_with('('));
    rows.map(|row| {
        let (name, id) = row.split_once(", \"").context("a name and its ID")?;
        let name = name.trim().trim_start_matches('(');
        Ok((format!("catalog::{name}"), id.chars().take(32).collect()))
    })
    .collect()
}

#[test]
fn what_the_catalog_explains_is_said_with_what_it_needs() -> Result<()> {
    let ids = ids()?;
    let messages = messages()?;
    let said: Names = messages.iter().filter_map(|one| one.name.clone()).collect();
    let known: Names = ids.keys().cloned().collect();
    ensure!(said == known, "{said:?}\n{known:?}");
    let entries: BTreeMap<&str, &str> = CATALOG
        .split("\n-- ")
        .skip(1)
        .filter_map(|entry| entry.split_once('\n'))
        .collect();
    let explained: BTreeSet<&str> = entries.keys().copied().collect();
    ensure!(explained == ids.values().map(String::as_str).collect());
    for message in &messages {
        let Some(name) = &message.name else { continue };
        let id = ids.get(name).context("an ID")?.as_str();
        let text = entries.get(id).context("an entry")?;
        let missing: Vec<_> = named(text).difference(&fields(message)).cloned().collect();
        ensure!(missing.is_empty(), "{name} lacks {missing:?}: {message:?}");
    }
    Ok(())
}
