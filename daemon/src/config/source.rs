//! Configuration files as one text, and what is said about places in them.
//!
//! Every file gets a range of one common address space, so that a merged tree of values still knows
//! where each of them was written.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One configuration file as it was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it was read from; only for people.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// All files of a configuration, in the order in which they apply.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<(usize, Source)>,
    end: usize,
}

/// A place in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Sources {
    /// Adds a file and returns where its text begins in the common address space.
    pub fn add(&mut self, source: Source) -> usize {
        let base = self.end;
        // One beyond the text, so that an error at a file's end doesn't fall into the next file.
        self.end = base + source.text.len() + 1;
        self.files.push((base, source));
        base
    }

    /// The files with their bases.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Source)> {
        self.files.iter().map(|(base, source)| (*base, source))
    }

    /// Where the files were read from.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(_, source)| source.path.as_path())
    }

    /// Where an offset of the common address space lies.
    pub fn place(&self, offset: usize) -> Option<Place> {
        let index = self.files.partition_point(|(base, _)| *base <= offset);
        let (base, source) = self.files.get(index.checked_sub(1)?)?;
        let at = (offset - base).min(source.text.len());
        let before = source.text.as_bytes().get(..at)?;
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let column = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count()
            + 1;
        Some(Place {
            file: source.path.clone(),
            line,
            column,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is refused.
    Warning,
    /// The configuration is sound but this machine does not fit it (a missing secret, a device that
    /// the helper will refuse). The daemon runs without what depends on it, `hayesd check` fails.
    Machine,
    /// The configuration can't be used.
    Error,
}

/// Something to say about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it was written, if in a file.
    pub place: Option<Place>,
    /// The key with its tables, `emulator.panel.speed`; empty for a whole file.
    pub key: String,
    /// What is wrong, for a person; without secrets.
    pub text: String,
}

impl Problem {
    /// A problem with a whole file.
    pub fn with_file(path: &Path, text: impl fmt::Display) -> Self {
        Self {
            severity: Severity::Error,
            place: None,
            key: String::new(),
            text: format!("{}: {text}", path.display()),
        }
    }
}

impl fmt::Display for Problem {
    /// `FILE:LINE:COLUMN: KEY: what`, as compilers do, so that editors can jump there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// A span moved to where its file begins.
pub(super) fn shifted(span: Range<usize>, base: usize) -> Range<usize> {
    span.start + base..span.end + base
}
