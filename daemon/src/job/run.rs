//! Carrying jobs out: when each has its turn, what bounds it, and what becomes of it.

use super::attempt::{Task, attempt};
use super::record::{Record, SavedRoute, Settled};
use super::settle::{End, settle};
use super::table::{Cancel, Now, Turn};
use super::types::{JobId, State, Via};
use super::{Shared, panicked};
use crate::message::date_line;
use crate::service::{
    BoxFuture, Content, Credentials, Error, ErrorKind, MailOpen, Phase, Progress, Result,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// An attempt may take so long besides its content: more than any server needs for all its steps.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// The slowest link that is worth it, in bytes a second.
const SLOWEST: u64 = 256;
/// A sleep longer than this is cut, since uptime goes on while the machine sleeps and timers do not.
const NAP: Duration = Duration::from_secs(60 * 60);

/// Gives every job its turn, for as long as the daemon runs.
pub(super) async fn keep(shared: Arc<Shared>) {
    while !*shared.stopped.borrow() {
        let nap = shared.start_due();
        shared.forget_old().await;
        tokio::select! {
            () = shared.stop() => return,
            () = shared.wake.notified() => {}
            () = sleep(nap.unwrap_or(NAP).min(NAP)) => {}
        }
    }
}

impl Shared {
    /// Waits until the daemon ends.
    async fn stop(&self) {
        // The sender is in self, so there is always one.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Starts what is due; gives the time until there is more.
    fn start_due(self: &Arc<Self>) -> Option<Duration> {
        let uptime = self.clock.uptime();
        let mut table = self.table();
        while let Some(id) = table.due(uptime, &self.settings.limits) {
            let cancel = Arc::new(Cancel::default());
            table.set_turn(id, Turn::Running(Arc::clone(&cancel)));
            let Some(entry) = table.entries.get_mut(&id) else {
                continue;
            };
            entry.record.state = State::Running;
            entry.record.committing = false;
            let (record, credentials) = (entry.record.clone(), entry.credentials.clone());
            self.show(entry, &Now::default());
            let run = tokio::spawn(Arc::clone(self).run(record.clone(), credentials, cancel));
            let shared = Arc::clone(self);
            tokio::spawn(async move {
                if run.await.is_err_and(|error| error.is_panic()) {
                    shared.finish(record, failed(panicked()), None).await;
                }
            });
        }
        table
            .next_time(&self.settings.limits)
            .map(|at| at.saturating_sub(uptime))
    }

    async fn forget_old(self: &Arc<Self>) {
        loop {
            let id = {
                let mut table = self.table();
                match table.forgettable(self.clock.uptime(), &self.settings.limits) {
                    Some(id) => {
                        table.remove(id);
                        id
                    }
                    None => return,
                }
            };
            // Nobody need listen.
            let _ = self.changes.send(id);
            self.forget(id).await;
        }
    }

    async fn run(
        self: Arc<Self>,
        mut record: Record,
        credentials: Option<Credentials>,
        cancel: Arc<Cancel>,
    ) {
        let id = record.id;
        let doing = Doing {
            shared: Arc::clone(&self),
            id,
            now: Mutex::new(Now::default()),
        };
        let age = record.age.at(self.clock.uptime());
        let end = match record.deadline() {
            Some(deadline) if age >= deadline => Err(out_of_time(&record)),
            _ => self.prepare(&mut record, credentials).await,
        };
        let end = match end {
            Ok(task) => {
                let most = PATIENCE + Duration::from_secs(task.content.size / SLOWEST);
                let left = record
                    .deadline()
                    .map_or(most, |deadline| most.min(deadline.saturating_sub(age)));
                let chosen = |via: &Via| doing.change(|now| now.via = Some(via.clone()));
                tokio::select! {
                    // A result that is there counts, whatever else happens at the same time.
                    biased;
                    end = attempt(&task, &*self.backs, &doing, &chosen) => end,
                    () = self.stop() => return,
                    () = cancel.asked() => End::Cancelled,
                    () = sleep(left) => failed(self.over_time(&record)),
                }
            }
            Err(error) => failed(error),
        };
        let via = doing
            .now
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .via;
        self.finish(record, end, via).await;
    }

    /// The account, the date, what is left to be delivered.
    async fn prepare(
        self: &Arc<Self>,
        record: &mut Record,
        credentials: Option<Credentials>,
    ) -> Result<Task> {
        let (server, credentials, account_via) = match &record.route {
            SavedRoute::Account { name } => {
                let account = self.accounts.mail(name).ok_or_else(|| {
                    Error::new(
                        ErrorKind::NotFound,
                        format!("there is no account {name} for mail"),
                    )
                })?;
                (account.server, account.credentials, account.via)
            }
            SavedRoute::Direct { login: true, .. } if credentials.is_none() => {
                return Err(Error::new(
                    ErrorKind::AuthFailed,
                    "user and password were in memory only and are lost since the restart",
                )
                .by(crate::service::Fault::Us));
            }
            SavedRoute::Direct { server, .. } => (server.clone(), credentials, vec![Via::Ip]),
        };
        if record.needs_date {
            self.date(record).await?;
        }
        Ok(Task {
            open: MailOpen {
                server,
                credentials,
                sender: record.sender.clone(),
                recipients: record
                    .recipients
                    .iter()
                    .filter(|one| one.settled == Settled::Pending)
                    .map(|one| one.address.clone())
                    .collect(),
                policy: record.policy,
                shape: record.shape,
            },
            content: Content {
                path: self.spool.message(record.id),
                size: record.shape.size,
            },
            via: if record.via.is_empty() {
                account_via
            } else {
                record.via.clone()
            },
        })
    }

    /// The message begins with a date that stands for none: now is the time for the true one.
    async fn date(self: &Arc<Self>, record: &mut Record) -> Result<()> {
        let date = self.clock.date().ok_or_else(|| {
            Error::new(
                ErrorKind::ClockNotSet,
                "the mail waits until this machine knows the date",
            )
        })?;
        let (spool, id, line) = (self.spool.clone(), record.id, date_line(date));
        self.disk
            .run(move || spool.overwrite(id, line.as_bytes()))
            .await??;
        record.needs_date = false;
        Ok(())
    }

    fn over_time(&self, record: &Record) -> Error {
        let committing = self
            .table()
            .entries
            .get(&record.id)
            .is_some_and(|entry| entry.record.committing);
        if committing {
            return Error::new(
                ErrorKind::Unknown,
                "the message was sent, but no answer came within the job's time",
            )
            .after_content();
        }
        out_of_time(record)
    }

    async fn finish(self: Arc<Self>, mut record: Record, end: End, via: Option<Via>) {
        let id = record.id;
        record.last_via = via.or(record.last_via);
        let mut end = end;
        loop {
            let uptime = self.clock.uptime();
            if let Some(entry) = self.table().entries.get_mut(&id) {
                // The progress of the attempt told the table, not this copy.
                record.committing |= std::mem::take(&mut entry.record.committing);
            }
            let age = record.age.at(uptime);
            settle(&mut record, end, age, &self.settings.rules());
            record.age.mark(uptime);
            tell(&record);
            // Saved before anybody sees it: what is seen stays so over a restart.
            if let Err(error) = self.save(&record).await {
                tracing::error!(job = id.0, %error, "what became of a job can't be saved");
            }
            match self.put_back(record, self.clock.uptime()) {
                None => return,
                // Asked for in the last moment: the attempt has failed, and there must not be another.
                Some(cancelled) => record = cancelled,
            }
            end = End::Cancelled;
        }
    }

    /// The job waits for its next turn, or is over. Gives the record back if the job is to be cancelled
    /// instead: from this moment on, cancelling does without its help.
    pub(super) fn put_back(self: &Arc<Self>, record: Record, uptime: Duration) -> Option<Record> {
        let id = record.id;
        let is_final = record.state.is_final();
        let turn = if is_final {
            Turn::Over(uptime)
        } else {
            Turn::Waiting(uptime + record.due.saturating_sub(record.age.at(uptime)))
        };
        {
            let mut table = self.table();
            let entry = table.entries.get_mut(&id)?;
            match &entry.turn {
                Turn::Running(cancel) if cancel.is_asked() && !is_final => return Some(record),
                _ => {}
            }
            let now = Now {
                bytes: match record.state {
                    State::Done => record.shape.size,
                    _ => 0,
                },
                ..Now::default()
            };
            entry.record = record;
            table.set_turn(id, turn);
            if let Some(entry) = table.entries.get(&id) {
                self.show(entry, &now);
            }
        }
        self.wake.notify_one();
        None
    }

    /// Writes the header; the message of a finished job goes.
    pub(super) async fn save(&self, record: &Record) -> Result<()> {
        let (spool, record) = (self.spool.clone(), record.clone());
        self.disk
            .run(move || {
                let result = spool.save(&record);
                if result.is_ok() && record.state.is_final() {
                    spool.drop_message(record.id);
                }
                result
            })
            .await?
    }

    /// The folder goes.
    pub(super) async fn forget(&self, id: JobId) {
        let spool = self.spool.clone();
        if let Ok(Err(error)) = self.disk.run(move || spool.remove(id)).await {
            tracing::warn!(job = id.0, %error, "a finished job can't be removed from the spool");
        }
    }
}

fn failed(error: Error) -> End {
    End::Failed {
        error,
        verdicts: Vec::new(),
    }
}

fn out_of_time(record: &Record) -> Error {
    let last = match &record.error {
        Some(error) => format!(" (before that: {error})"),
        None => String::new(),
    };
    Error::new(
        ErrorKind::Timeout,
        format!("the job was not done in its time{last}"),
    )
}

fn tell(record: &Record) {
    let id = record.id.0;
    match (record.state, &record.error) {
        (State::Done, _) => tracing::info!(job = id, "mail delivered"),
        (state, Some(error)) => {
            tracing::warn!(job = id, state = state.name(), %error, "mail not delivered");
        }
        (state, None) => tracing::info!(job = id, state = state.name(), "mail"),
    }
}

/// A running job, as its back tells of it.
struct Doing {
    shared: Arc<Shared>,
    id: JobId,
    now: Mutex<Now>,
}

impl Doing {
    fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        let table = self.shared.table();
        if let Some(entry) = table.entries.get(&self.id) {
            self.shared.show(entry, &now);
        }
    }
}

impl Progress for Doing {
    fn phase(&self, phase: Phase) {
        self.change(|now| now.phase = phase);
    }

    fn bytes(&self, done: u64, total: u64) {
        let shown = self
            .now
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes;
        // A hundred steps are enough for anybody who watches.
        if done == total || done < shown || done - shown > total / 100 {
            self.change(|now| now.bytes = done);
        }
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let record = {
                let mut table = self.shared.table();
                let entry = table.entries.get_mut(&self.id).ok_or_else(|| {
                    Error::new(ErrorKind::Internal, "the job is gone while it runs")
                })?;
                entry.record.committing = true;
                entry.record.age.mark(self.shared.clock.uptime());
                entry.record.clone()
            };
            self.shared.save(&record).await
        })
    }
}
