//! Carries a command line out, command by command, to its one result.

use super::{Awaited, Engine, Line, State, urcs, write_result};
use crate::at::ResultCode;
use crate::at::line::next;
use crate::emulator::data::Taking;
use crate::emulator::op::{Effect, Op};
use crate::emulator::run::{Call, DataMode, Outcome, Refusal, Resume, Run};
use crate::emulator::{interpret, played};
use hayes_ldisc::discipline::{self, Cause, Ends, Mode};
use std::time::Duration;

impl Engine {
    /// Carries out what is left of a line.
    pub(super) fn proceed(&mut self, mut line: Line, out: &mut Vec<Effect>) {
        loop {
            let rest = std::mem::take(&mut line.rest);
            let (outcome, call) = match next(&rest) {
                Ok(None) => return self.finish(line, ResultCode::Ok, out),
                Ok(Some((command, after))) => {
                    line.rest = after.to_vec();
                    interpret::carry_out(&mut self.run(&mut line), &command)
                }
                Err(malformed) => {
                    out.push(Effect::Note(malformed.to_string()));
                    (Outcome::Refused(Refusal::Error), None)
                }
            };
            match self.settle(line, outcome, call, out) {
                Some(left) => line = left,
                None => return,
            }
        }
    }

    /// Goes on with a command that waited.
    pub(super) fn resume(
        &mut self,
        mut line: Line,
        call: &Call,
        out: &mut Vec<Effect>,
        then: impl FnOnce(&mut Run<'_>, &Call) -> Outcome,
    ) {
        let outcome = then(&mut self.run(&mut line), call);
        if let Some(line) = self.settle(line, outcome, Some(call.clone()), out) {
            self.proceed(line, out);
        }
    }

    /// Does what a command came to. The line comes back where its next command may run.
    fn settle(
        &mut self,
        line: Line,
        outcome: Outcome,
        call: Option<Call>,
        out: &mut Vec<Effect>,
    ) -> Option<Line> {
        match (outcome, call) {
            (Outcome::Ok, _) => return Some(line),
            (Outcome::Refused(refusal), _) => self.refuse(line, refusal, out),
            (Outcome::Result(code), _) => self.finish(line, code, out),
            (Outcome::Said, _) => self.conclude(line, out),
            (Outcome::Wait(op, resume), Some(call)) => self.wait(line, call, op, resume, out),
            (Outcome::Data(mode), Some(call)) => self.take_data(line, call, mode, out),
            (Outcome::Restart { silence, last_word }, _) => {
                self.restart(line, silence, last_word, out);
            }
            // Only a call can wait or take data.
            (Outcome::Wait(..) | Outcome::Data(_), None) => {
                self.refuse(line, Refusal::Error, out);
            }
        }
        None
    }

    fn wait(&mut self, mut line: Line, call: Call, op: Op, resume: Resume, out: &mut Vec<Effect>) {
        let client = op.client();
        if client.is_some() && line.mute {
            return self.not_waited_for(line, &call, resume, out);
        }
        out.append(&mut line.before);
        if client.is_some() {
            // Whoever comes after us must know what is due.
            self.save(out);
            line.client = line.client.or(client.filter(|it| it.is_of_a_line()));
        }
        // What was answered so far need not wait, nor be held in memory.
        flush(&mut line, false, out);
        let id = self.request(op, out);
        let awaited = match client {
            Some(client) => Awaited::Client(id, client, call, resume),
            None => Awaited::Request(id, call, resume),
        };
        self.state = State::Waiting(line, awaited);
    }

    /// A command that takes data is the last of its line.
    fn take_data(
        &mut self,
        mut line: Line,
        call: Call,
        mode: Box<DataMode>,
        out: &mut Vec<Effect>,
    ) {
        line.rest.clear();
        self.save(out);
        let (ends, echo) = (mode.ends.clone(), mode.echo);
        if line.mute {
            // Nobody is there to send any.
            return self.taken(line, Taking::new(call, mode), Cause::Hangup, out);
        }
        out.append(&mut line.before);
        flush(&mut line, true, out);
        out.push(Effect::Mode {
            answers: line.answers,
            mode: Mode::Data(discipline::Data {
                ends,
                echo,
                ..discipline::Data::default()
            }),
        });
        self.state = State::Taking(line, Taking::new(call, mode));
    }

    pub(super) fn taken(
        &mut self,
        line: Line,
        taking: Taking,
        cause: Cause,
        out: &mut Vec<Effect>,
    ) {
        let peer = taking.peer();
        let (call, mode, collected) = taking.end(cause);
        self.resume(line, &call, out, |run, call| {
            let outcome = (mode.then)(run, call, &collected);
            // Half of a file must not become a whole one.
            let goes_on = matches!(&outcome, Outcome::Wait(op, _) if op.client() == peer);
            if let Some(client) = peer.filter(|_| !goes_on) {
                run.abort(client);
            }
            outcome
        });
    }

    fn restart(
        &mut self,
        mut line: Line,
        silence: Duration,
        last_word: &str,
        out: &mut Vec<Effect>,
    ) {
        let mut run = self.run(&mut line);
        run.say_result(ResultCode::Ok);
        if !last_word.is_empty() {
            run.say(last_word);
        }
        let answers = line.answers;
        out.append(&mut line.before);
        // Saved before it is said: whoever comes after us in the silence must know of it.
        self.forget(out);
        if line.mute {
            write_result(Vec::new(), out);
            out.append(&mut line.after);
            self.show_line(out);
            self.switch_on(out);
            return self.command_mode(answers, out);
        }
        let deadline = Some(silence);
        let ends = Ends {
            deadline,
            ..Ends::default()
        };
        let discard = true;
        let mode = Mode::Data(discipline::Data {
            ends,
            discard,
            ..discipline::Data::default()
        });
        // One with the silence: what is sent behind it is not a command any more.
        flush(&mut line, true, out);
        out.push(Effect::Mode { answers, mode });
        out.append(&mut line.after);
        self.show_line(out);
        urcs(line.urcs, out);
        self.state = State::Silent;
    }

    pub(super) fn refuse(&mut self, mut line: Line, refusal: Refusal, out: &mut Vec<Effect>) {
        self.refusal(refusal, &mut line.answer);
        self.conclude(line, out);
    }

    /// How a refusal is written, as `+CMEE` says.
    pub(super) fn refusal(&self, refusal: Refusal, into: &mut Vec<u8>) {
        let mode = played::setting(self.dialect, &self.memory, "+CMEE");
        let format = played::format(self.dialect, &self.memory);
        let text = match (refusal, mode) {
            (Refusal::Error, _) | (Refusal::Cme(_), 0) => {
                return format.result(ResultCode::Error, into);
            }
            (Refusal::Cme(number), 2) => {
                let text = self.dialect.text_of(number).map(str::to_owned);
                text.unwrap_or_else(|| number.to_string())
            }
            (Refusal::Cme(number), _) => number.to_string(),
        };
        let text = format!("+CME ERROR: {text}");
        format.long_result(text.as_bytes(), into);
    }

    fn finish(&mut self, mut line: Line, code: ResultCode, out: &mut Vec<Effect>) {
        self.run(&mut line).say_result(code);
        self.conclude(line, out);
    }

    /// The answer is complete.
    fn conclude(&mut self, line: Line, out: &mut Vec<Effect>) {
        let answers = line.answers;
        self.answer(line, out);
        self.command_mode(answers, out);
    }

    fn answer(&mut self, mut line: Line, out: &mut Vec<Effect>) {
        out.append(&mut line.before);
        out.extend(line.client.map(Effect::Abort));
        if self.apology.take().is_some() {
            self.memory.touch();
        }
        self.save(out);
        let bytes = std::mem::take(&mut line.answer);
        // The debt is paid, even if nobody hears it.
        write_result(if line.mute { Vec::new() } else { bytes }, out);
        out.append(&mut line.after);
        urcs(line.urcs, out);
    }
}

/// Writes what was answered so far; a `prompt` has the data mode directly behind it.
fn flush(line: &mut Line, prompt: bool, out: &mut Vec<Effect>) {
    let bytes = std::mem::take(&mut line.answer);
    if !bytes.is_empty() && !line.mute {
        out.push(Effect::Write {
            bytes,
            urc: false,
            result: false,
            prompt,
        });
    }
}
