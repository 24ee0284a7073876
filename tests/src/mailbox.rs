//! A maildir, as a test looks into it.

use crate::wait;
use anyhow::{Result, ensure};
use std::fs;
use std::path::PathBuf;

/// One recipient's maildir.
#[derive(Clone, Debug)]
pub struct Mailbox {
    recipient: String,
    path: PathBuf,
}

impl Mailbox {
    /// The mailbox at `path`, which need not exist yet.
    pub fn new(recipient: &str, path: PathBuf) -> Self {
        Self {
            recipient: recipient.to_owned(),
            path,
        }
    }

    /// Whose it is.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// How many messages are in it, without a look into them.
    pub fn count(&self) -> usize {
        fs::read_dir(self.path.join("new")).map_or(0, Iterator::count)
    }

    /// All messages in it, oldest first, lines ended by LF, as the server stored them.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.path.join("new")) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
            .iter()
            .filter_map(|path| fs::read(path).ok())
            .collect()
    }

    /// Waits until there are `count` messages, and fails if there are more.
    ///
    /// # Errors
    /// Fewer came in a long time, or more.
    pub fn expect(&self, count: usize) -> Result<Vec<Vec<u8>>> {
        let what = format!("message {count} to {}", self.recipient);
        let messages = wait::until(&what, wait::LONG, || {
            let messages = self.messages();
            (messages.len() >= count).then_some(messages)
        })?;
        ensure!(
            messages.len() == count,
            "{} got {} messages, not {count}",
            self.recipient,
            messages.len()
        );
        Ok(messages)
    }

    /// Waits for the one message that is to come.
    ///
    /// # Errors
    /// As [`Mailbox::expect`].
    pub fn expect_one(&self) -> Result<Vec<u8>> {
        Ok(self.expect(1)?.swap_remove(0))
    }
}
