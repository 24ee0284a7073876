//! How the daemon is: what `Manager.State` follows.

use crate::bus::DaemonState;
use crate::{emulator, modem};
use std::time::Duration;
use tokio::sync::watch;
use tracing::warn;

/// How long a port of an emulator may take to be claimed before it counts as not there: until then nobody
/// has told us anything.
const GRACE: Duration = Duration::from_secs(5);

/// How a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// It is being brought up.
    Coming,
    /// It works, or somebody switched it off.
    Well,
    /// It can't be used.
    Ill,
}

impl From<modem::State> for Port {
    fn from(state: modem::State) -> Self {
        match state {
            modem::State::Claiming | modem::State::Syncing => Self::Coming,
            modem::State::Disabled
            | modem::State::Ready
            | modem::State::Busy
            | modem::State::Data => Self::Well,
            modem::State::Refused
            | modem::State::Absent
            | modem::State::Recovering
            | modem::State::Failed => Self::Ill,
        }
    }
}

impl From<emulator::State> for Port {
    fn from(state: emulator::State) -> Self {
        match state {
            emulator::State::Stopped
            | emulator::State::Command
            | emulator::State::Data
            | emulator::State::Busy => Self::Well,
            emulator::State::Refused | emulator::State::Absent => Self::Ill,
        }
    }
}

/// All ports and whether the machine fits the configuration.
#[derive(Debug)]
pub(super) struct Health {
    ports: watch::Sender<Vec<Port>>,
    seen: watch::Receiver<Vec<Port>>,
    misfits: bool,
    /// All ports were up, or one was ill, since the start.
    settled: bool,
}

impl Health {
    /// Without ports yet.
    pub(super) fn new(misfits: bool) -> Self {
        let (ports, seen) = watch::channel(Vec::new());
        Self {
            ports,
            seen,
            misfits,
            settled: false,
        }
    }

    /// Whether the machine fits, as looked at anew.
    pub(super) fn set_misfits(&mut self, misfits: bool) {
        self.misfits = misfits;
    }

    /// Follows a modem and tells the log what is wrong with it.
    pub(super) fn follow_modem(&self, name: String, mut seen: watch::Receiver<modem::Snapshot>) {
        let slot = self.slot();
        tokio::spawn(async move {
            let mut told = None;
            loop {
                let (state, reason) = {
                    let now = seen.borrow_and_update();
                    (now.state, now.reason.clone())
                };
                if slot.ports.is_closed() {
                    // Nobody looks any more: the daemon ends.
                    return;
                }
                slot.set(state.into());
                // The driver itself tells of all else.
                let is_news = matches!(state, modem::State::Refused | modem::State::Absent)
                    && told.as_ref() != Some(&(state, reason.clone()));
                if is_news {
                    warn!(port = name, why = &*reason, "the modem is {}", state.name());
                    told = Some((state, reason));
                } else if Port::from(state) == Port::Well {
                    told = None;
                }
                if seen.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Follows an emulator.
    pub(super) fn follow_emulator(&self, mut seen: watch::Receiver<emulator::Snapshot>) {
        let slot = self.slot();
        tokio::spawn(async move {
            let claimed = seen.wait_for(|now| now.state != emulator::State::Absent);
            let _ = tokio::time::timeout(GRACE, claimed).await;
            loop {
                let state = seen.borrow_and_update().state;
                slot.set(state.into());
                if seen.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn slot(&self) -> Slot {
        let mut index = 0;
        self.ports.send_modify(|ports| {
            index = ports.len();
            ports.push(Port::Coming);
        });
        Slot {
            ports: self.ports.clone(),
            index,
        }
    }

    /// Returns when a port changed.
    pub(super) async fn changed(&mut self) {
        // The other end is ours.
        let _ = self.seen.changed().await;
    }

    /// How the daemon is now.
    pub(super) fn state(&mut self) -> DaemonState {
        let ports = self.seen.borrow_and_update();
        let is_one = |port| ports.contains(&port);
        let (ill, coming) = (is_one(Port::Ill), is_one(Port::Coming));
        self.settled |= ill || !coming;
        if !self.settled {
            DaemonState::Starting
        } else if ill || coming || self.misfits {
            DaemonState::Degraded
        } else {
            DaemonState::Ready
        }
    }
}

/// Where one port's state is written.
struct Slot {
    ports: watch::Sender<Vec<Port>>,
    index: usize,
}

impl Slot {
    fn set(&self, port: Port) {
        self.ports
            .send_if_modified(|ports| match ports.get_mut(self.index) {
                Some(old) if *old != port => {
                    *old = port;
                    true
                }
                _ => false,
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_follows_the_ports_from_start_to_failure_and_back() {
        let mut health = Health::new(false);
        let (lte, panel) = (health.slot(), health.slot());
        assert_eq!(health.state(), DaemonState::Starting);
        panel.set(emulator::State::Command.into());
        assert_eq!(health.state(), DaemonState::Starting);
        lte.set(modem::State::Syncing.into());
        assert_eq!(health.state(), DaemonState::Starting);
        lte.set(modem::State::Ready.into());
        assert_eq!(health.state(), DaemonState::Ready);
        for state in [
            modem::State::Absent,
            modem::State::Failed,
            modem::State::Refused,
        ] {
            lte.set(state.into());
            assert_eq!(health.state(), DaemonState::Degraded);
            // It is no start of the daemon that a port comes back.
            lte.set(modem::State::Claiming.into());
            assert_eq!(health.state(), DaemonState::Degraded);
            lte.set(modem::State::Busy.into());
            assert_eq!(health.state(), DaemonState::Ready);
        }
        health.set_misfits(true);
        assert_eq!(health.state(), DaemonState::Degraded);
    }

    #[tokio::test(start_paused = true)]
    async fn an_emulator_that_never_gets_its_port_is_not_starting_for_ever() {
        let mut health = Health::new(false);
        let (_view, seen) = watch::channel(emulator::Snapshot::default());
        health.follow_emulator(seen);
        assert_eq!(health.state(), DaemonState::Starting);
        health.changed().await;
        assert_eq!(health.state(), DaemonState::Degraded);
    }
}
