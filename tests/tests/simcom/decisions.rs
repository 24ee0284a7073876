//! Each decision of the dialect's reference is named where it is tested.

use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};

/// `A1` to this one.
const DECISIONS: usize = 35;

#[test]
fn each_decision_is_named_where_it_is_tested() -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for folder in [
        "transcripts/simcom",
        "transcripts/simcom-driver",
        "tests/simcom",
        "../daemon/src/dialect/simcom",
    ] {
        for file in files(&here.join(folder))? {
            text += &std::fs::read_to_string(file)?;
        }
    }
    let named: Vec<_> = text
        .split(|character: char| !character.is_ascii_alphanumeric())
        .collect();
    let missing: Vec<_> = (1..=DECISIONS)
        .map(|number| format!("A{number}"))
        .filter(|decision| !named.contains(&decision.as_str()))
        .collect();
    ensure!(missing.is_empty(), "no test names {}", missing.join(", "));
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(files);
    };
    for entry in entries {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(self::files(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}
