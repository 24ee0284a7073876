//! The inbox: messages that were fetched, as files, each once, known by the unique ids of their server.
//!
//! A message is in the inbox once it is synced, and only then deleted on its server. What a crash leaves
//! behind is either a whole message or nothing.

mod folder;
mod listing;
mod receive;
#[cfg(test)]
mod tests;

pub use listing::{Arrival, Seen};
pub use receive::{Receiving, Refused, Settled};

use crate::catalog;
use crate::disk::Disk;
use crate::service::{Error, ErrorKind, Result};
use folder::{Folder, Known, removed_line};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::broadcast;

/// The longest unique id, in characters (RFC 1939 section 7).
const LONGEST_UID: usize = 70;
/// Changes that a slow listener may be behind before it has to list anew.
const BACKLOG: usize = 1024;

/// A message of an account: never another one's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The account.
    pub account: String,
    /// Its number in the account's inbox.
    pub number: u32,
}

/// What is known of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its number in the account's inbox, never given twice.
    pub number: u32,
    /// Its unique id on the server.
    pub uid: Arc<str>,
    /// Its size in bytes, as the server told it.
    pub listed: u64,
    /// Its size in bytes.
    pub size: u64,
    /// When it was fetched, in whole seconds, by this machine's clock then.
    pub received: SystemTime,
}

/// All inboxes. Cloning it is cheap; all clones are the same.
#[derive(Clone, Debug)]
pub struct Inbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    disk: Disk,
    accounts: Mutex<BTreeMap<String, Account>>,
    changes: broadcast::Sender<MessageId>,
}

#[derive(Debug)]
struct Account {
    folder: Folder,
    known: Known,
}

impl Shared {
    fn accounts(&self) -> MutexGuard<'_, BTreeMap<String, Account>> {
        // Held for moments, never over an await.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    /// Opens the inboxes in a folder, which is made if its parent exists. Internal, SpoolFull.
    pub async fn open(root: PathBuf, disk: Disk) -> Result<Self> {
        let path = root.clone();
        let accounts = disk
            .run(move || {
                open_all(&path).map_err(|error| failed(&format!("{}", path.display()), &error))
            })
            .await??;
        Ok(Self(Arc::new(Shared {
            root,
            disk,
            accounts: Mutex::new(accounts),
            changes: broadcast::channel(BACKLOG).0,
        })))
    }

    /// An account's messages, newest first.
    pub fn list(&self, account: &str) -> Vec<Arc<Info>> {
        let accounts = self.0.accounts();
        accounts.get(account).map_or_else(Vec::new, |one| {
            one.known.messages.values().rev().cloned().collect()
        })
    }

    /// The newest messages of all accounts, at most so many, the newest first.
    pub fn newest(&self, most: usize) -> Vec<MessageId> {
        let accounts = self.0.accounts();
        let mut all: Vec<_> = accounts
            .iter()
            .flat_map(|(account, one)| {
                let newest = one.known.messages.values().rev().take(most);
                newest.map(move |info| (info.received, info.number, account))
            })
            .collect();
        all.sort_by(|a, b| b.cmp(a));
        let ids = all.into_iter().take(most);
        ids.map(|(_, number, account)| MessageId {
            account: account.clone(),
            number,
        })
        .collect()
    }

    /// A message. NotFound.
    pub fn get(&self, id: &MessageId) -> Result<Arc<Info>> {
        let accounts = self.0.accounts();
        accounts
            .get(&id.account)
            .and_then(|one| one.known.messages.get(&id.number))
            .cloned()
            .ok_or_else(|| no_message(id))
    }

    /// The newest message with this unique id.
    pub fn by_uid(&self, account: &str, uid: &str) -> Option<MessageId> {
        let accounts = self.0.accounts();
        let messages = &accounts.get(account)?.known.messages;
        let found = messages.values().rev().find(|info| &*info.uid == uid)?;
        Some(MessageId {
            account: account.to_owned(),
            number: found.number,
        })
    }

    /// The number that the account's next message gets.
    pub fn next_number(&self, account: &str) -> u32 {
        let accounts = self.0.accounts();
        accounts.get(account).map_or(1, |one| one.known.next)
    }

    /// Messages that came or went. Whoever is too slow lists anew.
    pub fn changes(&self) -> broadcast::Receiver<MessageId> {
        self.0.changes.subscribe()
    }

    /// Opens a message's file for reading. NotFound.
    pub async fn file(&self, id: &MessageId) -> Result<File> {
        let path = self.path(id)?;
        let id = id.clone();
        let open = move || {
            File::options()
                .read(true)
                .custom_flags(libc::O_NOFOLLOW)
                .open(path)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => no_message(&id),
                    _ => failed("a message can't be read", &error),
                })
        };
        self.0.disk.run(open).await?
    }

    /// Bytes of a message, from an offset, at most so many; fewer only at its end. NotFound.
    pub async fn read(&self, id: &MessageId, offset: u64, most: usize) -> Result<Vec<u8>> {
        let file = self.file(id).await?;
        let left = self.get(id)?.size.saturating_sub(offset);
        let length = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, offset)
                .map_err(|error| failed("a message can't be read", &error))?;
            Ok(bytes)
        };
        self.0.disk.run(read).await?
    }

    /// Removes a message here; it is not fetched again while it is on the server. NotFound.
    pub async fn remove(&self, id: &MessageId) -> Result<()> {
        let (folder, info) = {
            let mut accounts = self.0.accounts();
            let one = accounts
                .get_mut(&id.account)
                .ok_or_else(|| no_message(id))?;
            // In memory first: a log that is written anew meanwhile says it as well.
            let info = one.known.messages.remove(&id.number);
            (one.folder.clone(), info.ok_or_else(|| no_message(id))?)
        };
        let gone = info.clone();
        let remove = move || {
            folder.note(&removed_line(gone.number, &gone.uid, Some(gone.listed)))?;
            // The next start does it, if this fails.
            let _ = folder.remove(&gone);
            Ok(())
        };
        if let Err(error) = self.0.disk.run(remove).await? {
            let error: io::Error = error;
            if let Some(one) = self.0.accounts().get_mut(&id.account) {
                one.known.messages.insert(info.number, info);
            }
            return Err(failed("a message can't be removed", &error));
        }
        let _ = self.0.changes.send(id.clone());
        self.noted(&id.account, 1);
        Ok(())
    }

    fn path(&self, id: &MessageId) -> Result<PathBuf> {
        let info = self.get(id)?;
        let accounts = self.0.accounts();
        let one = accounts.get(&id.account).ok_or_else(|| no_message(id))?;
        Ok(one.folder.path(&info))
    }

    /// Lines were written into the log.
    fn noted(&self, account: &str, lines: usize) {
        let mut accounts = self.0.accounts();
        let Some(one) = accounts.get_mut(account) else {
            return;
        };
        if let Some(text) = one.known.noted(lines) {
            let (folder, account) = (one.folder.clone(), account.to_owned());
            // Under the lock, so that no later line comes before it.
            self.0.disk.post(move || {
                if let Err(error) = folder.replace_log(&text) {
                    tracing::warn!(name: catalog::DISK, account, %error, "the log of an inbox can't be shortened");
                }
            });
        }
    }

    /// The account's folder, made if it is not there.
    async fn account(&self, account: &str) -> Result<Folder> {
        if let Some(one) = self.0.accounts().get(account) {
            return Ok(one.folder.clone());
        }
        let path = self.0.root.join(account);
        let (folder, known) = self
            .0
            .disk
            .run(move || Folder::open(path))
            .await?
            .map_err(|error| failed("an inbox can't be made", &error))?;
        let mut accounts = self.0.accounts();
        let one = accounts
            .entry(account.to_owned())
            .or_insert(Account { folder, known });
        Ok(one.folder.clone())
    }
}

fn open_all(root: &Path) -> io::Result<BTreeMap<String, Account>> {
    match std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
        .create(root)
    {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && root.is_dir() => {}
        result => result?,
    }
    let mut accounts = BTreeMap::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if entry.file_type()?.is_dir() {
            let (folder, known) = Folder::open(entry.path())?;
            accounts.insert(name, Account { folder, known });
        }
    }
    Ok(accounts)
}

fn no_message(id: &MessageId) -> Error {
    let text = format!(
        "there is no message {} in the inbox of {}",
        id.number, id.account
    );
    Error::new(ErrorKind::NotFound, text)
}

fn failed(what: &str, error: &io::Error) -> Error {
    let full = [libc::ENOSPC, libc::EDQUOT, libc::EROFS, libc::EMFILE];
    let kind = match error.raw_os_error() {
        Some(code) if full.contains(&code) => ErrorKind::SpoolFull,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("{what}: {error}"))
}
