//! Taking a mail in.

use super::record::{NewRecord, Record, SavedRoute};
use super::schedule::Age;
use super::table::{Now, Turn, snapshot};
use super::types::{Delivery, JobId, MailSubmission, Route};
use super::{Jobs, Shared, millis};
use crate::message::{MAX_RECIPIENTS, Stamp, check_address, date_line, prepare};
use crate::service::{Credentials, Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;

const MAX_TOKEN: usize = 256;

impl Jobs {
    /// Takes a mail into the spool. When it returns, the mail survives kill -9 and power loss, and is on
    /// its way; it is taken in even if the wait is dropped. InvalidArgument, NotFound (account), TooLarge,
    /// QuotaExceeded, SpoolFull.
    pub async fn submit_mail(&self, mail: MailSubmission) -> Result<JobId> {
        let mail = check(mail, self)?;
        let shared = &self.shared;
        let (id, stored) = {
            let mut table = shared.table();
            let known = mail
                .token
                .as_ref()
                .and_then(|token| table.by_token(&mail.origin, token));
            match known.and_then(|id| table.entries.get(&id)) {
                Some(entry) => match &entry.turn {
                    Turn::Storing(stored) => (entry.record.id, stored.clone()),
                    _ => return Ok(entry.record.id),
                },
                None => {
                    let size = mail.message.len() as u64;
                    table.check_limits(&mail.origin, size, &shared.settings.limits)?;
                    let id = table.new_id()?;
                    let (tell, stored) = watch::channel(None);
                    let (record, credentials, message) = shared.record(id, mail);
                    let seen = snapshot(&record, &Now::default(), None);
                    let turn = Turn::Storing(stored.clone());
                    table.insert(record.clone(), credentials, turn, seen);
                    let shared = Arc::clone(shared);
                    tokio::spawn(async move {
                        let result = shared.store(record, message).await;
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
            .map_err(|_| Error::new(ErrorKind::Internal, "a mail was given up half-way"))?;
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
    if mail.timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(invalid("a timeout of 0 leaves no time at all"));
    }
    if mail
        .token
        .as_ref()
        .is_some_and(|token| token.is_empty() || token.len() > MAX_TOKEN)
    {
        return Err(invalid("a token has 1 to 256 bytes"));
    }
    let most = jobs.shared.settings.limits.message;
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
    Ok(mail)
}

impl Shared {
    fn record(&self, id: JobId, mail: MailSubmission) -> (Record, Option<Credentials>, Vec<u8>) {
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
        let record = Record::new(NewRecord {
            id,
            origin: mail.origin,
            route,
            sender: mail.sender,
            recipients: mail.recipients,
            policy: mail.policy,
            via: mail.via,
            delivery: mail.delivery,
            token: mail.token,
            timeout: mail.timeout,
            created: millis(SystemTime::now()),
            age: Age::new(self.clock.uptime(), &self.boot),
            size: mail.message.len() as u64,
        });
        (record, credentials, mail.message)
    }

    /// Makes the message fit and writes it down; then the job is on its way.
    async fn store(self: Arc<Self>, mut record: Record, message: Vec<u8>) -> Result<()> {
        let id = record.id;
        let stamp = Stamp::new(&*self.clock, &record.sender);
        let reserve = id.0 >= self.table().reserved;
        let spool = self.spool.clone();
        let work = move || {
            let reserved = if reserve {
                Some(spool.reserve(id)?)
            } else {
                None
            };
            let prepared = prepare(message, &stamp)?;
            record.shape = prepared.shape;
            let mut date = String::new();
            if prepared.needs_date && record.delivery == Delivery::Queue {
                // As long as the true one, which takes its place when the time is known.
                date = date_line(SystemTime::UNIX_EPOCH);
                record.shape.size += date.len() as u64;
                record.needs_date = true;
            }
            spool.accept(&record, &[date.as_bytes(), &prepared.rfc5322])?;
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
                    bytes = record.shape.size,
                    recipients = record.recipients.len(),
                    "mail accepted"
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
