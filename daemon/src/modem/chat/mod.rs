//! A dialogue with the module on a wire: one command at a time, its answer or an error.
//!
//! A command whose result does not come in time is an error at once; the resync comes before the next
//! one. Nothing here is lost by dropping a future except the command in flight.

mod error;
mod inbox;
mod redact;
mod results;

pub use error::ChatError;
pub use inbox::Answer;

use super::drive::{Drive, Facts, Notice, Sent};
use super::engine::{Engine, Event, Syntax};
use super::expect::Expect;
use super::line::Line;
use super::report::Report;
use super::snapshot::Board;
use super::wire::{Incoming, Wire};
use crate::at::response::named;
use crate::trace::{Direction, Trace};
use core::time::Duration;
use hayes_ldisc::record::{LineSettings, Refusal};
use hayes_ldisc::time::Time;
use inbox::Inbox;
use redact::Redactor;
use results::Results;
use std::collections::VecDeque;
use tokio::time::{Instant, sleep_until, timeout};

/// Result of a dialogue.
pub(super) type Result<T> = std::result::Result<T, ChatError>;

/// Payload goes out in pieces of this size, so that a module that ended its data mode early, or a
/// request that was given up, is noticed between two of them.
const PIECE: usize = 4096;

/// A wire that takes no byte for so long is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// Silence around `+++`: a little more than the 50 × 20 ms of S12 (V.250 annex; Quectel: 1 s).
const GUARD: Duration = Duration::from_millis(1100);

/// Giving a port back takes no longer.
const RELEASE: Duration = Duration::from_secs(2);

/// Unsolicited lines that are kept for whoever asked for them.
const KEPT: usize = 64;

/// The dialogue.
pub struct Chat {
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
    pub(super) fn new(wire: Wire, board: Board, trace: Trace, speed: u32) -> Self {
        let mut chat = Self {
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
            speed,
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

    /// Gives the port back.
    pub(super) async fn release(&mut self) {
        // A port that fails here is as good as given back. The helper ends the connection when it is.
        if self.wire.1.release().await.is_ok() {
            let ended = async { while self.wire.0.next(&mut self.buffer).await.is_ok() {} };
            let _ = timeout(RELEASE, ended).await;
        }
        self.buffer.clear();
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

    /// Sends a command and waits for its result, whatever that is.
    pub async fn ask(&mut self, line: &Line, expect: Expect) -> Result<Answer> {
        self.begin(line, expect).await?;
        self.finish(line).await
    }

    /// Sends a command, its payload when the module asks for it, and waits for the result. A module
    /// that answers with a result instead of asking gets no payload.
    pub async fn ask_with(
        &mut self,
        line: &Line,
        expect: Expect,
        payload: &[u8],
        report: Option<&Report>,
    ) -> Result<Answer> {
        let mut expect = expect;
        expect.after += self.transmission(payload.len());
        self.begin(line, expect).await?;
        while !self.inbox.prompted && !self.inbox.is_over() {
            self.step().await?;
        }
        if self.inbox.prompted {
            self.in_data = true;
            self.board.data(true);
            let written = self.write_payload(payload, report).await;
            self.board.data(false);
            written?;
            let now = self.now();
            self.engine.payload_written(now);
        }
        let answer = self.finish(line).await;
        if answer.is_ok() {
            self.in_data = false;
        }
        answer
    }

    /// How long so many bytes may be on the line: ten bits each, and half as much again.
    fn transmission(&self, bytes: usize) -> Duration {
        Duration::from_millis(bytes as u64 * 15_000 / u64::from(self.speed.max(1)))
    }

    /// As [`Self::ask`] for a command that brings a module back to where a resync can work.
    pub(super) async fn nudge(&mut self, line: &Line, expect: Expect) -> Result<Answer> {
        self.engine.give_up();
        self.inbox = Inbox::default();
        let now = self.now();
        if self
            .engine
            .start_out_of_step(line.sent(), expect, now)
            .is_err()
        {
            return Err(ChatError::Lost);
        }
        self.show(Direction::Out, line.shown());
        self.finish(line).await
    }

    async fn begin(&mut self, line: &Line, expect: Expect) -> Result<()> {
        self.get_in_step().await?;
        self.redactor.hide(line.secrets());
        self.inbox = Inbox::default();
        let now = self.now();
        if self.engine.start(line.sent(), expect, now).is_err() {
            return Err(ChatError::Lost);
        }
        self.show(Direction::Out, line.shown());
        Ok(())
    }

    async fn finish(&mut self, line: &Line) -> Result<Answer> {
        loop {
            if let Some(answer) = self.inbox.answer() {
                return Ok(answer);
            }
            if self.inbox.connected {
                self.engine.give_up();
                self.in_data = true;
                return Err(ChatError::DataMode);
            }
            if self.inbox.timed_out {
                self.board
                    .counters(self.engine.resyncs(), self.engine.late_bytes());
                let shown = self.redactor.redact(line.shown().as_bytes());
                return Err(ChatError::TimedOut(shown));
            }
            self.step().await?;
        }
    }

    /// Resyncs if that is needed, after leaving a data mode that was left open.
    pub(super) async fn get_in_step(&mut self) -> Result<()> {
        if let Some(fate) = &self.fate {
            return Err(fate.clone());
        }
        if self.in_data {
            self.escape().await?;
        }
        if self.engine.is_idle() {
            return Ok(());
        }
        self.resync().await
    }

    /// Makes sure that a command can be sent: leaves a data mode that was left open, resyncs where that
    /// is needed.
    pub async fn settle(&mut self) -> Result<()> {
        self.get_in_step().await
    }

    /// Proves that the module is still there and in step.
    pub async fn probe(&mut self) -> Result<()> {
        self.resync().await
    }

    /// Resyncs in any case.
    pub(super) async fn resync(&mut self) -> Result<()> {
        if self.fate == Some(ChatError::Lost) {
            self.fate = None;
        }
        let late_connect = self.inbox.late_connect;
        self.inbox = Inbox::default();
        self.inbox.late_connect = late_connect;
        self.note("resync: drains to quiet and probes");
        let now = self.now();
        self.engine.resync(now);
        loop {
            if std::mem::take(&mut self.inbox.late_connect) {
                // A command that was given up went into data mode after all.
                self.escape().await?;
                let now = self.now();
                self.engine.resync(now);
            }
            if self.inbox.in_step {
                self.note("in step again");
                return Ok(());
            }
            if self.inbox.lost {
                self.fate = Some(ChatError::Lost);
                return Err(ChatError::Lost);
            }
            self.step().await?;
        }
    }

    /// Leaves a data mode by `+++` between two silences; a module in command mode sees half a line.
    pub(super) async fn escape(&mut self) -> Result<()> {
        self.engine.give_up();
        self.in_data = false;
        self.listen(GUARD).await?;
        self.show(Direction::Out, "+++");
        self.write(b"+++").await?;
        self.listen(GUARD).await
    }

    /// Leaves a text prompt by ESC (27.005 section 3.5.1) and a data mode by DTR (V.250 section 6.2.9).
    pub(super) async fn escape_harder(&mut self) -> Result<()> {
        self.show(Direction::Out, "\x1b\r");
        self.write(b"\x1b\r").await?;
        self.listen(Duration::from_millis(300)).await?;
        self.note("DTR off and on");
        self.wire.1.ready(false).await.map_err(ChatError::Port)?;
        self.listen(Duration::from_millis(300)).await?;
        self.wire.1.ready(true).await.map_err(ChatError::Port)?;
        self.listen(Duration::from_millis(300)).await
    }

    /// Other line settings for us; the module does not hear of it.
    pub(super) async fn configure(&mut self, line: LineSettings) -> Result<()> {
        self.note(&format!("line at {} bit/s", line.speed));
        self.speed = line.speed;
        self.wire.1.configure(line).await.map_err(ChatError::Port)
    }

    /// Writes a command without waiting for anything: for a module that may not answer any more.
    pub(super) async fn shout(&mut self, line: &Line) -> Result<()> {
        self.engine.give_up();
        self.show(Direction::Out, line.shown());
        self.write(line.sent()).await?;
        self.write(b"\r").await
    }

    /// Keeps unsolicited lines of this name for [`Self::urc`]; earlier ones are forgotten.
    pub fn keep(&mut self, name: &'static str) {
        self.forget(name);
        self.wanted.push(name);
    }

    /// Keeps them no longer.
    pub fn forget(&mut self, name: &'static str) {
        self.wanted.retain(|wanted| *wanted != name);
        self.kept.retain(|line| named(line, name).is_none());
    }

    /// A line of this name that was kept, if there is one.
    pub fn kept(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self
            .kept
            .iter()
            .position(|line| named(line, name).is_some())?;
        self.kept.remove(at)
    }

    /// Waits for an unsolicited line of this name. `None` when `within` is over.
    pub async fn urc(&mut self, name: &str, within: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + within;
        loop {
            if let Some(line) = self.kept(name) {
                return Ok(Some(line));
            }
            let now = Instant::now();
            if now >= until {
                return Ok(None);
            }
            self.listen_once(until - now).await?;
        }
    }

    /// Keeps lines that tell how a sending ended for [`Self::result`] from now on, or no longer.
    pub(super) fn keep_results(&mut self, keeps: bool) {
        self.results.keep(keeps);
    }

    /// Whether one was kept.
    pub(super) fn has_result(&self) -> bool {
        !self.results.is_empty()
    }

    /// What the one that was kept says. `None` where there is none, or more than one: whose they are is
    /// anybody's guess.
    pub(super) fn result(&self, drive: &'static dyn Drive) -> Option<Sent> {
        self.results.only(drive)
    }

    /// Waits until one has come, so long at most.
    pub(super) async fn until_result(&mut self, within: Duration) -> Result<()> {
        let until = Instant::now() + within;
        while !self.has_result() && Instant::now() < until {
            self.listen_once(until - Instant::now()).await?;
        }
        Ok(())
    }

    /// Takes what comes for so long.
    pub(super) async fn listen(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.listen_once(until - Instant::now()).await?;
        }
        Ok(())
    }

    /// Takes what comes until it has been quiet for so long, five times that at most.
    pub(super) async fn listen_to_quiet(&mut self, quiet: Duration) -> Result<()> {
        let until = Instant::now() + quiet * 5;
        while Instant::now() < until && self.listen_once(quiet).await? {}
        Ok(())
    }

    /// Takes the next that comes within this time; whether anything came. Cancel-safe.
    pub(super) async fn listen_once(&mut self, within: Duration) -> Result<bool> {
        match timeout(within, self.wire.0.next(&mut self.buffer)).await {
            Err(_) => Ok(false),
            Ok(incoming) => self.take(incoming).map(|()| true),
        }
    }

    /// Waits until the port is ours, or says why not.
    pub(super) async fn claimed(&mut self) -> Result<Claiming> {
        loop {
            match self.wire.0.next(&mut self.buffer).await {
                Ok(Incoming::Claimed { kept }) => {
                    self.engine.reset();
                    self.fate = None;
                    self.in_data = false;
                    return Ok(Claiming::Ours { kept });
                }
                Ok(Incoming::Refused { why, text }) => return Ok(Claiming::Refused { why, text }),
                Ok(Incoming::Hangup) => return Err(ChatError::Gone),
                Ok(_) => self.buffer.clear(),
                Err(error) => return Err(ChatError::Port(error)),
            }
        }
    }

    /// Writes what the engine wants written, then waits for bytes or its deadline.
    async fn step(&mut self) -> Result<()> {
        let output = self.engine.take_output();
        if !output.is_empty() {
            self.write(&output).await?;
        }
        let deadline = self
            .engine
            .next_deadline()
            .map_or(Instant::now() + STUCK, |at| {
                self.epoch + Duration::from_nanos(at.0)
            });
        tokio::select! {
            biased;
            incoming = self.wire.0.next(&mut self.buffer) => self.take(incoming),
            () = sleep_until(deadline) => {
                let now = self.now();
                self.with_engine(|engine, tell| engine.timer(now, tell));
                let probe = self.engine.take_output();
                if !probe.is_empty() {
                    let text = probe.strip_suffix(b"\r").unwrap_or(&probe);
                    self.show(Direction::Out, &String::from_utf8_lossy(text));
                    self.write(&probe).await?;
                }
                Ok(())
            }
        }
    }

    /// Writes, reading at the same time: what was handed over is acknowledged there.
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut news = None;
        let (reader, writer) = &mut self.wire;
        let mut write = writer.write(bytes);
        let stuck = sleep_until(Instant::now() + STUCK);
        tokio::pin!(stuck);
        loop {
            tokio::select! {
                biased;
                written = &mut write => {
                    written.map_err(ChatError::Port)?;
                    break;
                }
                incoming = reader.next(&mut self.buffer) => {
                    if !matches!(incoming, Ok(Incoming::Data | Incoming::Other)) {
                        news = Some(incoming);
                        break;
                    }
                }
                () = &mut stuck => return Err(ChatError::Stuck),
            }
        }
        drop(write);
        if !self.buffer.is_empty() {
            self.take(Ok(Incoming::Data))?;
        }
        news.map_or(Ok(()), |news| self.take(news))
    }

    async fn write_payload(&mut self, payload: &[u8], report: Option<&Report>) -> Result<()> {
        self.trace
            .tell(Direction::Out, || format!("<{} bytes>", payload.len()));
        for piece in payload.chunks(PIECE) {
            if report.is_some_and(Report::is_cancelled) {
                self.wire.1.flush().await.map_err(ChatError::Port)?;
                self.engine.give_up();
                return Err(ChatError::Cancelled);
            }
            self.write(piece).await?;
            if self.inbox.is_over() {
                self.wire.1.flush().await.map_err(ChatError::Port)?;
                break;
            }
        }
        Ok(())
    }

    /// Takes what the wire brought.
    fn take(&mut self, incoming: crate::service::Result<Incoming>) -> Result<()> {
        let fate = match incoming {
            Ok(Incoming::Data) => {
                let now = self.now();
                let bytes = std::mem::take(&mut self.buffer);
                self.with_engine(|engine, tell| engine.received(&bytes, now, tell));
                self.buffer = bytes;
                self.buffer.clear();
                std::mem::take(&mut self.inbox.restarted).then_some(ChatError::Restarted)
            }
            Ok(Incoming::Overrun) => {
                self.note("the TTY's driver lost bytes");
                None
            }
            Ok(Incoming::Other) => None,
            Ok(Incoming::Hangup | Incoming::Refused { .. }) => Some(ChatError::Gone),
            // It was away and is back before anybody looked.
            Ok(Incoming::Claimed { .. }) => Some(ChatError::Restarted),
            Err(error) => Some(ChatError::Port(error)),
        };
        let Some(fate) = fate else {
            return Ok(());
        };
        self.engine.give_up();
        self.in_data = false;
        self.fate = Some(fate.clone());
        Err(fate)
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
            board,
            trace,
            results,
            redactor,
            ..
        } = self;
        run(engine, &mut |event| {
            trace_event(trace, redactor, &event);
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

/// What came of a claim.
#[derive(Debug)]
pub(super) enum Claiming {
    /// The port is ours.
    Ours {
        /// It was held for an earlier daemon.
        kept: bool,
    },
    /// It is not; unless the reason is final the helper goes on trying.
    Refused {
        /// Why.
        why: Refusal,
        /// For a person.
        text: String,
    },
}

fn trace_event(trace: &Trace, redactor: &Redactor, event: &Event<'_>) {
    match event {
        Event::Info(line) | Event::Urc(line) | Event::Prompt(line) | Event::Connected(line) => {
            trace.tell(Direction::In, || redactor.redact(line));
        }
        Event::Final(result) => trace.tell(Direction::In, || result.to_string()),
        Event::Data(bytes) => trace.tell(Direction::In, || format!("<{} bytes>", bytes.len())),
        Event::Late(bytes) => {
            tracing::debug!(bytes = bytes.len(), "late bytes of a module dropped");
            trace.tell(Direction::Note, || {
                format!("late, dropped: {}", redactor.redact(bytes))
            });
        }
        Event::TimedOut => trace.tell(Direction::Note, || "no result in time".to_owned()),
        Event::Echo | Event::InStep | Event::Lost => {}
    }
}
