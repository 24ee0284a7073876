//! What the interfaces need of the rest of the daemon, as handles.

use super::copy::Copies;
use super::error::{self, Refused};
use super::rights::Rights;
use super::view::Properties;
use super::waits::Waits;
use crate::account::Book;
use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::job::{
    Accounts, Answer, JobId, MailSubmission, Origin, RequestSubmission, Snapshot, UploadPlace,
};
use crate::service::{BoxFuture, ErrorKind, Result};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use zbus::Variant;

/// Jobs, as the bus sees them. A trait, so that the bus is tested with jobs that do what a test says.
pub trait JobStore: Send + Sync {
    /// Returns when the spool is open. Until then there are no jobs, and those that come wait.
    fn ready(&self) -> BoxFuture<'_, ()>;

    /// Takes a mail; returns when it is synced to the spool.
    fn submit_mail(&self, mail: MailSubmission) -> BoxFuture<'_, Result<JobId>>;

    /// Takes a request; returns when it is synced to the spool.
    fn submit_request(&self, request: RequestSubmission) -> BoxFuture<'_, Result<JobId>>;

    /// Where to make a file to be uploaded, and how many bytes it may have.
    fn upload_place<'a>(&'a self, origin: &'a Origin) -> BoxFuture<'a, Result<UploadPlace>>;

    /// What came back of a request that is done.
    fn answer(&self, id: JobId) -> BoxFuture<'_, Result<Answer>>;

    /// The messages that were fetched, once the spool is open.
    fn inbox(&self) -> BoxFuture<'_, Result<Inbox>>;

    /// What can be seen of a job, now and later; the sender is dropped when the job is forgotten.
    fn watch(&self, id: JobId) -> Option<watch::Receiver<Arc<Snapshot>>>;

    /// Cancels a job for good; one in a final state stays as it is.
    fn cancel(&self, id: JobId) -> BoxFuture<'_, Result<()>>;

    /// Tries a deferred job now.
    fn retry(&self, id: JobId) -> Result<()>;

    /// Forgets a job in a final state.
    fn release(&self, id: JobId) -> BoxFuture<'_, Result<()>>;

    /// All jobs, active ones first, then the newest.
    fn list(&self) -> Vec<Arc<Snapshot>>;

    /// Each job that came or changed; asked for when jobs are ready.
    fn changes(&self) -> broadcast::Receiver<JobId>;

    /// Bytes in the spool.
    fn spool_bytes(&self) -> u64;
}

/// How the daemon is. The names are `Manager.State`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DaemonState {
    /// Ports are being claimed.
    #[default]
    Starting,
    /// All is as configured.
    Ready,
    /// Something that is configured can't be used; the log says what.
    Degraded,
    /// It is about to end.
    Stopping,
}

impl DaemonState {
    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Stopping => "stopping",
        }
    }
}

impl Properties for DaemonState {
    fn changing(&self) -> Vec<(&'static str, Variant<'static>)> {
        vec![("State", Variant::from(self.name()))]
    }
}

/// What configuration says and reloading changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The account meant by an empty account argument.
    pub default_account: Option<String>,
    /// The largest message, in bytes.
    pub largest_message: u64,
    /// Calls of `Job.Wait` of one user at a time.
    pub waits: u32,
}

/// What callers want of the daemon as a whole; what became of it is told.
#[derive(Debug)]
pub enum Errand {
    /// It reads the configuration again.
    Reload(oneshot::Sender<Result<()>>),
    /// A device has come or gone: its ports look at it now. NotFound where no port has it.
    Device(PathBuf, oneshot::Sender<Result<()>>),
}

/// All handles.
pub struct World {
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Accounts, for jobs.
    pub accounts: Arc<dyn Accounts>,
    /// The same, for those who make and change them.
    pub book: Arc<Book>,
    /// The machine's clocks.
    pub clock: Arc<dyn Clock>,
    /// How the daemon is.
    pub state: watch::Receiver<DaemonState>,
    /// Where they are run.
    pub errands: mpsc::Sender<Errand>,
    settings: RwLock<Settings>,
    pub(super) copies: Copies,
    pub(super) waits: Waits,
    pub(super) rights: Arc<Rights>,
}

impl World {
    /// With these handles.
    pub fn new(
        jobs: Arc<dyn JobStore>,
        accounts: Arc<dyn Accounts>,
        book: Arc<Book>,
        clock: Arc<dyn Clock>,
        state: watch::Receiver<DaemonState>,
        errands: mpsc::Sender<Errand>,
        settings: Settings,
    ) -> Self {
        Self {
            jobs,
            accounts,
            book,
            clock,
            state,
            errands,
            settings: RwLock::new(settings),
            copies: Copies::default(),
            waits: Waits::default(),
            rights: Arc::default(),
        }
    }

    /// The settings that hold now.
    pub fn settings(&self) -> Settings {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts others in their place.
    pub fn set_settings(&self, settings: Settings) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Has an errand run. Busy when the daemon is about to end.
    pub(super) async fn run(
        &self,
        errand: impl FnOnce(oneshot::Sender<Result<()>>) -> Errand,
    ) -> error::Result<()> {
        let stopping = || Refused::new(ErrorKind::Busy, "the daemon is about to end");
        let (told, result) = oneshot::channel();
        let sent = self.errands.send(errand(told)).await;
        sent.map_err(|_| stopping())?;
        Ok(result.await.map_err(|_| stopping())??)
    }

    /// The name of the account that an argument means; empty: the default one.
    pub(super) fn account(&self, argument: &str) -> error::Result<String> {
        if !argument.is_empty() {
            return Ok(argument.to_owned());
        }
        let refused = |text: String| Refused::new(ErrorKind::NotFound, text);
        let name = self.settings().default_account.ok_or_else(|| {
            let text = "no account is named, and there is no default_account in the configuration";
            refused(text.into())
        })?;
        // It may be one that a caller makes.
        if self.accounts.exists(&name).is_err() {
            return Err(refused(format!(
                "no account is named, and the default_account of the configuration, `{name}`, is not there"
            )));
        }
        Ok(name)
    }
}
