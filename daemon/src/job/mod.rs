//! Jobs: requests with progress, a deadline, cancellation and a result. Mails lie in the spool.
//!
//! A mail is accepted once it is on disk. From then on it is tried over its ways out until it is taken,
//! refused, expired or cancelled, and what has become of it is on disk before anybody sees it.

mod attempt;
mod bounce;
mod configure;
mod dateless;
mod files;
mod lineup;
mod login;
mod oneshot;
mod progress;
mod record;
mod recover;
mod request;
mod run;
mod schedule;
mod session;
mod settle;
mod spool;
mod submit;
mod table;
mod target;
mod types;

#[cfg(test)]
mod tests;

pub use record::fuzz_spool_header;
pub use request::{
    Answer, Handled, Kind, ListedEntry, ListedMessage, Request, RequestSubmission, Service,
    Summary, Tested, Upload, UploadPlace,
};
pub use schedule::Schedule;
pub use session::SessionSubmission;
pub use types::{
    Accounts, Backs, Delivery, FtpAccount, JobId, Limits, MailAccount, MailSubmission, OnUnknown,
    Origin, Outcome, Pop3Account, RecipientState, Route, Snapshot, State, Via,
};

use crate::catalog;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::inbox::Inbox;
use crate::service::{Error, ErrorKind, Result};
use files::{Files, RealFiles};
use record::{Record, Work};
use settle::Rules;
use spool::Spool;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};
use table::{Entry, Kept, Now, Table, Turn, snapshot};
use tokio::sync::{Notify, broadcast, watch};

/// Changes that a slow listener may be behind before it has to list anew.
const BACKLOG: usize = 1024;

/// What jobs are kept with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The spool's folder; it is made if its parent exists.
    pub spool: PathBuf,
    /// The inbox's folder; it is made if its parent exists.
    pub inbox: PathBuf,
    /// Ways out, in order, where neither the submission nor its account names any.
    pub via: Vec<Via>,
    /// How much there may be.
    pub limits: Limits,
    /// How long and how often a mail is tried.
    pub schedule: Schedule,
    /// What to do when a result never came, where the way out has no word on it.
    pub on_unknown: OnUnknown,
}

impl Settings {
    /// The defaults, in this folder, with the inbox in it as well.
    pub fn new(spool: impl Into<PathBuf>) -> Self {
        let spool = spool.into();
        Self {
            inbox: spool.join("inbox"),
            spool,
            via: vec![Via::Ip],
            limits: Limits::default(),
            schedule: Schedule::default(),
            on_unknown: OnUnknown::default(),
        }
    }
}

/// All jobs. Cloning it is cheap; all clones are the same jobs.
#[derive(Clone)]
pub struct Jobs {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jobs")
    }
}

struct Shared {
    settings: RwLock<Settings>,
    spool: Spool,
    inbox: Inbox,
    disk: Disk,
    clock: Arc<dyn Clock>,
    accounts: Arc<dyn Accounts>,
    backs: Arc<dyn Backs>,
    table: Mutex<Table>,
    /// Something may be due.
    wake: Notify,
    /// A job waits for the date.
    dateless: Notify,
    changes: broadcast::Sender<JobId>,
    /// The daemon ends soon: nothing more is started.
    ending: AtomicBool,
    /// The daemon ends now.
    stopped: watch::Sender<bool>,
    /// Of this boot, for the age of what was saved.
    boot: String,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Held for moments, never over an await.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings that hold now.
    fn settings(&self) -> RwLockReadGuard<'_, Settings> {
        // Held for moments, never over an await.
        self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules for a job that was last tried over this way out.
    fn rules(&self, via: Option<&Via>) -> Rules {
        rules(&self.settings(), &*self.backs, via)
    }

    /// Shows a job as it is now.
    fn show(&self, entry: &Entry, now: &Now) {
        let next = match entry.turn {
            Turn::Waiting(at) => {
                let left = at.saturating_sub(self.clock.uptime());
                SystemTime::now().checked_add(left)
            }
            Turn::Storing(_) | Turn::Running(_) | Turn::Over(_) => None,
        };
        entry
            .view
            .send_replace(Arc::new(snapshot(&entry.record, now, next)));
        // Nobody need listen.
        let _ = self.changes.send(entry.record.id);
    }
}

fn rules(settings: &Settings, backs: &dyn Backs, via: Option<&Via>) -> Rules {
    Rules {
        schedule: settings.schedule,
        on_unknown: via
            .and_then(|via| backs.on_unknown(via))
            .unwrap_or(settings.on_unknown),
    }
}

impl Jobs {
    /// Opens the spool and goes on with what is in it. Must run inside a tokio runtime. SpoolFull,
    /// Internal where the spool can't be opened.
    pub async fn start(
        settings: Settings,
        disk: Disk,
        clock: Arc<dyn Clock>,
        accounts: Arc<dyn Accounts>,
        backs: Arc<dyn Backs>,
    ) -> Result<Self> {
        Self::start_on(Arc::new(RealFiles), settings, disk, clock, accounts, backs).await
    }

    /// The same on any file system.
    async fn start_on(
        files: Arc<dyn Files>,
        settings: Settings,
        disk: Disk,
        clock: Arc<dyn Clock>,
        accounts: Arc<dyn Accounts>,
        backs: Arc<dyn Backs>,
    ) -> Result<Self> {
        let root = settings.spool.clone();
        let (spool, found) = disk.run(move || Spool::open(&root, files)).await??;
        for (file, why) in &found.corrupt {
            tracing::error!(name: catalog::CORRUPT, %file, %why, "a job in the spool is unreadable; moved to its folder corrupt");
        }
        let boot = clock.boot();
        let uptime = clock.uptime();
        let mut table = Table::new(found.next_id, settings.limits.running);
        let mut changed = Vec::new();
        let mut logins = found.logins;
        let recovered = recover::candidates(&found.jobs, &*backs);
        for mut record in found.jobs {
            record.age = record.age.resumed(uptime, &boot);
            let recovers = recovered.contains(&record.id);
            if !record.state.is_final() && !recovers {
                let before = record.clone();
                let rules = rules(&settings, &*backs, record.last_via.as_ref());
                let age = record.age.at(uptime);
                settle::resume(&mut record, age, &rules);
                if is_to_be_saved(&before, &record) {
                    record.age.mark(uptime);
                    changed.push(record.clone());
                }
            }
            let turn = if record.state.is_final() {
                Turn::Over(uptime)
            } else if recovers {
                Turn::Running(Arc::default())
            } else {
                Turn::Waiting(uptime + record.due.saturating_sub(record.age.at(uptime)))
            };
            let seen = snapshot(&record, &Now::default(), None);
            let kept = Kept {
                credentials: logins.remove(&record.id),
                target: None,
            };
            table.insert(record, kept, turn, seen);
        }
        let inbox = Inbox::open(settings.inbox.clone(), disk.clone()).await?;
        let shared = Arc::new(Shared {
            inbox,
            settings: RwLock::new(settings),
            spool,
            disk,
            clock,
            accounts,
            backs,
            table: Mutex::new(table),
            wake: Notify::new(),
            dateless: Notify::new(),
            changes: broadcast::channel(BACKLOG).0,
            ending: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
            boot,
        });
        // Before any other mail is sent.
        for id in recovered {
            recover::start(&shared, id);
        }
        for record in &changed {
            shared.report_failure(record).await;
        }
        let resumed = shared.spool.clone();
        shared
            .disk
            .run(move || {
                for record in changed {
                    // A disk that is full must not keep the daemon from starting.
                    if let Err(error) = resumed.settle(&record) {
                        tracing::error!(name: catalog::DISK, job = record.id.0, %error, "a job can't be saved");
                    }
                }
            })
            .await?;
        tokio::spawn(run::keep(Arc::clone(&shared)));
        let jobs = Self { shared };
        dateless::start(jobs.clone());
        Ok(jobs)
    }

    /// The daemon ends: nothing more is started, what runs is given up, as a power cut would. The spool knows
    /// what to go on with at the next start, and may be opened by others once the disk has done what was
    /// handed in.
    pub fn stop(&self) {
        self.shared.stopped.send_replace(true);
        let spool = self.shared.spool.clone();
        self.shared.disk.post(move || spool.close());
    }

    /// The same, but what runs has so long to come to its end: a mail whose answer is about to come need
    /// not be sent twice. Returns when all is on disk.
    pub async fn finish(&self, grace: Duration) {
        let shared = &self.shared;
        let mut changes = self.changes();
        shared.ending.store(true, Ordering::Relaxed);
        let idle = async {
            while shared.table().is_running() {
                // Whatever was missed, the table knows.
                let _ = changes.recv().await;
            }
        };
        let _ = tokio::time::timeout(grace, idle).await;
        self.stop();
        let _ = shared.disk.run(|| ()).await;
    }

    /// Watches a job: what it holds is the job as it is, also long after it has finished. `None` for a job
    /// that is not, or no longer, known.
    pub fn watch(&self, id: JobId) -> Option<watch::Receiver<Arc<Snapshot>>> {
        let table = self.shared.table();
        let entry = table.entries.get(&id)?;
        match entry.turn {
            // Nobody knows its number yet, and it may still come to nothing.
            Turn::Storing(_) => None,
            Turn::Waiting(_) | Turn::Running(_) | Turn::Over(_) => Some(entry.view.subscribe()),
        }
    }

    /// A job as it is now.
    pub fn get(&self, id: JobId) -> Option<Arc<Snapshot>> {
        self.watch(id).map(|view| Arc::clone(&view.borrow()))
    }

    /// The date by the jobs' clock; what this machine believes where that was never set.
    pub fn now(&self) -> SystemTime {
        self.shared.clock.date().unwrap_or_else(SystemTime::now)
    }

    /// The messages that were fetched.
    pub fn inbox(&self) -> &Inbox {
        &self.shared.inbox
    }

    /// What came back of a request that is done; of another job nothing. NotFound.
    pub async fn answer(&self, id: JobId) -> Result<Answer> {
        let request = {
            let table = self.shared.table();
            let entry = table.entries.get(&id).ok_or_else(|| unknown_job(id))?;
            match &entry.record.work {
                Work::Request(asked) if entry.record.state.is_final() => asked.request.clone(),
                _ => return Ok(Answer::Nothing),
            }
        };
        let shared = Arc::clone(&self.shared);
        let read = move || oneshot::read(&shared, id, &request);
        self.shared.disk.run(read).await?
    }

    /// The job that this caller submitted with this token, if it is remembered.
    pub fn by_token(&self, origin: &Origin, token: &str) -> Option<JobId> {
        let table = self.shared.table();
        let id = table.by_token(origin, token)?;
        let entry = table.entries.get(&id)?;
        (!matches!(entry.turn, Turn::Storing(_))).then_some(id)
    }

    /// Waits until a job is finished; at once if it is. NotFound.
    pub async fn wait(&self, id: JobId) -> Result<Arc<Snapshot>> {
        let mut view = self.watch(id).ok_or_else(|| unknown_job(id))?;
        let finished = view.wait_for(|seen| seen.state.is_final()).await;
        match finished {
            Ok(seen) => Ok(Arc::clone(&seen)),
            // Jobs leave the table only when they are finished.
            Err(_) => Err(unknown_job(id)),
        }
    }

    /// The jobs that this wants: active ones first, then the newest.
    pub fn list(&self, wanted: impl Fn(&Snapshot) -> bool) -> Vec<Arc<Snapshot>> {
        let table = self.shared.table();
        let mut list: Vec<_> = table
            .entries
            .values()
            .filter(|entry| !matches!(entry.turn, Turn::Storing(_)))
            .map(|entry| Arc::clone(&entry.view.borrow()))
            .filter(|seen| wanted(seen))
            .collect();
        list.sort_by_key(|seen| (seen.state.is_final(), std::cmp::Reverse(seen.id)));
        list
    }

    /// The jobs that something changed about, new and forgotten ones included. Whoever is too slow lists
    /// anew.
    pub fn changes(&self) -> broadcast::Receiver<JobId> {
        self.shared.changes.subscribe()
    }

    /// Bytes of messages in the spool.
    pub fn spool_bytes(&self) -> u64 {
        let table = self.shared.table();
        let active = table
            .entries
            .values()
            .filter(|entry| !entry.record.state.is_final());
        active.map(|entry| entry.record.size()).sum()
    }

    /// Cancels a job for good, also while it runs; returns when that is on disk. A job that is finished
    /// stays as it is. NotFound.
    pub async fn cancel(&self, id: JobId) -> Result<()> {
        let shared = &self.shared;
        let waiting = {
            let mut table = shared.table();
            let entry = table.entries.get(&id).ok_or_else(|| unknown_job(id))?;
            match &entry.turn {
                Turn::Storing(_) => return Err(unknown_job(id)),
                Turn::Over(_) => return Ok(()),
                Turn::Running(cancel) => {
                    cancel.ask();
                    None
                }
                Turn::Waiting(_) => {
                    let mut record = entry.record.clone();
                    let uptime = shared.clock.uptime();
                    let age = record.age.at(uptime);
                    settle::settle(
                        &mut record,
                        settle::End::Cancelled,
                        age,
                        &shared.rules(None),
                    );
                    // So that it does not get its turn meanwhile.
                    table.set_turn(id, Turn::Running(Arc::default()));
                    Some((record, uptime))
                }
            }
        };
        let Some((record, uptime)) = waiting else {
            return self.wait(id).await.map(drop);
        };
        // Done even if the caller goes away.
        let shared = Arc::clone(shared);
        let done = tokio::spawn(async move {
            let saved = shared.save(&record).await;
            shared.put_back(record, uptime);
            saved
        });
        done.await
            .map_err(|_| Error::new(ErrorKind::Internal, "cancelling was given up half-way"))?
    }

    /// Tries a deferred job now. Busy while it runs, InvalidArgument when it is finished, NotFound.
    pub fn retry(&self, id: JobId) -> Result<()> {
        let mut table = self.shared.table();
        let entry = table.entries.get(&id).ok_or_else(|| unknown_job(id))?;
        match entry.turn {
            Turn::Storing(_) => return Err(unknown_job(id)),
            Turn::Running(_) => return Err(Error::new(ErrorKind::Busy, "the job is running")),
            Turn::Over(_) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("the job is finished: {}", entry.record.state.name()),
                ));
            }
            Turn::Waiting(_) => {}
        }
        table.set_turn(id, Turn::Waiting(self.shared.clock.uptime()));
        if let Some(entry) = table.entries.get(&id) {
            self.shared.show(entry, &Now::default());
        }
        drop(table);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Forgets a finished job. Busy while it is not finished, NotFound.
    pub async fn release(&self, id: JobId) -> Result<()> {
        {
            let mut table = self.shared.table();
            let entry = table.entries.get(&id).ok_or_else(|| unknown_job(id))?;
            if !matches!(entry.turn, Turn::Over(_)) {
                return Err(Error::new(
                    ErrorKind::Busy,
                    "the job is not finished; cancel it first",
                ));
            }
            table.remove(id);
        }
        let _ = self.shared.changes.send(id);
        self.shared.forget(id).await;
        Ok(())
    }

    /// Tries all deferred mails of an account now, or of all accounts if it is empty. Gives how many.
    pub fn flush(&self, account: &str) -> usize {
        self.hurry(|record| account.is_empty() || record.account() == Some(account))
    }

    /// A way out may have come back: mails that wait for one are tried now. Gives how many.
    pub fn link_changed(&self) -> usize {
        self.hurry(|record| record.linkless > 0)
    }

    fn hurry(&self, which: impl Fn(&Record) -> bool) -> usize {
        let uptime = self.shared.clock.uptime();
        let mut table = self.shared.table();
        let deferred: Vec<JobId> = table
            .entries
            .values()
            .filter(|entry| {
                // Those that are due already stay where they stand.
                matches!(entry.turn, Turn::Waiting(at) if at > uptime) && which(&entry.record)
            })
            .map(|entry| entry.record.id)
            .collect();
        for id in &deferred {
            table.set_turn(*id, Turn::Waiting(uptime));
            if let Some(entry) = table.entries.get(id) {
                self.shared.show(entry, &Now::default());
            }
        }
        drop(table);
        self.shared.wake.notify_one();
        deferred.len()
    }
}

fn unknown_job(id: JobId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no job {id}"))
}

/// A panic in a back is our mistake, not the end of the job's bookkeeping.
fn panicked() -> Error {
    Error::new(
        ErrorKind::Internal,
        "hayesd made a mistake while it carried the job out",
    )
}

/// Whether a restart found out more than the next one would as well: when a job has its turn is decided anew
/// each time, and thousands may wait.
fn is_to_be_saved(before: &Record, after: &Record) -> bool {
    let mut as_before = after.clone();
    as_before.state = before.state;
    as_before.due = before.due;
    after.state.is_final() || as_before != *before
}

/// Milliseconds since 1970.
fn millis(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
