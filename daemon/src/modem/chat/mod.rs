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
mod stream;
mod sync;

pub use ask::{Payload, Piece};
pub use error::ChatError;
pub use inbox::Answer;
pub(super) use port::Claiming;
pub use stream::{StreamEnd, Streamed};
pub(super) use sync::LONGEST_FILL;

use super::drive::{Drive, Facts, Notice};
use super::engine::{Engine, Event, Syntax, same_but_blanks};
use super::expect::{Leave, Prompt};
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
use stream::{Stream, ends_stream};
use tokio::time::Instant;

/// Result of a dialogue.
pub(super) type Result<T> = std::result::Result<T, ChatError>;

/// Unsolicited lines that are kept for whoever asked for them.
const KEPT: usize = 64;

/// Unsolicited lines that somebody asked for.
#[derive(Clone, Copy)]
struct Wanted {
    key: &'static str,
    /// Which lines they are; without, those of the name that `key` is.
    test: Option<fn(&[u8]) -> bool>,
}

impl Wanted {
    fn is(&self, line: &[u8]) -> bool {
        match self.test {
            Some(test) => test(line),
            None => named(line, self.key).is_some(),
        }
    }
}

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
    wanted: Vec<Wanted>,
    kept: VecDeque<(&'static str, Vec<u8>)>,
    stream: Option<Stream>,
    results: Results,
    redactor: Redactor,
    /// Bits a second of the line.
    speed: u32,
    /// A data mode or a prompt was left open; how it is left.
    open: Option<Leave>,
    /// A command was sent that has not prompted yet: its prompt may come although nobody waits for it any more.
    owed: Option<(Prompt, Leave)>,
    /// A data mode that counts may still wait for so many bytes, of us or of an earlier daemon.
    counting: u64,
    /// The SIM has become ready, and nobody has heeded it.
    sim_ready: bool,
    /// Bytes that came, in all.
    heard: u64,
    /// The module has answered this daemon.
    was_in_step: bool,
    /// A stream that nobody reads any more and that has not come to its end; its name.
    unread: Option<&'static str>,
    /// What was handed over and has not left is not to be sent any more.
    stale: bool,
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
            stream: None,
            results: Results::default(),
            redactor: Redactor::default(),
            speed: settings.line.speed,
            open: None,
            owed: None,
            counting: 0,
            sim_ready: false,
            heard: 0,
            was_in_step: false,
            unread: None,
            stale: false,
            fate: None,
        };
        chat.set_drive(chat.board.read(|now| now.drive));
        chat
    }

    /// The same dialogue over another wire: the port was claimed anew.
    pub(super) fn rewire(&mut self, wire: Wire) {
        self.wire = wire;
        self.engine.reset();
        self.open = None;
        self.owed = None;
        self.stream = None;
        self.unread = None;
        self.stale = false;
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
    pub(super) async fn begin_anew(&mut self) -> Result<()> {
        if matches!(self.fate, Some(ChatError::Restarted | ChatError::Lost)) {
            self.fate = None;
        }
        self.drop_stream();
        self.drop_stale().await
    }

    /// Sends nothing any more of what was handed over: the module would take it for commands.
    async fn drop_stale(&mut self) -> Result<()> {
        if std::mem::take(&mut self.stale) {
            self.wire.1.flush().await.map_err(ChatError::Port)?;
        }
        Ok(())
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
            stream,
            owed,
            unread,
            sim_ready,
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
                    Some(Notice::SimReady) => *sim_ready = true,
                    None => {}
                }
                let by = wanted.iter().find(|wanted| wanted.is(line));
                if let Some(wanted) = by.filter(|_| kept.len() < KEPT) {
                    kept.push_back((wanted.key, line.to_vec()));
                }
            }
            if let (Event::Late(line), Some((prompt, _))) = (&event, *owed) {
                inbox.late_prompt |= match prompt {
                    Prompt::Line(text) => same_but_blanks(line, text.as_bytes()),
                    Prompt::Bytes(bytes) => *line == bytes,
                    Prompt::None | Prompt::Connect => false,
                };
            }
            if let Event::Info(line) | Event::Urc(line) | Event::Late(line) = event
                && unread.is_some_and(|name| ends_stream(line, name))
            {
                *unread = None;
            }
            match stream {
                Some(stream) => stream.take(event, inbox),
                None => inbox.take(event),
            }
        });
        board.counters(engine.resyncs(), engine.late_bytes());
    }

    /// Whether the SIM has become ready; told once.
    pub(super) fn take_sim_ready(&mut self) -> bool {
        std::mem::take(&mut self.sim_ready)
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
        Event::Torn => trace.tell(Direction::Note, || "the line lost bytes".to_owned()),
        Event::Echo | Event::InStep | Event::Lost => {}
    }
}
