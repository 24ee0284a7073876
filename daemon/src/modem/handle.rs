//! The modem as others see it: a way to send mail, properties, and what people may ask for.

use super::aftermath::{Sought, longest_sending};
use super::by_hand;
use super::drive::Drive;
use super::ladder::Rung;
use super::mail::{Outgoing, check, resumed};
use super::report::Report;
use super::session::{FileAsk, MailboxAsk, Opening, open_files, open_mailbox};
use super::settings::Settings;
use super::snapshot::{Snapshot, State};
use crate::disk::Disk;
use crate::message::decompose;
use crate::service::{
    BoxFuture, Certainty, Content, Delivered, Error, ErrorKind, Fault, FileBack, FileOpen,
    FileSession, Interrupted, MailBack, MailOpen, MailSession, MailboxBack, MailboxOpen,
    MailboxSession, Phase, Progress, Result, Verdict,
};
use crate::trace::Trace;
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// How long a request waits for a modem that is just starting up or coming back.
const SETTLES: Duration = Duration::from_secs(20);

/// What the task is asked for.
#[derive(Debug)]
pub(super) enum Request {
    Mail {
        mail: Box<Outgoing>,
        report: Report,
        answer: oneshot::Sender<Result<Delivered>>,
    },
    /// How did the mail end that an earlier daemon was sending?
    Recover(Sought),
    Mailbox(Opening<MailboxOpen, MailboxAsk>),
    Files(Opening<FileOpen, FileAsk>),
    Command {
        text: String,
        within: Duration,
        answer: oneshot::Sender<Result<Vec<String>>>,
    },
    Reset(Rung),
    Enable(bool),
    /// The device may have come or gone.
    Look,
}

/// A running modem. It stops, and its port is given back, when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) snapshot: watch::Receiver<Snapshot>,
    pub(super) settings: Arc<Settings>,
    pub(super) trace: Trace,
    pub(super) disk: Disk,
}

impl Handle {
    /// Its properties, now and whenever they change.
    pub fn watch(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    /// What it was started with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its dialogue.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Sends a command line (`AT…`) and returns the lines of its answer, the result last, whatever it
    /// is. `within` is 20 s at most; it includes the wait for requests before it.
    ///
    /// # Errors
    /// `InvalidArgument` for what is no command line, `NotSupported` for commands that take payload or
    /// the module out of our hands, `Busy` where other requests did not end in time, `Timeout` where the
    /// module did not answer, `NoModem`, `ModemGone`.
    pub async fn command(&self, text: &str, within: Duration) -> Result<Vec<String>> {
        let drive = self.ready(Duration::ZERO).await?;
        by_hand::check(text, drive)?;
        let within = within.min(by_hand::LONGEST);
        let (answer, result) = oneshot::channel();
        let request = Request::Command {
            text: text.to_owned(),
            within,
            answer,
        };
        self.ask(request).await?;
        // A little more: the task itself says that the module did not answer.
        let patience = within + Duration::from_millis(500);
        match tokio::time::timeout(patience, result).await {
            Ok(answered) => answered.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(
                Error::new(ErrorKind::Busy, "the modem is busy with other requests")
                    .by(Fault::Module),
            ),
        }
    }

    /// Begins the recovery with this rung, as soon as the request under way is done.
    pub async fn reset(&self, rung: Rung) -> Result<()> {
        self.ask(Request::Reset(rung)).await
    }

    /// Switches the driver on or off. Off: the request under way is given up and the port given back.
    pub async fn enable(&self, on: bool) -> Result<()> {
        self.ask(Request::Enable(on)).await
    }

    /// Its device, as it is configured.
    pub fn device(&self) -> &str {
        &self.settings.device
    }

    /// Its device may have come or gone: a port that is waited for is asked for now, and not only when its
    /// time comes. Returns at once; nothing happens to one that is ours.
    pub fn look(&self) {
        // One that has so many requests before it is at work.
        let _ = self.requests.try_send(Request::Look);
    }

    pub(super) async fn ask(&self, request: Request) -> Result<()> {
        self.requests.send(request).await.map_err(|_| gone())
    }

    /// The driver of a modem that has this service. NotSupported for one that has not.
    async fn serving(&self, service: &str, progress: &dyn Progress) -> Result<&'static dyn Drive> {
        progress.phase(Phase::Waiting);
        let drive = self.ready(SETTLES).await?;
        if !self.snapshot.borrow().services.contains(&service) {
            let text = format!("modem {} has no {service} commands", self.settings.name);
            return Err(Error::new(ErrorKind::NotSupported, text).by(Fault::Module));
        }
        Ok(drive)
    }

    /// The driver, once the modem works; waits so long for one that is coming up.
    async fn ready(&self, patience: Duration) -> Result<&'static dyn Drive> {
        let mut snapshot = self.snapshot.clone();
        let settled = snapshot.wait_for(|now| {
            !matches!(
                now.state,
                State::Claiming | State::Syncing | State::Recovering
            )
        });
        let _ = tokio::time::timeout(patience, settled).await;
        let now = self.snapshot.borrow();
        match now.drive {
            Some(drive) if now.state.works() => Ok(drive),
            _ => {
                let mut text = format!("modem {} is {}", self.settings.name, now.state.name());
                if !now.reason.is_empty() {
                    text = format!("{text}: {}", now.reason);
                }
                Err(Error::new(ErrorKind::NoModem, text))
            }
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::NoModem, "the modem's driver has stopped").by(Fault::Us)
}

impl MailBack for Handle {
    /// A module cannot be asked step by step: checks what can be checked without sending, and takes
    /// every recipient by inference.
    fn open<'a>(
        &'a self,
        request: &'a MailOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailSession>>> {
        Box::pin(async move {
            let drive = self.serving("mail", progress).await?;
            drive.check_mail(request)?;
            let session = Session {
                handle: self.clone(),
                drive,
                open: request.clone(),
                verdicts: vec![Verdict::Accepted(Certainty::Inferred); request.recipients.len()],
            };
            let session: Box<dyn MailSession> = Box::new(session);
            Ok(session)
        })
    }

    fn recover<'a>(&'a self, mail: &'a Interrupted) -> BoxFuture<'a, Option<Result<Delivered>>> {
        Box::pin(async move {
            let (sought, told) = Sought::new(mail.since);
            let patience = sought.left(longest_sending()) + SETTLES;
            self.ask(Request::Recover(sought)).await.ok()?;
            let told = tokio::time::timeout(patience, told).await;
            Some(resumed(mail, told.ok()?.ok()?))
        })
    }
}

impl MailboxBack for Handle {
    fn open<'a>(
        &'a self,
        request: &'a MailboxOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailboxSession>>> {
        Box::pin(async move {
            let drive = self.serving("pop3", progress).await?;
            drive.mailbox(&self.settings, request).map(drop)?;
            open_mailbox(self, request, progress).await
        })
    }

    /// No module's commands can.
    fn has_top(&self) -> bool {
        false
    }
}

impl FileBack for Handle {
    /// Takes the modem when the first step needs it.
    fn open<'a>(
        &'a self,
        request: &'a FileOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn FileSession>>> {
        Box::pin(async move {
            let drive = self.serving("ftp", progress).await?;
            drive.files(&self.settings, request).map(drop)?;
            Ok(open_files(self, request))
        })
    }
}

#[derive(Debug)]
struct Session {
    handle: Handle,
    drive: &'static dyn Drive,
    open: MailOpen,
    verdicts: Vec<Verdict>,
}

impl MailSession for Session {
    fn recipients(&self) -> &[Verdict] {
        &self.verdicts
    }

    fn finish<'a>(
        &'a mut self,
        message: &'a Content,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Delivered>> {
        Box::pin(async move {
            let mail = self.read(message).await?;
            let (report, relay) = Report::new();
            let (answer, result) = oneshot::channel();
            let request = Request::Mail {
                mail: Box::new(mail),
                report,
                answer,
            };
            self.handle.ask(request).await?;
            let delivered = relay
                .until(result, progress)
                .await
                .unwrap_or_else(|| Err(gone()))?;
            self.verdicts.clone_from(&delivered.recipients);
            Ok(delivered)
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        // Nothing was sent to the module yet.
        Box::pin(async {})
    }
}

impl Session {
    /// Reads the message, takes it apart, and checks that the module can carry it.
    async fn read(&self, message: &Content) -> Result<Outgoing> {
        let path = message.path.clone();
        // Taken apart there, too: megabytes of attachments would stop the event loop.
        let read = move || {
            let bytes = std::fs::read(&path).map_err(|error| {
                let text = format!("message in the spool: {error}");
                Error::new(ErrorKind::Internal, text)
            })?;
            decompose(&bytes)
        };
        let mail = Outgoing {
            open: self.open.clone(),
            plain: self.handle.disk.run(read).await??,
            size: message.size,
        };
        check(&mail)?;
        self.drive.mail(&self.handle.settings, &mail).map(drop)?;
        Ok(mail)
    }
}
