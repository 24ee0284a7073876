//! The ports at work, and how they follow a configuration that changes: one that did not change is not
//! touched, whatever goes on there.

use super::connect::Slots;
use super::health::{Followed, Health, Port as How};
use crate::bus;
use crate::disk::Disk;
use crate::job::{Jobs, OnUnknown};
use crate::wiring::{self, Ways};
use crate::{emulator, modem};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tracing::{info, warn};

/// An emulator has so long to give its port back.
const ENDING: Duration = Duration::from_secs(5);

/// The ports as they are to be.
pub(super) struct Wanted {
    pub(super) modems: Vec<modem::Settings>,
    /// What modems have to say on mails whose result never came.
    pub(super) on_unknown: BTreeMap<String, OnUnknown>,
    pub(super) emulators: Vec<emulator::Settings>,
}

/// What the ports have to do with.
pub(super) struct Around<'a> {
    pub(super) service: &'a bus::Service,
    pub(super) health: &'a Health,
    pub(super) jobs: &'a Jobs,
    pub(super) ways: &'a Ways,
}

/// The ports at work.
pub(super) struct Ports {
    /// The helper's.
    socket: PathBuf,
    disk: Disk,
    modems: BTreeMap<String, Port<modem::Handle>>,
    emulators: BTreeMap<String, Port<emulator::Handle>>,
    /// Modems that are gone but for what they have to finish, with their devices.
    leaving: Vec<(String, watch::Receiver<modem::Snapshot>)>,
}

struct Port<H> {
    handle: H,
    _followed: Followed,
}

impl Ports {
    /// None yet.
    pub(super) fn new(socket: &Path, disk: Disk) -> Self {
        Self {
            socket: socket.to_owned(),
            disk,
            modems: BTreeMap::new(),
            emulators: BTreeMap::new(),
            leaving: Vec::new(),
        }
    }

    /// The modems by name.
    pub(super) fn modems(&self) -> BTreeMap<String, modem::Handle> {
        let modems = self.modems.iter();
        modems
            .map(|(name, port)| (name.clone(), port.handle.clone()))
            .collect()
    }

    /// The emulators.
    pub(super) fn emulators(&self) -> Vec<emulator::Handle> {
        let emulators = self.emulators.values();
        emulators.map(|port| port.handle.clone()).collect()
    }

    /// Those that can't be used, for people.
    pub(super) fn ill(&self) -> Vec<String> {
        let is_ill = |how: How| how == How::Ill;
        let modems = self.modems.iter();
        let modems = modems
            .filter(|(_, port)| is_ill(port.handle.watch().borrow().state.into()))
            .map(|(name, _)| format!("modem {name}"));
        let emulators = self.emulators.iter();
        let emulators = emulators
            .filter(|(_, port)| is_ill(port.handle.snapshot().borrow().state.into()))
            .map(|(name, _)| format!("emulator {name}"));
        modems.chain(emulators).collect()
    }

    /// Puts all handles behind the objects that wait for them.
    pub(super) fn fill(&self, slots: &Slots) {
        for (name, port) in &self.modems {
            if let Some(slot) = slots.modems.get(name) {
                slot.send_replace(Some(port.handle.clone()));
            }
        }
        for (name, port) in &self.emulators {
            if let Some(slot) = slots.emulators.get(name) {
                slot.send_replace(Some(port.handle.clone()));
            }
        }
    }

    /// Starts a modem, as soon as those before it have let go of its device.
    pub(super) fn start_modem(&mut self, settings: modem::Settings, health: &Health) {
        let name = settings.name.clone();
        let others = self.leaving.iter();
        let others = others
            .filter(|(device, _)| *device == settings.device)
            .map(|(_, view)| view.clone());
        let handle =
            modem::start_after(others.collect(), settings, &self.socket, self.disk.clone());
        let followed = health.follow_modem(name.clone(), handle.watch());
        let port = Port {
            handle,
            _followed: followed,
        };
        self.modems.insert(name, port);
    }

    /// Starts an emulator.
    pub(super) fn start_emulator(
        &mut self,
        settings: emulator::Settings,
        jobs: &Jobs,
        health: &Health,
    ) {
        let name = settings.name.clone();
        let (socket, disk) = (self.socket.clone(), self.disk.clone());
        let handle = emulator::start(settings, socket, jobs.clone(), disk);
        let port = Port {
            _followed: health.follow_emulator(handle.snapshot()),
            handle,
        };
        self.emulators.insert(name, port);
    }

    /// Tells the jobs of the links of all modems, or of the one of this name.
    pub(super) fn tell_links(&self, only: Option<&str>, jobs: &Jobs) {
        for (name, port) in &self.modems {
            if only.is_none_or(|only| only == name) {
                tokio::spawn(wiring::tell_links(port.handle.watch(), jobs.clone()));
            }
        }
    }

    /// Ends the emulators where they stand, as the daemon's end would.
    pub(super) fn let_go(&self) {
        for port in self.emulators.values() {
            port.handle.let_go();
        }
    }

    /// Brings the ports in line with what is wanted. What is gone or changed lets go of its device before
    /// anything is started; a modem that is sending a mail is waited for by its successor only.
    pub(super) async fn change(&mut self, wanted: Wanted, around: &Around<'_>) {
        self.leaving.retain(|(_, view)| view.has_changed().is_ok());
        let modems = difference(handles(&self.modems), wanted.modems, |handle, settings| {
            (&*settings.name, handle.settings() == settings)
        });
        let emulators = difference(
            handles(&self.emulators),
            wanted.emulators,
            |handle, settings| (&*settings.name, handle.settings().is_met_by(settings)),
        );
        for name in &emulators.ends {
            let next = emulators.begins.iter().find(|next| next.name == *name);
            self.end_emulator(name, next, around).await;
        }
        // Held until their successors are known: a mail that looks for its way meanwhile finds one.
        let mut gone = Vec::new();
        for name in &modems.ends {
            around.service.remove_modem(name).await;
            if let Some(port) = self.modems.remove(name) {
                let device = port.handle.settings().device.clone();
                self.leaving.push((device, port.handle.watch()));
                let changed = modems.begins.iter().any(|next| next.name == *name);
                info!(port = &**name, "the modem is let go: {}", why(changed));
                gone.push(port);
            }
        }
        for settings in modems.begins {
            self.begin_modem(settings, around).await;
        }
        around.ways.set_modems(self.modems(), wanted.on_unknown);
        drop(gone);
        for settings in emulators.begins {
            self.begin_emulator(settings, around).await;
        }
    }

    async fn begin_modem(&mut self, settings: modem::Settings, around: &Around<'_>) {
        let (name, device) = (settings.name.clone(), settings.device.clone());
        info!(port = &*name, "the modem is started");
        self.start_modem(settings, around.health);
        self.tell_links(Some(&name), around.jobs);
        let Some(port) = self.modems.get(&name) else {
            return;
        };
        match around.service.add_modem(&name, &device).await {
            Ok(slot) => drop(slot.send_replace(Some(port.handle.clone()))),
            Err(error) => warn!(port = &*name, "it can't be put on the bus: {error}"),
        }
    }

    async fn begin_emulator(&mut self, settings: emulator::Settings, around: &Around<'_>) {
        let name = settings.name.clone();
        info!(port = &*name, "the emulator is started");
        self.start_emulator(settings.clone(), around.jobs, around.health);
        let Some(port) = self.emulators.get(&name) else {
            return;
        };
        match around.service.add_emulator(settings).await {
            Ok(slot) => drop(slot.send_replace(Some(port.handle.clone()))),
            Err(error) => warn!(port = &*name, "it can't be put on the bus: {error}"),
        }
    }

    /// Ends an emulator so that the next one of its name can take its place. On the same device that is as at
    /// a restart of the daemon, so that the rest of a body is never taken for commands. Another module, or none
    /// any more, has its plug pulled.
    async fn end_emulator(
        &mut self,
        name: &str,
        next: Option<&emulator::Settings>,
        around: &Around<'_>,
    ) {
        around.service.remove_emulator(name).await;
        let Some(port) = self.emulators.remove(name) else {
            return;
        };
        info!(
            port = name,
            "the emulator is let go: {}",
            why(next.is_some())
        );
        let settings = port.handle.settings();
        let ending = async {
            match next {
                Some(next) if next.dialect.name != settings.dialect.name => {
                    port.handle.stop().await
                }
                Some(next) if next.device == settings.device => port.handle.hand_over().await,
                Some(_) => port.handle.leave().await,
                None => port.handle.stop().await,
            }
        };
        match tokio::time::timeout(ENDING, ending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(port = name, "letting go: {error}"),
            Err(_) => warn!(
                port = name,
                "it does not let go; the helper gives the port back"
            ),
        }
        port.handle.let_go();
        port.handle.ended().await;
    }
}

fn why(changed: bool) -> &'static str {
    if changed {
        "its settings have changed"
    } else {
        "it is not configured any more"
    }
}

/// What is to be done to have what is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Difference<S> {
    /// The names of what is gone, or is another.
    ends: Vec<String>,
    /// What is new, or is another.
    begins: Vec<S>,
}

/// Compares what runs, by name, with what is wanted; `look` gives a setting's name, and whether this one meets it.
fn difference<'r, H: 'r, S>(
    running: impl Iterator<Item = (&'r String, &'r H)>,
    wanted: Vec<S>,
    look: impl for<'a> Fn(&H, &'a S) -> (&'a str, bool),
) -> Difference<S> {
    let mut is_met = vec![false; wanted.len()];
    let mut ends = Vec::new();
    for (name, one) in running {
        let met = wanted.iter().position(|settings| {
            let (wanted, is_met) = look(one, settings);
            wanted == name && is_met
        });
        match met {
            Some(index) => is_met[index] = true,
            None => ends.push(name.clone()),
        }
    }
    let begins = wanted.into_iter().zip(is_met);
    let begins = begins
        .filter(|(_, is_met)| !is_met)
        .map(|(settings, _)| settings);
    Difference {
        ends,
        begins: begins.collect(),
    }
}

/// What runs, by name.
fn handles<H>(ports: &BTreeMap<String, Port<H>>) -> impl Iterator<Item = (&String, &H)> {
    ports.iter().map(|(name, port)| (name, &port.handle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_ends_and_begins() {
        let running: BTreeMap<String, u32> = [("gone", 1), ("other", 2), ("same", 3)]
            .map(|(name, value)| (name.into(), value))
            .into();
        let wanted = vec![("new", 1), ("other", 9), ("same", 3)];
        let found = difference(running.iter(), wanted, |have, (name, want)| {
            (*name, have == want)
        });
        let expected = Difference {
            ends: vec!["gone".into(), "other".into()],
            begins: vec![("new", 1), ("other", 9)],
        };
        assert_eq!(found, expected);
    }
}
