//! Output: bytes, and what has to happen between them, strictly in order.

mod perform;

use super::Output;
use super::answers::{Answers, Sequence};
use super::operation::{Entry, Operation, Phase};
use super::queue::Queue;
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
    /// How many of the bytes sent have left the TTY for certain.
    left: u64,
    /// When what the TTY took has left it, at the line's speed.
    leaving: Time,
    /// When to look whether it has.
    look: Time,
    /// How long until the next look at least.
    patience: Duration,
    /// It matters when all before this place has left, besides for operations.
    prompt: Option<u64>,
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
    pub(super) fn failure(self) -> Option<Failure> {
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
            left: 0,
            leaving: now,
            look: now,
            patience: DRAIN_LOOK.0,
            prompt: None,
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
        let characters = u32::try_from(n).unwrap_or(u32::MAX);
        self.leaving = self.leaving.max(now) + self.character.saturating_mul(characters);
        // What goes out behind a prompt does not put off the look for it.
        if self.prompt.is_none_or(|place| place > self.sent) {
            self.look = self.leaving;
        }
        if let Phase::Sending { left, .. } = &mut self.phase {
            *left -= u8::try_from(n).unwrap_or(*left);
        } else {
            self.bytes.consume(n);
            self.sent += n as u64;
        }
        self.undrained = true;
        self.moves(now, sequence, out);
        self.settle(sequence, out);
    }

    /// Asks for [`Transmit::prompt_drained`] about all that was queued before, or about nothing.
    pub(super) fn watch_prompt(&mut self, watch: bool) {
        self.prompt = watch.then_some(self.queued);
        self.look = self.leaving;
    }

    /// Whether the prompt that was asked about has left; tells it once.
    pub(super) fn prompt_drained(&mut self) -> bool {
        let has_left = |place| self.sent >= place && (self.left >= place || !self.undrained);
        let drained = self.prompt.is_some_and(has_left);
        if drained {
            self.prompt = None;
        }
        drained
    }

    /// Whether it matters how much is left in the TTY.
    pub(super) fn wants_drain(&self) -> bool {
        let operation = match self.phase {
            Phase::Sending { left, .. } => left == 0,
            Phase::Waiting => self
                .operations
                .front()
                .is_some_and(|next| next.operation.wants_drain() && next.at <= self.sent),
            _ => false,
        };
        self.undrained && (operation || self.prompt.is_some_and(|place| place <= self.sent))
    }

    /// When to look how much is left in it.
    pub(super) fn drain_look(&self) -> Time {
        self.look
    }

    /// The TTY is not empty yet.
    pub(super) fn not_drained<O: Output>(
        &mut self,
        left: usize,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        let gone = self.sent.saturating_sub(left as u64);
        if gone > self.left {
            self.left = gone;
            self.patience = DRAIN_LOOK.0;
            self.moves(now, sequence, out);
        }
        let characters = u32::try_from(left).unwrap_or(u32::MAX);
        self.leaving = now + self.character.saturating_mul(characters);
        self.look = self.leaving.max(now + self.patience);
        self.patience = (self.patience * 2).min(DRAIN_LOOK.1);
    }

    pub(super) fn drained(&mut self, now: Time) {
        self.undrained = false;
        self.left = self.sent;
        self.leaving = now;
        self.patience = DRAIN_LOOK.0;
        self.moved = now;
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
        self.look = now;
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

    pub(super) fn next_deadline(&self) -> Option<Time> {
        let phase = match self.phase {
            Phase::Breaking(until) | Phase::Before(until) | Phase::After(until) => Some(until),
            Phase::Waiting | Phase::Sending { .. } if self.operations.is_empty() => None,
            Phase::Waiting | Phase::Sending { .. } => Some(self.moved + STANDSTILL),
        };
        let drain = self.wants_drain().then_some(self.look);
        let told = self.standstill_at().filter(|_| !self.standstill);
        [phase, drain, told].into_iter().flatten().min()
    }

    /// Who was told that output stands still is gone: the next one is told again.
    pub(super) fn forget_standstill(&mut self) {
        self.standstill = false;
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

    /// Whether what is queued falls on the floor, and why.
    pub(super) fn is_absent(&self) -> Option<Absent> {
        self.absent
    }

    /// The daemon that waited for answers is gone.
    pub(super) fn forget_answers(&mut self) {
        self.answers.forget();
        for entry in &mut self.operations {
            entry.ack = None;
        }
    }
}
