//! What an emulator keeps on disk, and how its mails leave. The only part of it that does I/O besides
//! the port.

use super::client::{FileServer, Mailbox};
use super::engine::Saved;
use super::files::Files;
use super::handle::Settings;
use super::letter::Letter;
use super::memory::Memory;
use super::op::{Done, FileError, MailEnd, MailId, Op};
use crate::catalog;
use crate::disk::Disk;
use crate::job::{
    Delivery, JobId, Jobs, MailSubmission, Origin, Route, Service, SessionSubmission, Snapshot,
    State,
};
use crate::service::{
    Credentials, Error, ErrorKind, FileSession, MailboxSession, Progress, RecipientPolicy, Result,
    Server, Socket,
};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Disk and jobs, for one emulator.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) disk: Disk,
    pub(super) jobs: Jobs,
    /// Used on the disk thread only, so that nobody ever waits for the lock.
    files: Arc<Mutex<Files>>,
}

/// What was found on disk.
pub(super) struct Found {
    /// The volatile memory, unless the module was switched off.
    pub(super) saved: Option<Saved>,
    /// The user profile.
    pub(super) stored: Memory,
}

impl World {
    /// Opens the folders and reads what an earlier life left there.
    pub(super) async fn open(settings: &Settings, disk: Disk, jobs: Jobs) -> Result<(Self, Found)> {
        let (memory, profile) = (memory_file(settings), profile_file(settings));
        let of = settings.clone();
        let opened = move || {
            let volumes = of.dialect.played.volumes;
            for folder in [&of.files_dir, &of.memory_dir] {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)?;
            }
            let files = Files::open(volumes, &of.files_dir, &of.memory_dir)?;
            let found = Found {
                saved: read(&of, &memory)?,
                stored: read(&of, &profile)?.unwrap_or_default(),
            };
            Ok((files, found))
        };
        let opened: io::Result<(Files, Found)> = disk.run(opened).await?;
        let (files, found) = opened.map_err(|error| {
            let text = format!("folders of emulator {}: {error}", settings.name);
            Error::new(ErrorKind::Internal, text)
        })?;
        let world = Self {
            settings: settings.clone(),
            disk,
            jobs,
            files: Arc::new(Mutex::new(files)),
        };
        Ok((world, found))
    }

    /// Keeps the volatile memory where it survives the daemon; not synced, since it need not survive
    /// more. Returns when it is there.
    pub(super) async fn save(&self, memory: Vec<u8>) {
        let path = memory_file(&self.settings);
        let memory = Zeroizing::new(memory);
        let saved = self.disk.run(move || replace(&path, &memory, false)).await;
        if let Ok(Err(error)) | Err(error) = saved.map(|it| it.map_err(internal)) {
            tracing::error!(name: catalog::DISK, port = self.settings.name, %error, "memory can't be saved");
        }
    }

    /// Does what the engine asks for.
    pub(super) async fn perform(&self, op: Op) -> Done {
        match op {
            Op::Send(letter) => match self.send(*letter).await {
                Ok(job) => Done::Accepted(MailId(job.0)),
                Err(error) => Done::Refused(error),
            },
            Op::Time => Done::Time(self.jobs.now()),
            Op::Store(profile) => {
                let path = profile_file(&self.settings);
                let stored = self.disk.run(move || replace(&path, &profile, true)).await;
                match stored {
                    Ok(Ok(())) => Done::Fine,
                    _ => Done::Failed(FileError::Disk),
                }
            }
            op => {
                let files = Arc::clone(&self.files);
                let done = self.disk.run(move || lock(&files).perform(&op)).await;
                // All other operations are about files.
                done.ok().flatten().unwrap_or(Done::Failed(FileError::Disk))
            }
        }
    }

    /// Does something with the files, on the disk's thread.
    pub(super) async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Files) -> std::result::Result<T, FileError> + Send + 'static,
    ) -> std::result::Result<T, FileError> {
        let files = Arc::clone(&self.files);
        let done = self.disk.run(move || work(&mut lock(&files))).await;
        done.unwrap_or(Err(FileError::Disk))
    }

    /// The same, and nobody waits for it.
    pub(super) fn post_files(&self, work: impl FnOnce(&mut Files) + Send + 'static) {
        let files = Arc::clone(&self.files);
        self.disk.post(move || work(&mut lock(&files)));
    }

    /// The account or the server that serves equipment that asks for a server.
    fn asked(
        &self,
        service: Service,
        server: &Server,
        credentials: Option<Credentials>,
    ) -> Result<SessionSubmission> {
        let Settings { name, policy, .. } = &self.settings;
        let route = match policy.served_by(name, service, server)? {
            Some(account) => Route::Account(account),
            None => Route::Direct {
                server: server.clone(),
                credentials,
            },
        };
        Ok(SessionSubmission {
            origin: Origin::Emulator { name: name.clone() },
            route,
            via: policy.via(name),
        })
    }

    /// Opens a mailbox.
    pub(super) async fn open_mailbox(
        &self,
        mailbox: &Mailbox,
        progress: &dyn Progress,
    ) -> Result<Box<dyn MailboxSession>> {
        let who = Some(mailbox.credentials.clone());
        let asked = self.asked(Service::Pop3, &mailbox.server, who)?;
        self.jobs.open_mailbox(&asked, progress).await
    }

    /// Logs in to a server of files.
    pub(super) async fn open_files(
        &self,
        on: &FileServer,
        progress: &dyn Progress,
    ) -> Result<Box<dyn FileSession>> {
        let asked = self.asked(Service::Ftp, &on.server, on.credentials.clone())?;
        self.jobs.open_files(&asked, on.active, progress).await
    }

    /// Connects to a server of HTTP, or to what the administrator says stands in its place.
    pub(super) async fn open_socket(
        &self,
        server: &Server,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Socket>> {
        let Settings { name, policy, .. } = &self.settings;
        let mapped = policy.http(name, server);
        let chosen = mapped.is_some();
        let server = mapped.unwrap_or_else(|| server.clone());
        let origin = Origin::Emulator { name: name.clone() };
        let via = policy.via(name);
        self.jobs
            .open_socket(&origin, &via, server, chosen, progress)
            .await
    }

    /// Puts a mail into the spool, on its way.
    async fn send(&self, letter: Letter) -> Result<JobId> {
        let files = Arc::clone(&self.files);
        let Settings { name, policy, .. } = &self.settings;
        let (route, from) = match policy.account(name, &letter.server)? {
            Some(mapped) => (Route::Account(mapped.account), mapped.from),
            None => {
                let route = Route::Direct {
                    server: letter.server.clone(),
                    credentials: letter.credentials.clone(),
                };
                (route, None)
            }
        };
        let delivery = policy.delivery(name);
        let (refusal, time) = match delivery {
            // As modules do: one refused recipient refuses the mail, within the command's time.
            Delivery::Through => (RecipientPolicy::AllOrNone, Some(letter.time)),
            // The equipment is told before a server is asked.
            Delivery::Queue => (RecipientPolicy::AnyAccepted, None),
        };
        let message = self
            .disk
            .run(move || letter.compose(&lock(&files), from))
            .await??;
        let timeout = time.map(|time| time.of(message.rfc5322.len()));
        let mail = MailSubmission {
            origin: Origin::Emulator {
                name: self.settings.name.clone(),
            },
            route,
            sender: message.sender,
            recipients: message.recipients,
            policy: refusal,
            message: message.rfc5322,
            via: self.settings.policy.via(&self.settings.name),
            timeout,
            patience: time.and_then(|time| time.answer),
            delivery,
            token: None,
        };
        self.jobs.submit_mail(mail).await
    }

    /// Waits until a mail came to its end, as far as equipment is told: one that is kept trying has come
    /// there when the spool has it.
    pub(super) async fn end_of(&self, mail: MailId) -> MailEnd {
        let job = self.jobs.get(JobId(mail.0));
        if job.is_some_and(|job| job.delivery == Delivery::Queue) {
            return Ok(());
        }
        match self.jobs.wait(JobId(mail.0)).await {
            Ok(job) => end(&job),
            Err(error) => Err(Error::new(ErrorKind::Unknown, error.text)),
        }
    }

    /// Cancels a mail for good.
    pub(super) fn cancel(&self, mail: MailId) {
        let world = self.clone();
        tokio::spawn(async move {
            if let Err(error) = world.jobs.cancel(JobId(mail.0)).await {
                let port = &*world.settings.name;
                tracing::warn!(port, job = mail.0, %error, "a mail can't be cancelled");
            }
        });
    }
}

/// What became of a job that has come to its end.
pub(super) fn end(job: &Snapshot) -> MailEnd {
    if job.state == State::Done {
        return Ok(());
    }
    // Of several refusals the first is told, in the server's own words.
    let refused = job.rejected().next().map(|(_, error)| error);
    let error = job.error.as_ref().filter(|error| error.reply.is_some());
    let error = error.or(refused).or(job.error.as_ref());
    let unknown = || Error::new(ErrorKind::Unknown, "the mail ended without a reason");
    Err(error.cloned().unwrap_or_else(unknown))
}

fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

fn internal(error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, error.to_string())
}

fn memory_file(settings: &Settings) -> PathBuf {
    settings.memory_dir.join("memory.json")
}

fn profile_file(settings: &Settings) -> PathBuf {
    settings.files_dir.join("profile.json")
}

/// What is in a file; `None` where there is none, or it holds something else.
fn read<T: serde::de::DeserializeOwned>(settings: &Settings, path: &Path) -> io::Result<Option<T>> {
    let bytes = Zeroizing::new(match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    });
    let found = serde_json::from_slice(&bytes);
    if let Err(error) = &found {
        let port = &*settings.name;
        tracing::error!(port, file = %path.display(), %error, "unreadable; taken for empty");
    }
    Ok(found.ok())
}

/// Replaces a file: whoever reads it finds the old one or the new one.
fn replace(path: &Path, bytes: &[u8], synced: bool) -> io::Result<()> {
    let next = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&next)?;
    file.write_all(bytes)?;
    if synced {
        file.sync_all()?;
    }
    fs::rename(&next, path)?;
    if synced && let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
