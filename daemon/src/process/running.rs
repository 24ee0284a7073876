//! What runs beside the bus.

use super::folder::Folder;
use super::health::Health;
use super::helper::{Helper, Program};
use super::ports::{Around, Ports, Wanted};
use super::reload::Fresh;
use crate::account::Book;
use crate::bus;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Machine};
use crate::disk::Disk;
use crate::emulator;
use crate::job::Jobs;
use crate::net::Tls;
use crate::service::{Error, ErrorKind, Result};
use crate::wiring::{self, Network, Ways};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A mail whose answer is about to come is waited for so long when we end: it need not be sent twice.
const GRACE: Duration = Duration::from_secs(5);

/// What runs beside the bus.
pub(super) struct Running {
    pub(super) jobs: Jobs,
    pub(super) ports: Ports,
    ways: Arc<Ways>,
    disk: Disk,
    helper: Option<Helper>,
    folder: Folder,
}

impl Running {
    /// Starts everything that the configuration names.
    pub(super) async fn start(
        config: &Config,
        machine: &Machine,
        book: &Arc<Book>,
        disk: &Disk,
        folder: Folder,
        emulators: Vec<emulator::Settings>,
        health: &Health,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let failed = |what: &str, error: std::io::Error| {
            Error::new(ErrorKind::Internal, format!("{what}: {error}"))
        };
        let state_dir = config.daemon.state_dir.clone();
        let (roots, tls_clock) = (wiring::roots(config), clock.clone());
        let (modem_config, machine) = (config.clone(), machine.clone());
        let read = move || {
            make_folder(&state_dir)
                .map_err(|error| failed(&state_dir.display().to_string(), error))?;
            Ok::<_, Error>((
                Tls::load(&roots, tls_clock)?,
                wiring::modems(&modem_config, &machine),
            ))
        };
        let (tls, modems) = disk.run(read).await??;
        let (helper, socket) = helper(config, &folder)?;
        let mut ports = Ports::new(&socket, disk.clone());
        for settings in modems {
            ports.start_modem(settings, health);
        }
        let ways = Arc::new(Ways::new(
            Network::new(tls, disk.clone()),
            ports.modems(),
            wiring::on_unknown(config),
        ));
        let jobs = Jobs::start(
            wiring::jobs(config),
            disk.clone(),
            clock.clone(),
            book.clone(),
            ways.clone(),
        )
        .await?;
        ports.tell_links(None, &jobs);
        for settings in emulators {
            ports.start_emulator(settings, &jobs, health);
        }
        Ok(Self {
            jobs,
            ports,
            ways,
            disk: disk.clone(),
            helper,
            folder,
        })
    }

    /// The folder for what survives us but not the machine.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Goes on by another configuration. What did not change goes on as it is.
    pub(super) async fn change(&mut self, fresh: Fresh, service: &bus::Service, health: &Health) {
        self.jobs.configure(wiring::jobs(&fresh.config));
        self.ways
            .set_network(Network::new(fresh.tls, self.disk.clone()));
        if let Some(helper) = &self.helper {
            helper.allow(wiring::devices(&fresh.config));
        }
        let wanted = Wanted {
            modems: fresh.modems,
            on_unknown: wiring::on_unknown(&fresh.config),
            emulators: fresh.emulators,
        };
        let around = Around {
            service,
            health,
            jobs: &self.jobs,
            ways: &self.ways,
        };
        self.ports.change(wanted, &around).await;
        // What waited for a way out may have one now.
        self.jobs.link_changed();
    }

    /// Brings to an end what is about to end, then gives the ports back.
    pub(super) async fn stop(self) {
        self.jobs.finish(GRACE).await;
        // Before the helper goes, so that nobody takes its end for a crash. Modems stay to the end: what is
        // known of a mail under way is not lost.
        self.ports.let_go();
        if let Some(helper) = self.helper {
            helper.stop().await;
        }
    }
}

/// The state folder, if nobody made it for us; nobody else may look into it.
fn make_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// The helper's socket, and the helper if we start it.
fn helper(config: &Config, folder: &Folder) -> Result<(Option<Helper>, PathBuf)> {
    match &config.daemon.helper {
        config::Helper::Socket(socket) => Ok((None, socket.clone())),
        config::Helper::Spawn => {
            let socket = folder.socket();
            let helper = Helper::start(Program::find()?, socket.clone(), wiring::devices(config))?;
            Ok((Some(helper), socket))
        }
    }
}
