//! What the daemon can write to the journal: the macros of `tracing` in its sources.

use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// The daemon's sources.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../daemon/src");

/// The macros that say something.
const MACROS: [&str; 6] = [
    "error!(", "warn!(", "info!(", "debug!(", "trace!(", "event!(",
];

/// Where tests begin in a file: what they say, no journal gets.
const TESTS: &str = "#[cfg(test)]\nmod tests {";

/// One message.
#[derive(Debug)]
pub struct Logged {
    /// The file that says it.
    pub file: PathBuf,
    /// The event's name, as it stands in the source: `catalog::PORT`; most have none.
    pub name: Option<String>,
    /// Its fields but the message, as they are called in the source.
    pub fields: Vec<String>,
}

/// Every message of the daemon.
///
/// # Errors
/// The sources cannot be read, or not as this reads them.
pub fn messages() -> Result<Vec<Logged>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(SOURCES)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if path.is_dir() && name != Some("tests") {
                folders.push(path);
            } else if name.is_some_and(|name| name.ends_with(".rs") && !name.ends_with("tests.rs"))
            {
                let text = fs::read_to_string(&path)?;
                let code = text.split(TESTS).next().unwrap_or_default();
                found.extend(in_code(&path, code)?);
            }
        }
    }
    Ok(found)
}

fn in_code(file: &Path, code: &str) -> Result<Vec<Logged>> {
    let mut found = Vec::new();
    for begin in MACROS {
        for (at, _) in code.match_indices(begin) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let arguments = arguments(&code[at + begin.len()..])
                .with_context(|| format!("{}: {begin} at byte {at}", file.display()))?;
            found.push(logged(file, &arguments)?);
        }
    }
    Ok(found)
}

/// The arguments of a macro, whose opening bracket has gone by.
fn arguments(code: &str) -> Option<Vec<String>> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut found = vec![String::new()];
    for c in code.chars() {
        let is_end = !quoted && depth == 0 && c == ')';
        if is_end || (!quoted && depth == 0 && c == ',') {
            if is_end {
                return Some(found);
            }
            found.push(String::new());
            continue;
        }
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        found.last_mut()?.push(c);
    }
    None
}

/// Fields come before the message: `port`, `%error`, `job = id.0`; after it comes what it is formatted with.
fn logged(file: &Path, arguments: &[String]) -> Result<Logged> {
    let mut found = Logged {
        file: file.to_owned(),
        name: None,
        fields: Vec::new(),
    };
    for argument in arguments.iter().map(|one| one.trim()) {
        if argument.starts_with('"') {
            return Ok(found);
        }
        if let Some(name) = argument.strip_prefix("name:") {
            found.name = Some(name.trim().to_owned());
        } else if !argument.starts_with("target:") {
            let field = argument.split('=').next().unwrap_or_default().trim();
            let field = field.trim_start_matches(['%', '?']);
            found.fields.push(field.to_owned());
        }
    }
    ensure!(false, "{}: no message in {arguments:?}", file.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_all_that_a_macro_can_have() -> Result<()> {
        let code = "fn f() { tracing::warn!(name: catalog::PORT, port = f(a, \"=,)\"), %error, ?x,\n \
                    why = &*why, \"it, {}: \\\"{y}\", name()); my_error!(z); info!(\"said\") }";
        let found = in_code(Path::new("f.rs"), code)?;
        ensure!(found.len() == 2, "{found:?}");
        ensure!(found[0].name.as_deref() == Some("catalog::PORT"));
        ensure!(
            found[0].fields == ["port", "error", "x", "why"],
            "{found:?}"
        );
        ensure!(found[1].fields.is_empty() && found[1].name.is_none());
        ensure!(in_code(Path::new("f.rs"), "warn!(port, ").is_err());
        ensure!(in_code(Path::new("f.rs"), "warn!(port)").is_err());
        Ok(())
    }
}
