//! What stands between bytes of output is performed when all before it is out.

use super::super::answers::Sequence;
use super::super::operation::{Entry, Operation, Phase};
use super::super::{Action, Output};
use super::{Absent, STANDSTILL, Transmit, Turn};
use crate::discipline::Mode;
use crate::record::Failure;
use crate::time::Time;
use core::time::Duration;

/// How far the first operation has come.
enum Step {
    /// It is over; `Some` says why it was not performed.
    Over(Option<Failure>),
    /// It goes on when more has been sent, has drained, or time has passed.
    Later,
}

impl Transmit {
    /// Performs what has its turn. What is not for the output alone is given back: call again then.
    pub(in super::super) fn advance<O: Output>(
        &mut self,
        now: Time,
        sequence: &mut Sequence,
        out: &mut O,
    ) -> Option<Turn> {
        loop {
            self.settle(sequence, out);
            let Step::Over(failed) = self.step(now, out)? else {
                return None;
            };
            if let Some(turn) = self.finish(failed, now, sequence, out) {
                return Some(turn);
            }
        }
    }

    fn step<O: Output>(&mut self, now: Time, out: &mut O) -> Option<Step> {
        let next = self.operations.front()?;
        let ready = next.at <= self.sent;
        let drained = ready && !self.undrained;
        let given_up = now >= self.moved + STANDSTILL;
        let sends = matches!(self.phase, Phase::Sending { left: 1.., .. });
        if self.absent == Some(Absent::Device) {
            return Some(Step::Over(Some(Failure::Gone)));
        }
        Some(match next.operation {
            Operation::Mode { .. } => Step::Over(None),
            // It would be shown too late rather than not at all.
            Operation::Circuits(circuits) if ready || given_up => {
                Step::Over(out.perform(Action::SetCircuits(circuits)).err())
            }
            Operation::Drain if drained => Step::Over(None),
            Operation::Configure(line) if drained => {
                Step::Over(out.perform(Action::Configure(line)).err())
            }
            Operation::Break(length) if drained => self.step_break(length, now, out),
            Operation::Escape { character, guard } if drained && !sends => {
                self.step_escape(character, guard, now)
            }
            _ if given_up => Step::Over(Some(Failure::TimedOut)),
            _ => Step::Later,
        })
    }

    fn step_break<O: Output>(&mut self, length: Duration, now: Time, out: &mut O) -> Step {
        if let Phase::Breaking(until) = self.phase {
            if now < until {
                return Step::Later;
            }
            return Step::Over(out.perform(Action::BreakOff).err());
        }
        if let Err(failure) = out.perform(Action::BreakOn) {
            return Step::Over(Some(failure));
        }
        self.phase = Phase::Breaking(now + length);
        Step::Later
    }

    fn step_escape(&mut self, character: u8, guard: Duration, now: Time) -> Step {
        loop {
            self.phase = match self.phase {
                Phase::Before(until) if now >= until => {
                    self.moved = now;
                    let characters = [character; 3];
                    Phase::Sending {
                        characters,
                        left: 3,
                    }
                }
                Phase::Sending { left: 0, .. } => Phase::After(now + guard),
                Phase::After(until) if now >= until => return Step::Over(None),
                Phase::Waiting | Phase::Breaking(_) => Phase::Before(now + guard),
                Phase::Before(_) | Phase::Sending { .. } | Phase::After(_) => return Step::Later,
            };
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

    /// Takes the first mode out of the operations.
    pub(in super::super) fn take_mode(&mut self) -> Option<(u32, Mode)> {
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
}
