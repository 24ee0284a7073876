//! What `systemctl status` says in one line.

use super::health::Health;
use super::notify::Notify;
use super::running::Running;
use crate::bus::DaemonState;
use crate::config::Config;
use crate::job::{JobId, Jobs, State};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until};

/// Jobs that come and go are told of this often at most.
const PAUSE: Duration = Duration::from_secs(1);

/// The line, and who is told.
pub(super) struct Status {
    notify: Arc<Notify>,
    jobs: Jobs,
    changes: broadcast::Receiver<JobId>,
    told: String,
    /// Until then, jobs may wait.
    rest: Instant,
    /// What the last reload left to be done by somebody.
    remark: Option<String>,
}

impl Status {
    /// Nothing told yet.
    pub(super) fn new(notify: Arc<Notify>, jobs: Jobs) -> Self {
        Self {
            notify,
            changes: jobs.changes(),
            jobs,
            told: String::new(),
            rest: Instant::now(),
            remark: None,
        }
    }

    /// The configuration is read again; [`Status::reloaded`] must follow.
    pub(super) fn reloading(&self) {
        self.notify.reloading();
    }

    /// It was, with this left to be done by somebody.
    pub(super) fn reloaded(&mut self, remark: Option<String>) {
        self.notify.ready(remark.as_deref().unwrap_or("ready"));
        self.told.clear();
        self.remark = remark;
    }

    /// Returns when jobs changed; may be dropped at any time.
    pub(super) async fn changed(&mut self) {
        sleep_until(self.rest).await;
        // Whoever is too slow looks anew as well. The other end is ours.
        let _ = self.changes.recv().await;
    }

    /// Tells how everything is, if that is news.
    pub(super) fn show(&mut self, config: &Config, running: &Running, health: &mut Health) {
        // All that came until now is seen by this look.
        self.changes = self.changes.resubscribe();
        let is_active = |state: State| !state.is_final();
        let active = self.jobs.list(|job| is_active(job.state));
        let run = active.iter().filter(|job| job.state == State::Running);
        let run = run.count();
        let line = line(&Seen {
            state: health.state(),
            ill: running.ports.ill(),
            emulators: config.emulators.len(),
            modems: config.modems.len(),
            accounts: config.accounts.len(),
            jobs: (run, active.len() - run),
            remark: self.remark.as_deref(),
        });
        self.rest = Instant::now() + PAUSE;
        if line != self.told {
            self.notify.status(&line);
            self.told = line;
        }
    }
}

/// All that goes into the line.
struct Seen<'a> {
    state: DaemonState,
    ill: Vec<String>,
    emulators: usize,
    modems: usize,
    accounts: usize,
    /// So many run, so many wait.
    jobs: (usize, usize),
    remark: Option<&'a str>,
}

fn line(seen: &Seen<'_>) -> String {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let mut line = seen.state.name().to_owned();
    if seen.state == DaemonState::Degraded {
        line += ": ";
        line += &match &*seen.ill {
            [] => "not all of the configuration can be used".to_owned(),
            ill => format!("{} can't be used", ill.join(", ")),
        };
    }
    let ports = [
        count(seen.emulators, "emulator"),
        count(seen.modems, "modem"),
        count(seen.accounts, "account"),
    ];
    line += &format!("; {}", ports.join(", "));
    let (run, wait) = seen.jobs;
    if run + wait > 0 {
        line += &format!(
            "; {}: {run} running, {wait} waiting",
            count(run + wait, "job")
        );
    }
    if let Some(remark) = seen.remark {
        line += &format!("; {remark}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut seen = Seen {
            state: DaemonState::Ready,
            ill: Vec::new(),
            emulators: 1,
            modems: 2,
            accounts: 0,
            jobs: (0, 0),
            remark: None,
        };
        assert_eq!(line(&seen), "ready; 1 emulator, 2 modems, 0 accounts");
        seen.jobs = (1, 2);
        seen.state = DaemonState::Degraded;
        seen.ill = vec!["modem lte".to_owned(), "emulator panel".to_owned()];
        seen.remark = Some("the new configuration is wrong, the old one holds");
        let expected = "degraded: modem lte, emulator panel can't be used; 1 emulator, 2 modems, 0 accounts; \
                        3 jobs: 1 running, 2 waiting; the new configuration is wrong, the old one holds";
        assert_eq!(line(&seen), expected);
        seen.ill.clear();
        assert!(line(&seen).starts_with("degraded: not all of the configuration can be used; 1"));
    }
}
