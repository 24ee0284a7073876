//! All accounts by name.

use super::entry::Entry;
use super::equipment::Equipment;
use super::token;
use crate::config::Machine;
use crate::disk::Disk;
use crate::job::{Accounts, FtpAccount, MailAccount, Pop3Account, Service};
use crate::service::{BoxFuture, Credentials, Error, ErrorKind, Fault, Reach, Result};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// The accounts by name.
type Entries = BTreeMap<String, Entry>;

/// The accounts as they are now.
#[derive(Debug)]
pub struct Book {
    machine: Machine,
    disk: Disk,
    entries: RwLock<Entries>,
    pub(super) equipment: RwLock<Equipment>,
}

impl Book {
    /// Without accounts.
    pub fn new(machine: Machine, disk: Disk) -> Self {
        Self {
            machine,
            disk,
            entries: RwLock::default(),
            equipment: RwLock::default(),
        }
    }

    /// Puts others in the place of all that are configured.
    pub fn replace(&self, entries: Entries) {
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = entries;
    }

    /// Looks something up.
    fn of<T>(&self, account: &str, which: impl FnOnce(&Entry) -> Option<T>) -> Option<T> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(account).and_then(which)
    }
}

/// A name that somebody else chose, bounded and printable.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
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
        self.of(account, |_| Some(())).ok_or_else(|| {
            let text = format!("there is no account `{}`", shown(account));
            Error::new(ErrorKind::NotFound, text)
        })
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
}
