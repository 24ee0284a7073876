//! Reading the configuration again, whole or not at all.

use super::health::Health;
use super::running::Running;
use super::serve::{looked_over, misfits};
use super::status::Status;
use crate::account::{self, Book, Entry, Equipment};
use crate::bus::{self, World};
use crate::catalog;
use crate::clock::SystemClock;
use crate::config::{self, Config, Daemon, Loaded, Machine, Problem};
use crate::disk::Disk;
use crate::net::Tls;
use crate::service::{Error, ErrorKind, Result};
use crate::{emulator, modem, wiring};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::{error, info, warn};

/// Reads the configuration again.
pub(super) struct Reloader {
    pub(super) file: PathBuf,
    pub(super) machine: Machine,
    /// The one that holds.
    pub(super) config: Config,
    pub(super) book: Arc<Book>,
    pub(super) world: Arc<World>,
    pub(super) disk: Disk,
    pub(super) status: Status,
}

/// A configuration with all that was read for it. Nothing of it can be wrong any more.
pub(super) struct Fresh {
    /// As it can hold: what only a restart changes is as it was.
    pub(super) config: Config,
    accounts: BTreeMap<String, Entry>,
    pub(super) tls: Tls,
    pub(super) modems: Vec<modem::Settings>,
    pub(super) emulators: Vec<emulator::Settings>,
    misfits: bool,
    /// The keys that only a restart changes and that differ.
    fixed: Vec<&'static str>,
}

impl Reloader {
    /// Reads it and goes on by it. InvalidArgument where something is wrong: then nothing has changed.
    pub(super) async fn reload(
        &mut self,
        running: &mut Running,
        service: &bus::Service,
        health: &mut Health,
    ) -> Result<()> {
        self.status.reloading();
        let fresh = match self.read(running).await {
            Ok(fresh) => fresh,
            Err(problem) => {
                error!("the configuration is not taken over; the one from before holds");
                let remark = "the new configuration is wrong, the old one holds";
                self.status.reloaded(Some(remark.to_owned()));
                return Err(problem);
            }
        };
        self.config = fresh.config.clone();
        self.book.replace(fresh.accounts.clone());
        self.book.set_equipment(Equipment::of(&self.config));
        self.world.set_settings(wiring::bus(&self.config));
        health.set_misfits(fresh.misfits);
        let mut remark = None;
        if fresh.fixed.is_empty() {
            info!("the configuration was read again");
        } else {
            let keys = fresh.fixed.join(", ");
            warn!("the configuration was read again; hayesd needs a restart for {keys}");
            remark = Some(format!("a restart is needed for {keys}"));
        }
        running.change(fresh, service, health).await;
        self.status.reloaded(remark);
        Ok(())
    }

    /// Tells how everything is, if that is news.
    pub(super) fn show(&mut self, running: &Running, health: &mut Health) {
        self.status.show(&self.config, running, health);
    }

    /// Everything that may go wrong, before anything is changed.
    async fn read(&self, running: &Running) -> Result<Fresh> {
        let (file, machine) = (self.file.clone(), self.machine.clone());
        let held = self.config.daemon.clone();
        let (memory, book) = (running.folder().to_owned(), self.book.clone());
        let read = move || {
            let loaded = looked_over(config::load(&file)?, &machine);
            let policy: Arc<dyn emulator::Policy> = book;
            Fresh::of(loaded, &machine, &held, &memory, &policy)
        };
        // Files, secrets among them: on the disk's thread.
        self.disk.run(read).await?.map_err(|problems| {
            for problem in &problems {
                error!(name: catalog::CONFIGURATION, "{problem}");
            }
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Error::new(ErrorKind::InvalidArgument, lines.join("\n"))
        })
    }
}

impl Fresh {
    /// What is to hold instead of a configuration with this `[daemon]`; `memory` is the folder for what
    /// survives us but not the machine.
    fn of(
        loaded: Loaded,
        machine: &Machine,
        held: &Daemon,
        memory: &Path,
        policy: &Arc<dyn emulator::Policy>,
    ) -> std::result::Result<Self, Vec<Problem>> {
        let tls = Tls::load(&wiring::roots(&loaded.config), Arc::new(SystemClock))
            .map_err(|error| vec![loaded.wrong("tls.roots", error.text)])?;
        let misfits = misfits(&loaded);
        let mut config = loaded.config;
        let fixed = keep_fixed(held, &mut config.daemon);
        Ok(Self {
            accounts: account::configured(&config, machine),
            tls,
            modems: wiring::modems(&config, machine),
            emulators: wiring::emulators(&config, memory, policy),
            misfits,
            fixed,
            config,
        })
    }
}

/// Puts back what only a restart changes; returns the keys that differed.
fn keep_fixed(held: &Daemon, wanted: &mut Daemon) -> Vec<&'static str> {
    fn keep<T: Clone + PartialEq>(held: &T, wanted: &mut T) -> bool {
        let differs = held != wanted;
        wanted.clone_from(held);
        differs
    }
    let keys = [
        ("daemon.bus", keep(&held.bus, &mut wanted.bus)),
        (
            "daemon.state_dir",
            keep(&held.state_dir, &mut wanted.state_dir),
        ),
        ("daemon.helper", keep(&held.helper, &mut wanted.helper)),
    ];
    let differing = keys.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Bus, Helper};
    use crate::job::Via;

    #[test]
    fn what_only_a_restart_changes_is_named_and_stays() {
        let held = Daemon::default();
        let mut wanted = Daemon {
            state_dir: "/elsewhere".into(),
            helper: Helper::Spawn,
            via: vec![Via::Modem("lte".into())],
            ..Daemon::default()
        };
        let keys = keep_fixed(&held, &mut wanted);
        assert_eq!(keys, ["daemon.state_dir", "daemon.helper"]);
        let expected = Daemon {
            via: vec![Via::Modem("lte".into())],
            ..Daemon::default()
        };
        assert_eq!(wanted, expected);
        wanted.bus = Bus::Address("unix:path=/x".into());
        assert_eq!(keep_fixed(&held, &mut wanted), ["daemon.bus"]);
        assert_eq!(keep_fixed(&held, &mut wanted), [""; 0]);
    }
}
