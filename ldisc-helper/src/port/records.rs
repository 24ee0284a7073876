//! What the daemon's records do.

use super::operation::Operation;
use super::reports::Prompt;
use super::{Action, Output, Port, Violation};
use crate::discipline::{Data, Mode};
use crate::record::{Failure, Flags, Header, Owed, Role, ToHelper, WINDOW};
use crate::time::Time;
use core::time::Duration;

/// How many records may wait for the output to move.
const MAX_RECORDS: usize = 4096;

impl Port {
    /// The daemon sent a record; all but `Claim` and `Release`, which are the caller's.
    pub fn record(
        &mut self,
        header: Header,
        record: &ToHelper<'_>,
        now: Time,
        out: &mut impl Output,
    ) {
        let Header { sequence, flags } = header;
        let ack = flags.ack.then_some(sequence);
        let held = usize::from(self.prompt.is_held());
        if self.transmit.records() + self.urcs.count() + held >= MAX_RECORDS {
            return violated(Violation::Window, out);
        }
        // `Flush` drops the prompt too, and what has no place here moves nothing.
        if !matches!(
            record,
            ToHelper::Flush | ToHelper::Hold(_) | ToHelper::Claim(_) | ToHelper::Release
        ) {
            self.release_prompt(now, out);
        }
        let operation = match *record {
            ToHelper::Claim(_) | ToHelper::Release => {
                return violated(Violation::OutOfPlace, out);
            }
            ToHelper::Write(bytes) => return self.write(bytes, flags, ack, now, out),
            ToHelper::Flush => return self.flush(sequence, now, out),
            ToHelper::Hold(held) => {
                self.held = held;
                if let Some(of) = ack {
                    self.sequence.done(of, 0, None, out);
                }
                return;
            }
            ToHelper::Mode { answers, ref mode } if !self.transmit.busy() => {
                self.set_mode(answers, mode.clone(), now, out);
                if let Some(of) = ack {
                    self.sequence.done(of, 0, None, out);
                }
                return;
            }
            ToHelper::Mode { answers, ref mode } => {
                let mode = mode.clone();
                Operation::Mode { answers, mode }
            }
            ToHelper::Configure(line) => Operation::Configure(line),
            ToHelper::SetCircuits(circuits) => Operation::Circuits(circuits),
            ToHelper::Drain => Operation::Drain,
            ToHelper::Break(length) => Operation::Break(length),
            ToHelper::SendEscape { character, guard } => Operation::Escape { character, guard },
        };
        self.transmit.then(operation, ack, now);
        self.advance(now, out);
    }

    /// The record after the prompt is here, and says what is to become of the data that answers it.
    fn release_prompt(&mut self, now: Time, out: &mut impl Output) {
        if let Some((bytes, ack)) = self.prompt.take() {
            self.write_out(&bytes, ack, now, out);
            self.prompt.give_back(bytes);
        }
    }

    fn write(
        &mut self,
        bytes: &[u8],
        flags: Flags,
        ack: Option<u32>,
        now: Time,
        out: &mut impl Output,
    ) {
        if self.transmit.len() + self.urcs.len() + bytes.len() > 2 * WINDOW {
            return violated(Violation::Window, out);
        }
        // A module has no use for our result codes.
        if flags.urc && self.role == Role::Dce {
            self.urcs.push(bytes, ack);
            match self.transmit.is_absent() {
                Some(absent) => drop(self.drop_urcs(absent.failure(), out)),
                None => self.settle(now, out),
            }
            return;
        }
        // Where nobody is there to read it, it need not wait for that.
        if flags.prompt && self.transmit.is_absent().is_none() {
            return self.prompt.hold(bytes, ack);
        }
        if flags.result {
            self.debts.owed = Owed::Nothing;
        }
        self.write_out(bytes, ack, now, out);
    }

    fn write_out(&mut self, bytes: &[u8], ack: Option<u32>, now: Time, out: &mut impl Output) {
        if !matches!(self.debts.prompt, Prompt::Queued(_)) && !bytes.is_empty() {
            self.debts.prompt = Prompt::Queued(self.transmit.place());
        }
        self.transmit.push(bytes, ack, now, &mut self.sequence, out);
        self.prompt_moves();
    }

    fn flush(&mut self, of: u32, now: Time, out: &mut impl Output) {
        let mut dropped = self.transmit.flush(None, &mut self.sequence, out);
        dropped += self.drop_prompt(None, out);
        dropped += self.drop_urcs(None, out);
        let failed = out.perform(Action::FlushOutput).err();
        self.transmit.flushed(now);
        self.sequence.done(of, dropped, failed, out);
        self.prompt_moves();
        self.prompt_drains(now);
        self.advance(now, out);
    }

    /// The prompt goes out to nobody. Returns how many bytes were dropped.
    pub(super) fn drop_prompt(&mut self, failed: Option<Failure>, out: &mut impl Output) -> u64 {
        let Some((len, ack)) = self.prompt.forget() else {
            return 0;
        };
        if let Some(of) = ack {
            self.sequence.done(of, len, failed, out);
        }
        len
    }

    /// Unsolicited result codes are not for who comes next. Returns how many bytes were dropped.
    pub(super) fn drop_urcs(&mut self, failed: Option<Failure>, out: &mut impl Output) -> u64 {
        let mut dropped = 0;
        while let Some(text) = self.urcs.pop() {
            dropped += text.len as u64;
            if let Some(of) = text.ack {
                self.sequence.done(of, text.len as u64, failed, out);
            }
        }
        dropped
    }

    /// The mode, if `answers` is the record whose answer is owed, or 0 where none is.
    pub(super) fn set_mode(&mut self, answers: u32, mode: Mode, now: Time, out: &mut impl Output) {
        if self.role == Role::Dte && !matches!(mode, Mode::Raw(_)) {
            return violated(Violation::NotRaw, out);
        }
        if answers != self.debts.unanswered.unwrap_or(0) {
            return;
        }
        self.debts.unanswered = None;
        self.unset = !self.sequence.attached;
        let clocks = |data: &Data| data.ends.deadline.is_some() || data.ends.idle.is_some();
        let watch = matches!(&mode, Mode::Data(data) if clocks(data));
        self.transmit.watch_prompt(watch);
        if let Mode::Data(_) = &mode {
            self.debts.owed = Owed::Data;
            if self.debts.prompt == Prompt::Awaited {
                // There is none; what came until now came before it.
                self.debts.prompt = Prompt::Out;
                self.discipline.prompt_out();
            }
        }
        let (gone, closed) = (self.gone, self.pty && !self.circuits.ready);
        let (discipline, mut reports) = self.parts(now, out);
        discipline.set_mode(mode, now, &mut reports);
        // Whoever was asked for data is not there: what comes next is not his.
        if gone && discipline.in_data() {
            discipline.hangup(now, &mut reports);
        } else if closed {
            discipline.ready(false, Duration::ZERO, now, &mut reports);
        }
        self.prompt_drains(now);
        self.settle(now, out);
        self.replay(now, out);
        self.settle(now, out);
    }
}

fn violated(violation: Violation, out: &mut impl Output) {
    // The connection ends whatever comes of it.
    let _ = out.perform(Action::Disconnect(violation));
}
