//! From the configuration to what the rooms take; they know no configuration.

mod ways;

pub use ways::{Network, Ways};

use crate::bus::{self, JobStore};
use crate::config::{self, Config, Machine, ModemDialect, Roots};
use crate::dialect;
use crate::emulator;
use crate::inbox::Inbox;
use crate::job::{
    self, Answer, JobId, Jobs, MailSubmission, OnUnknown, Origin, RequestSubmission, Schedule,
    Snapshot, UploadPlace,
};
use crate::modem;
use crate::net;
use crate::service::{BoxFuture, Error, ErrorKind, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};
use tracing::warn;

/// Tells the jobs whenever a modem can carry mail that could not before: what waits for a link is tried at
/// once. Ends with the modem.
pub async fn tell_links(mut modem: watch::Receiver<modem::Snapshot>, jobs: Jobs) {
    let mut link = Link::default();
    loop {
        let comes_up = link.comes_up(&modem.borrow_and_update());
        if comes_up {
            jobs.link_changed();
        }
        if modem.changed().await.is_err() {
            return;
        }
    }
}

/// Whether a modem could carry mail when it was last heard of.
#[derive(Debug, Default)]
struct Link(bool);

impl Link {
    /// Whether it can and could not before. A recovery alone is no such change: a mail that brings its
    /// module down would be tried for ever without a pause.
    fn comes_up(&mut self, now: &modem::Snapshot) -> bool {
        use modem::State;
        let recovers = matches!(now.state, State::Syncing | State::Recovering);
        let was_up = self.0;
        self.0 = now.registration.is_registered() && (now.state.works() || (recovers && was_up));
        self.0 && !was_up
    }
}

/// The roots as the network takes them.
pub fn roots(config: &Config) -> net::Roots {
    match &config.tls.roots {
        Roots::System => net::Roots::System,
        Roots::File(path) => net::Roots::File(path.clone()),
    }
}

/// The settings of jobs.
pub fn jobs(config: &Config) -> job::Settings {
    let daemon = &config.daemon;
    job::Settings {
        spool: daemon.state_dir.join("spool"),
        inbox: daemon.state_dir.join("inbox"),
        limits: job::Limits {
            jobs: daemon.limits.jobs as usize,
            spool: daemon.limits.spool.0,
            message: daemon.limits.message.0,
            ..job::Limits::default()
        },
        schedule: Schedule {
            first: daemon.queue.first.0,
            longest: daemon.queue.longest.0,
            expiry: daemon.queue.expiry.0,
        },
        on_unknown: daemon.on_unknown,
        via: daemon.via.clone(),
    }
}

/// The settings of the bus.
pub fn bus(config: &Config) -> bus::Settings {
    let daemon = &config.daemon;
    bus::Settings {
        default_account: daemon.default_account.as_ref().map(ToString::to_string),
        largest_message: daemon.limits.message.0,
        waits: daemon.limits.waits,
    }
}

/// The devices of all ports, for a helper that allows nothing else.
pub fn devices(config: &Config) -> Vec<String> {
    let emulators = config
        .emulators
        .values()
        .map(|emulator| emulator.device.to_string());
    let modems = config.modems.values().map(|modem| modem.device.to_string());
    emulators.chain(modems).collect()
}

/// The settings of the modems. It reads secrets and certificates: not on the event loop.
pub fn modems(config: &Config, machine: &Machine) -> Vec<modem::Settings> {
    let roots = match &config.tls.roots {
        Roots::File(path) => pem(path),
        // A module's memory does not hold all that a system trusts.
        Roots::System => {
            if !config.modems.is_empty() {
                warn!("modems can't verify servers: [tls] roots names no PEM file for them");
            }
            None
        }
    };
    let settings = |(name, modem): (&config::Name, &config::Modem)| {
        let mut settings = modem::Settings::new(name.as_str(), &modem.device.to_string());
        settings.line = modem.line();
        settings.drive = match &modem.dialect {
            ModemDialect::Auto => None,
            ModemDialect::Is(name) => dialect::by_name(name.as_str()).map(|dialect| dialect.drive),
        };
        settings.apn = modem.apn.as_str().to_owned();
        settings.apn_user = modem
            .apn_user
            .as_ref()
            .map(|user| user.as_str().to_owned())
            .unwrap_or_default();
        settings.apn_password = modem.apn_password.as_ref().and_then(|source| {
            source
                .read(machine)
                .map_err(|text| warn!(port = name.as_str(), "apn_password: {text}"))
                .ok()
        });
        settings.roots = roots.clone();
        settings.quirks = modem.quirks();
        settings
    };
    config.modems.iter().map(settings).collect()
}

fn pem(path: &Path) -> Option<Arc<[u8]>> {
    match std::fs::read(path) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            warn!("tls.roots: {}: {error}", path.display());
            None
        }
    }
}

/// What modems have to say on mails whose result never came.
pub fn on_unknown(config: &Config) -> BTreeMap<String, OnUnknown> {
    let modems = config.modems.iter();
    modems
        .filter_map(|(name, modem)| Some((name.to_string(), modem.on_unknown?)))
        .collect()
}

/// The settings of the emulators; `memory` is the folder for what survives us but not the machine.
pub fn emulators(
    config: &Config,
    memory: &Path,
    policy: &Arc<dyn emulator::Policy>,
) -> Vec<emulator::Settings> {
    let settings = |(name, emulator): (&config::Name, &config::Emulator)| {
        // The configuration knows no others.
        let dialect = dialect::by_name(emulator.dialect.as_str())?;
        let daemon = &config.daemon;
        Some(emulator::Settings {
            name: name.to_string(),
            device: emulator.device.to_string(),
            line: emulator.line(),
            wiring: emulator.lines.into(),
            dialect,
            identity: identity(&dialect.played.identity, &emulator.identity),
            quirks: emulator.quirks_of(dialect),
            policy: policy.clone(),
            memory_dir: memory.join("emulator").join(name.as_str()),
            files_dir: daemon.state_dir.join("emulator").join(name.as_str()),
        })
    };
    config.emulators.iter().filter_map(settings).collect()
}

/// The dialect's own identity, but for what is configured.
fn identity(own: &dialect::Identity, configured: &config::Identity) -> dialect::Identity {
    let or = |text: &Option<config::Plain>, own: &Cow<'static, str>| match text {
        Some(text) => Cow::Owned(text.as_str().to_owned()),
        None => own.clone(),
    };
    dialect::Identity {
        manufacturer: or(&configured.manufacturer, &own.manufacturer),
        model: or(&configured.model, &own.model),
        revision: or(&configured.revision, &own.revision),
        serial: or(&configured.serial, &own.serial),
        imei: or(&configured.imei, &own.imei),
    }
}

/// Jobs that come when the spool is open; the bus is there before.
#[derive(Clone, Debug)]
pub struct LateJobs(pub watch::Receiver<Option<Jobs>>);

impl LateJobs {
    fn now(&self) -> Option<Jobs> {
        self.0.borrow().clone()
    }

    async fn jobs(&self) -> Result<Jobs> {
        let mut jobs = self.0.clone();
        let jobs = jobs
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|jobs| jobs.clone());
        jobs.ok_or_else(|| Error::new(ErrorKind::Busy, "the daemon is about to end"))
    }
}

impl JobStore for LateJobs {
    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let _ = self.jobs().await;
        })
    }

    fn submit_mail(&self, mail: MailSubmission) -> BoxFuture<'_, Result<JobId>> {
        Box::pin(async { self.jobs().await?.submit_mail(mail).await })
    }

    fn submit_request(&self, request: RequestSubmission) -> BoxFuture<'_, Result<JobId>> {
        Box::pin(async { self.jobs().await?.submit_request(request).await })
    }

    fn upload_place<'a>(&'a self, origin: &'a Origin) -> BoxFuture<'a, Result<UploadPlace>> {
        Box::pin(async { self.jobs().await?.upload_place(origin).await })
    }

    fn answer(&self, id: JobId) -> BoxFuture<'_, Result<Answer>> {
        Box::pin(async move { self.jobs().await?.answer(id).await })
    }

    fn inbox(&self) -> BoxFuture<'_, Result<Inbox>> {
        Box::pin(async { Ok(self.jobs().await?.inbox().clone()) })
    }

    fn watch(&self, id: JobId) -> Option<watch::Receiver<Arc<Snapshot>>> {
        self.now()?.watch(id)
    }

    fn cancel(&self, id: JobId) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.jobs().await?.cancel(id).await })
    }

    fn retry(&self, id: JobId) -> Result<()> {
        match self.now() {
            Some(jobs) => jobs.retry(id),
            None => Err(Error::new(ErrorKind::Busy, "the spool is not open yet")),
        }
    }

    fn release(&self, id: JobId) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.jobs().await?.release(id).await })
    }

    fn list(&self) -> Vec<Arc<Snapshot>> {
        self.now()
            .map(|jobs| jobs.list(|_| true))
            .unwrap_or_default()
    }

    fn changes(&self) -> broadcast::Receiver<JobId> {
        match self.now() {
            Some(jobs) => jobs.changes(),
            // Closed at once: there is nothing to hear.
            None => broadcast::channel(1).1,
        }
    }

    fn spool_bytes(&self) -> u64 {
        self.now().map_or(0, |jobs| jobs.spool_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modem::{Registration, State};

    #[test]
    fn a_link_comes_up_with_its_registration_and_its_device_but_not_by_recovery() {
        let mut link = Link::default();
        let mut after = |state, registration| {
            link.comes_up(&modem::Snapshot {
                state,
                registration,
                ..modem::Snapshot::default()
            })
        };
        assert!(!after(State::Ready, Registration::Searching));
        assert!(after(State::Ready, Registration::Home));
        assert!(!after(State::Busy, Registration::Roaming));
        assert!(!after(State::Recovering, Registration::Home));
        assert!(!after(State::Ready, Registration::Home));
        assert!(!after(State::Ready, Registration::Denied));
        assert!(after(State::Ready, Registration::Home));
        assert!(!after(State::Absent, Registration::Home));
        assert!(!after(State::Syncing, Registration::Home));
        assert!(after(State::Ready, Registration::Home));
    }
}
