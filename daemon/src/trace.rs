//! The dialogue of a port as text with times and directions, for people who watch.

use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::broadcast;

/// Which way the bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the TTY.
    Out,
    /// From the TTY.
    In,
    /// Neither: what we noted.
    Note,
}

/// One entry of the dialogue.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: SystemTime,
    /// Which way.
    pub direction: Direction,
    /// What, control characters escaped as in C, secrets starred.
    pub text: Arc<str>,
}

/// Where a port tells its dialogue. Costs nothing while nobody watches.
#[derive(Clone, Debug)]
pub struct Trace {
    watchers: broadcast::Sender<Entry>,
}

/// Entries that a slow watcher may be behind before it misses some.
const BACKLOG: usize = 256;

impl Default for Trace {
    fn default() -> Self {
        Self {
            watchers: broadcast::channel(BACKLOG).0,
        }
    }
}

impl Trace {
    /// How many watch.
    pub fn watchers(&self) -> usize {
        self.watchers.receiver_count()
    }

    /// Whether anybody watches; if not, there is no need to make a text.
    pub fn is_watched(&self) -> bool {
        self.watchers.receiver_count() > 0
    }

    /// Tells an entry, made only if somebody watches. The text must not hold a secret.
    pub fn tell(&self, direction: Direction, text: impl FnOnce() -> String) {
        if self.is_watched() {
            let entry = Entry {
                at: SystemTime::now(),
                direction,
                text: text().into(),
            };
            let _ = self.watchers.send(entry);
        }
    }

    /// Tells bytes that hold no secret.
    pub fn bytes(&self, direction: Direction, bytes: &[u8]) {
        self.tell(direction, || bytes.escape_ascii().to_string());
    }

    /// Watches from now on.
    pub fn watch(&self) -> broadcast::Receiver<Entry> {
        self.watchers.subscribe()
    }
}
