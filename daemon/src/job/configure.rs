//! Other settings for the jobs that there are.

use super::record::Record;
use super::schedule::Schedule;
use super::table::{Now, Turn};
use super::types::{Delivery, JobId, State};
use super::{Jobs, Settings};
use std::sync::PoisonError;
use std::time::Duration;

impl Jobs {
    /// Other settings in the place of those that hold; spool and inbox stay where they are. What runs goes
    /// on as it began, what is tried next is tried by the new ones. A deferred job waits no longer than one
    /// would that failed now; one that is due stands in line for the way that it goes now.
    pub fn configure(&self, settings: Settings) {
        let shared = &self.shared;
        let (schedule, running) = (settings.schedule, settings.limits.running);
        {
            let mut held = shared
                .settings
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *held = Settings {
                spool: held.spool.clone(),
                inbox: held.inbox.clone(),
                ..settings
            };
        }
        let uptime = shared.clock.uptime();
        let mut table = shared.table();
        table.lineup.set_most(running);
        let sooner: Vec<(JobId, Duration, Duration)> = table
            .entries
            .values()
            .filter(|entry| matches!(entry.turn, Turn::Waiting(at) if at > uptime))
            .filter_map(|entry| {
                let record = &entry.record;
                let age = record.age.at(uptime);
                let due = longest_wait(record, age, &schedule).filter(|due| *due < record.due)?;
                Some((record.id, due, uptime + due.saturating_sub(age)))
            })
            .collect();
        // Those that are due may find another lane, by their accounts as well.
        let due: Vec<(JobId, Duration)> = table
            .entries
            .values()
            .filter_map(|entry| match entry.turn {
                Turn::Waiting(at) if at <= uptime => Some((entry.record.id, at)),
                _ => None,
            })
            .collect();
        for (id, at) in due {
            table.set_turn(id, Turn::Waiting(at));
        }
        for (id, due, at) in sooner {
            table.set_turn(id, Turn::Waiting(at));
            if let Some(entry) = table.entries.get_mut(&id) {
                entry.record.due = due;
                shared.show(entry, &Now::default());
            }
        }
        drop(table);
        shared.wake.notify_one();
    }
}

/// The age at which a job of this age is tried again at the latest.
fn longest_wait(record: &Record, age: Duration, schedule: &Schedule) -> Option<Duration> {
    if record.state != State::Deferred || record.delivery != Delivery::Queue {
        return None;
    }
    let failures = match record.linkless {
        0 => record.attempts,
        linkless => linkless,
    };
    // One that is too old by now has its last attempt at once.
    Some(schedule.next(age, failures).unwrap_or(age))
}
