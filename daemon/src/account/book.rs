//! All accounts by name.

use super::entry::Entry;
use super::equipment::Equipment;
use super::settings::{Change, Settings};
use super::store::{Kept, Saved, Store};
use super::token;
use crate::catalog;
use crate::config::{Endpoint, Machine, Name, SecretSource};
use crate::disk::Disk;
use crate::job::{Accounts, FtpAccount, MailAccount, Pop3Account, Service};
use crate::service::{BoxFuture, Credentials, Error, ErrorKind, Fault, Reach, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{Mutex, watch};
use tracing::warn;

/// Accounts that callers may have made at a time.
const MOST: usize = 256;

/// The accounts by name.
type Entries = BTreeMap<String, Entry>;

/// The accounts as they are now.
#[derive(Debug)]
pub struct Book {
    machine: Machine,
    disk: Disk,
    store: Store,
    pub(super) equipment: RwLock<Equipment>,
    state: RwLock<State>,
    /// One change at a time, from the look at what is there to its file.
    changing: Mutex<()>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// They come first.
    configured: Entries,
    made: BTreeMap<String, Made>,
}

#[derive(Clone, Debug)]
struct Made {
    saved: Saved,
    entry: Entry,
}

/// What everybody may know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// It stands in the configuration.
    pub configured: bool,
    /// What it has.
    pub services: Vec<Service>,
}

impl Book {
    /// Without accounts; those that callers make are kept in this folder.
    pub fn new(folder: PathBuf, machine: Machine, disk: Disk) -> Self {
        Self {
            machine,
            disk,
            store: Store::new(folder),
            equipment: RwLock::default(),
            state: RwLock::default(),
            changing: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Puts others in the place of all that are configured.
    pub fn replace(&self, configured: Entries) {
        {
            let mut state = self.change_state();
            for name in configured
                .keys()
                .filter(|name| state.made.contains_key(*name))
            {
                warn!(
                    account = name.as_str(),
                    "the one of the configuration holds, not the one that a caller made"
                );
            }
            state.configured = configured;
        }
        self.changed();
    }

    /// Reads the accounts that callers made. It waits for the disk: not on the event loop while that has
    /// other work.
    pub fn load(&self) {
        let made = self.store.load().into_iter().filter_map(|(name, saved)| {
            match made(&name, saved, &self.machine) {
                Ok(made) => Some((name, made)),
                Err(error) => {
                    warn!(name: catalog::ACCOUNT, account = name.as_str(), %error, "can't be used");
                    None
                }
            }
        });
        let made = made.collect();
        self.change_state().made = made;
        self.changed();
    }

    /// All accounts, in the order of their names.
    pub fn list(&self) -> Vec<View> {
        let state = self.state();
        let view = |name: &String, entry: &Entry, configured| View {
            name: name.clone(),
            configured,
            services: entry.services(),
        };
        let made = state
            .made
            .iter()
            .map(|(name, made)| (name.clone(), view(name, &made.entry, false)));
        let configured = state
            .configured
            .iter()
            .map(|(name, entry)| (name.clone(), view(name, entry, true)));
        let all: BTreeMap<_, _> = made.chain(configured).collect();
        all.into_values().collect()
    }

    /// Changes with each change of an account.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Makes an account; returns when it is on disk.
    ///
    /// # Errors
    ///
    /// InvalidArgument for a name that is none or taken and for settings that are wrong, QuotaExceeded,
    /// SpoolFull.
    pub async fn create(&self, name: &str, change: Change) -> Result<()> {
        let invalid = |text| Error::new(ErrorKind::InvalidArgument, text);
        name.parse::<Name>().map_err(invalid)?;
        let _guard = self.changing.lock().await;
        {
            let state = self.state();
            if state.configured.contains_key(name) || state.made.contains_key(name) {
                return Err(invalid(format!("there is an account `{name}` already")));
            }
            if state.made.len() >= MOST {
                let text = format!("there are {MOST} accounts already");
                return Err(Error::new(ErrorKind::QuotaExceeded, text));
            }
        }
        let saved = Saved {
            settings: Settings::default().changed(change),
            secrets: BTreeMap::new(),
        };
        self.keep(name, saved).await
    }

    /// Changes an account that a caller made; returns when that is on disk. The secret of a server whose
    /// host or user changes is forgotten: it was meant for another.
    ///
    /// # Errors
    ///
    /// NotFound, NotSupported for one that is configured, InvalidArgument, SpoolFull.
    pub async fn configure(&self, name: &str, change: Change) -> Result<()> {
        let _guard = self.changing.lock().await;
        let Saved {
            settings: before,
            mut secrets,
        } = self.made(name)?;
        let settings = before.changed(change);
        secrets.retain(|service, _| {
            let of = |settings: &Settings| {
                let server = settings.servers.get(service)?;
                Some((server.host.clone(), server.user.clone()?))
            };
            of(&settings).is_some_and(|now| of(&before) == Some(now))
        });
        self.keep(name, Saved { settings, secrets }).await
    }

    /// Gives an account that a caller made the secret for a service; returns when it is on disk.
    ///
    /// # Errors
    ///
    /// NotFound for an account or credential that is not there, NotSupported for one that is configured,
    /// InvalidArgument where no user goes with it, SpoolFull.
    pub async fn set_secret(&self, name: &str, service: Service, secret: Kept) -> Result<()> {
        let _guard = self.changing.lock().await;
        let mut saved = self.made(name)?;
        let server = saved.settings.servers.get(&service);
        if server.is_none_or(|server| server.user.is_none()) {
            let text = format!("account {name} has no {} with a user", service.name());
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if let Kept::Credential(credential) = &secret {
            let (source, machine) = (
                SecretSource::Credential(credential.clone()),
                self.machine.clone(),
            );
            let looked = self.disk.run(move || source.read(&machine)).await?;
            looked.map_err(|text| Error::new(ErrorKind::NotFound, text))?;
        }
        saved.secrets.insert(service, secret);
        self.keep(name, saved).await
    }

    /// Forgets an account that a caller made; returns when it is off the disk.
    ///
    /// # Errors
    ///
    /// NotFound, NotSupported for one that is configured.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let _guard = self.changing.lock().await;
        self.made(name)?;
        let (store, file) = (self.store.clone(), name.to_owned());
        self.disk.run(move || store.remove(&file)).await??;
        self.change_state().made.remove(name);
        self.changed();
        Ok(())
    }

    fn made(&self, name: &str) -> Result<Saved> {
        let state = self.state();
        if state.configured.contains_key(name) {
            let text = format!(
                "account {name} stands in the configuration: change it there, then call Reload"
            );
            return Err(Error::new(ErrorKind::NotSupported, text));
        }
        let made = state.made.get(name).ok_or_else(|| no_account(name))?;
        Ok(made.saved.clone())
    }

    async fn keep(&self, name: &str, saved: Saved) -> Result<()> {
        let (store, machine) = (self.store.clone(), self.machine.clone());
        let file = name.to_owned();
        let work = move || {
            let made = made(&file, saved, &machine)?;
            store.save(&file, &made.saved)?;
            Ok::<_, Error>(made)
        };
        let made = self.disk.run(work).await??;
        self.change_state().made.insert(name.to_owned(), made);
        self.changed();
        Ok(())
    }

    /// Looks something up.
    fn of<T>(&self, account: &str, which: impl FnOnce(&Entry) -> Option<T>) -> Option<T> {
        let state = self.state();
        let made = || Some(&state.made.get(account)?.entry);
        which(state.configured.get(account).or_else(made)?)
    }
}

/// With what its settings and secrets come to. It reads credentials.
fn made(name: &str, saved: Saved, machine: &Machine) -> Result<Made> {
    let account = saved.settings.check()?;
    let password = |service: Service, _: &Endpoint| match saved.secrets.get(&service)? {
        Kept::Text(secret) => Some(Ok(secret.clone())),
        Kept::Credential(credential) => {
            Some(SecretSource::Credential(credential.clone()).read(machine))
        }
    };
    let entry = Entry::new(name, &account, password);
    Ok(Made { saved, entry })
}

/// A name that somebody else chose, bounded and printable.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

fn no_account(name: &str) -> Error {
    let text = format!("there is no account `{}`", shown(name));
    Error::new(ErrorKind::NotFound, text)
}

fn none<T>(account: &str, service: Service) -> Result<T> {
    let text = format!(
        "there is no account `{}` with {}",
        shown(account),
        service.name()
    );
    Err(Error::new(ErrorKind::NotFound, text))
}

impl Accounts for Book {
    fn mail(&self, account: &str) -> Result<MailAccount> {
        self.of(account, |entry| entry.mail.clone())
            .unwrap_or_else(|| none(account, Service::Smtp))
    }

    fn exists(&self, account: &str) -> Result<()> {
        self.of(account, |_| Some(()))
            .ok_or_else(|| no_account(account))
    }

    fn pop3(&self, account: &str) -> Result<Pop3Account> {
        self.of(account, |entry| entry.pop3.clone())
            .unwrap_or_else(|| none(account, Service::Pop3))
    }

    fn ftp(&self, account: &str) -> Result<FtpAccount> {
        self.of(account, |entry| entry.ftp.clone())
            .unwrap_or_else(|| none(account, Service::Ftp))
    }

    fn prove<'a>(
        &'a self,
        account: &'a str,
        service: Service,
        credentials: Credentials,
    ) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            let source = self.of(account, |entry| entry.tokens.get(&service).cloned());
            let Some(source) = source else {
                return Ok(credentials);
            };
            let token = token::fetch(&source, &self.machine, &self.disk).await;
            let password = token.map_err(|text| {
                let text = format!("account {}, {}: {text}", shown(account), service.name());
                Error::new(ErrorKind::TemporaryFailure, text).by(Fault::Us)
            })?;
            Ok(Credentials {
                password,
                ..credentials
            })
        })
    }

    fn reach(&self, emulator: &str) -> Reach {
        self.reach_of(emulator)
    }

    fn bounce_to(&self, emulator: &str) -> Option<String> {
        self.bounce_of(emulator)
    }
}
