//! Reading the files of a configuration.

use super::source::{Problem, Source, Sources};
use super::{Loaded, parse};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The main file, where no other is named.
pub const DEFAULT_FILE: &str = "/etc/hayesd/hayesd.toml";

/// The largest file, in bytes.
const LARGEST: u64 = 1 << 20;

/// Reads a main file, then `NAME.d/*.toml` beside it (`hayesd.d` for `hayesd.toml`) in the order of
/// their names; a later file's values stand over an earlier one's.
///
/// # Errors
///
/// Everything that is wrong: a file that can't be read, is larger than 1 MiB or not UTF-8, or what
/// [`parse`] says.
pub fn load(main: &Path) -> Result<Loaded, Vec<Problem>> {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    let mut files = vec![main.to_owned()];
    match drop_ins(main) {
        Ok(found) => files.extend(found),
        Err(problem) => problems.push(problem),
    }
    for path in files {
        match read(&path) {
            Ok(text) => {
                sources.add(Source { path, text });
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        parse(sources)
    } else {
        Err(problems)
    }
}

fn drop_ins(main: &Path) -> Result<Vec<PathBuf>, Problem> {
    let folder = main.with_extension("d");
    let wrong = |error: io::Error| Problem::with_file(&folder, error);
    let entries = match std::fs::read_dir(&folder) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        other => other.map_err(wrong)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(wrong)?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if path.extension().is_some_and(|e| e == "toml") && !is_hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Problem> {
    let wrong = |error: io::Error| Problem::with_file(path, error);
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(wrong)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(wrong)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::with_file(path, "larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let upto = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..upto]
            .iter()
            .filter(|&&b| b == b'\n')
            .count()
            + 1;
        Problem::with_file(path, format!("line {line}: not UTF-8"))
    })
}
