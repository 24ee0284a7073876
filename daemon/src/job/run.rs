//! Carrying jobs out: when each has its turn, what bounds it, and what becomes of it.

use super::attempt::{Errand, Task, attempt};
use super::lineup::Lane;
use super::oneshot::Inquiry;
use super::progress::Doing;
use super::record::{Record, SavedRoute, Settled, Work};
use super::request::Service;
use super::settle::{End, settle};
use super::table::{Cancel, Kept, Now, Saved, Turn};
use super::target::Target;
use super::types::{JobId, Origin, State, Via};
use super::{Shared, panicked};
use crate::catalog;
use crate::message::date_line;
use crate::service::{Content, Credentials, Error, ErrorKind, MailOpen, Reach, Result, Server};
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
    pub(super) async fn stop(&self) {
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
            entry.record.end_commit();
            let (record, kept) = (entry.record.clone(), entry.kept.clone());
            self.show(entry, &Now::default());
            let run = tokio::spawn(Arc::clone(self).run(record.clone(), kept, cancel));
            let shared = Arc::clone(self);
            tokio::spawn(async move {
                if run.await.is_err_and(|error| error.is_panic()) {
                    shared.finish(record, failed(panicked()), None).await;
                }
            });
        }
        table
            .next_time(&self.settings().limits)
            .map(|at| at.saturating_sub(uptime))
    }

    /// Finds the lane of every mail that is due.
    fn sort_due(&self, uptime: Duration) {
        let due: Vec<_> = {
            let table = self.table();
            let due = table.lineup.due(uptime).into_iter();
            due.filter_map(|id| {
                let record = &table.entries.get(&id)?.record;
                let about = (record.route.clone(), record.service());
                Some((id, about, record.via.first().cloned()))
            })
            .collect()
        };
        // Accounts are looked up without the table: whoever answers may want it.
        for (id, (route, service), via) in due {
            let lane = self.lane(&route, service, via);
            let mut table = self.table();
            if table.lineup.is_waiting(id) {
                table.lineup.ready(id, lane);
            }
        }
    }

    /// What this job has in common with those that run into the same trouble.
    fn lane(&self, route: &SavedRoute, service: Option<Service>, via: Option<Via>) -> Lane {
        let (server, account_via) = match route {
            SavedRoute::Account { name } => match self.reach(name, service) {
                Ok(reach) => reach,
                // It fails at once.
                Err(_) => return Lane::Server(String::new(), 0),
            },
            SavedRoute::Direct { server, .. } => (server.clone(), Vec::new()),
        };
        let first = |list: &[Via]| list.first().cloned();
        let via = via.or_else(|| first(&account_via).or_else(|| first(&self.settings().via)));
        match (via, service, route) {
            (Some(Via::Modem(name)), ..) => Lane::Modem(name),
            (_, Some(Service::Pop3), SavedRoute::Account { name }) => Lane::Mailbox(name.clone()),
            _ => Lane::Server(server.host, server.port),
        }
    }

    /// The server of a service of an account, and the ways to it.
    fn reach(&self, account: &str, service: Option<Service>) -> Result<(Server, Vec<Via>)> {
        match service {
            Some(Service::Smtp) => {
                let mail = self.accounts.mail(account)?;
                Ok((mail.server, mail.via))
            }
            Some(Service::Pop3) => {
                let pop3 = self.accounts.pop3(account)?;
                Ok((pop3.server, pop3.via))
            }
            Some(Service::Ftp) => {
                let ftp = self.accounts.ftp(account)?;
                Ok((ftp.server, ftp.via))
            }
            None => [Service::Smtp, Service::Pop3, Service::Ftp]
                .into_iter()
                .find_map(|service| self.reach(account, Some(service)).ok())
                .ok_or_else(|| Error::new(ErrorKind::NotFound, "the account has no server")),
        }
    }

    async fn forget_old(self: &Arc<Self>) {
        loop {
            let id = {
                let mut table = self.table();
                match table.forgettable(self.clock.uptime(), &self.settings().limits) {
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

    async fn run(self: Arc<Self>, mut record: Record, kept: Kept, cancel: Arc<Cancel>) {
        let doing = Doing::new(Arc::clone(&self), record.id, Arc::clone(&cancel));
        let age = record.age.at(self.clock.uptime());
        let left = record
            .deadline()
            .map_or(Duration::MAX, |deadline| deadline.saturating_sub(age));
        let end = if left.is_zero() {
            failed(out_of_time(&record, false))
        } else {
            tokio::select! {
                // A result that is there counts, whatever else happens at the same time.
                biased;
                end = self.carry_out(&mut record, kept, &doing) => end,
                () = self.stop() => return,
                () = cancel.asked() => End::Cancelled,
                () = sleep(left) => failed(out_of_time(&record, doing.is_committed())),
            }
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

    async fn carry_out(self: &Arc<Self>, record: &mut Record, kept: Kept, doing: &Doing) -> End {
        match self.prepare(record, kept).await {
            Ok(task) => attempt(&task, &*self.backs, doing).await,
            Err(error) => failed(error),
        }
    }

    /// The account, the date, what is left to be done.
    async fn prepare(self: &Arc<Self>, record: &mut Record, kept: Kept) -> Result<Task> {
        let is_mail = matches!(record.work, Work::Mail(_));
        let (errand, account_via) = if is_mail {
            self.prepare_mail(record, kept.credentials).await?
        } else {
            self.prepare_inquiry(record, kept.target)?
        };
        let via = [&record.via, &account_via]
            .into_iter()
            .find(|via| !via.is_empty())
            .unwrap_or(&self.settings().via)
            .clone();
        Ok(Task { errand, via })
    }

    fn prepare_inquiry(
        self: &Arc<Self>,
        record: &Record,
        target: Option<Target>,
    ) -> Result<(Errand, Vec<Via>)> {
        let (SavedRoute::Account { name }, Work::Request(asked)) = (&record.route, &record.work)
        else {
            let text = "a request without an account";
            return Err(Error::new(ErrorKind::Internal, text));
        };
        let via = match asked.request.service() {
            Some(service) => self.reach(name, Some(service))?.1,
            // What can't be reached, for want of a secret say, is what a test is to find out.
            None => {
                self.accounts.exists(name)?;
                self.reach(name, None)
                    .map(|(_, via)| via)
                    .unwrap_or_default()
            }
        };
        let inquiry = Inquiry {
            shared: Arc::clone(self),
            id: record.id,
            account: name.clone(),
            request: asked.request.clone(),
            upload: asked.upload,
            since: asked.since,
            target,
        };
        Ok((Errand::Inquiry(inquiry), via))
    }

    async fn prepare_mail(
        self: &Arc<Self>,
        record: &mut Record,
        credentials: Option<Credentials>,
    ) -> Result<(Errand, Vec<Via>)> {
        let (server, credentials, account_via) = match &record.route {
            SavedRoute::Account { name } => {
                let account = self.accounts.mail(name)?;
                let credentials = match account.credentials {
                    Some(who) => Some(self.accounts.prove(name, Service::Smtp, who).await?),
                    None => None,
                };
                (account.server, credentials, account.via)
            }
            SavedRoute::Direct { login: true, .. } if credentials.is_none() => {
                return Err(Error::new(
                    ErrorKind::AuthFailed,
                    "user and password are lost since the restart",
                )
                .by(crate::service::Fault::Us));
            }
            SavedRoute::Direct { server, .. } => (server.clone(), credentials, Vec::new()),
        };
        // The servers of accounts are the administrator's choice, not the equipment's.
        let reach = match (&record.route, &record.origin) {
            (SavedRoute::Direct { .. }, Origin::Emulator { name }) => self.accounts.reach(name),
            _ => Reach::default(),
        };
        let id = record.id;
        // Equipment asks for each connection itself.
        let share = matches!(record.route, SavedRoute::Account { .. });
        let Work::Mail(letter) = &mut record.work else {
            return Err(Error::new(ErrorKind::Internal, "the job is no mail"));
        };
        if letter.needs_date {
            self.date(id).await?;
            letter.needs_date = false;
        }
        let open = MailOpen {
            server,
            reach,
            credentials,
            sender: letter.sender.clone(),
            recipients: letter
                .recipients
                .iter()
                .filter(|one| one.settled == Settled::Pending)
                .map(|one| one.address.clone())
                .collect(),
            policy: letter.policy,
            shape: letter.shape,
            share,
            patience: letter.patience,
        };
        let content = Content {
            path: self.spool.message(id),
            size: letter.shape.size,
        };
        Ok((Errand::Mail(open, content), account_via))
    }

    /// The message begins with a date that stands for none: now is the time for the true one.
    async fn date(&self, id: JobId) -> Result<()> {
        let date = self.clock.date().ok_or_else(|| {
            Error::new(
                ErrorKind::ClockNotSet,
                "the mail waits until this machine knows the date",
            )
        })?;
        let (spool, line) = (self.spool.clone(), date_line(date));
        self.disk
            .run(move || spool.overwrite(id, line.as_bytes()))
            .await?
    }

    pub(super) async fn finish(self: Arc<Self>, mut record: Record, end: End, via: Option<Via>) {
        let id = record.id;
        record.last_via = via.or(record.last_via);
        let mut end = end;
        loop {
            let uptime = self.clock.uptime();
            if let Some(entry) = self.table().entries.get_mut(&id) {
                // The progress of the attempt told the table, not this copy.
                record.committing |= entry.record.end_commit();
                record.possible_duplicate |= entry.record.possible_duplicate;
                let told = entry.record.recipients();
                for (own, told) in record.recipients_mut().iter_mut().zip(told) {
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
            self.report_failure(&record).await;
            // Saved before anybody sees it: what is seen stays so over a restart.
            if (was_committing || self.is_news(&record))
                && let Err(error) = self.save(&record).await
            {
                tracing::error!(name: catalog::DISK, job = id.0, %error, "what became of a job can't be saved");
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
                    State::Done => record.size(),
                    _ => 0,
                },
                ..Now::default()
            };
            self.notice_dateless(&record);
            entry.record = record;
            if is_final {
                // Secrets go, and a caller's descriptor is closed.
                entry.kept = Kept::default();
            }
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

pub(super) fn failed(error: Error) -> End {
    End::Failed {
        error,
        verdicts: Vec::new(),
    }
}

pub(super) fn out_of_time(record: &Record, committed: bool) -> Error {
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
    let (job, kind) = (record.id.0, record.kind().name());
    let (account, port) = (record.account(), record.emulator());
    match (record.state, &record.error) {
        (State::Done, _) => tracing::info!(job, kind, account, port, "done"),
        (state, Some(error)) => {
            tracing::warn!(job, kind, account, port, state = state.name(), %error, "not done");
        }
        (state, None) => {
            tracing::info!(job, kind, account, port, state = state.name(), "job");
        }
    }
}
