//! What can be seen of a modem from outside: the properties of its D-Bus object.

use super::drive::Drive;
use super::ladder::Rung;
use std::sync::Arc;
use tokio::sync::watch;

/// What the driver is doing. The names are `Modem.State` on D-Bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Switched off by `Enable(false)`.
    Disabled,
    /// The device cannot be had, or not as configured.
    Refused,
    /// It is not there.
    Absent,
    /// It is being asked for.
    #[default]
    Claiming,
    /// The module is being brought to answer, recognised and configured.
    Syncing,
    /// Ready for work.
    Ready,
    /// A request is being carried out.
    Busy,
    /// Payload is on its way to or from the module.
    Data,
    /// It stopped answering and is being brought back.
    Recovering,
    /// All means are exhausted; tried again now and then.
    Failed,
}

impl State {
    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Claiming => "claiming",
            Self::Syncing => "syncing",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Data => "data",
            Self::Recovering => "recovering",
            Self::Failed => "failed",
        }
    }

    /// Whether requests are carried out, now or after those before them.
    pub fn works(self) -> bool {
        matches!(self, Self::Ready | Self::Busy | Self::Data)
    }
}

/// Registration in the network (27.007 section 7.2, `<stat>`). The names are `Modem.Registration`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Not known.
    #[default]
    Unknown,
    /// Not registered, not searching.
    Idle,
    /// Registered, home network.
    Home,
    /// Searching.
    Searching,
    /// Refused by the network.
    Denied,
    /// Registered, roaming.
    Roaming,
}

impl Registration {
    /// `<stat>` of `+CREG`, `+CGREG`, `+CEREG`.
    pub fn from_stat(stat: u32) -> Self {
        match stat {
            0 => Self::Idle,
            1 | 6 | 9 => Self::Home,
            2 => Self::Searching,
            3 => Self::Denied,
            5 | 7 | 10 => Self::Roaming,
            _ => Self::Unknown,
        }
    }

    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Idle => "idle",
            Self::Home => "home",
            Self::Searching => "searching",
            Self::Denied => "denied",
            Self::Roaming => "roaming",
        }
    }

    /// Whether data can be expected to pass.
    pub fn is_registered(self) -> bool {
        matches!(self, Self::Home | Self::Roaming)
    }
}

/// What a module says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `AT+CGMI`, or the first line of `ATI`.
    pub manufacturer: String,
    /// `AT+CGMM`.
    pub model: String,
    /// `AT+CGMR`.
    pub revision: String,
}

/// The properties of a modem.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The device as configured.
    pub device: Arc<str>,
    /// Who speaks its dialect; none until it is recognised.
    pub(crate) drive: Option<&'static dyn Drive>,
    /// What it is.
    pub identity: Arc<Identity>,
    /// What the driver is doing.
    pub state: State,
    /// Why it is refused or failed; else empty.
    pub reason: Arc<str>,
    /// Registration.
    pub registration: Registration,
    /// Signal in percent; 0 where unknown.
    pub signal: u32,
    /// What it can do: `mail`, `pop3`, `ftp`.
    pub services: Arc<[&'static str]>,
    /// The rung of the recovery under way.
    pub rung: Option<Rung>,
    /// Resyncs so far. Changes of this and of `late_bytes` alone wake no watcher.
    pub resyncs: u32,
    /// Bytes that came too late and were dropped.
    pub late_bytes: u64,
}

impl Snapshot {
    /// The dialect's name; empty until it is known.
    pub fn dialect(&self) -> &'static str {
        self.drive.map_or("", Drive::name)
    }
}

/// The writing end: tells watchers only what changed.
#[derive(Clone, Debug)]
pub(super) struct Board {
    snapshot: watch::Sender<Snapshot>,
}

impl Board {
    pub(super) fn new(device: &str) -> Self {
        Self {
            snapshot: watch::Sender::new(Snapshot {
                device: device.into(),
                ..Snapshot::default()
            }),
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.subscribe()
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.snapshot.borrow())
    }

    /// Another state; the reason goes with the old one.
    pub(super) fn state(&self, state: State) {
        self.state_because(state, "");
    }

    pub(super) fn state_because(&self, state: State, reason: &str) {
        self.snapshot.send_if_modified(|now| {
            let changed = now.state != state || *now.reason != *reason;
            if changed {
                now.state = state;
                now.reason = reason.into();
            }
            changed
        });
    }

    /// Payload begins or ends, while a request is carried out.
    pub(super) fn data(&self, on: bool) {
        match (on, self.read(|now| now.state)) {
            (true, State::Busy) => self.state(State::Data),
            (false, State::Data) => self.state(State::Busy),
            _ => {}
        }
    }

    pub(super) fn rung(&self, rung: Option<Rung>) {
        self.snapshot.send_if_modified(|now| {
            let changed = now.rung != rung;
            now.rung = rung;
            changed
        });
    }

    pub(super) fn module(
        &self,
        drive: &'static dyn Drive,
        identity: Identity,
        services: &[&'static str],
    ) {
        self.snapshot.send_modify(|now| {
            now.drive = Some(drive);
            now.identity = identity.into();
            now.services = services.into();
        });
    }

    pub(super) fn drive(&self, drive: Option<&'static dyn Drive>) {
        self.snapshot.send_modify(|now| now.drive = drive);
    }

    pub(super) fn registration(&self, registration: Registration) {
        self.snapshot.send_if_modified(|now| {
            let changed = now.registration != registration;
            now.registration = registration;
            changed
        });
    }

    pub(super) fn signal(&self, percent: u32) {
        self.snapshot.send_if_modified(|now| {
            let changed = now.signal != percent;
            now.signal = percent;
            changed
        });
    }

    pub(super) fn counters(&self, resyncs: u32, late_bytes: u64) {
        self.snapshot.send_if_modified(|now| {
            now.resyncs = resyncs;
            now.late_bytes = late_bytes;
            false
        });
    }
}
