//! Jobs that do what a test says.

use super::world::JobStore;
use crate::disk::Disk;
use crate::inbox::Inbox;
use crate::job::{
    Accounts, Answer, Delivery, FtpAccount, JobId, Kind, MailAccount, MailSubmission, Origin,
    Outcome, RecipientState, RequestSubmission, Snapshot, State, UploadPlace,
};
use crate::service::{BoxFuture, Error, ErrorKind, Phase, Result, Server, Tls};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;
use tokio::sync::{OnceCell, broadcast, watch};

/// A queued mail of this process's user.
pub(super) fn snapshot(id: u32) -> Snapshot {
    Snapshot {
        id: JobId(id),
        kind: Kind::Mail,
        state: State::Queued,
        phase: Phase::Waiting,
        via: None,
        origin: Origin::Bus {
            uid: nix::unistd::geteuid().as_raw(),
        },
        account: Some("main".into()),
        delivery: Delivery::Queue,
        bytes_done: 0,
        bytes_total: 100,
        attempts: 0,
        created: UNIX_EPOCH,
        next_attempt: None,
        error: None,
        reply: None,
        sender: "pump7@example.org".into(),
        recipients: vec![RecipientState {
            address: "a@example.org".into(),
            outcome: Outcome::Pending(None),
        }],
        possible_duplicate: false,
        summary: None,
    }
}

/// Jobs that change when a test says so.
pub(super) struct Store {
    jobs: Mutex<BTreeMap<JobId, watch::Sender<Arc<Snapshot>>>>,
    pub(super) submitted: Mutex<Vec<MailSubmission>>,
    pub(super) requested: Mutex<Vec<RequestSubmission>>,
    /// What came back of every request.
    pub(super) answer: Mutex<Answer>,
    /// For files.
    pub(super) folder: PathBuf,
    inbox: OnceCell<Inbox>,
    changes: broadcast::Sender<JobId>,
}

impl Default for Store {
    fn default() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            jobs: Mutex::default(),
            submitted: Mutex::default(),
            requested: Mutex::default(),
            answer: Mutex::new(Answer::Nothing),
            folder: std::env::temp_dir()
                .join(format!("hayesd-store-{}-{number}", std::process::id())),
            inbox: OnceCell::new(),
            changes: broadcast::channel(64).0,
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Store {
    /// A new job.
    pub(super) fn add(&self, snapshot: Snapshot) -> JobId {
        let id = snapshot.id;
        self.jobs
            .lock()
            .unwrap()
            .insert(id, watch::Sender::new(Arc::new(snapshot)));
        let _ = self.changes.send(id);
        id
    }

    /// Changes a job.
    pub(super) fn change(&self, id: JobId, change: impl FnOnce(&mut Snapshot)) {
        self.jobs.lock().unwrap()[&id].send_modify(|snapshot| change(Arc::make_mut(snapshot)));
        let _ = self.changes.send(id);
    }
}

impl JobStore for Store {
    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn submit_mail(&self, mail: MailSubmission) -> BoxFuture<'_, Result<JobId>> {
        let id = JobId(1 + self.submitted.lock().unwrap().len() as u32);
        let recipients = mail
            .recipients
            .iter()
            .map(|address| RecipientState {
                address: address.clone(),
                outcome: Outcome::Pending(None),
            })
            .collect();
        let made = Snapshot {
            origin: mail.origin.clone(),
            recipients,
            sender: mail.sender.clone(),
            ..snapshot(id.0)
        };
        self.submitted.lock().unwrap().push(mail);
        self.add(made);
        Box::pin(async move { Ok(id) })
    }

    fn submit_request(&self, request: RequestSubmission) -> BoxFuture<'_, Result<JobId>> {
        let mut requested = self.requested.lock().unwrap();
        let id = JobId(1 + requested.len() as u32);
        let made = Snapshot {
            kind: Kind::of(&request.request),
            origin: request.origin.clone(),
            account: Some(request.account.clone()),
            recipients: Vec::new(),
            sender: String::new(),
            ..snapshot(id.0)
        };
        requested.push(request);
        self.add(made);
        Box::pin(async move { Ok(id) })
    }

    fn upload_place<'a>(&'a self, _: &'a Origin) -> BoxFuture<'a, Result<UploadPlace>> {
        let name = format!("upload-{}", self.requested.lock().unwrap().len());
        let place = UploadPlace {
            path: self.folder.join(name),
            most: 1 << 20,
            beyond: ErrorKind::QuotaExceeded,
        };
        Box::pin(async { Ok(place) })
    }

    fn answer(&self, _: JobId) -> BoxFuture<'_, Result<Answer>> {
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async { Ok(answer) })
    }

    fn inbox(&self) -> BoxFuture<'_, Result<Inbox>> {
        let inbox = self.inbox.get_or_init(async || {
            std::fs::create_dir_all(&self.folder).unwrap();
            let disk = Disk::start().unwrap();
            Inbox::open(self.folder.join("inbox"), disk).await.unwrap()
        });
        Box::pin(async { Ok(inbox.await.clone()) })
    }

    fn watch(&self, id: JobId) -> Option<watch::Receiver<Arc<Snapshot>>> {
        self.jobs
            .lock()
            .unwrap()
            .get(&id)
            .map(watch::Sender::subscribe)
    }

    fn cancel(&self, id: JobId) -> BoxFuture<'_, Result<()>> {
        self.change(id, |job| {
            job.state = State::Cancelled;
            job.error = Some(Error::new(ErrorKind::Cancelled, "cancelled"));
        });
        Box::pin(async { Ok(()) })
    }

    fn retry(&self, id: JobId) -> Result<()> {
        self.change(id, |job| job.state = State::Queued);
        Ok(())
    }

    fn release(&self, id: JobId) -> BoxFuture<'_, Result<()>> {
        self.jobs.lock().unwrap().remove(&id);
        let _ = self.changes.send(id);
        Box::pin(async { Ok(()) })
    }

    fn list(&self) -> Vec<Arc<Snapshot>> {
        let mut list: Vec<_> = self
            .jobs
            .lock()
            .unwrap()
            .values()
            .map(|job| job.borrow().clone())
            .collect();
        list.sort_by_key(|seen| (seen.state.is_final(), std::cmp::Reverse(seen.id)));
        list
    }

    fn changes(&self) -> broadcast::Receiver<JobId> {
        self.changes.subscribe()
    }

    fn spool_bytes(&self) -> u64 {
        4711
    }
}

/// One account, `main`.
pub(super) struct Book;

impl Accounts for Book {
    fn mail(&self, account: &str) -> Result<MailAccount> {
        if account != "main" {
            return Err(Error::new(ErrorKind::NotFound, "no such account"));
        }
        Ok(MailAccount {
            from: "Pump 7 <pump7@example.org>".into(),
            server: Server {
                host: "mail.example.org".into(),
                port: 25,
                tls: Tls::None,
            },
            credentials: None,
            via: Vec::new(),
        })
    }

    fn ftp(&self, account: &str) -> Result<FtpAccount> {
        let mail = self.mail(account)?;
        Ok(FtpAccount {
            server: mail.server,
            credentials: None,
            account: None,
            active: false,
            via: Vec::new(),
        })
    }
}
