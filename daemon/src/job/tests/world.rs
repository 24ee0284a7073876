//! A spool in a temporary folder, a clock that follows tokio's, and backs that do as they are told.

use super::servers::{FileServer, Mailbox};
use crate::clock::Clock;
use crate::disk::Disk;
use crate::job::files::{Files, RealFiles};
use crate::job::*;
use crate::service::{
    BoxFuture, Certainty, Content, Credentials, Delivered, Error, ErrorKind, FileBack, Interrupted,
    MailBack, MailOpen, MailSession, MailboxBack, Mechanism, Phase, Progress, RecipientPolicy,
    Result, Secret, Server, ServerReply, Tls, Verdict,
};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A folder that goes with the test.
pub(in crate::job) struct Folder(PathBuf);

impl Folder {
    pub(in crate::job) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "hayesd-job-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(in crate::job) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug)]
pub(super) struct TestClock {
    /// When it was set to what.
    uptime: Mutex<(Instant, Duration)>,
    boots: AtomicU64,
    /// The date, seconds since 1970; 0: never set.
    pub(super) date: AtomicU64,
}

impl Clock for TestClock {
    fn uptime(&self) -> Duration {
        let (since, then) = *self.uptime.lock().unwrap();
        then + since.elapsed()
    }

    fn boot(&self) -> String {
        format!("boot {}", self.boots.load(Ordering::SeqCst))
    }

    fn date(&self) -> Option<SystemTime> {
        match self.date.load(Ordering::SeqCst) {
            0 => None,
            date => Some(SystemTime::UNIX_EPOCH + Duration::from_secs(date)),
        }
    }
}

/// What a back does with one attempt.
#[derive(Clone, Debug)]
pub(super) enum Play {
    /// Takes the mail for all.
    Take,
    /// Fails at opening.
    Fail(Error),
    /// These verdicts, then takes the mail.
    Verdicts(Vec<Verdict>),
    /// Fails when the content has gone, after committing.
    FailLate(Error),
    /// Falls silent at opening.
    Silence,
    /// Falls silent after committing.
    SilenceLate,
    /// A mail of his own for each: the first one's is taken, then it falls silent.
    SilenceBetween,
    /// The same, but then it fails.
    FailBetween(Error),
    /// Falls silent after committing to a piece for the recipients at these places, of whom the ones
    /// before the first have it already.
    SilencePiece(Vec<usize>),
    /// Nobody knows who has it, and each is to be sent it again.
    Repeat,
    /// Makes a mistake.
    Panic,
}

/// What a back was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) open: MailOpen,
    pub(super) message: Option<Vec<u8>>,
}

#[derive(Clone, Default)]
pub(super) struct Stage {
    plays: Arc<Mutex<VecDeque<Play>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// What it can tell after a restart, and what it was asked about.
    pub(super) knows: Arc<Mutex<Option<Result<Delivered>>>>,
    pub(super) asked_about: Arc<Mutex<Vec<Interrupted>>>,
    /// It takes so long to tell.
    pub(super) slow: Arc<Mutex<Duration>>,
}

impl Stage {
    pub(super) fn play(&self, plays: impl IntoIterator<Item = Play>) {
        self.plays.lock().unwrap().extend(plays);
    }

    /// From now on it takes what comes.
    pub(super) fn forget(&self) {
        self.plays.lock().unwrap().clear();
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl MailBack for Stage {
    fn open<'a>(
        &'a self,
        request: &'a MailOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailSession>>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(Asked {
                open: request.clone(),
                message: None,
            });
            progress.phase(Phase::Connecting);
            let play = self.plays.lock().unwrap().pop_front();
            let accepted = Verdict::Accepted(Certainty::Observed);
            let mut verdicts = vec![accepted; request.recipients.len()];
            match &play {
                Some(Play::Fail(error)) => return Err(error.clone()),
                Some(Play::Silence) => std::future::pending().await,
                Some(Play::Panic) => panic!("as told"),
                Some(Play::Verdicts(told)) => verdicts.clone_from(told),
                _ => {}
            }
            Ok(Box::new(Act {
                play,
                verdicts,
                stage: self.clone(),
            }) as Box<dyn MailSession>)
        })
    }

    fn recover<'a>(&'a self, mail: &'a Interrupted) -> BoxFuture<'a, Option<Result<Delivered>>> {
        self.asked_about.lock().unwrap().push(mail.clone());
        Box::pin(async {
            let slow = *self.slow.lock().unwrap();
            tokio::time::sleep(slow).await;
            self.knows.lock().unwrap().take()
        })
    }
}

struct Act {
    play: Option<Play>,
    verdicts: Vec<Verdict>,
    stage: Stage,
}

impl MailSession for Act {
    fn recipients(&self) -> &[Verdict] {
        &self.verdicts
    }

    fn finish<'a>(
        &'a mut self,
        message: &'a Content,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Delivered>> {
        Box::pin(async move {
            progress.phase(Phase::Transferring);
            let bytes = std::fs::read(&message.path).unwrap();
            assert_eq!(bytes.len() as u64, message.size);
            progress.bytes(message.size, message.size);
            if let Some(Play::SilencePiece(places)) = &self.play {
                if places[0] > 0 {
                    let before: Vec<usize> = (0..places[0]).collect();
                    progress.committing_piece(&before).await?;
                    progress.accepted(&before).await;
                }
                progress.committing_piece(places).await?;
                progress.phase(Phase::Confirming);
                std::future::pending::<()>().await;
            }
            // As the ip back does: some content has gone by then.
            progress.committing().await.map_err(Error::after_content)?;
            if let Some(Play::SilenceBetween | Play::FailBetween(_)) = &self.play {
                progress.accepted(&[0]).await;
            }
            progress.phase(Phase::Confirming);
            match &self.play {
                Some(Play::SilenceBetween) => std::future::pending().await,
                Some(Play::FailBetween(error)) => return Err(error.clone()),
                Some(Play::FailLate(error)) => return Err(error.clone()),
                Some(Play::SilenceLate) => std::future::pending().await,
                Some(Play::Repeat) => progress.repeating().await.map_err(Error::after_content)?,
                _ => {}
            }
            self.stage.asked.lock().unwrap().last_mut().unwrap().message = Some(bytes);
            Ok(Delivered {
                recipients: self.verdicts.clone(),
                reply: Some(ServerReply {
                    code: 250,
                    text: "2.0.0 taken".into(),
                }),
            })
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

struct TestAccounts;

impl Accounts for TestAccounts {
    fn mail(&self, account: &str) -> Result<MailAccount> {
        if account != "alerts" {
            return Err(Error::new(ErrorKind::NotFound, "there is no such account"));
        }
        Ok(MailAccount {
            from: "pump7@example.org".into(),
            server: server(),
            credentials: None,
            via: vec![Via::Ip],
        })
    }

    fn bounce_to(&self, emulator: &str) -> Option<String> {
        (emulator == "panel").then(|| "alerts".into())
    }

    fn pop3(&self, account: &str) -> Result<Pop3Account> {
        let mail = self.mail(account)?;
        Ok(Pop3Account {
            server: mail.server,
            credentials: Credentials {
                user: "pump7".into(),
                password: Secret::new("secret".into()),
                mechanism: Mechanism::Password,
                plain_auth: false,
            },
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

struct TestBacks {
    ip: Stage,
    modem: Stage,
    mailbox: Mailbox,
    files: FileServer,
}

impl Backs for TestBacks {
    fn mail(&self, via: &Via) -> Option<Arc<dyn MailBack>> {
        match via {
            Via::Ip => Some(Arc::new(self.ip.clone())),
            Via::Modem(name) if name == "lte" => Some(Arc::new(self.modem.clone())),
            Via::Modem(_) => None,
        }
    }

    fn mailbox(&self, via: &Via) -> Option<Arc<dyn MailboxBack>> {
        match via {
            Via::Ip => Some(Arc::new(self.mailbox.clone())),
            Via::Modem(_) => None,
        }
    }

    fn files(&self, via: &Via) -> Option<Arc<dyn FileBack>> {
        match via {
            Via::Ip => Some(Arc::new(self.files.clone())),
            Via::Modem(_) => None,
        }
    }
}

pub(super) fn server() -> Server {
    Server {
        host: "smtp.example.org".into(),
        port: 465,
        tls: Tls::Implicit,
    }
}

pub(super) struct World {
    _folder: Folder,
    alive: Mutex<Option<Jobs>>,
    pub(super) clock: Arc<TestClock>,
    pub(super) ip: Stage,
    pub(super) modem: Stage,
    pub(super) mailbox: Mailbox,
    pub(super) files: FileServer,
    pub(super) settings: Settings,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = Folder::new();
        let settings = Settings::new(folder.path().join("spool"));
        Self {
            settings,
            _folder: folder,
            alive: Mutex::new(None),
            clock: Arc::new(TestClock {
                uptime: Mutex::new((Instant::now(), Duration::from_secs(1000))),
                boots: AtomicU64::default(),
                date: AtomicU64::new(1_800_000_000),
            }),
            ip: Stage::default(),
            modem: Stage::default(),
            mailbox: Mailbox::default(),
            files: FileServer::default(),
        }
    }

    /// The daemon starts; the one before dies.
    pub(super) async fn start(&self) -> Jobs {
        if let Some(before) = self.alive.lock().unwrap().take() {
            before.stop();
        }
        // Whatever it still did, it did before it died.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let jobs = self.open().await;
        *self.alive.lock().unwrap() = Some(jobs.clone());
        jobs
    }

    /// The machine is started anew, so long ago; then the daemon.
    pub(super) async fn reboot(&self, uptime: Duration) -> Jobs {
        *self.clock.uptime.lock().unwrap() = (Instant::now(), uptime);
        self.clock.boots.fetch_add(1, Ordering::SeqCst);
        self.start().await
    }

    async fn open(&self) -> Jobs {
        self.open_on(Arc::new(RealFiles)).await.unwrap()
    }

    /// The daemon starts on this disk.
    pub(super) async fn open_on(&self, files: Arc<dyn Files>) -> Result<Jobs> {
        Jobs::start_on(
            files,
            self.settings.clone(),
            Disk::tasks(),
            self.clock.clone(),
            Arc::new(TestAccounts),
            Arc::new(TestBacks {
                ip: self.ip.clone(),
                modem: self.modem.clone(),
                mailbox: self.mailbox.clone(),
                files: self.files.clone(),
            }),
        )
        .await
    }

    /// Names in a folder of the spool.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.settings.spool.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(super) fn mail() -> MailSubmission {
    MailSubmission {
        origin: Origin::Bus { uid: 1000 },
        route: Route::Account("alerts".into()),
        sender: "pump7@example.org".into(),
        recipients: vec!["a@example.org".into(), "b@example.org".into()],
        policy: RecipientPolicy::AnyAccepted,
        message: b"From: pump7@example.org\nDate: x\nMessage-ID: <y>\n\nhigh\n.\n".to_vec(),
        via: Vec::new(),
        timeout: None,
        patience: None,
        delivery: Delivery::Queue,
        token: None,
    }
}

pub(super) fn through() -> MailSubmission {
    MailSubmission {
        origin: Origin::Emulator {
            name: "panel".into(),
        },
        route: Route::Direct {
            server: server(),
            credentials: None,
        },
        delivery: Delivery::Through,
        via: vec![Via::Ip],
        ..mail()
    }
}

pub(super) fn reply(code: u16) -> Error {
    let kind = if code < 500 {
        ErrorKind::TemporaryFailure
    } else {
        ErrorKind::Rejected
    };
    Error::new(kind, "refused").with_reply(ServerReply {
        code,
        text: "words".into(),
    })
}

pub(super) fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "as told")
}

/// Waits until a job is deferred; what is seen of it then.
pub(super) async fn deferred(jobs: &Jobs, id: JobId) -> Arc<Snapshot> {
    let mut view = jobs.watch(id).unwrap();
    let seen = view.wait_for(|seen| seen.state == State::Deferred).await;
    Arc::clone(&seen.unwrap())
}
