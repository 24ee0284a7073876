//! `org.hayesd1.Mail`, at `/org/hayesd1`.

use super::dict::Dict;
use super::error::{Refused, Result};
use super::exporter::Exporter;
use super::letter;
use super::options::Options;
use super::rights::{Action, Caller};
use super::view::{self, OwnedMap};
use super::world::World;
use crate::job::{
    Delivery, JobId, Kind, MailAccount, MailSubmission, Origin, Route, Snapshot, State,
};
use crate::message::{Draft, Stamp, Text, with_from};
use crate::service::{ErrorKind, RecipientPolicy};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, interface};

/// Mail on the bus.
pub(super) struct Mail {
    pub(super) world: Arc<World>,
    pub(super) exporter: Arc<Exporter>,
}

/// The account that a call is about.
struct Account {
    name: String,
    mail: MailAccount,
}

impl Mail {
    fn account(&self, argument: &str) -> Result<Account> {
        let name = self.world.account(argument)?;
        let mail = self.world.accounts.mail(&name)?;
        Ok(Account { name, mail })
    }

    /// Composes a draft, off the event loop where that takes long, and submits it.
    async fn send_draft(
        &self,
        caller: &Caller,
        account: Account,
        draft: Draft,
        options: Options,
    ) -> Result<OwnedObjectPath> {
        let stamp = Stamp::new(&*self.world.clock, &draft.from.address);
        let composed = letter::compose(draft, stamp, self.world.settings().largest_message).await?;
        let envelope = Envelope {
            sender: composed.sender,
            recipients: composed.recipients,
        };
        self.submit(caller, account, envelope, composed.rfc5322, options)
            .await
    }

    async fn send_raw_message(
        &self,
        caller: &Caller,
        account: Account,
        rcpt: &[&str],
        rfc5322: Vec<u8>,
        options: Options,
    ) -> Result<OwnedObjectPath> {
        let from = letter::mailbox(&account.mail.from)?;
        let message = with_from(rfc5322, &from);
        let envelope = Envelope {
            sender: from.address,
            recipients: letter::recipients(rcpt)?,
        };
        self.submit(caller, account, envelope, message, options)
            .await
    }

    async fn submit(
        &self,
        caller: &Caller,
        account: Account,
        envelope: Envelope,
        message: Vec<u8>,
        options: Options,
    ) -> Result<OwnedObjectPath> {
        let most = self.world.settings().largest_message;
        if message.len() as u64 > most {
            let text = format!(
                "the message has {} bytes; at most {most} are allowed",
                message.len()
            );
            return Err(Refused::new(ErrorKind::TooLarge, text));
        }
        let mail = MailSubmission {
            origin: Origin::Bus { uid: caller.uid },
            route: Route::Account(account.name),
            sender: envelope.sender,
            recipients: envelope.recipients,
            policy: RecipientPolicy::AnyAccepted,
            message,
            via: options.via,
            timeout: options.timeout,
            patience: None,
            delivery: Delivery::Queue,
            token: options.token,
        };
        let id = self.world.jobs.submit_mail(mail).await?;
        self.path_of(id).await
    }

    /// The job's object is there before its path is told.
    async fn path_of(&self, id: JobId) -> Result<OwnedObjectPath> {
        self.exporter.export(id).await.ok_or_else(|| {
            Refused::new(
                ErrorKind::NotFound,
                format!("job {id} was forgotten already"),
            )
        })
    }

    /// Mails that are not settled.
    fn queue(&self) -> impl Iterator<Item = Arc<Snapshot>> {
        self.world
            .jobs
            .list()
            .into_iter()
            .filter(|job| job.kind == Kind::Mail && !job.state.is_final())
    }
}

struct Envelope {
    sender: String,
    recipients: Vec<String>,
}

#[interface(name = "org.hayesd1.Mail", introspection_docs = false)]
impl Mail {
    #[zbus(out_args("job"))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the method's signature is the interface's"
    )]
    async fn send_simple(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        to: &str,
        subject: &str,
        text: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let account = self.account(account)?;
        let draft = Draft {
            from: letter::mailbox(&account.mail.from)?,
            to: letter::mailboxes(to)?,
            subject: subject.to_owned(),
            text: Text::Utf8(text.to_owned()),
            ..Draft::default()
        };
        let caller = self.world.rights.caller(&header, connection).await?;
        self.send_draft(&caller, account, draft, options).await
    }

    #[zbus(out_args("job"))]
    async fn send(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        message: Dict<'_>,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let account = self.account(account)?;
        let most = self.world.settings().largest_message;
        let draft = letter::draft(message, &account.mail.from, most)?;
        let caller = self.world.rights.caller(&header, connection).await?;
        self.send_draft(&caller, account, draft, options).await
    }

    #[zbus(out_args("job"))]
    async fn send_raw(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        rcpt: Vec<&str>,
        rfc5322: zbus::OwnedFd,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let account = self.account(account)?;
        letter::recipients(&rcpt)?;
        let caller = self.world.rights.caller(&header, connection).await?;
        let most = self.world.settings().largest_message;
        let bytes = self
            .world
            .copies
            .read(OwnedFd::from(rfc5322), most, caller.uid)
            .await?;
        self.send_raw_message(&caller, account, &rcpt, bytes, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn send_raw_bytes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        rcpt: Vec<&str>,
        rfc5322: &[u8],
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let account = self.account(account)?;
        let caller = self.world.rights.caller(&header, connection).await?;
        self.send_raw_message(&caller, account, &rcpt, rfc5322.to_vec(), options)
            .await
    }

    async fn flush(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        options: Dict<'_>,
    ) -> Result<()> {
        options.finish()?;
        let account = if account.is_empty() {
            None
        } else {
            Some(self.account(account)?.name)
        };
        let caller = self.world.rights.caller(&header, connection).await?;
        self.world.jobs.ready().await;
        let manages = self
            .world
            .rights
            .may(&caller, Action::ManageJobs, connection)
            .await;
        let is_meant = |job: &Snapshot| {
            job.state == State::Deferred
                && (manages || view::owner(job) == caller.uid)
                && account
                    .as_ref()
                    .is_none_or(|account| job.account.as_ref() == Some(account))
        };
        for job in self.queue().filter(|job| is_meant(job)) {
            // One that ran, or was cancelled, meanwhile is no failure of this call.
            let _ = self.world.jobs.retry(job.id);
        }
        Ok(())
    }

    #[zbus(out_args("mails"))]
    async fn list_queue(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        offset: u32,
        max: u32,
        options: Dict<'_>,
    ) -> Result<Vec<OwnedMap>> {
        options.finish()?;
        let caller = self.world.rights.caller(&header, connection).await?;
        self.world.jobs.ready().await;
        let manages = self
            .world
            .rights
            .may(&caller, Action::ManageJobs, connection)
            .await;
        let show = |job: Arc<Snapshot>| {
            let is_own = manages || view::owner(&job) == caller.uid;
            let mut map = view::owned(if is_own {
                view::whole(&job)
            } else {
                view::public(&job)
            });
            map.insert("id", OwnedVariant::from(job.id.0));
            map
        };
        Ok(self
            .queue()
            .skip(offset as usize)
            .take(max.min(1000) as usize)
            .map(show)
            .collect())
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn queue_length(&self) -> u32 {
        u32::try_from(self.queue().count()).unwrap_or(u32::MAX)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn default_account(&self) -> String {
        self.world.settings().default_account.unwrap_or_default()
    }
}
