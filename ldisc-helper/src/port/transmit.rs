//! Output: bytes, and what has to happen between them, strictly in order.

use super::answers::{Answers, Sequence};
use super::operation::{Entry, Operation, Phase};
use super::queue::Queue;
use super::{Action, Output};
use crate::discipline::Mode;
use crate::record::{Failure, FromHelper, LineSettings};
use crate::time::Time;
use core::time::Duration;
use std::collections::VecDeque;

/// How long output may stand still before it is told, and before what waits for it is given up.
pub(super) const STANDSTILL: Duration = Duration::from_secs(30);

/// How long until `TIOCOUTQ` is looked at again: at first, and in the end where nothing moves.
const DRAIN_LOOK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(256));

/// Everything on its way to the TTY.
#[derive(Debug)]
pub(super) struct Transmit {
    bytes: Queue,
    /// How many bytes were ever queued, and how many of them are gone (sent or dropped).
    queued: u64,
    sent: u64,
    operations: VecDeque<Entry>,
    /// How many operations were ever queued, and how many of them are performed.
    begun: u64,
    performed: u64,
    phase: Phase,
    answers: Answers,
    /// What the TTY took since it was last seen empty may still be in it.
    undrained: bool,
    /// When what the TTY took has left it, at the line's speed.
    leaving: Time,
    /// How much was in the TTY when it was looked at last.
    in_tty: usize,
    /// How long until the next look at least.
    patience: Duration,
    /// When output moved last, or had reason to.
    moved: Time,
    standstill: bool,
    /// How long one character takes; zero on a pty.
    character: Duration,
    /// Nobody is there to read: what is queued is gone.
    absent: Option<Absent>,
}

/// What has its turn and is not for the output alone.
#[derive(Debug)]
pub(super) enum Turn {
    /// This mode is to be set.
    Mode { answers: u32, mode: Mode },
    /// The line runs with these settings.
    Line(LineSettings),
}

/// Why nobody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// Nobody has the pty open: bytes fall on the floor, all else is performed.
    Peer,
    /// The device is gone: nothing is performed.
    Device,
}

impl Absent {
    fn failure(self) -> Option<Failure> {
        (self == Self::Device).then_some(Failure::Gone)
    }
}

impl Transmit {
    pub(super) fn new(character: Duration, now: Time) -> Self {
        Self {
            bytes: Queue::default(),
            queued: 0,
            sent: 0,
            operations: VecDeque::new(),
            begun: 0,
            performed: 0,
            phase: Phase::Waiting,
            answers: Answers::default(),
            undrained: false,
            leaving: now,
            in_tty: 0,
            patience: DRAIN_LOOK.0,
            moved: now,
            standstill: false,
            character,
            absent: None,
        }
    }

    pub(super) fn set_character(&mut self, character: Duration) {
        self.character = character;
    }

    /// Queues bytes; `ack` is the record that they came by, where it wants an answer.
    pub(super) fn push<O: Output>(
        &mut self,
        bytes: &[u8],
        ack: Option<u32>,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        if let Some(absent) = self.absent {
            if let Some(of) = ack {
                sequence.done(of, bytes.len() as u64, absent.failure(), out);
            }
            return;
        }
        if self.bytes.is_empty() && self.operations.is_empty() {
            self.moved = now;
        }
        self.bytes.push(bytes);
        self.queued += bytes.len() as u64;
        if let Some(of) = ack {
            self.answers.push(of, self.queued, bytes.len(), self.begun);
            self.settle(sequence, out);
        }
    }

    /// Queues an operation; it is performed by [`Transmit::advance`].
    pub(super) fn then(&mut self, operation: Operation, ack: Option<u32>, now: Time) {
        if self.bytes.is_empty() && self.operations.is_empty() {
            self.moved = now;
        }
        self.begun += 1;
        self.operations.push_back(Entry {
            at: self.queued,
            operation,
            ack,
        });
    }

    /// What the TTY is to be given next.
    pub(super) fn output(&self) -> &[u8] {
        if let Phase::Sending { characters, left } = &self.phase {
            return &characters[3 - usize::from(*left)..];
        }
        let bytes = self.bytes.bytes();
        let Some(next) = self.operations.front() else {
            return bytes;
        };
        let before = next.at.saturating_sub(self.sent);
        &bytes[..usize::try_from(before).map_or(bytes.len(), |n| n.min(bytes.len()))]
    }

    /// The TTY took `n` bytes of [`Transmit::output`].
    pub(super) fn sent<O: Output>(
        &mut self,
        n: usize,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        let n = n.min(self.output().len());
        if n == 0 {
            return;
        }
        if let Phase::Sending { left, .. } = &mut self.phase {
            *left -= u8::try_from(n).unwrap_or(*left);
        } else {
            self.bytes.consume(n);
            self.sent += n as u64;
        }
        self.undrained = true;
        let characters = u32::try_from(n).unwrap_or(u32::MAX);
        self.leaving = self.leaving.max(now) + self.character.saturating_mul(characters);
        self.moves(now, sequence, out);
        self.settle(sequence, out);
    }

    /// Whether it matters when the TTY is empty, besides for `prompt` (a place in all that was queued).
    pub(super) fn wants_drain(&self, prompt: Option<u64>) -> bool {
        let operation = match self.phase {
            Phase::Sending { left, .. } => left == 0,
            Phase::Waiting => self
                .operations
                .front()
                .is_some_and(|next| next.operation.wants_drain() && next.at <= self.sent),
            _ => false,
        };
        self.undrained && (operation || prompt.is_some_and(|at| at <= self.sent))
    }

    /// When to look whether the TTY is empty.
    pub(super) fn drain_look(&self) -> Time {
        self.leaving
    }

    /// The TTY is not empty yet.
    pub(super) fn not_drained<O: Output>(
        &mut self,
        left: usize,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        if left < self.in_tty {
            self.moves(now, sequence, out);
            self.patience = DRAIN_LOOK.0;
        }
        self.in_tty = left;
        let characters = u32::try_from(left).unwrap_or(u32::MAX);
        self.leaving = now + self.character.saturating_mul(characters).max(self.patience);
        self.patience = (self.patience * 2).min(DRAIN_LOOK.1);
    }

    pub(super) fn drained(&mut self, now: Time) {
        self.undrained = false;
        self.in_tty = 0;
        self.patience = DRAIN_LOOK.0;
        self.moved = now;
    }

    /// Performs what has its turn. What is not for the output alone is given back: call again then.
    pub(super) fn advance<O: Output>(
        &mut self,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) -> Option<Turn> {
        loop {
            self.settle(sequence, out);
            let next = self.operations.front()?;
            let ready = next.at <= self.sent;
            let drained = ready && !self.undrained;
            let given_up = now >= self.moved + STANDSTILL;
            let failed = match (&next.operation, &self.phase) {
                _ if self.absent == Some(Absent::Device) => Some(Failure::Gone),
                (Operation::Mode { .. }, _) => None,
                (Operation::Circuits(circuits), _) if ready || given_up => {
                    out.perform(Action::SetCircuits(*circuits)).err()
                }
                (Operation::Drain, _) if drained => None,
                (Operation::Configure(line), _) if drained => {
                    out.perform(Action::Configure(*line)).err()
                }
                (Operation::Break(length), Phase::Waiting) if drained => {
                    match out.perform(Action::BreakOn) {
                        Ok(()) => {
                            self.phase = Phase::Breaking(now + *length);
                            return None;
                        }
                        Err(failure) => Some(failure),
                    }
                }
                (Operation::Break(_), Phase::Breaking(until)) => {
                    if now < *until {
                        return None;
                    }
                    out.perform(Action::BreakOff).err()
                }
                (Operation::Escape { guard, .. }, Phase::Waiting) if drained => {
                    self.phase = Phase::Before(now + *guard);
                    continue;
                }
                (Operation::Escape { character, .. }, Phase::Before(until)) => {
                    if now >= *until {
                        let characters = [*character; 3];
                        self.phase = Phase::Sending {
                            characters,
                            left: 3,
                        };
                        self.moved = now;
                    }
                    return None;
                }
                (Operation::Escape { guard, .. }, Phase::Sending { left: 0, .. })
                    if !self.undrained =>
                {
                    self.phase = Phase::After(now + *guard);
                    continue;
                }
                (Operation::Escape { .. }, Phase::After(until)) => {
                    if now < *until {
                        return None;
                    }
                    None
                }
                _ if given_up => Some(Failure::TimedOut),
                _ => return None,
            };
            if let Some(turn) = self.finish(failed, now, sequence, out) {
                return Some(turn);
            }
        }
    }

    /// The first operation is over.
    fn finish<O: Output>(
        &mut self,
        failed: Option<Failure>,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) -> Option<Turn> {
        let dropped = match self.phase {
            Phase::Sending { left, .. } => u64::from(left),
            _ => 0,
        };
        self.phase = Phase::Waiting;
        self.moved = now;
        let over = self.operations.pop_front()?;
        self.performed += 1;
        let (turn, failed) = match over.operation {
            Operation::Mode { answers, mode } => (Some(Turn::Mode { answers, mode }), None),
            Operation::Configure(line) if failed.is_none() => (Some(Turn::Line(line)), None),
            _ => (None, failed),
        };
        if let Some(of) = over.ack {
            sequence.done(of, dropped, failed, out);
        }
        turn
    }

    /// Drops what has not been sent. Returns how many bytes that was.
    pub(super) fn flush<O: Output>(
        &mut self,
        failed: Option<Failure>,
        sequence: &mut Sequence,
        out: &mut O,
    ) -> u64 {
        let dropped = self.queued - self.sent;
        self.answers.dropped(self.sent, failed, sequence, out);
        self.bytes.clear();
        self.sent = self.queued;
        dropped
    }

    /// What the TTY had taken was dropped as well.
    pub(super) fn flushed(&mut self, now: Time) {
        self.leaving = now;
    }

    /// Nobody reads any more, or (`None`) somebody does again.
    pub(super) fn absent<O: Output>(
        &mut self,
        absent: Option<Absent>,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        self.absent = absent;
        self.moves(now, sequence, out);
        if let Some(absent) = absent {
            self.flush(absent.failure(), sequence, out);
            self.undrained = false;
            if let Phase::Sending { left, .. } = &mut self.phase {
                *left = 0;
            }
        }
    }

    /// Output is still for too long: told once.
    pub(super) fn timer<O: Output>(&mut self, now: Time, sequence: &mut Sequence, out: &mut O) {
        if !self.standstill && self.standstill_at().is_some_and(|at| now >= at) {
            self.standstill = true;
            sequence.send(&FromHelper::OutputStopped(true), out);
        }
    }

    pub(super) fn next_deadline(&self, prompt: Option<u64>) -> Option<Time> {
        let phase = match self.phase {
            Phase::Breaking(until) | Phase::Before(until) | Phase::After(until) => Some(until),
            Phase::Waiting | Phase::Sending { .. } if self.operations.is_empty() => None,
            Phase::Waiting | Phase::Sending { .. } => Some(self.moved + STANDSTILL),
        };
        let drain = self.wants_drain(prompt).then_some(self.leaving);
        let told = self.standstill_at().filter(|_| !self.standstill);
        [phase, drain, told].into_iter().flatten().min()
    }

    fn standstill_at(&self) -> Option<Time> {
        (!self.output().is_empty()).then(|| self.moved + STANDSTILL)
    }

    fn moves<O: Output>(&mut self, now: Time, sequence: &mut Sequence, out: &mut O) {
        self.moved = now;
        if self.standstill {
            self.standstill = false;
            sequence.send(&FromHelper::OutputStopped(false), out);
        }
    }

    fn settle<O: Output>(&mut self, sequence: &mut Sequence, out: &mut O) {
        self.answers
            .settle(self.sent, self.performed, sequence, out);
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many answers and operations wait.
    pub(super) fn records(&self) -> usize {
        self.answers.len() + self.operations.len()
    }

    /// Whether what comes next has to wait for an operation.
    pub(super) fn busy(&self) -> bool {
        !self.operations.is_empty()
    }

    /// The place of the next byte in all that was ever queued.
    pub(super) fn place(&self) -> u64 {
        self.queued
    }

    /// Whether all before `place` has been sent.
    pub(super) fn is_sent(&self, place: u64) -> bool {
        self.sent >= place
    }

    /// Whether all before `place` has left the TTY.
    pub(super) fn is_drained(&self, place: u64) -> bool {
        self.is_sent(place) && !self.undrained
    }

    /// Takes the first mode out of the operations.
    pub(super) fn take_mode(&mut self) -> Option<(u32, Mode)> {
        let is_mode = |entry: &Entry| matches!(entry.operation, Operation::Mode { .. });
        let place = self.operations.iter().position(is_mode)?;
        match self.operations.remove(place)?.operation {
            Operation::Mode { answers, mode } => {
                self.performed += 1;
                Some((answers, mode))
            }
            _ => None,
        }
    }

    /// The daemon that waited for answers is gone.
    pub(super) fn forget_answers(&mut self) {
        self.answers.forget();
        for entry in &mut self.operations {
            entry.ack = None;
        }
    }
}
