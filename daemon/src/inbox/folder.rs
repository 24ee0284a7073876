//! An account's inbox on disk: a file a message whose name says all that is known of it, and a log of what
//! became of messages. All of it blocks: it runs on the disk's thread.
//!
//! `cur/NUMBER,RECEIVED,LISTED,SIZE,UID` holds messages; `tmp/` what is not complete and goes at the next
//! start; `log` has lines `removed NUMBER UID LISTED .` (gone here, still on the server) and `gone NUMBER .` (the
//! server has it no more, so that its unique id may be another message's one day: RFC 1939 section 7).

use super::listing::Fetched;
use super::{Info, LONGEST_UID};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

const LOG: &str = "log";
/// A log with so many more lines than there are messages is written anew.
const SLACK: usize = 1024;

/// An account's folder.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// What is known of an account's messages.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Those that are here, by number.
    pub(super) messages: BTreeMap<u32, Arc<Info>>,
    /// By unique id, those that the server still has as far as is known.
    pub(super) on_server: HashMap<Arc<str>, Fetched>,
    /// The next number.
    pub(super) next: u32,
    lines: usize,
}

impl Folder {
    /// Opens an account's folder, or makes it.
    pub(super) fn open(path: PathBuf) -> io::Result<(Self, Known)> {
        let folder = Self(path);
        for name in ["", "tmp", "cur"] {
            make(&folder.0.join(name))?;
        }
        sync(&folder.0)?;
        for left in fs::read_dir(folder.0.join("tmp"))? {
            fs::remove_file(left?.path())?;
        }
        let known = folder.read()?;
        Ok((folder, known))
    }

    fn read(&self) -> io::Result<Known> {
        let mut known = Known::default();
        let log = match fs::read_to_string(self.0.join(LOG)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            log => log?,
        };
        let mut removed: BTreeMap<u32, (&str, Option<u64>)> = BTreeMap::new();
        let mut gone = std::collections::BTreeSet::new();
        // A line that a crash cut short, so that it does not end as lines do, was never acted on.
        for line in log.lines().filter_map(|line| line.strip_suffix(" .")) {
            let mut words = line.split(' ');
            match (words.next(), words.next().and_then(|n| n.parse().ok())) {
                (Some("removed"), Some(number)) => {
                    let uid = words.next().unwrap_or_default();
                    let listed = words.next().and_then(|size| size.parse().ok());
                    removed.insert(number, (uid, listed));
                }
                (Some("gone"), Some(number)) => drop(gone.insert(number)),
                (Some("next"), Some(number)) => known.next = known.next.max(number),
                _ => {}
            }
            known.lines += 1;
        }
        for entry in fs::read_dir(self.0.join("cur"))? {
            let name = entry?.file_name();
            let Some(info) = name.to_str().and_then(parse) else {
                tracing::warn!(file = %name.display(), "this is no message of ours in the inbox");
                continue;
            };
            if removed.contains_key(&info.number) {
                fs::remove_file(self.path(&info))?;
                continue;
            }
            known.insert(info, &gone);
        }
        for (number, (uid, listed)) in removed {
            known.next = known.next.max(number.saturating_add(1));
            if !gone.contains(&number) {
                known.remember(uid.into(), number, listed);
            }
        }
        known.next = known.next.max(1);
        Ok(known)
    }

    /// Where a message is.
    pub(super) fn path(&self, info: &Info) -> PathBuf {
        self.0.join("cur").join(name(info))
    }

    /// Where a message is made.
    pub(super) fn incoming(&self, number: u32) -> PathBuf {
        self.0.join("tmp").join(number.to_string())
    }

    /// More of a message that is being made; the first piece begins it.
    pub(super) fn write(&self, number: u32, bytes: &[u8], first: bool) -> io::Result<()> {
        OpenOptions::new()
            .append(true)
            .create(first)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(self.incoming(number))?
            .write_all(bytes)
    }

    /// A message is complete. It is safe once [`Folder::sync_messages`] has returned.
    pub(super) fn finish(&self, info: &Info) -> io::Result<()> {
        let made = self.incoming(info.number);
        File::open(&made)?.sync_all()?;
        fs::rename(made, self.path(info))
    }

    pub(super) fn drop_incoming(&self, number: u32) {
        let _ = fs::remove_file(self.incoming(number));
    }

    pub(super) fn sync_messages(&self) -> io::Result<()> {
        sync(&self.0.join("cur"))
    }

    /// Writes lines into the log; synced.
    pub(super) fn note(&self, lines: &str) -> io::Result<()> {
        let path = self.0.join(LOG);
        let is_new = !path.exists();
        let mut log = OpenOptions::new()
            .append(true)
            .read(true)
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        // A line that a crash cut short must not become the beginning of the next one.
        log.write_all(b"\n")?;
        log.write_all(lines.as_bytes())?;
        log.sync_all()?;
        if is_new {
            sync(&self.0)?;
        }
        Ok(())
    }

    /// Removes a message that the log tells of.
    pub(super) fn remove(&self, info: &Info) -> io::Result<()> {
        fs::remove_file(self.path(info))
    }

    /// Writes a log anew that says just this.
    pub(super) fn replace_log(&self, text: &str) -> io::Result<()> {
        let made = self.0.join("tmp").join(LOG);
        let _ = fs::remove_file(&made);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&made)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(made, self.0.join(LOG))?;
        sync(&self.0)
    }
}

impl Known {
    fn insert(&mut self, info: Info, gone: &std::collections::BTreeSet<u32>) {
        let info = Arc::new(info);
        self.next = self.next.max(info.number.saturating_add(1));
        if !gone.contains(&info.number) {
            self.remember(info.uid.clone(), info.number, Some(info.listed));
        }
        self.messages.insert(info.number, info);
    }

    /// A message that was fetched and is on the server; its size is what the server told, where that was noted.
    pub(super) fn remember(&mut self, uid: Arc<str>, number: u32, listed: Option<u64>) {
        match self.on_server.entry(uid) {
            Entry::Occupied(mut known) => known.get_mut().add(number, listed),
            Entry::Vacant(empty) => drop(empty.insert(Fetched::One(number, listed))),
        }
    }

    /// The server has this message no more; whether that is news.
    pub(super) fn forget(&mut self, uid: &str, number: u32) -> bool {
        let is_known = self.on_server.get(uid).is_some_and(|all| all.has(number));
        if let Some(Fetched::Several(all)) = self.on_server.get_mut(uid)
            && all.len() > 1
        {
            all.remove(&number);
        } else if is_known {
            self.on_server.remove(uid);
        }
        is_known
    }

    /// So many lines were written into the log. Gives what it says in short, if it has become too long.
    pub(super) fn noted(&mut self, lines: usize) -> Option<String> {
        use std::fmt::Write;
        self.lines += lines;
        if self.lines < SLACK + 2 * (self.messages.len() + self.on_server.len()) {
            return None;
        }
        let mut text = format!("next {} .\n", self.next);
        let mut count = 1;
        for (uid, all) in &self.on_server {
            for (number, listed) in all.iter() {
                if !self.messages.contains_key(&number) {
                    text.push_str(&removed_line(number, uid, listed));
                    count += 1;
                }
            }
        }
        for info in self.messages.values() {
            let all = self.on_server.get(&info.uid);
            if all.is_none_or(|all| !all.has(info.number)) {
                // Writing to a String does not fail.
                let _ = writeln!(text, "gone {} .", info.number);
                count += 1;
            }
        }
        self.lines = count;
        Some(text)
    }
}

/// A line of the log: a message is gone here and still on the server.
pub(super) fn removed_line(number: u32, uid: &str, listed: Option<u64>) -> String {
    match listed {
        Some(listed) => format!("removed {number} {uid} {listed} .\n"),
        None => format!("removed {number} {uid} .\n"),
    }
}

fn make(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A message's file name.
fn name(info: &Info) -> String {
    let received = info
        .received
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let mut name = format!("{},{received},{},{},", info.number, info.listed, info.size);
    for c in info.uid.chars() {
        match c {
            '/' => name.push_str("%2f"),
            '%' => name.push_str("%25"),
            c => name.push(c),
        }
    }
    name
}

/// What a file name says.
fn parse(name: &str) -> Option<Info> {
    let mut parts = name.splitn(5, ',');
    let number = parts.next()?.parse().ok()?;
    let received = parts.next()?.parse().ok()?;
    let listed = parts.next()?.parse().ok()?;
    let size = parts.next()?.parse().ok()?;
    let uid = parts.next()?.replace("%2f", "/").replace("%25", "%");
    let is_uid =
        (1..=LONGEST_UID).contains(&uid.len()) && uid.bytes().all(|b| b.is_ascii_graphic());
    is_uid.then(|| Info {
        number,
        uid: uid.into(),
        listed,
        size,
        received: UNIX_EPOCH + Duration::from_secs(received),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_says_all(uid in "[!-~]{1,70}", number in 1_u32.., size in 0_u64..1 << 40) {
            let info = Info {
                number,
                uid: uid.into(),
                listed: size / 2,
                size,
                received: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            };
            let name = name(&info);
            prop_assert!(!name.contains('/'));
            prop_assert_eq!(parse(&name), Some(info));
        }
    }
}
