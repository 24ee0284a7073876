//! An emulator from outside: what it is set up with, what can be seen of it, what it can be told.

use super::policy::Policy;
use crate::dialect::{Dialect, Identity, Quirks};
use crate::service::{Error, ErrorKind, Result};
use crate::trace::Trace;
use hayes_ldisc::record::{LineSettings, Wiring};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// What an emulator is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name in the configuration.
    pub name: String,
    /// A path, or `pty:NAME`.
    pub device: String,
    /// The line until the equipment sets it otherwise.
    pub line: LineSettings,
    /// How the circuits are wired.
    pub wiring: Wiring,
    /// The dialect that it plays.
    pub dialect: &'static Dialect,
    /// What it says that it is; [`crate::dialect::Played::identity`] unless configured.
    pub identity: Identity,
    /// What its firmware does, as configured.
    pub quirks: Quirks,
    /// How its mails leave.
    pub policy: Arc<dyn Policy>,
    /// A folder of its own for what survives the daemon but not the machine (`RuntimeDirectory`): volatile
    /// memory and volatile files.
    pub memory_dir: PathBuf,
    /// A folder of its own for what survives the machine (`state_dir`): user profile and lasting files.
    pub files_dir: PathBuf,
}

impl Settings {
    /// Whether an emulator that is set up so is set up as this says, too. The policy is asked anew each time:
    /// it may change.
    pub fn is_met_by(&self, other: &Self) -> bool {
        let Self {
            name,
            device,
            line,
            wiring,
            dialect,
            identity,
            quirks,
            policy: _,
            memory_dir,
            files_dir,
        } = self;
        *name == other.name
            && *device == other.device
            && *line == other.line
            && *wiring == other.wiring
            && dialect.name == other.dialect.name
            && *identity == other.identity
            && *quirks == other.quirks
            && *memory_dir == other.memory_dir
            && *files_dir == other.files_dir
    }
}

/// What an emulator is doing. The names are `Emulator.State` on D-Bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Somebody stopped it.
    Stopped,
    /// The helper refuses the device.
    Refused,
    /// The device, or the helper, is not there.
    #[default]
    Absent,
    /// It waits for commands.
    Command,
    /// It takes data.
    Data,
    /// It carries a command out.
    Busy,
}

impl State {
    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Command => "command",
            Self::Data => "data",
            Self::Busy => "busy",
        }
    }
}

/// What can be seen of an emulator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is doing.
    pub state: State,
    /// The equipment is there (its DTR is on; on a pty somebody has it open).
    pub dtr: bool,
    /// Command lines so far.
    pub commands: u64,
    /// Bytes of command lines and data from the equipment.
    pub bytes_in: u64,
    /// Bytes to the equipment, echo not counted.
    pub bytes_out: u64,
    /// Data modes that an escape ended.
    pub escapes: u64,
}

/// What an emulator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Start,
    Stop,
    Reset,
    Look,
    /// Give the port back; nothing is forgotten.
    Leave,
    /// Leave the port to the next one, with what is under way there.
    HandOver,
}

impl Order {
    /// Whether it is the end of a session.
    pub(super) fn ends(self) -> bool {
        matches!(self, Self::Stop | Self::Leave | Self::HandOver)
    }
}

/// An order, and where to say that it was carried out.
pub(super) type Told = (Order, oneshot::Sender<()>);

/// An emulator. Its task ends with its last handle.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) settings: Settings,
    pub(super) view: watch::Receiver<Snapshot>,
    pub(super) orders: mpsc::Sender<Told>,
    pub(super) trace: Trace,
    pub(super) task: AbortHandle,
}

impl Handle {
    /// What it is set up with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What can be seen of it, now and later.
    pub fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.view.clone()
    }

    /// Ends it where it stands, as the daemon's end would: the helper keeps the port for the next one.
    pub fn let_go(&self) {
        self.task.abort();
    }

    /// Gives its port back, and remembers everything for one that is started in its place on another.
    pub async fn leave(&self) -> Result<()> {
        self.tell(Order::Leave).await
    }

    /// Leaves its port to one that is started in its place: the helper keeps it meanwhile, with a data mode
    /// that is under way. Nothing is asked of disk or spool any more when it returns.
    pub async fn hand_over(&self) -> Result<()> {
        self.tell(Order::HandOver).await
    }

    /// Returns when nothing of it is left.
    pub async fn ended(&self) {
        let mut view = self.view.clone();
        while view.changed().await.is_ok() {}
    }

    /// Its dialogue, secrets starred.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Switches the module on, and claims its port. Nothing happens to one that is on.
    pub async fn start(&self) -> Result<()> {
        self.tell(Order::Start).await
    }

    /// Switches the module off, and gives its port back. A mail that is being sent is cancelled.
    pub async fn stop(&self) -> Result<()> {
        self.tell(Order::Stop).await
    }

    /// Switches the module off and on: what equipment has not stored is forgotten. Nothing happens to one
    /// that is off.
    pub async fn reset(&self) -> Result<()> {
        self.tell(Order::Reset).await
    }

    /// Its device may have come or gone: a port that is waited for is asked for now, and not only when its
    /// time comes. Returns at once; nothing happens to one that is there.
    pub fn look(&self) {
        let (done, _) = oneshot::channel();
        // One that has so many orders before it is at work.
        let _ = self.orders.try_send((Order::Look, done));
    }

    async fn tell(&self, order: Order) -> Result<()> {
        let gone = || Error::new(ErrorKind::Internal, "the emulator's task has ended");
        let (done, answer) = oneshot::channel();
        let sent = self.orders.send((order, done)).await;
        sent.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}
