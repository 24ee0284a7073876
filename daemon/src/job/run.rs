//! Carrying jobs out: when each has its turn, what bounds it, and what becomes of it.

use super::attempt::{Task, attempt};
use super::lineup::Lane;
use super::progress::Doing;
use super::record::{Record, SavedRoute, Settled};
use super::settle::{End, settle};
use super::table::{Cancel, Now, Saved, Turn};
use super::types::{JobId, State, Via};
use super::{Shared, panicked};
use crate::message::date_line;
use crate::service::{Content, Credentials, Error, ErrorKind, MailOpen, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// A sleep longer than this is cut, since uptime goes on while the machine sleeps and timers do not.
const NAP: Duration = Duration::from_secs(5 * 60);
/// While a mail only waits for its link, its age is saved so often: that must not wear a disk out.
const SAVE_AGE: Duration = Duration::from_secs(10 * 60);

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
        if self.ending.load(Ordering::Relaxed) {
            return None;
        }
        let uptime = self.clock.uptime();
        self.sort_due(uptime);
        let mut table = self.table();
        while let Some(id) = table.next(uptime) {
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

    /// Finds the lane of every mail that is due.
    fn sort_due(&self, uptime: Duration) {
        let due: Vec<_> = {
            let table = self.table();
            let due = table.lineup.due(uptime).into_iter();
            due.filter_map(|id| {
                let record = &table.entries.get(&id)?.record;
                Some((id, record.route.clone(), record.via.first().cloned()))
            })
            .collect()
        };
        // Accounts are looked up without the table: whoever answers may want it.
        for (id, route, via) in due {
            let lane = self.lane(&route, via);
            let mut table = self.table();
            if table.lineup.is_waiting(id) {
                table.lineup.ready(id, lane);
            }
        }
    }

    /// What this mail has in common with those that run into the same trouble.
    fn lane(&self, route: &SavedRoute, via: Option<Via>) -> Lane {
        let (server, account_via) = match route {
            SavedRoute::Account { name } => match self.accounts.mail(name) {
                Ok(account) => (account.server, account.via),
                // It fails at once.
                Err(_) => return Lane::Server(String::new(), 0),
            },
            SavedRoute::Direct { server, .. } => (server.clone(), Vec::new()),
        };
        let first = |list: &[Via]| list.first().cloned();
        let via = via.or_else(|| first(&account_via).or_else(|| first(&self.settings.via)));
        match via {
            Some(Via::Modem(name)) => Lane::Modem(name),
            Some(Via::Ip) | None => Lane::Server(server.host, server.port),
        }
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
        let doing = Doing::new(Arc::clone(&self), record.id, Arc::clone(&cancel));
        let age = record.age.at(self.clock.uptime());
        let end = match record.deadline() {
            Some(deadline) if age >= deadline => Err(out_of_time(&record, false)),
            _ => self.prepare(&mut record, credentials).await,
        };
        let end = match end {
            Ok(task) => {
                let left = record
                    .deadline()
                    .map_or(Duration::MAX, |deadline| deadline.saturating_sub(age));
                tokio::select! {
                    // A result that is there counts, whatever else happens at the same time.
                    biased;
                    end = attempt(&task, &*self.backs, &doing) => end,
                    () = self.stop() => return,
                    () = cancel.asked() => End::Cancelled,
                    () = sleep(left) => failed(out_of_time(&record, doing.is_committed())),
                }
            }
            Err(error) => failed(error),
        };
        // The session is gone by now, or has its answer and only its good-bye to say: no message is sent any
        // more.
        let end = match end {
            // The back gave up at the point of no return, because it was held there.
            End::Failed { error, .. }
                if cancel.is_asked() && error.kind == ErrorKind::Cancelled =>
            {
                End::Cancelled
            }
            end => end,
        };
        let via = doing.via();
        self.finish(record, end, via).await;
        drop(doing);
    }

    /// The account, the date, what is left to be delivered.
    async fn prepare(
        self: &Arc<Self>,
        record: &mut Record,
        credentials: Option<Credentials>,
    ) -> Result<Task> {
        let (server, credentials, account_via) = match &record.route {
            SavedRoute::Account { name } => {
                let account = self.accounts.mail(name)?;
                (account.server, account.credentials, account.via)
            }
            SavedRoute::Direct { login: true, .. } if credentials.is_none() => {
                return Err(Error::new(
                    ErrorKind::AuthFailed,
                    "user and password were in memory only and are lost since the restart",
                )
                .by(crate::service::Fault::Us));
            }
            SavedRoute::Direct { server, .. } => (server.clone(), credentials, Vec::new()),
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
            via: [&record.via, &account_via]
                .into_iter()
                .find(|via| !via.is_empty())
                .unwrap_or(&self.settings.via)
                .clone(),
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

    async fn finish(self: Arc<Self>, mut record: Record, end: End, via: Option<Via>) {
        let id = record.id;
        record.last_via = via.or(record.last_via);
        let mut end = end;
        loop {
            let uptime = self.clock.uptime();
            if let Some(entry) = self.table().entries.get_mut(&id) {
                // The progress of the attempt told the table, not this copy.
                record.committing |= std::mem::take(&mut entry.record.committing);
                for (own, told) in record.recipients.iter_mut().zip(&entry.record.recipients) {
                    if told.settled == Settled::Taken {
                        own.settled = Settled::Taken;
                    }
                }
            }
            let age = record.age.at(uptime);
            let was_committing = record.committing;
            let rules = self.rules(record.last_via.as_ref());
            settle(&mut record, end, age, &rules);
            record.age.mark(uptime);
            tell(&record);
            // Saved before anybody sees it: what is seen stays so over a restart.
            if (was_committing || self.is_news(&record))
                && let Err(error) = self.save(&record).await
            {
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

    /// Whether the header on disk does not say this already, but for a little age.
    fn is_news(&self, record: &Record) -> bool {
        let table = self.table();
        let saved = table.entries.get(&record.id);
        let new = Saved::of(record);
        saved
            .and_then(|entry| entry.saved.as_ref())
            .is_none_or(|old| {
                record.linkless == 0
                    || new.age.saturating_sub(old.age) >= SAVE_AGE
                    || new
                        != Saved {
                            age: new.age,
                            ..old.clone()
                        }
            })
    }

    /// Writes the header; the message of a finished job goes.
    pub(super) async fn save(&self, record: &Record) -> Result<()> {
        let saved = Saved::of(record);
        let (spool, id, record) = (self.spool.clone(), record.id, record.clone());
        let result = self.disk.run(move || spool.settle(&record)).await?;
        if result.is_ok()
            && let Some(entry) = self.table().entries.get_mut(&id)
        {
            entry.saved = Some(saved);
        }
        result
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

fn out_of_time(record: &Record, committed: bool) -> Error {
    if committed {
        return Error::new(
            ErrorKind::Unknown,
            "the message was sent, but no answer came within the job's time",
        )
        .after_content();
    }
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
