//! The spool: plain files, like a maildir. When a mail is accepted, it survives kill -9 and power loss.
//!
//! Each job is a folder `jobs/ID` with `header.json`, and `message.eml` or what else it sends. It is made
//! whole in `tmp/`, synced, and becomes visible by one rename. What comes back is put beside it as `result`.
//! What is found in `tmp/` at start was never accepted. What can't be
//! read goes to `corrupt/`, for a person to look at. All of it blocks: it runs on the disk's thread.

use super::files::{Files, Lock};
use super::login::{self, MAX_LOGIN};
use super::record::{MAX_RECORD, Record, SavedRoute};
use super::types::{Delivery, JobId};
use crate::service::{Credentials, Error, ErrorKind};
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const HEADER: &str = "header.json";
const MESSAGE: &str = "message.eml";
/// Credentials, where the header alone does not lead to them.
const LOGIN: &str = "login.json";
const RESULT: &str = "result";
/// Ids are reserved this many at a time, so that most jobs need no write for it.
const RESERVED: u32 = 64;
const NEXT_ID: &str = "next-id";
/// Where numbers go on when the note of those given is lost.
const LEAP: u32 = 1 << 20;
/// This much stays free for others, or a twentieth of a small disk.
const KEPT_FREE: u64 = 64 << 20;

/// A spool folder.
#[derive(Clone)]
pub(super) struct Spool {
    root: PathBuf,
    files: Arc<dyn Files>,
    lock: Arc<Mutex<Option<Lock>>>,
}

/// What a job sends.
pub(super) enum Content<'a> {
    /// Nothing.
    None,
    /// These bytes, in parts.
    Bytes(&'a [&'a [u8]]),
    /// A file in `tmp/`, synced.
    File(&'a Path),
}

/// What was there at start.
#[derive(Default)]
pub(super) struct Found {
    /// Jobs, by id.
    pub(super) jobs: Vec<Record>,
    /// The first id that was never given.
    pub(super) next_id: u32,
    /// What was moved to `corrupt/`, and why.
    pub(super) corrupt: Vec<(String, String)>,
    /// Credentials of jobs that are not over.
    pub(super) logins: HashMap<JobId, Credentials>,
}

impl Spool {
    /// Opens a spool, or makes it. Busy where another daemon uses it; SpoolFull, Internal.
    pub(super) fn open(root: &Path, files: Arc<dyn Files>) -> Result<(Self, Found), Error> {
        let broken = |error: io::Error| failed(&format!("the spool {}", root.display()), &error);
        files.make_folder(root).map_err(broken)?;
        let lock = files
            .lock(&root.join("lock"))
            .map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => Error::new(
                    ErrorKind::Busy,
                    format!("another daemon uses the spool {}", root.display()),
                ),
                _ => broken(error),
            })?;
        let spool = Self {
            root: root.to_owned(),
            files,
            lock: Arc::new(Mutex::new(Some(lock))),
        };
        let found = spool.start().map_err(broken)?;
        Ok((spool, found))
    }

    /// Lets others open it.
    pub(super) fn close(&self) {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(lock.take());
    }

    fn start(&self) -> io::Result<Found> {
        if let Some(parent) = self.root.parent() {
            let parent = match parent.as_os_str().is_empty() {
                true => Path::new("."),
                false => parent,
            };
            match self.files.sync_folder(parent) {
                // We can't have made it there.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                result => result?,
            }
        }
        for name in ["tmp", "jobs", "corrupt"] {
            self.files.make_folder(&self.root.join(name))?;
        }
        self.files.sync_folder(&self.root)?;
        for name in self.files.list(&self.root.join("tmp"))? {
            self.files.remove(&self.root.join("tmp").join(name))?;
        }
        let mut found = Found::default();
        match self.reserved() {
            Ok(next_id) => found.next_id = next_id,
            Err(why) => {
                // Numbers that nobody remembers may have been given: far beyond them are none.
                found.next_id = LEAP;
                let set_aside = self.set_aside(&self.root, NEXT_ID);
                found.corrupt.push((NEXT_ID.into(), with(why, set_aside)));
            }
        }
        for name in self.files.list(&self.root.join("jobs"))? {
            match self.read(&name) {
                Ok(record) => {
                    found.next_id = found.next_id.max(record.id.0.saturating_add(1));
                    if let Some(login) = self.login(&record) {
                        found.logins.insert(record.id, login);
                    }
                    found.jobs.push(record);
                }
                Err(why) => {
                    // For a person to look at, who need not see that.
                    let _ = self
                        .files
                        .remove(&self.root.join("jobs").join(&name).join(LOGIN));
                    let set_aside = self.set_aside(&self.root.join("jobs"), &name);
                    let name = name.to_string_lossy().into_owned();
                    found.corrupt.push((name, with(why, set_aside)));
                }
            }
        }
        if !found.corrupt.is_empty() {
            self.files.sync_folder(&self.root.join("jobs"))?;
        }
        found.jobs.sort_by_key(|record| record.id);
        Ok(found)
    }

    /// The first number that was never given, as far as it is noted.
    fn reserved(&self) -> Result<u32, String> {
        let bytes = match self.files.read(&self.root.join(NEXT_ID), 16) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(1),
            Err(error) => return Err(error.to_string()),
            Ok(bytes) => bytes,
        };
        let number = str::from_utf8(&bytes).ok().map(|text| text.trim().parse());
        match number {
            Some(Ok(number)) => Ok(number),
            _ => Err("it holds no number".into()),
        }
    }

    fn read(&self, name: &Path) -> Result<Record, String> {
        let folder = self.root.join("jobs").join(name);
        let bytes = self
            .files
            .read(&folder.join(HEADER), MAX_RECORD)
            .map_err(|error| format!("its header can't be read: {error}"))?;
        let record = Record::read(&bytes)?;
        if name.to_str() != Some(record.id.to_string().as_str()) {
            return Err(format!("it is job {}", record.id));
        }
        if !record.state.is_final() && record.has_content() {
            let size = self
                .files
                .size(&folder.join(MESSAGE))
                .map_err(|error| format!("its message can't be read: {error}"))?;
            if size != record.size() {
                return Err(format!(
                    "its message has {size} bytes instead of {}",
                    record.size()
                ));
            }
        }
        Ok(record)
    }

    fn login(&self, record: &Record) -> Option<Credentials> {
        let kept = matches!(record.route, SavedRoute::Direct { login: true, .. })
            && record.delivery == Delivery::Queue
            && !record.state.is_final();
        let path = self.folder(record.id).join(LOGIN);
        kept.then(|| self.files.read(&path, MAX_LOGIN).ok())
            .flatten()
            .and_then(login::read)
    }

    /// The first bytes of a job's message, to the end of its header; nothing where it can't be read.
    pub(super) fn headers(&self, id: JobId, most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(self.message(id));
        if file
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .is_err()
        {
            return Vec::new();
        }
        // Of a line that was cut nothing is told.
        let end = memchr::memmem::find(&bytes, b"\r\n\r\n")
            .or_else(|| memchr::memmem::rfind(&bytes, b"\r\n"))
            .map_or(0, |at| at + 2);
        bytes.truncate(end);
        bytes
    }

    fn set_aside(&self, folder: &Path, name: impl AsRef<Path>) -> io::Result<()> {
        let corrupt = self.root.join("corrupt");
        let taken = self.files.list(&corrupt)?;
        let name = name.as_ref();
        let mut free = name.to_owned();
        for n in 1_u32.. {
            if !taken.contains(&free) {
                break;
            }
            let mut numbered = name.as_os_str().to_owned();
            numbered.push(format!(".{n}"));
            free = numbered.into();
        }
        self.files.rename(&folder.join(name), &corrupt.join(free))
    }

    /// Where a job's message is.
    pub(super) fn message(&self, id: JobId) -> PathBuf {
        self.folder(id).join(MESSAGE)
    }

    fn folder(&self, id: JobId) -> PathBuf {
        self.root.join("jobs").join(id.to_string())
    }

    fn tmp(&self, name: &str) -> PathBuf {
        self.root.join("tmp").join(name)
    }

    /// Makes sure that ids up to this one are never given again, even if their jobs are gone by then.
    pub(super) fn reserve(&self, id: JobId) -> Result<u32, Error> {
        let next =
            id.0.saturating_add(RESERVED)
                .max(self.reserved().unwrap_or(0));
        self.replace(&self.root, NEXT_ID, NEXT_ID, next.to_string().as_bytes())
            .map_err(|error| failed("job numbers can't be saved", &error))?;
        Ok(next)
    }

    /// Bytes that may come before too little is left for others.
    pub(super) fn room(&self) -> Result<u64, Error> {
        let (free, total) = self
            .files
            .room(&self.root)
            .map_err(|error| failed("the room in the spool is not known", &error))?;
        Ok(free.saturating_sub(KEPT_FREE.min(total / 20)))
    }

    /// SpoolFull where so many bytes more would leave too little for others.
    pub(super) fn check_room(&self, size: u64) -> Result<(), Error> {
        let room = self.room()?;
        if room == 0 || room < size {
            return Err(Error::new(
                ErrorKind::SpoolFull,
                "the disk of the spool is nearly full",
            ));
        }
        Ok(())
    }

    /// Takes a job in. When this returns, it is on disk; when it fails, nothing of it is.
    pub(super) fn accept(&self, record: &Record, content: Content<'_>) -> Result<(), Error> {
        self.accept_with(record, content, None)
    }

    /// The same with a file of credentials.
    pub(super) fn accept_with(
        &self,
        record: &Record,
        content: Content<'_>,
        login: Option<&[u8]>,
    ) -> Result<(), Error> {
        let cant = |error: &io::Error| failed("the message can't be saved", error);
        let header = record
            .to_bytes()
            .map_err(|why| Error::new(ErrorKind::Internal, why))?;
        // A file that was made here has its room already.
        let size = match &content {
            Content::Bytes(_) => record.size(),
            Content::File(_) | Content::None => 0,
        };
        self.check_room(size)?;
        let made = self.tmp(&record.id.to_string());
        let visible = self.folder(record.id);
        let result = self.make(&made, &header, content, login).and_then(|()| {
            self.files.rename(&made, &visible)?;
            self.files.sync_folder(&self.root.join("jobs"))
        });
        if let Err(error) = result {
            // As if it had never been; what is left in tmp goes at the next start.
            let _ = self.files.rename(&visible, &made);
            let _ = self.files.remove(&made);
            return Err(cant(&error));
        }
        Ok(())
    }

    fn make(
        &self,
        folder: &Path,
        header: &[u8],
        content: Content<'_>,
        login: Option<&[u8]>,
    ) -> io::Result<()> {
        self.files.make_folder(folder)?;
        if let Some(login) = login {
            self.files.write(&folder.join(LOGIN), &[login])?;
        }
        match content {
            Content::None => {}
            Content::Bytes(parts) => self.files.write(&folder.join(MESSAGE), parts)?,
            Content::File(made) => self.files.rename(made, &folder.join(MESSAGE))?,
        }
        self.files.write(&folder.join(HEADER), &[header])?;
        self.files.sync_folder(folder)
    }

    /// Saves what has become of a job.
    pub(super) fn save(&self, record: &Record) -> Result<(), Error> {
        let header = record
            .to_bytes()
            .map_err(|why| Error::new(ErrorKind::Internal, why))?;
        let tmp = format!("{}.{HEADER}", record.id);
        self.replace(&self.folder(record.id), HEADER, &tmp, &header)
            .map_err(|error| failed("the state of a job can't be saved", &error))
    }

    /// Saves what has become of a job; the message of a final one goes. That also where it can't be saved:
    /// a job that is over must not be sent after a restart, and the room may be what was missing.
    pub(super) fn settle(&self, record: &Record) -> Result<(), Error> {
        let result = self.save(record);
        if !record.state.is_final() {
            return result;
        }
        if matches!(record.route, SavedRoute::Direct { login: true, .. }) {
            let _ = self.files.remove(&self.folder(record.id).join(LOGIN));
        }
        if record.has_content() {
            self.drop_message(record.id);
        }
        result.or_else(|_| self.save(record))
    }

    /// Writes these bytes over the first ones of a job's message.
    pub(super) fn overwrite(&self, id: JobId, bytes: &[u8]) -> Result<(), Error> {
        self.files
            .overwrite(&self.message(id), bytes)
            .map_err(|error| failed("a message can't be dated", &error))
    }

    fn replace(&self, folder: &Path, name: &str, tmp: &str, bytes: &[u8]) -> io::Result<()> {
        let made = self.tmp(tmp);
        // Left by a step that failed.
        let _ = self.files.remove(&made);
        self.files.write(&made, &[bytes])?;
        self.files.rename(&made, &folder.join(name))?;
        self.files.sync_folder(folder)
    }

    /// Where a file is made that will be what a job sends; `name` is nobody else's. It goes at the next start.
    pub(super) fn incoming(&self, name: &str) -> PathBuf {
        self.tmp(&format!("{name}.incoming"))
    }

    /// Removes a file of [`Spool::incoming`] that came to nothing.
    pub(super) fn drop_incoming(&self, made: &Path) {
        let _ = self.files.remove(made);
    }

    /// A result begins; what was left of another attempt's goes.
    pub(super) fn begin_result(&self, id: JobId) -> Result<(), Error> {
        let made = self.tmp(&format!("{id}.{RESULT}"));
        let _ = self.files.remove(&made);
        self.files
            .write(&made, &[])
            .map_err(|error| failed("a result can't be saved", &error))
    }

    /// More of a result.
    pub(super) fn more_result(&self, id: JobId, bytes: &[u8]) -> Result<(), Error> {
        self.check_room(bytes.len() as u64)?;
        self.files
            .append(&self.tmp(&format!("{id}.{RESULT}")), bytes)
            .map_err(|error| failed("a result can't be saved", &error))
    }

    /// A result is complete: it stays with its job.
    pub(super) fn end_result(&self, id: JobId) -> Result<(), Error> {
        let made = self.tmp(&format!("{id}.{RESULT}"));
        let folder = self.folder(id);
        self.files
            .sync(&made)
            .and_then(|()| self.files.rename(&made, &folder.join(RESULT)))
            .and_then(|()| self.files.sync_folder(&folder))
            .map_err(|error| failed("a result can't be saved", &error))
    }

    /// A result, if there is one of at most so many bytes.
    pub(super) fn result(&self, id: JobId, most: u64) -> Result<Vec<u8>, Error> {
        match self.files.read(&self.folder(id).join(RESULT), most) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            result => result.map_err(|error| failed("the result can't be read", &error)),
        }
    }

    /// The message is not needed any more.
    pub(super) fn drop_message(&self, id: JobId) {
        // It is removed with its folder later, if not now.
        let _ = self.files.remove(&self.message(id));
    }

    /// Forgets a job. It is gone in one step.
    pub(super) fn remove(&self, id: JobId) -> Result<(), Error> {
        let gone = self.tmp(&format!("{id}.gone"));
        let _ = self.files.remove(&gone);
        self.files
            .rename(&self.folder(id), &gone)
            .map_err(|error| failed("a job can't be removed", &error))?;
        let _ = self.files.remove(&gone);
        Ok(())
    }
}

/// Why something was set aside, and whether that worked.
fn with(why: String, set_aside: io::Result<()>) -> String {
    match set_aside {
        Ok(()) => why,
        Err(error) => format!("{why}; it can't be moved: {error}"),
    }
}

fn failed(what: &str, error: &io::Error) -> Error {
    let full = [
        libc::ENOSPC,
        libc::EDQUOT,
        libc::EROFS,
        libc::EMFILE,
        libc::ENFILE,
    ];
    let kind = match error.raw_os_error() {
        Some(code) if full.contains(&code) => ErrorKind::SpoolFull,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("{what}: {error}"))
}
