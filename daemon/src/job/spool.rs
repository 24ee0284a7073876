//! The spool: plain files, like a maildir. When a mail is accepted, it survives kill -9 and power loss.
//!
//! Each job is a folder `jobs/ID` with `header.json` and `message.eml`. It is made whole in `tmp/`, synced,
//! and becomes visible by one rename. What is found in `tmp/` at start was never accepted. What can't be
//! read goes to `corrupt/`, for a person to look at. All of it blocks: it runs on the disk's thread.

use super::files::{Files, RealFiles};
use super::record::{MAX_RECORD, Record};
use super::types::JobId;
use crate::service::{Error, ErrorKind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const HEADER: &str = "header.json";
const MESSAGE: &str = "message.eml";
/// Ids are reserved this many at a time, so that most jobs need no write for it.
const RESERVED: u32 = 64;
/// This much stays free for others, or a twentieth of a small disk.
const KEPT_FREE: u64 = 64 << 20;

/// A spool folder.
#[derive(Clone, Debug)]
pub(super) struct Spool {
    root: PathBuf,
    files: Arc<dyn Files>,
}

/// What was there at start.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Jobs, by id.
    pub(super) jobs: Vec<Record>,
    /// The first id that was never given.
    pub(super) next_id: u32,
    /// What was moved to `corrupt/`, and why.
    pub(super) corrupt: Vec<(String, String)>,
}

impl Spool {
    /// Opens a spool, or makes it. SpoolFull, Internal.
    pub(super) fn open(root: &Path) -> Result<(Self, Found), Error> {
        Self::open_on(root, Arc::new(RealFiles))
    }

    pub(super) fn open_on(root: &Path, files: Arc<dyn Files>) -> Result<(Self, Found), Error> {
        let spool = Self {
            root: root.to_owned(),
            files,
        };
        let found = spool
            .start()
            .map_err(|error| failed(&format!("the spool {}", root.display()), &error))?;
        Ok((spool, found))
    }

    fn start(&self) -> io::Result<Found> {
        self.files.make_folder(&self.root)?;
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
        let mut found = Found {
            next_id: self.reserved(),
            ..Found::default()
        };
        for name in self.files.list(&self.root.join("jobs"))? {
            match self.read(&name) {
                Ok(record) => {
                    found.next_id = found.next_id.max(record.id.0.saturating_add(1));
                    found.jobs.push(record);
                }
                Err(why) => {
                    let name = name.to_string_lossy().into_owned();
                    match self.set_aside(&name) {
                        Ok(()) => found.corrupt.push((name, why)),
                        Err(error) => found
                            .corrupt
                            .push((name, format!("{why}; it can't be moved: {error}"))),
                    }
                }
            }
        }
        if !found.corrupt.is_empty() {
            self.files.sync_folder(&self.root.join("jobs"))?;
        }
        found.jobs.sort_by_key(|record| record.id);
        Ok(found)
    }

    fn reserved(&self) -> u32 {
        self.files
            .read(&self.root.join("next-id"), 16)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok()?.trim().parse().ok())
            .unwrap_or(1)
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
        if !record.state.is_final() {
            let size = self
                .files
                .size(&folder.join(MESSAGE))
                .map_err(|error| format!("its message can't be read: {error}"))?;
            if size != record.shape.size {
                return Err(format!(
                    "its message has {size} bytes instead of {}",
                    record.shape.size
                ));
            }
        }
        Ok(record)
    }

    fn set_aside(&self, name: &str) -> io::Result<()> {
        let corrupt = self.root.join("corrupt");
        let taken = self.files.list(&corrupt)?;
        let free = (0_u32..)
            .map(|n| match n {
                0 => name.to_owned(),
                n => format!("{name}.{n}"),
            })
            .find(|name| !taken.iter().any(|other| other == Path::new(name)));
        match free {
            Some(free) => self
                .files
                .rename(&self.root.join("jobs").join(name), &corrupt.join(free)),
            None => Ok(()),
        }
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
        let next = id.0.saturating_add(RESERVED).max(self.reserved());
        self.replace(
            &self.root,
            "next-id",
            "next-id",
            next.to_string().as_bytes(),
        )
        .map_err(|error| failed("job numbers can't be saved", &error))?;
        Ok(next)
    }

    /// Takes a job in. When this returns, it is on disk; when it fails, nothing of it is.
    pub(super) fn accept(&self, record: &Record, message: &[&[u8]]) -> Result<(), Error> {
        let cant = |error: &io::Error| failed("the message can't be saved", error);
        let header = record
            .to_bytes()
            .map_err(|why| Error::new(ErrorKind::Internal, why))?;
        let (free, total) = self.files.room(&self.root).map_err(|error| cant(&error))?;
        let kept = KEPT_FREE.min(total / 20);
        if free < kept.saturating_add(record.shape.size) {
            return Err(Error::new(
                ErrorKind::SpoolFull,
                "the disk of the spool is nearly full",
            ));
        }
        let made = self.tmp(&record.id.to_string());
        let visible = self.folder(record.id);
        let result = self.make(&made, &header, message).and_then(|()| {
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

    fn make(&self, folder: &Path, header: &[u8], message: &[&[u8]]) -> io::Result<()> {
        self.files.make_folder(folder)?;
        self.files.write(&folder.join(MESSAGE), message)?;
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
