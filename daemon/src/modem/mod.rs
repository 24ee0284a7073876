//! Drives a real module: fronts ask for mail, the module's own AT services carry it out. No vendor here;
//! what a vendor's modules understand stands in its folder of [`crate::dialect`].
//!
//! - [`engine`](self): the dialogue as a state machine without I/O: what is an answer, what is not, and
//!   the resync after a command that was not answered in time.
//! - [`Chat`]: the dialogue over a port, one command at a time.
//! - the task behind [`Handle`]: claims the port, wakes the module, recognises and configures it,
//!   carries out one request after the other, climbs the recovery ladder.

mod aftermath;
mod by_hand;
mod chat;
mod drive;
mod engine;
mod expect;
mod handle;
mod helper;
mod ladder;
mod line;
mod mail;
mod recovery;
mod report;
mod runner;
mod session;
mod settings;
mod snapshot;
mod startup;
mod steps;
mod text;
mod watch;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use chat::{Answer, Chat, ChatError, Payload, Piece, StreamEnd, Streamed};
pub use drive::{
    Drive, ESCAPE_KEY, Exit, Facts, MailJob, Notice, SecretValue, Sent, Service, Setup,
};
pub use engine::{Engine, Event, NotReady, Syntax};
pub use expect::{Expect, Leave, Lines, Prompt, Raw, SETTER};
pub use handle::Handle;
pub use ladder::{Ladder, Rung};
pub use line::{FORBIDDEN, Line, carriable};
pub use mail::{Batch, Outgoing, batches};
pub use report::Report;
pub use session::{FileModule, ListedMail, MailboxModule};
pub use settings::Settings;
pub use snapshot::{Identity, Registration, Snapshot, State};
pub use steps::{TRIES, code_of, refused, to_driver, until_answered, was_silent};
pub use text::{ascii_at_most, at_most, to_ascii, to_hex, to_words, with_crlf};
pub use wire::{Incoming, Ports, Wire, WireReader, WireWriter};

use crate::disk::Disk;
use crate::trace::Trace;
use snapshot::Board;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;

/// Requests that wait for the task to take them.
const REQUESTS: usize = 16;

/// Starts driving a modem over the helper at this socket. Returns at once; nothing is probed before.
/// It runs on the current runtime until the last handle is dropped.
pub fn start(settings: Settings, helper_socket: &Path, disk: Disk) -> Handle {
    start_after(Vec::new(), settings, helper_socket, disk)
}

/// The same, once all these have ended: they have the device until then.
pub fn start_after(
    others: Vec<Receiver<Snapshot>>,
    settings: Settings,
    helper_socket: &Path,
    disk: Disk,
) -> Handle {
    let ports = helper::HelperPort {
        socket: helper_socket.to_owned(),
        device: settings.device.clone(),
        line: settings.line,
    };
    begin(others, settings, Arc::new(ports), disk)
}

/// The same over other ports.
pub fn start_over(settings: Settings, ports: Arc<dyn Ports>, disk: Disk) -> Handle {
    begin(Vec::new(), settings, ports, disk)
}

fn begin(
    others: Vec<Receiver<Snapshot>>,
    settings: Settings,
    ports: Arc<dyn Ports>,
    disk: Disk,
) -> Handle {
    let (sender, requests) = mpsc::channel(REQUESTS);
    let settings = Arc::new(settings);
    let board = Board::new(&settings.device);
    board.drive(settings.drive);
    let trace = Trace::default();
    let handle = Handle {
        requests: sender,
        snapshot: board.watch(),
        settings: Arc::clone(&settings),
        trace: trace.clone(),
        disk,
    };
    let runner = runner::Runner::new(settings, ports, board, trace, requests).after(others);
    tokio::spawn(runner.run());
    handle
}
