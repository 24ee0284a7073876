//! Results of sendings that came for an earlier daemon.

use crate::dialect;
use crate::modem::drive::{Drive, Sent};

/// One is what is looked for; a second one already tells that nobody knows whose they are.
const MOST: usize = 2;

/// Lines that tell how a sending ended, kept while somebody may ask for them.
#[derive(Debug, Default)]
pub(super) struct Results {
    keeps: bool,
    lines: Vec<Vec<u8>>,
}

impl Results {
    /// Keeps what comes from now on, or no longer.
    pub(super) fn keep(&mut self, keeps: bool) {
        self.keeps = keeps;
        self.lines.clear();
    }

    /// A line came. Before the module is recognised, any dialect may know it.
    pub(super) fn heard(&mut self, line: &[u8], drive: Option<&'static dyn Drive>) {
        if !self.keeps || self.lines.len() == MOST {
            return;
        }
        let known = match drive {
            Some(drive) => drive.mail_result(line).is_some(),
            None => dialect::ALL
                .iter()
                .any(|dialect| dialect.drive.mail_result(line).is_some()),
        };
        if known {
            self.lines.push(line.to_vec());
        }
    }

    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What the only one says.
    pub(super) fn only(&self, drive: &'static dyn Drive) -> Option<Sent> {
        match &self.lines[..] {
            [line] => drive.mail_result(line),
            _ => None,
        }
    }
}
