//! What is printed: results on standard output, for people or as JSON; notes and errors on standard error.

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::text::clean;
use serde_json::Value;
use std::io::{self, IsTerminal as _, Write as _};

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    /// One JSON value a call, nothing else.
    pub(super) json: bool,
    /// No progress, no notes, no word of success.
    pub(super) quiet: bool,
}

impl Out {
    /// A result: what was asked for.
    pub(super) fn result(self, json: &Value, text: impl FnOnce() -> String) -> Result<()> {
        let text = if self.json {
            format!("{json}\n")
        } else {
            text()
        };
        self.bytes(text.as_bytes())
    }

    /// A word of success, which nobody needs who asked for quiet.
    pub(super) fn done(self, json: &Value, text: impl FnOnce() -> String) -> Result<()> {
        if self.quiet && !self.json {
            return Ok(());
        }
        self.result(json, || format!("{}\n", text()))
    }

    /// Something that is good to know.
    pub(super) fn note(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "hayesctl: {}", clean(text));
        }
    }

    /// Whether progress is shown.
    pub(super) fn shows_progress(self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Bytes as they are.
    pub(super) fn bytes(self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        written.map_err(|error| match error.kind() {
            // As of `| head`: who reads has what it wanted.
            io::ErrorKind::BrokenPipe => Failure::new(Exit::Io, ""),
            _ => Failure::new(Exit::Io, format!("standard output: {error}")),
        })
    }

    /// What a stranger wrote: a terminal gets it without control characters.
    pub(super) fn foreign(self, bytes: &[u8]) -> Result<()> {
        if !io::stdout().is_terminal() {
            return self.bytes(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().map(|line| {
            let tabs = line.split('\t').map(clean).collect::<Vec<_>>();
            format!("{}\n", tabs.join("\t"))
        });
        self.bytes(lines.collect::<String>().as_bytes())
    }

    /// An error: one line, and its JSON where that is wanted. One without words is not told.
    pub(super) fn failure(self, failure: &Failure) {
        if failure.text.is_empty() {
            return;
        }
        if self.json {
            let _ = self.bytes(format!("{}\n", failure.json()).as_bytes());
        }
        let _ = writeln!(io::stderr(), "hayesctl: {}", clean(&failure.text));
    }
}
