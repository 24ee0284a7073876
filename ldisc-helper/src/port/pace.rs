//! Interrupt moderation: how long a port rests after a wake-up, so that bulk data comes in few pieces.

use crate::time::Time;
use core::time::Duration;

/// The longest rest.
const REST: Duration = Duration::from_millis(5);

/// So many bytes within one [`REST`] fill what a TTY gives at once: resting would slow them down.
const BULK: usize = 4096;

/// Counts bytes in stretches of [`REST`].
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Time,
    bytes: usize,
    /// The stretch that ended where this one began.
    before: usize,
}

impl Pace {
    pub(super) fn received(&mut self, bytes: usize, now: Time) {
        let age = now - self.since;
        if age >= REST {
            self.before = if age < REST * 2 { self.bytes } else { 0 };
            self.since = now;
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// How long to rest; `guard` is that of the escape which the port watches for.
    pub(super) fn rest(&self, guard: Option<Duration>) -> Option<Duration> {
        let bulk = self.bytes.max(self.before) >= BULK;
        (!bulk).then(|| guard.map_or(REST, |guard| REST.min(guard / 20)))
    }
}
