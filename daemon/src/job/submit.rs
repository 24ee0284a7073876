//! Taking a job in.

use super::login;
use super::record::{Asked, Letter, NewRecord, Record, SavedRoute, Work};
use super::request::{RequestSubmission, Service, Upload, UploadPlace};
use super::schedule::Age;
use super::spool::{Content, Spool};
use super::table::{Kept, Now, Turn, snapshot};
use super::target::Target;
use super::types::{Delivery, JobId, MailSubmission, Origin, Route, Via};
use super::{Jobs, Shared, millis};
use crate::message::{MAX_RECIPIENTS, Stamp, check_address, date_line, prepare};
use crate::service::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

const MAX_TOKEN: usize = 256;

/// A file with credentials.
type Login = zeroize::Zeroizing<Vec<u8>>;

impl Jobs {
    /// Takes a mail into the spool. When it returns, the mail survives kill -9 and power loss, and is on
    /// its way; it is taken in even if the wait is dropped. InvalidArgument, NotFound (account, way out), TooLarge,
    /// QuotaExceeded, SpoolFull.
    pub async fn submit_mail(&self, mail: MailSubmission) -> Result<JobId> {
        let mail = check(mail, self)?;
        let shared = &self.shared;
        let (route, credentials) = match mail.route {
            Route::Account(name) => (SavedRoute::Account { name }, None),
            Route::Direct {
                server,
                credentials,
            } => {
                let login = credentials.is_some();
                (SavedRoute::Direct { server, login }, credentials)
            }
        };
        let mut letter = Letter::new(mail.sender, mail.recipients, mail.policy);
        letter.shape.size = mail.message.len() as u64;
        letter.patience = mail.patience;
        let record = Record::new(NewRecord {
            id: JobId(0),
            origin: mail.origin,
            work: Work::Mail(letter),
            route,
            via: mail.via,
            delivery: mail.delivery,
            token: mail.token,
            timeout: mail.timeout,
            created: millis(SystemTime::now()),
            age: Age::new(shared.clock.uptime(), &shared.boot),
        });
        let kept = Kept {
            credentials,
            target: None,
        };
        let login = match (&kept.credentials, mail.delivery) {
            (Some(credentials), Delivery::Queue) => Some(login::write(credentials)),
            _ => None,
        };
        self.take_in(record, kept, Payload::Mail(mail.message, login))
            .await
    }

    /// Takes a request in. When it returns, it survives kill -9 and power loss (but for a download to a
    /// descriptor, which then fails), and is on its way. InvalidArgument, NotFound (account, way out),
    /// QuotaExceeded, SpoolFull.
    pub async fn submit_request(&self, request: RequestSubmission) -> Result<JobId> {
        let shared = &self.shared;
        let made = match &request.upload {
            Some(Upload::File(path, _)) => Some(path.clone()),
            _ => None,
        };
        let result = self.submit_checked(request).await;
        // Moved from there, or of no use: a job that was there already has its own.
        if let Some(path) = made {
            let spool = shared.spool.clone();
            shared.disk.run(move || spool.drop_incoming(&path)).await?;
        }
        result
    }

    async fn submit_checked(&self, request: RequestSubmission) -> Result<JobId> {
        check_request(&request, self)?;
        let shared = &self.shared;
        let asked = Asked {
            request: request.request,
            upload: request.upload.as_ref().map(Upload::size),
            since: shared.inbox.next_number(&request.account),
            summary: None,
        };
        let record = Record::new(NewRecord {
            id: JobId(0),
            origin: request.origin,
            work: Work::Request(asked),
            route: SavedRoute::Account {
                name: request.account,
            },
            via: request.via,
            delivery: Delivery::Queue,
            token: request.token,
            timeout: request.timeout,
            created: millis(SystemTime::now()),
            age: Age::new(shared.clock.uptime(), &shared.boot),
        });
        let kept = Kept {
            credentials: None,
            target: request.into.map(Target::new),
        };
        self.take_in(record, kept, Payload::Upload(request.upload))
            .await
    }

    /// Where to make a file for [`Upload::File`]. QuotaExceeded, SpoolFull.
    pub async fn upload_place(&self, origin: &Origin) -> Result<UploadPlace> {
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let shared = &self.shared;
        let own = {
            let table = shared.table();
            let limits = shared.settings().limits;
            table.check_limits(origin, 0, &limits)?;
            table.room(origin, &limits)
        };
        let spool = shared.spool.clone();
        let free = shared.disk.run(move || spool.room()).await??;
        let name = NAMES.fetch_add(1, Ordering::Relaxed).to_string();
        Ok(UploadPlace {
            path: shared.spool.incoming(&name),
            most: own.min(free),
            beyond: if own <= free {
                ErrorKind::QuotaExceeded
            } else {
                ErrorKind::SpoolFull
            },
        })
    }

    /// Into the table and onto the disk, unless its caller has given its token before.
    async fn take_in(&self, mut record: Record, kept: Kept, payload: Payload) -> Result<JobId> {
        let shared = &self.shared;
        let (id, stored) = {
            let mut table = shared.table();
            let known = record
                .token
                .as_ref()
                .and_then(|token| table.by_token(&record.origin, token));
            match known.and_then(|id| table.entries.get(&id)) {
                Some(entry) => match &entry.turn {
                    Turn::Storing(stored) => (entry.record.id, stored.clone()),
                    _ => return Ok(entry.record.id),
                },
                None => {
                    // The mail that it tells of still counts, and is about to go.
                    if !record.is_bounce() {
                        let limits = shared.settings().limits;
                        table.check_limits(&record.origin, record.size(), &limits)?;
                    }
                    record.id = table.new_id()?;
                    let (tell, stored) = watch::channel(None);
                    let seen = snapshot(&record, &Now::default(), None);
                    let turn = Turn::Storing(stored.clone());
                    table.insert(record.clone(), kept, turn, seen);
                    let shared = Arc::clone(shared);
                    let id = record.id;
                    tokio::spawn(async move {
                        let result = shared.store(record, payload).await;
                        tell.send_replace(Some(result));
                    });
                    (id, stored)
                }
            }
        };
        let mut stored = stored;
        let result = stored
            .wait_for(Option::is_some)
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "a job was given up half-way"))?;
        match &*result {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(id),
        }
    }
}

/// What can be said without a look at the message.
fn check(mut mail: MailSubmission, jobs: &Jobs) -> Result<MailSubmission> {
    let invalid = |text: &str| Error::new(ErrorKind::InvalidArgument, text);
    if mail.recipients.is_empty() {
        return Err(invalid("no recipient"));
    }
    if mail.recipients.len() > MAX_RECIPIENTS {
        return Err(invalid("too many recipients"));
    }
    if !mail.sender.is_empty() {
        mail.sender = check_address(&mail.sender)?;
    }
    let mut recipients: Vec<String> = Vec::with_capacity(mail.recipients.len());
    for recipient in &mail.recipients {
        let recipient = check_address(recipient)?;
        if !recipients.contains(&recipient) {
            recipients.push(recipient);
        }
    }
    mail.recipients = recipients;
    check_bounds(mail.timeout, mail.token.as_deref())?;
    let most = jobs.shared.settings().limits.message;
    if mail.message.len() as u64 > most {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "the message has {} bytes, the limit is {most}",
                mail.message.len()
            ),
        ));
    }
    if let Route::Account(name) = &mail.route {
        jobs.shared.accounts.mail(name)?;
    }
    check_ways(&mail.origin, &mail.via, jobs)?;
    Ok(mail)
}

/// A way out that there is none of is a caller's mistake; one that the configuration named may be back after
/// its next change.
fn check_ways(origin: &Origin, ways: &[Via], jobs: &Jobs) -> Result<()> {
    let unknown = |via: &&Via| jobs.shared.backs.mail(via).is_none();
    match (origin, ways.iter().find(unknown)) {
        (Origin::Bus { .. }, Some(via)) => {
            let text = format!("there is no way out called {via:?}", via = via.to_string());
            Err(Error::new(ErrorKind::NotFound, text))
        }
        _ => Ok(()),
    }
}

fn check_bounds(timeout: Option<Duration>, token: Option<&str>) -> Result<()> {
    let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        return invalid("a timeout of 0 leaves no time at all");
    }
    if token.is_some_and(|token| token.is_empty() || token.len() > MAX_TOKEN) {
        return invalid("a token has 1 to 256 bytes");
    }
    Ok(())
}

/// What can be said of a request before it is tried.
fn check_request(submission: &RequestSubmission, jobs: &Jobs) -> Result<()> {
    check_bounds(submission.timeout, submission.token.as_deref())?;
    check_ways(&submission.origin, &submission.via, jobs)?;
    submission.request.check()?;
    let (accounts, name) = (&jobs.shared.accounts, &submission.account);
    match submission.request.service() {
        Some(Service::Smtp) => accounts.mail(name).map(drop),
        Some(Service::Pop3) => accounts.pop3(name).map(drop),
        Some(Service::Ftp) => accounts.ftp(name).map(drop),
        // One that is broken is to be tested, one that is not there is not.
        None => accounts.exists(name),
    }
}

/// What a job sends, before it is on disk.
enum Payload {
    /// A mail's message, as it came, and what logs in where its server is not an account's.
    Mail(Vec<u8>, Option<Login>),
    /// An upload's content.
    Upload(Option<Upload>),
}

impl Shared {
    /// Writes it down; then the job is on its way.
    async fn store(self: Arc<Self>, mut record: Record, payload: Payload) -> Result<()> {
        let id = record.id;
        let sender = match &record.work {
            Work::Mail(letter) => letter.sender.as_str(),
            Work::Request(_) => "",
        };
        let stamp = Stamp::new(&*self.clock, sender);
        let reserve = id.0 >= self.table().reserved;
        let spool = self.spool.clone();
        let work = move || {
            let reserved = if reserve {
                Some(spool.reserve(id)?)
            } else {
                None
            };
            match payload {
                Payload::Mail(message, login) => {
                    accept_mail(&spool, &mut record, message, login, &stamp)?;
                }
                Payload::Upload(None) => spool.accept(&record, Content::None)?,
                Payload::Upload(Some(Upload::Bytes(bytes))) => {
                    spool.accept(&record, Content::Bytes(&[&bytes]))?;
                }
                Payload::Upload(Some(Upload::File(path, _))) => {
                    spool.accept(&record, Content::File(&path))?;
                }
            }
            Ok((record, reserved))
        };
        let result = match self.disk.run(work).await {
            Ok(result) => result,
            Err(error) => Err(error),
        };
        match result {
            Ok((record, reserved)) => {
                if let Some(reserved) = reserved {
                    let mut table = self.table();
                    table.reserved = table.reserved.max(reserved);
                }
                tracing::info!(
                    job = id.0,
                    kind = record.kind().name(),
                    account = record.account(),
                    port = record.emulator(),
                    bytes = record.size(),
                    "job accepted"
                );
                let uptime = self.clock.uptime();
                self.put_back(record, uptime);
                Ok(())
            }
            Err(error) => {
                self.table().remove(id);
                Err(error)
            }
        }
    }
}

/// Makes a message fit and writes it down.
fn accept_mail(
    spool: &Spool,
    record: &mut Record,
    message: Vec<u8>,
    login: Option<Login>,
    stamp: &Stamp,
) -> Result<()> {
    let prepared = prepare(message, stamp)?;
    let mut date = String::new();
    let delivery = record.delivery;
    if let Work::Mail(letter) = &mut record.work {
        letter.shape = prepared.shape;
        if prepared.needs_date && delivery == Delivery::Queue {
            // As long as the true one, which takes its place when the time is known.
            date = date_line(SystemTime::UNIX_EPOCH);
            letter.shape.size += date.len() as u64;
            letter.needs_date = true;
        }
    }
    spool.accept_with(
        record,
        Content::Bytes(&[date.as_bytes(), &prepared.rfc5322]),
        login.as_ref().map(|login| login.as_slice()),
    )
}
