//! The files of accounts that callers made: one an account, with its secrets, for nobody else to read.

use super::settings::Settings;
use crate::config::{CredentialName, Name, account_file, account_of};
use crate::job::Service;
use crate::service::{Error, ErrorKind, Fault, Result, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tracing::warn;
use zeroize::Zeroizing;

/// The form of the file. Others are not read.
const VERSION: u32 = 1;
/// A larger file is none of ours: three secrets of 4 KiB, each byte escaped, and a few names.
const LARGEST: u64 = 128 << 10;

/// A secret as it is kept for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Itself.
    Text(Secret),
    /// Read at each start of the daemon from what systemd passes.
    Credential(CredentialName),
}

/// An account as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) settings: Settings,
    pub(super) secrets: BTreeMap<Service, Kept>,
}

#[derive(Serialize)]
struct Out<'a> {
    version: u32,
    settings: &'a Settings,
    secrets: BTreeMap<Service, OutSecret<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum OutSecret<'a> {
    Text(&'a str),
    Credential(&'a str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    version: u32,
    settings: Settings,
    secrets: BTreeMap<Service, InSecret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum InSecret {
    Text(String),
    Credential(CredentialName),
}

impl Saved {
    fn encode(&self) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let secrets = self.secrets.iter().map(|(&service, kept)| {
            let secret = match kept {
                Kept::Text(secret) => OutSecret::Text(secret.expose()),
                Kept::Credential(name) => OutSecret::Credential(name.as_str()),
            };
            (service, secret)
        });
        let out = Out {
            version: VERSION,
            settings: &self.settings,
            secrets: secrets.collect(),
        };
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST as usize));
        serde_json::to_writer(&mut *bytes, &out)?;
        Ok(bytes)
    }

    /// Errors are told without the words of what is read.
    fn decode(bytes: &[u8]) -> std::result::Result<Self, String> {
        let read: In = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("no account, from line {line}, column {column} on")
        })?;
        if read.version != VERSION {
            return Err(format!("of version {}", read.version));
        }
        let secrets = read.secrets.into_iter().map(|(service, secret)| {
            let kept = match secret {
                InSecret::Text(text) => Kept::Text(Secret::new(text)),
                InSecret::Credential(name) => Kept::Credential(name),
            };
            (service, kept)
        });
        Ok(Self {
            settings: read.settings,
            secrets: secrets.collect(),
        })
    }
}

/// The folder. All of its methods wait for the disk.
#[derive(Clone, Debug)]
pub(super) struct Store(PathBuf);

impl Store {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(account_file(name))
    }

    /// All accounts that can be read; what can't be is logged, and stays.
    pub(super) fn load(&self) -> BTreeMap<String, Saved> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return BTreeMap::new(),
            Err(error) => {
                warn!("{}: {error}", self.0.display());
                return BTreeMap::new();
            }
        };
        let mut accounts = BTreeMap::new();
        for entry in entries.flatten() {
            let file = entry.file_name();
            let name = file.to_str().and_then(account_of);
            let Some(name) = name.filter(|name| name.parse::<Name>().is_ok()) else {
                // What a crash left of one that was being written.
                if file.as_encoded_bytes().starts_with(b".") {
                    let _ = std::fs::remove_file(entry.path());
                }
                continue;
            };
            match read(&entry.path()) {
                Ok(saved) => {
                    accounts.insert(name.to_owned(), saved);
                }
                Err(text) => warn!(account = name, "{}: {text}", entry.path().display()),
            }
        }
        accounts
    }

    /// Keeps an account; it is there whole, or as before. SpoolFull, Internal.
    pub(super) fn save(&self, name: &str, saved: &Saved) -> Result<()> {
        let bytes = saved
            .encode()
            .map_err(|error| Error::new(ErrorKind::Internal, format!("an account: {error}")))?;
        let new = self.0.join(format!(".{name}"));
        let write = || {
            self.make_folder()?;
            match std::fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, self.path(name))?;
            sync(&self.0)
        };
        write().map_err(|error| {
            let _ = std::fs::remove_file(&new);
            self.failed(&error)
        })
    }

    /// Forgets an account. Internal.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let removed = std::fs::remove_file(self.path(name)).and_then(|()| sync(&self.0));
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    fn make_folder(&self) -> io::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)?;
        self.0.parent().map_or(Ok(()), sync)
    }

    fn failed(&self, error: &io::Error) -> Error {
        let kind = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EROFS) => ErrorKind::SpoolFull,
            _ => ErrorKind::Internal,
        };
        let text = format!("the account can't be kept in {}: {error}", self.0.display());
        Error::new(kind, text).by(Fault::Us)
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn read(path: &Path) -> std::result::Result<Saved, String> {
    let told = |error: io::Error| error.to_string();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(told)?;
    let about = file.metadata().map_err(told)?;
    if !about.is_file() || about.mode() & 0o077 != 0 {
        return Err("not a plain file of mode 0600".into());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST as usize + 1));
    let count = file.take(LARGEST + 1).read_to_end(&mut bytes);
    if count.map_err(told)? as u64 > LARGEST {
        return Err("too long".into());
    }
    Saved::decode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::ServerSettings;
    use std::os::unix::fs::PermissionsExt;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn folder(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("hayesd-accounts-{name}-{}", std::process::id()));
        Folder(path)
    }

    fn saved() -> Saved {
        let server = ServerSettings {
            host: "mail.example.org".into(),
            ..ServerSettings::default()
        };
        Saved {
            settings: Settings {
                from: Some("a@example.org".into()),
                servers: BTreeMap::from([(Service::Smtp, server)]),
            },
            secrets: BTreeMap::from([
                (
                    Service::Smtp,
                    Kept::Text(Secret::new("Planted \"\\\u{fc}".into())),
                ),
                (
                    Service::Pop3,
                    Kept::Credential("mail.pass".parse().unwrap()),
                ),
            ]),
        }
    }

    #[test]
    fn accounts_come_back_and_nobody_else_reads_them() {
        let folder = folder("back");
        let store = Store::new(folder.0.join("accounts"));
        assert!(store.load().is_empty());
        store.save("a-b", &saved()).unwrap();
        store.save("c", &Saved::default()).unwrap();
        store.save("c", &saved()).unwrap();
        assert_eq!(
            store.load(),
            BTreeMap::from([("a-b".into(), saved()), ("c".into(), saved())])
        );
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.0), 0o700);
        assert_eq!(mode(&store.path("c")), 0o600);
        store.remove("c").unwrap();
        store.remove("c").unwrap();
        assert_eq!(store.load().len(), 1);
        assert!(!format!("{:?}", saved()).contains("Planted"));
    }

    #[test]
    fn one_that_is_broken_does_not_stop_the_others() {
        let folder = folder("broken");
        let store = Store::new(folder.0.clone());
        store.save("good", &saved()).unwrap();
        let put = |name: &str, bytes: &[u8], mode: u32| {
            let path = folder.0.join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        put("half.json", b"{\"version\":1,\"settings\":{", 0o600);
        put(
            "later.json",
            b"{\"version\":2,\"settings\":{\"from\":null,\"servers\":{}},\"secrets\":{}}",
            0o600,
        );
        put(
            "open.json",
            &std::fs::read(store.path("good")).unwrap(),
            0o640,
        );
        put("large.json", &vec![b' '; LARGEST as usize + 1], 0o600);
        put(".new", b"{", 0o600);
        std::os::unix::fs::symlink(store.path("good"), folder.0.join("link.json")).unwrap();
        nix::unistd::mkfifo(
            &folder.0.join("fifo.json"),
            nix::sys::stat::Mode::from_bits_truncate(0o600),
        )
        .unwrap();
        assert_eq!(
            store.load().into_keys().collect::<Vec<_>>(),
            ["good"],
            "others"
        );
        assert!(!folder.0.join(".new").exists() && folder.0.join("half.json").exists());
        let text = Saved::decode(b"{\"version\":1,\"secrets\":\"Planted\"}").err();
        assert!(!text.unwrap().contains("Planted"));
    }
}
