//! Equipment was told that its mail is accepted; when it comes to nothing, somebody else has to hear of it.

use super::record::{Record, Settled};
use super::types::{Delivery, MailSubmission, Origin, Route};
use super::{Jobs, Shared};
use crate::catalog;
use crate::message::{Mailbox, Undelivered, report};
use crate::service::{RecipientPolicy, Result};
use std::sync::Arc;

/// More of a mail's headers is not told.
const MAX_HEADERS: u64 = 32 << 10;

impl Shared {
    /// For a stored mail that is over: tells the log, and the account that is to hear of it, who did not get
    /// it. Called before that it is over is saved: should the daemon die in between, it comes here again, and
    /// the report's token keeps it from being sent twice.
    pub(super) async fn report_failure(self: &Arc<Self>, record: &Record) {
        let Origin::Emulator { name } = &record.origin else {
            return;
        };
        let failed: Vec<_> = record
            .recipients()
            .iter()
            .filter(|one| one.settled == Settled::Refused)
            .filter_map(|one| {
                Some((
                    one.address.as_str(),
                    one.error.as_ref().or(record.error.as_ref())?,
                ))
            })
            .map(|(recipient, error)| Undelivered { recipient, error })
            .collect();
        let stored = record.delivery == Delivery::Queue && record.state.is_final();
        if !stored || failed.is_empty() {
            return;
        }
        let id = record.id.0;
        for Undelivered { recipient, error } in &failed {
            tracing::error!(name: catalog::UNDELIVERED, job = id, port = name, recipient, %error, "mail of equipment could not be delivered");
        }
        if record.is_bounce() {
            return;
        }
        let Some(account) = self.accounts.bounce_to(name) else {
            return;
        };
        if let Err(error) = self.send_report(record, name, &account, &failed).await {
            tracing::error!(job = id, port = name, account, %error, "nobody could be told of it by mail");
        }
    }

    async fn send_report(
        self: &Arc<Self>,
        record: &Record,
        emulator: &str,
        account: &str,
        failed: &[Undelivered<'_>],
    ) -> Result<()> {
        let owner = Mailbox::parse(&self.accounts.mail(account)?.from)?.checked()?;
        let (spool, id) = (self.spool.clone(), record.id);
        let headers = self
            .disk
            .run(move || spool.headers(id, MAX_HEADERS))
            .await?;
        let message = report(&owner, emulator, &headers, failed);
        let jobs = Jobs {
            shared: Arc::clone(self),
        };
        let mail = MailSubmission {
            origin: record.origin.clone(),
            route: Route::Account(account.to_owned()),
            // So that nobody answers it with a report (RFC 5321 section 4.5.5).
            sender: String::new(),
            recipients: vec![owner.address],
            policy: RecipientPolicy::AnyAccepted,
            message,
            via: Vec::new(),
            timeout: None,
            patience: None,
            delivery: Delivery::Queue,
            token: Some(format!("report of job {id}")),
        };
        jobs.submit_mail(mail).await.map(drop)
    }
}
