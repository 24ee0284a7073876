//! The jobs in memory: what each is about to do, what can be seen of it, and how much there is.

use super::lineup::Lineup;
use super::record::{Record, SavedRoute, Work};
use super::request::Kind;
use super::target::Target;
use super::types::{Delivery, JobId, Limits, Origin, Snapshot, State, Via};
use crate::service::{Credentials, Error, ErrorKind, Phase, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, watch};

/// One job.
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) kept: Kept,
    pub(super) turn: Turn,
    /// What can be seen of it.
    pub(super) view: watch::Sender<Arc<Snapshot>>,
    /// Its header as it was last saved in this life of the daemon.
    pub(super) saved: Option<Saved>,
}

/// What a job has in memory only: never written to disk.
#[derive(Clone, Default)]
pub(super) struct Kept {
    /// For [`SavedRoute::Direct`].
    pub(super) credentials: Option<Credentials>,
    /// Where a download goes.
    pub(super) target: Option<Target>,
}

/// What a header on disk says, as far as another is compared with it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Saved {
    pub(super) state: State,
    pub(super) error: Option<ErrorKind>,
    pub(super) attempts: u32,
    pub(super) age: Duration,
}

/// Whose turn it is.
pub(super) enum Turn {
    /// It is on its way into the spool; whoever waits for that is told.
    Storing(watch::Receiver<Option<Result<()>>>),
    /// It is tried at this uptime.
    Waiting(Duration),
    /// It is being tried.
    Running(Arc<Cancel>),
    /// Nothing more; finished at this uptime.
    Over(Duration),
}

/// Cancels a running job.
#[derive(Debug, Default)]
pub(super) struct Cancel {
    asked: AtomicBool,
    told: Notify,
}

impl Cancel {
    /// Asks for it.
    pub(super) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// Whether it was asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits until it is asked for.
    pub(super) async fn asked(&self) {
        self.told.notified().await;
    }
}

/// What changes while a job runs and is not saved.
#[derive(Clone, Debug, Default)]
pub(super) struct Now {
    pub(super) phase: Phase,
    pub(super) via: Option<Via>,
    pub(super) bytes: u64,
    /// Of so many, where the job itself does not say.
    pub(super) total: u64,
}

impl Table {
    /// Empty; the first job gets this number.
    pub(super) fn new(next_id: u32, running: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            tokens: HashMap::new(),
            lineup: Lineup::new(running),
            through: BTreeSet::new(),
            over: BTreeSet::new(),
            next_id,
            reserved: 0,
        }
    }
}

/// All jobs.
pub(super) struct Table {
    /// Boxed: a tree's nodes are half empty when numbers come in order.
    pub(super) entries: BTreeMap<JobId, Box<Entry>>,
    tokens: HashMap<(Origin, String), JobId>,
    /// Those of the queue that wait or run.
    pub(super) lineup: Lineup,
    /// Those that have one go and wait for it.
    through: BTreeSet<(Duration, JobId)>,
    /// Those that are finished, by when.
    over: BTreeSet<(Duration, JobId)>,
    pub(super) next_id: u32,
    /// Ids below this one are reserved on disk.
    pub(super) reserved: u32,
}

/// A finished job is remembered at least so long.
pub(super) const LINGER: Duration = Duration::from_secs(60);

impl Table {
    /// The job that this caller gave this token.
    pub(super) fn by_token(&self, origin: &Origin, token: &str) -> Option<JobId> {
        self.tokens
            .get(&(origin.clone(), token.to_owned()))
            .copied()
    }

    /// QuotaExceeded where this caller has too much going on already.
    pub(super) fn check_limits(&self, origin: &Origin, size: u64, limits: &Limits) -> Result<()> {
        if matches!(origin, Origin::Bus { uid: 0 }) {
            return Ok(());
        }
        let mine = self
            .entries
            .values()
            .filter(|entry| entry.record.origin == *origin && !entry.record.state.is_final());
        let (mut jobs, mut bytes) = (0_usize, size);
        for entry in mine {
            jobs += 1;
            bytes = bytes.saturating_add(entry.record.size());
        }
        if jobs >= limits.jobs {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                format!("you have {jobs} active jobs, which is the limit"),
            ));
        }
        if bytes > limits.spool {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                format!(
                    "your jobs would take {bytes} bytes, the limit is {}",
                    limits.spool
                ),
            ));
        }
        Ok(())
    }

    /// How many bytes more this caller may have in the spool.
    pub(super) fn room(&self, origin: &Origin, limits: &Limits) -> u64 {
        if matches!(origin, Origin::Bus { uid: 0 }) {
            return u64::MAX;
        }
        let mine = self
            .entries
            .values()
            .filter(|entry| entry.record.origin == *origin && !entry.record.state.is_final());
        let used: u64 = mine.map(|entry| entry.record.size()).sum();
        limits.spool.saturating_sub(used)
    }

    /// A number that no job had.
    pub(super) fn new_id(&mut self) -> Result<JobId> {
        let id = JobId(self.next_id.max(1));
        self.next_id =
            id.0.checked_add(1)
                .ok_or_else(|| Error::new(ErrorKind::Internal, "all job numbers are used up"))?;
        Ok(id)
    }

    /// Puts a job in.
    pub(super) fn insert(&mut self, record: Record, kept: Kept, turn: Turn, seen: Snapshot) {
        let id = record.id;
        if let Some(token) = &record.token {
            self.tokens
                .insert((record.origin.clone(), token.clone()), id);
        }
        self.entries.insert(
            id,
            Box::new(Entry {
                record,
                kept,
                turn: Turn::Storing(watch::Sender::new(None).subscribe()),
                view: watch::Sender::new(Arc::new(seen)),
                saved: None,
            }),
        );
        self.set_turn(id, turn);
    }

    /// Takes a job out.
    pub(super) fn remove(&mut self, id: JobId) {
        // A turn that is counted nowhere.
        self.set_turn(id, Turn::Storing(watch::Sender::new(None).subscribe()));
        if let Some(entry) = self.entries.remove(&id)
            && let Some(token) = entry.record.token
        {
            let key = (entry.record.origin, token);
            if self.tokens.get(&key) == Some(&id) {
                self.tokens.remove(&key);
            }
        }
    }

    /// Another turn for a job. Everything that is counted or sorted by it follows.
    pub(super) fn set_turn(&mut self, id: JobId, turn: Turn) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let is_queued = entry.record.delivery == Delivery::Queue;
        match &entry.turn {
            Turn::Waiting(at) => drop(self.through.remove(&(*at, id))),
            Turn::Over(at) => drop(self.over.remove(&(*at, id))),
            Turn::Running(_) | Turn::Storing(_) => {}
        }
        match &turn {
            Turn::Waiting(at) if is_queued => self.lineup.wait(id, *at),
            Turn::Waiting(at) => drop(self.through.insert((*at, id))),
            Turn::Over(at) => {
                self.lineup.remove(id);
                self.over.insert((*at, id));
            }
            // One that the line-up did not start itself is being cancelled: it must not start it any more.
            Turn::Running(_) => self.lineup.hold_back(id),
            Turn::Storing(_) => self.lineup.remove(id),
        }
        entry.turn = turn;
    }

    /// The next job that may run now: those that have one go at once, those of the queue as the line-up
    /// has room.
    pub(super) fn next(&mut self, uptime: Duration) -> Option<JobId> {
        match self.through.first() {
            Some((at, id)) if *at <= uptime => Some(*id),
            _ => self.lineup.start(),
        }
    }

    /// Whether an attempt is under way, or a mail on its way into the spool.
    pub(super) fn is_running(&self) -> bool {
        self.entries
            .values()
            .any(|entry| matches!(entry.turn, Turn::Running(_) | Turn::Storing(_)))
    }

    /// When something is to be done next, as far as time alone brings it about.
    pub(super) fn next_time(&self, limits: &Limits) -> Option<Duration> {
        let over = (self.over.len() > limits.finished)
            .then(|| self.over.first().map(|(at, _)| *at + LINGER))
            .flatten();
        let through = self.through.first().map(|(at, _)| *at);
        [through, self.lineup.next_due(), over]
            .into_iter()
            .flatten()
            .min()
    }

    /// A finished job that need not be remembered any longer.
    pub(super) fn forgettable(&self, uptime: Duration, limits: &Limits) -> Option<JobId> {
        self.over
            .first()
            .filter(|(at, _)| self.over.len() > limits.finished && *at + LINGER <= uptime)
            .map(|(_, id)| *id)
    }
}

impl Saved {
    /// What this record says.
    pub(super) fn of(record: &Record) -> Self {
        Self {
            state: record.state,
            error: record.error.as_ref().map(|error| error.kind),
            attempts: record.attempts,
            age: record.age.saved(),
        }
    }
}

/// What can be seen of a job.
pub(super) fn snapshot(record: &Record, now: &Now, next_attempt: Option<SystemTime>) -> Snapshot {
    let deferred = record.state == State::Deferred;
    let (sender, summary) = match &record.work {
        Work::Mail(letter) => (letter.sender.clone(), None),
        Work::Request(asked) => (String::new(), asked.summary),
    };
    // What is in a mailbox or a folder was not transferred.
    let is_list = matches!(record.kind(), Kind::Pop3Check | Kind::FtpList);
    let moved = summary
        .filter(|_| !is_list)
        .map_or(0, |summary| summary.bytes);
    Snapshot {
        id: record.id,
        kind: record.kind(),
        state: record.state,
        phase: now.phase,
        via: now.via.clone().or_else(|| record.last_via.clone()),
        origin: record.origin.clone(),
        account: match &record.route {
            SavedRoute::Account { name } => Some(name.clone()),
            SavedRoute::Direct { .. } => None,
        },
        delivery: record.delivery,
        bytes_done: now.bytes.max(moved),
        bytes_total: record.size().max(now.total).max(moved),
        attempts: record.attempts,
        created: SystemTime::UNIX_EPOCH + Duration::from_millis(record.created),
        next_attempt: next_attempt.filter(|_| deferred),
        error: record.error.clone(),
        reply: record.reply.clone(),
        sender,
        recipients: record.recipients().iter().map(|one| one.state()).collect(),
        possible_duplicate: record.possible_duplicate,
        summary,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lineup::Lane;
    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn what_is_being_cancelled_is_not_started() {
        let now = Duration::from_secs(5);
        for is_ready in [false, true] {
            let mut table = Table::new(1, 4);
            let record = record(1);
            let (id, seen) = (record.id, snapshot(&record, &Now::default(), None));
            table.insert(record, Kept::default(), Turn::Waiting(now), seen);
            if is_ready {
                table.lineup.ready(id, Lane::Modem("lte".into()));
            }
            table.set_turn(id, Turn::Running(Arc::default()));
            assert_eq!(table.lineup.due(now), []);
            assert_eq!(table.next(now), None);
        }
    }
}
