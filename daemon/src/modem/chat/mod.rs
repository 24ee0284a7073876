//! A dialogue with the module on a wire: one command at a time, its answer or an error.
//!
//! A command whose result does not come in time is an error at once; the resync comes before the next
//! one. Nothing here is lost by dropping a future except the command in flight.

mod ask;
mod error;
mod inbox;
mod listen;
mod port;
mod redact;
mod results;
mod sync;

pub use error::ChatError;
pub use inbox::Answer;
pub(super) use port::Claiming;

use super::drive::{Drive, Facts, Notice};
use super::engine::{Engine, Event, Syntax};
use super::settings::Settings;
use super::snapshot::Board;
use super::wire::Wire;
use crate::at::response::named;
use crate::trace::{Direction, Trace};
use hayes_ldisc::time::Time;
use inbox::Inbox;
use redact::Redactor;
use results::Results;
use std::collections::VecDeque;
use tokio::time::Instant;

/// Result of a dialogue.
pub(super) type Result<T> = std::result::Result<T, ChatError>;

/// Unsolicited lines that are kept for whoever asked for them.
const KEPT: usize = 64;

/// The dialogue.
pub struct Chat {
    /// The port's name in the log.
    port: String,
    wire: Wire,
    engine: Engine,
    buffer: Vec<u8>,
    inbox: Inbox,
    epoch: Instant,
    trace: Trace,
    board: Board,
    drive: Option<&'static dyn Drive>,
    wanted: Vec<&'static str>,
    kept: VecDeque<Vec<u8>>,
    results: Results,
    redactor: Redactor,
    /// Bits a second of the line.
    speed: u32,
    /// A data mode or a prompt was left open.
    in_data: bool,
    /// Why no command can succeed any more, until somebody does something about it: a resync failed,
    /// the device went away, the module restarted.
    fate: Option<ChatError>,
}

/// What is asked of a module whose dialect is not known yet.
const UNKNOWN: Syntax = Syntax {
    urcs: &[],
    announces: &[],
    probe: "+CMEE?",
};

impl Chat {
    /// A dialogue over this wire; nothing is sent yet.
    pub(super) fn new(wire: Wire, settings: &Settings, board: Board, trace: Trace) -> Self {
        let mut chat = Self {
            port: settings.name.clone(),
            wire,
            engine: Engine::new(UNKNOWN),
            buffer: Vec::new(),
            inbox: Inbox::default(),
            epoch: Instant::now(),
            trace,
            board,
            drive: None,
            wanted: Vec::new(),
            kept: VecDeque::new(),
            results: Results::default(),
            redactor: Redactor::default(),
            speed: settings.line.speed,
            in_data: false,
            fate: None,
        };
        chat.set_drive(chat.board.read(|now| now.drive));
        chat
    }

    /// The same dialogue over another wire: the port was claimed anew.
    pub(super) fn rewire(&mut self, wire: Wire) {
        self.wire = wire;
        self.engine.reset();
        self.in_data = false;
        self.fate = None;
    }

    /// The tables of the dialect, once it is known.
    pub(super) fn facts(&self) -> Option<&'static Facts> {
        self.drive.map(Drive::facts)
    }

    /// Speaks this dialect from now on.
    pub(super) fn set_drive(&mut self, drive: Option<&'static dyn Drive>) {
        self.drive = drive;
        let syntax = drive.map_or(UNKNOWN, |drive| drive.facts().syntax);
        self.engine.set_syntax(syntax);
        self.redactor.values = drive.map_or(&[], |drive| drive.facts().secrets);
    }

    /// Now, on the engine's clock.
    pub(super) fn now(&self) -> Time {
        Time::default() + self.epoch.elapsed()
    }

    /// Begins anew with a module that restarted or was silent.
    pub(super) fn begin_anew(&mut self) {
        if matches!(self.fate, Some(ChatError::Restarted | ChatError::Lost)) {
            self.fate = None;
        }
    }

    fn with_engine(&mut self, run: impl FnOnce(&mut Engine, &mut dyn FnMut(Event<'_>))) {
        let Self {
            engine,
            inbox,
            kept,
            wanted,
            drive,
            port,
            board,
            trace,
            results,
            redactor,
            ..
        } = self;
        run(engine, &mut |event| {
            trace_event(port, trace, redactor, &event);
            if let Event::Urc(line) | Event::Info(line) | Event::Late(line) = event {
                results.heard(line, *drive);
            }
            if let Event::Urc(line) = event {
                match drive.and_then(|drive| drive.notice(line)) {
                    Some(Notice::Registration(registration)) => board.registration(registration),
                    Some(Notice::Restarted) => inbox.restarted = true,
                    None => {}
                }
                if kept.len() < KEPT && wanted.iter().any(|name| named(line, name).is_some()) {
                    kept.push_back(line.to_vec());
                }
            }
            inbox.take(event);
        });
        board.counters(engine.resyncs(), engine.late_bytes());
    }

    fn show(&self, direction: Direction, text: &str) {
        self.trace
            .tell(direction, || self.redactor.redact(text.as_bytes()));
    }

    /// Notes something in the trace.
    pub(super) fn note(&self, text: &str) {
        self.trace.tell(Direction::Note, || text.to_owned());
    }

    /// Forgets the secrets of the request that is over.
    pub(super) fn forget_secrets(&mut self) {
        self.redactor.forget();
    }
}

fn trace_event(port: &str, trace: &Trace, redactor: &Redactor, event: &Event<'_>) {
    match event {
        Event::Info(line) | Event::Urc(line) | Event::Prompt(line) | Event::Connected(line) => {
            trace.tell(Direction::In, || redactor.redact(line));
        }
        Event::Final(result) => trace.tell(Direction::In, || result.to_string()),
        Event::Data(bytes) => trace.tell(Direction::In, || format!("<{} bytes>", bytes.len())),
        Event::Late(bytes) => {
            tracing::debug!(port, bytes = bytes.len(), "late bytes of a module dropped");
            trace.tell(Direction::Note, || {
                format!("late, dropped: {}", redactor.redact(bytes))
            });
        }
        Event::TimedOut => trace.tell(Direction::Note, || "no result in time".to_owned()),
        Event::Echo | Event::InStep | Event::Lost => {}
    }
}
