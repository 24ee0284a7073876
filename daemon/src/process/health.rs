//! How the daemon is: what `Manager.State` follows.

use crate::bus::DaemonState;
use crate::catalog;
use crate::{emulator, modem};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
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

/// How each port is, by a number that is never given again.
type All = BTreeMap<u64, Port>;

/// All ports and whether the machine fits the configuration.
#[derive(Debug)]
pub(super) struct Health {
    ports: watch::Sender<All>,
    seen: watch::Receiver<All>,
    /// The number of the next port.
    next: AtomicU64,
    misfits: bool,
    /// All ports were up, or one was ill, since the start.
    settled: bool,
}

impl Health {
    /// Without ports yet.
    pub(super) fn new(misfits: bool) -> Self {
        let (ports, seen) = watch::channel(All::new());
        Self {
            ports,
            seen,
            next: AtomicU64::new(0),
            misfits,
            settled: false,
        }
    }

    /// Whether the machine fits, as looked at anew.
    pub(super) fn set_misfits(&mut self, misfits: bool) {
        self.misfits = misfits;
    }

    /// Follows a modem and tells the log what is wrong with it.
    pub(super) fn follow_modem(
        &self,
        name: String,
        mut seen: watch::Receiver<modem::Snapshot>,
    ) -> Followed {
        self.follow(async move |slot| {
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
                    warn!(name: catalog::PORT, port = name, why = &*reason, "the modem is {}", state.name());
                    told = Some((state, reason));
                } else if Port::from(state) == Port::Well {
                    told = None;
                }
                if seen.changed().await.is_err() {
                    return;
                }
            }
        })
    }

    /// Follows an emulator.
    pub(super) fn follow_emulator(
        &self,
        mut seen: watch::Receiver<emulator::Snapshot>,
    ) -> Followed {
        self.follow(async move |slot| {
            let claimed = seen.wait_for(|now| now.state != emulator::State::Absent);
            let _ = tokio::time::timeout(GRACE, claimed).await;
            loop {
                let state = seen.borrow_and_update().state;
                slot.set(state.into());
                if seen.changed().await.is_err() {
                    return;
                }
            }
        })
    }

    fn follow<F>(&self, follower: impl FnOnce(Slot) -> F) -> Followed
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let slot = self.slot();
        let (ports, number) = (slot.ports.clone(), slot.number);
        let follower = tokio::spawn(follower(slot)).abort_handle();
        Followed {
            ports,
            number,
            follower,
        }
    }

    fn slot(&self) -> Slot {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.ports.send_modify(|ports| {
            ports.insert(number, Port::Coming);
        });
        Slot {
            ports: self.ports.clone(),
            number,
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
        let is_one = |port| ports.values().any(|one| *one == port);
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

/// A port that is followed. Dropped, it counts no more.
#[derive(Debug)]
pub(super) struct Followed {
    ports: watch::Sender<All>,
    number: u64,
    follower: AbortHandle,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.follower.abort();
        self.ports
            .send_if_modified(|ports| ports.remove(&self.number).is_some());
    }
}

/// Where one port's state is written.
struct Slot {
    ports: watch::Sender<All>,
    number: u64,
}

impl Slot {
    fn set(&self, port: Port) {
        self.ports
            .send_if_modified(|ports| match ports.get_mut(&self.number) {
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
        let _followed = health.follow_emulator(seen);
        assert_eq!(health.state(), DaemonState::Starting);
        health.changed().await;
        assert_eq!(health.state(), DaemonState::Degraded);
    }

    #[tokio::test]
    async fn a_port_that_is_not_followed_any_more_does_not_count() {
        let mut health = Health::new(false);
        let (view, seen) = watch::channel(emulator::Snapshot::default());
        let panel = health.slot();
        panel.set(Port::Well);
        let gone = health.follow_emulator(seen);
        view.send_modify(|now| now.state = emulator::State::Refused);
        while health.state() != DaemonState::Degraded {
            health.changed().await;
        }
        drop(gone);
        health.changed().await;
        assert_eq!(health.state(), DaemonState::Ready);
    }
}
