//! The dialogue with a module as a state machine: bytes and a clock in, events and bytes out. No I/O.
//!
//! One command is in flight. After one whose result did not come in time the engine is *out of step*:
//! it takes no command until a resync has proved that everything that was still owed has come or never
//! will. The proof is a probe whose answer can be told from any other: the same query several times on
//! one line, a different number of times each time (`AT+CMEE?;+CMEE?`). A module answers in the order
//! of the commands, so once this answer is there, nothing older can follow. Whatever comes before it is
//! counted, told as [`Event::Late`], and never given to another command.

mod flight;
mod resync;

#[cfg(test)]
mod tests;

use super::expect::Expect;
use crate::at::response::{Announce, Cutter, FinalResult, Piece, Urc};
pub(super) use flight::same_but_blanks;
use flight::{Flight, Meaning};
use hayes_ldisc::time::Time;
use resync::{Resync, Step};
use std::fmt;

/// What the engine tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The command came back as echo.
    Echo,
    /// A line of the answer in flight.
    Info(&'a [u8]),
    /// The end of the answer in flight.
    Final(FinalResult),
    /// The command in flight waits for payload; how it said so.
    Prompt(&'a [u8]),
    /// The module went into data mode although the command in flight takes no payload; the line.
    Connected(&'a [u8]),
    /// Raw bytes.
    Data(&'a [u8]),
    /// A line that nobody asked for.
    Urc(&'a [u8]),
    /// Bytes that nobody waits for any more.
    Late(&'a [u8]),
    /// Counted bytes were not followed by a line: some were lost on the way.
    Torn,
    /// The command in flight had no result in time. The engine is out of step.
    TimedOut,
    /// The resync succeeded.
    InStep,
    /// The resync failed. The engine is still out of step.
    Lost,
}

/// What a dialect tells the engine about a module's lines.
#[derive(Clone, Copy, Debug)]
pub struct Syntax {
    /// Lines that come unasked.
    pub urcs: &'static [Urc],
    /// Lines that announce raw bytes.
    pub announces: &'static [Announce],
    /// A harmless query with exactly one information line, for the resync: what stands behind `AT`,
    /// with its `?`.
    pub probe: &'static str,
}

/// The dialogue with one module.
pub struct Engine {
    cutter: Cutter,
    phase: Phase,
    syntax: Syntax,
    output: Vec<u8>,
    late: u64,
    resyncs: u32,
    /// Probes sent so far, so that each differs from those that may still be unanswered.
    probes: u32,
    /// The prompt of a command that was given up before it prompted.
    owed: Option<&'static [u8]>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Flight(Flight),
    OutOfStep,
    Resync(Resync),
}

/// Raw bytes that follow a line.
#[derive(Clone, Copy, Debug)]
enum Counted {
    /// As they are.
    Raw(u64),
    /// A block of a stream.
    Block(u64),
}

/// A command cannot be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady;

impl Engine {
    /// An engine that is out of step: at the beginning nobody knows what the module is doing.
    pub fn new(syntax: Syntax) -> Self {
        Self {
            cutter: Cutter::default(),
            phase: Phase::OutOfStep,
            syntax,
            output: Vec::new(),
            late: 0,
            resyncs: 0,
            probes: 0,
            owed: None,
        }
    }

    /// A command was given up whose prompt is these bytes: it is told as [`Event::Late`] should it come after all.
    pub fn owe(&mut self, prompt: Option<&'static [u8]>) {
        self.owed = prompt;
    }

    /// Another dialect from now on.
    pub fn set_syntax(&mut self, syntax: Syntax) {
        self.syntax = syntax;
    }

    /// Sends a command line (from `AT`, without CR). Only while idle.
    pub fn start(&mut self, line: &[u8], expect: Expect, now: Time) -> Result<(), NotReady> {
        match self.phase {
            Phase::Idle => {
                self.send(Flight::new(line, expect, now));
                Ok(())
            }
            _ => Err(NotReady),
        }
    }

    /// The same while the engine is out of step, for commands that bring a module back to where a
    /// resync can work (`AT`, `ATE0V1Q0`). Their answer proves nothing, and it stays out of step.
    pub fn start_out_of_step(
        &mut self,
        line: &[u8],
        expect: Expect,
        now: Time,
    ) -> Result<(), NotReady> {
        match self.phase {
            Phase::OutOfStep => {
                self.send(Flight::new(line, expect, now).that_proves_nothing());
                Ok(())
            }
            _ => Err(NotReady),
        }
    }

    fn send(&mut self, flight: Flight) {
        self.output.extend_from_slice(&flight.line);
        self.output.push(b'\r');
        self.phase = Phase::Flight(flight);
    }

    /// Begins a resync, in any phase.
    pub fn resync(&mut self, now: Time) {
        self.resyncs = self.resyncs.wrapping_add(1);
        self.phase = Phase::Resync(Resync::new(now));
    }

    /// All payload was written; the time to the result begins.
    pub fn payload_written(&mut self, now: Time) {
        if let Phase::Flight(flight) = &mut self.phase {
            flight.payload_written(now);
        }
    }

    /// Gives the command in flight up. The engine is out of step.
    pub fn give_up(&mut self) {
        self.phase = Phase::OutOfStep;
    }

    /// The port was opened anew: half a line and announced bytes belong to the past.
    pub fn reset(&mut self) {
        self.late += self.cutter.reset() as u64;
        self.output.clear();
        self.owed = None;
        self.phase = Phase::OutOfStep;
    }

    /// Whether a command can be sent.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// Whether the command in flight has prompted for payload or sends its own.
    pub fn is_in_data(&self) -> bool {
        matches!(&self.phase, Phase::Flight(flight) if flight.in_payload)
    }

    /// Bytes that came too late, in all.
    pub fn late_bytes(&self) -> u64 {
        self.late
    }

    /// Resyncs begun, in all.
    pub fn resyncs(&self) -> u32 {
        self.resyncs
    }

    /// What is to be written to the module; empty: nothing. It counts as written.
    pub fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.output)
    }

    /// When [`Self::timer`] is to be called.
    pub fn next_deadline(&self) -> Option<Time> {
        match &self.phase {
            Phase::Idle | Phase::OutOfStep => None,
            Phase::Flight(flight) => flight.deadline,
            Phase::Resync(resync) => Some(resync.deadline()),
        }
    }

    /// Bytes came.
    pub fn received(&mut self, bytes: &[u8], now: Time, tell: &mut dyn FnMut(Event<'_>)) {
        let mut input = bytes;
        if let Phase::Resync(resync) = &mut self.phase {
            resync.heard(now);
        }
        let late = &mut self.late;
        let mut tell = |event: Event<'_>| {
            if let Event::Late(bytes) = &event {
                *late += bytes.len() as u64;
            }
            tell(event);
        };
        loop {
            let prompt = match &self.phase {
                Phase::Flight(flight) => flight.prompt_bytes(),
                _ => self.owed,
            };
            if self.cutter.take_torn() {
                tell(Event::Torn);
            }
            let Some(piece) = self.cutter.next(&mut input, prompt) else {
                if self.cutter.take_torn() {
                    tell(Event::Torn);
                }
                return;
            };
            let mut raw = None;
            match piece {
                Piece::Line(line) => raw = self.phase.line(&self.syntax, line, &mut tell),
                Piece::Overlong(line) => tell(Event::Late(line)),
                Piece::Prompt => {
                    let prompt = prompt.unwrap_or_default();
                    if let Phase::Flight(flight) = &mut self.phase {
                        flight.prompted();
                        tell(Event::Prompt(prompt));
                    } else {
                        self.owed = None;
                        tell(Event::Late(prompt));
                    }
                }
                Piece::Raw(bytes) => match &self.phase {
                    Phase::Resync(_) | Phase::OutOfStep => tell(Event::Late(bytes)),
                    Phase::Idle | Phase::Flight(_) => tell(Event::Data(bytes)),
                },
            }
            if let Some(count) = raw {
                if let Phase::Flight(flight) = &mut self.phase {
                    flight.announced(now);
                }
                match count {
                    Counted::Raw(count) => self.cutter.expect_raw(count),
                    Counted::Block(count) => self.cutter.expect_block(count),
                }
            }
        }
    }

    /// Time has passed. Nothing happens before [`Self::next_deadline`].
    pub fn timer(&mut self, now: Time, tell: &mut dyn FnMut(Event<'_>)) {
        match &mut self.phase {
            Phase::Flight(flight) if flight.deadline.is_some_and(|deadline| deadline <= now) => {
                self.phase = Phase::OutOfStep;
                tell(Event::TimedOut);
            }
            Phase::Resync(resync) => match resync.timer(now) {
                Step::Wait => {}
                Step::Probe => {
                    // Half a line, or raw bytes that never came, end with the silence.
                    self.late += self.cutter.reset() as u64;
                    let line = resync.probe(self.syntax.probe, self.probes, now);
                    self.probes = self.probes.wrapping_add(1);
                    self.output.extend_from_slice(line);
                    self.output.push(b'\r');
                }
                Step::Lost => {
                    self.phase = Phase::OutOfStep;
                    tell(Event::Lost);
                }
            },
            Phase::Idle | Phase::OutOfStep | Phase::Flight(_) => {}
        }
    }
}

impl fmt::Debug for Engine {
    /// Without what is to be written: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("phase", &self.phase)
            .field("late", &self.late)
            .field("resyncs", &self.resyncs)
            .finish_non_exhaustive()
    }
}

impl Phase {
    /// Tells what a line means in this phase. Returns which raw bytes follow it.
    fn line(
        &mut self,
        syntax: &Syntax,
        line: &[u8],
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Option<Counted> {
        let announced = syntax.announces.iter().find_map(|each| each.count(line));
        let known = || syntax.urcs.iter().any(|urc| urc.matches(line));
        match self {
            Self::Idle if FinalResult::parse(line).is_some() => tell(Event::Late(line)),
            Self::Idle => tell(Event::Urc(line)),
            Self::OutOfStep if known() => tell(Event::Urc(line)),
            Self::OutOfStep => tell(Event::Late(line)),
            Self::Resync(resync) => {
                if resync.answered(line) {
                    *self = Self::Idle;
                    tell(Event::InStep);
                } else if known() {
                    tell(Event::Urc(line));
                } else if !resync.belongs(line) {
                    tell(Event::Late(line));
                }
            }
            Self::Flight(flight) => match flight.line(line, announced.is_some(), syntax.urcs) {
                Meaning::Echo => tell(Event::Echo),
                Meaning::Info => tell(Event::Info(line)),
                Meaning::Urc => tell(Event::Urc(line)),
                Meaning::Prompt => tell(Event::Prompt(line)),
                Meaning::Connected => tell(Event::Connected(line)),
                Meaning::Raw(count) => {
                    tell(Event::Info(line));
                    return Some(Counted::Raw(count));
                }
                Meaning::Final(result) => {
                    *self = if flight.proves_nothing {
                        Self::OutOfStep
                    } else {
                        Self::Idle
                    };
                    tell(Event::Final(result));
                }
            },
        }
        announced.map(Counted::Block)
    }
}
