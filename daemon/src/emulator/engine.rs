//! The engine: takes what the line reports and what the world answers, gives [`Effect`]s.
//!
//! It needs no clock. Every time of the dialogue is kept elsewhere: those of a data mode by the line
//! discipline, that of a mail by its job.

use super::data;
use super::data::{Taken, Taking};
use super::interpret;
use super::memory::Memory;
use super::op::{Done, Effect, MailEnd, MailId, Op, OpId};
use super::played;
use super::run::{Call, DataMode, Outcome, Refusal, Resume, Run};
use super::star;
use crate::at::ResultCode;
use crate::at::line::{body, next};
use crate::dialect::{Dialect, Identity};
use hayes_ldisc::discipline::{self, Cause, Ends, Mode};
use hayes_ldisc::record::{Claimed, LineSettings, Owed};
use std::time::Duration;

/// A module that is played.
#[derive(Debug)]
pub struct Engine {
    dialect: &'static Dialect,
    identity: Identity,
    /// The line as the configuration says.
    configured: LineSettings,
    line: LineSettings,
    memory: Memory,
    stored: Memory,
    mail: Option<MailId>,
    /// It was switched on and has not said so yet.
    fresh: bool,
    state: State,
    last_op: u32,
    commands: u64,
}

/// What survives the daemon, but not a power cycle.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Saved {
    memory: Memory,
    mail: Option<MailId>,
}

#[derive(serde::Serialize)]
struct SavedRef<'a> {
    memory: &'a Memory,
    mail: Option<MailId>,
}

/// What the port is doing.
#[derive(Debug)]
enum State {
    /// It waits for a command line.
    Idle,
    /// A line is carried out, and something is awaited.
    Waiting(Line, Awaited),
    /// A data mode feeds a command.
    Taking(Line, Taking),
    /// A data mode of an earlier life runs down; then it is answered with an error.
    Orphaned,
    /// The module is silent and then starts anew.
    Silent,
}

/// A command line that is carried out.
#[derive(Debug, Default)]
struct Line {
    /// The record that the next mode answers.
    answers: u32,
    /// What is left of it.
    rest: Vec<u8>,
    /// What was answered so far.
    answer: Vec<u8>,
    urcs: Vec<Vec<u8>>,
    after: Vec<Effect>,
    tally: data::Tally,
    /// Nobody is there to read the answer.
    mute: bool,
}

/// What a line waits for.
#[derive(Debug)]
enum Awaited {
    /// A command's own request.
    Request(OpId, Call, Resume),
    /// The file that a data mode went into.
    File(OpId, Taking, Cause),
}

/// What the port is doing, for those who look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Waiting for commands.
    Command,
    /// Taking data.
    Data,
    /// Carrying a line out.
    Busy,
}

impl Engine {
    /// A module with the memory that an earlier life left (`saved`), or just switched on; `stored` is its
    /// user profile.
    pub fn new(
        dialect: &'static Dialect,
        identity: Identity,
        configured: LineSettings,
        saved: Option<Saved>,
        stored: Memory,
    ) -> Self {
        let fresh = saved.is_none();
        let saved = saved.unwrap_or_else(|| Saved {
            memory: played::power_on(dialect, &stored),
            mail: None,
        });
        let line = played::line(dialect, &saved.memory, configured);
        Self {
            dialect,
            identity,
            configured,
            line,
            memory: saved.memory,
            stored,
            mail: saved.mail,
            fresh,
            state: State::Idle,
            last_op: 0,
            commands: 0,
        }
    }

    /// The line as the module has it set: what to claim the port with.
    pub fn line_settings(&self) -> LineSettings {
        self.line
    }

    /// The mail whose result the equipment still waits for.
    pub fn owed_mail(&self) -> Option<MailId> {
        self.mail
    }

    /// Command lines so far.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// What the port is doing.
    pub fn doing(&self) -> Doing {
        match self.state {
            State::Idle => Doing::Command,
            State::Taking(..) | State::Orphaned => Doing::Data,
            State::Waiting(..) | State::Silent => Doing::Busy,
        }
    }

    /// A command line for people who watch: without its secrets.
    pub fn without_secrets(&self, line: &[u8]) -> Vec<u8> {
        star::line(self.dialect, line)
    }

    /// An answer for people who watch: without the secrets that the memory holds.
    pub fn answer_without_secrets(&self, bytes: &[u8]) -> Vec<u8> {
        star::answer(&self.memory, bytes)
    }

    /// The port is ours, for the first time or again.
    pub fn claimed(&mut self, claimed: &Claimed, out: &mut Vec<Effect>) {
        let answers = claimed.unanswered;
        out.push(Effect::SetCircuits(played::circuits(
            self.dialect,
            &self.memory,
        )));
        if let State::Waiting(line, _) = &mut self.state {
            // The device went away and came back meanwhile: finish, but tell nobody.
            (line.answers, line.mute) = (answers, true);
            return;
        }
        self.state = State::Idle;
        match claimed.owed {
            Owed::Data if claimed.in_data => {
                self.state = State::Orphaned;
                return;
            }
            Owed::Line | Owed::Data => self.apologise(out),
            Owed::Nothing => {}
        }
        if self.fresh {
            self.switch_on(out);
        }
        self.command_mode(answers, out);
    }

    /// The dialect's error for what was under way in an earlier life.
    fn apologise(&self, out: &mut Vec<Effect>) {
        let mut bytes = Vec::new();
        let format = played::format(self.dialect, &self.memory);
        format.result(ResultCode::Error, &mut bytes);
        write_result(bytes, out);
    }

    /// A command line came, `AT` included.
    pub fn command_line(
        &mut self,
        sequence: u32,
        line: &[u8],
        too_long: bool,
        out: &mut Vec<Effect>,
    ) {
        self.commands += 1;
        let rest = match body(line) {
            _ if too_long => Err("the line is too long".into()),
            Ok(rest) => Ok(rest.to_vec()),
            Err(malformed) => Err(malformed.to_string()),
        };
        let answers = sequence;
        match rest {
            Ok(rest) => {
                let line = Line {
                    answers,
                    rest,
                    ..Line::default()
                };
                self.proceed(line, out);
            }
            Err(why) => {
                out.push(Effect::Note(why));
                let line = Line {
                    answers,
                    ..Line::default()
                };
                self.refuse(line, Refusal::Error, out);
            }
        }
    }

    /// A key came. No command of these dialects can be aborted, so none is asked for.
    pub fn key(&mut self, sequence: u32, out: &mut Vec<Effect>) {
        self.command_mode(sequence, out);
    }

    /// Payload came.
    pub fn data(&mut self, bytes: &[u8], out: &mut Vec<Effect>) {
        let State::Taking(_, taking) = &mut self.state else {
            return;
        };
        let Taken::ToFile { acknowledgements } = taking.take(bytes) else {
            return;
        };
        self.request(Op::Append(bytes.to_vec()), out);
        if acknowledgements > 0 {
            let bytes = vec![b'A'; acknowledgements];
            out.push(Effect::Write {
                bytes,
                urc: false,
                result: false,
            });
        }
    }

    /// Data mode ended.
    pub fn end(&mut self, sequence: u32, cause: Cause, out: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Taking(mut line, taking) => {
                line.answers = sequence;
                if taking.has_file() {
                    let op = if taking.failed() {
                        Op::Abandon
                    } else {
                        Op::Finish
                    };
                    let id = self.request(op, out);
                    self.state = State::Waiting(line, Awaited::File(id, taking, cause));
                } else {
                    self.taken(line, taking, cause, out);
                }
            }
            State::Orphaned => {
                self.apologise(out);
                self.command_mode(sequence, out);
            }
            State::Silent => {
                write_result(Vec::new(), out);
                self.switch_on(out);
                self.command_mode(sequence, out);
            }
            // It crossed a power cycle that ended the data mode already.
            State::Idle => self.command_mode(sequence, out),
            state @ State::Waiting(..) => self.state = state,
        }
    }

    /// The device went away. What is under way goes on; its answer is lost with the device.
    pub fn hangup(&mut self) {
        match &mut self.state {
            State::Waiting(line, _) => line.mute = true,
            State::Idle => {}
            State::Taking(..) | State::Orphaned | State::Silent => self.state = State::Idle,
        }
    }

    /// A request has been done.
    pub fn done(&mut self, id: OpId, done: Done, out: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(line, Awaited::Request(awaited, call, resume)) if awaited == id => {
                self.resume(line, &call, out, |run, call| resume(run, call, done));
            }
            State::Waiting(line, Awaited::File(awaited, mut taking, cause)) if awaited == id => {
                if let Done::Failed(error) = done {
                    taking.fail(error);
                }
                self.taken(line, taking, cause, out);
            }
            state => {
                self.state = state;
                self.unawaited(done, out);
            }
        }
    }

    fn unawaited(&mut self, done: Done, out: &mut Vec<Effect>) {
        match (done, &mut self.state) {
            (Done::Failed(error), State::Taking(_, taking)) => taking.fail(error),
            // The command that asked for it was told an error meanwhile.
            (Done::Accepted(mail), _) if self.mail != Some(mail) => out.push(Effect::Cancel(mail)),
            _ => {}
        }
    }

    /// A mail that was accepted came to its end.
    pub fn mail_ended(&mut self, mail: MailId, end: &MailEnd, out: &mut Vec<Effect>) {
        if self.mail != Some(mail) {
            return;
        }
        self.mail = None;
        let mut line = Line::default();
        (self.dialect.played.mail_ended)(&mut self.run(&mut line), end);
        // Told first, then forgotten: told twice does less harm than never.
        urcs(line.urcs, out);
        self.save_all(out);
    }

    /// A power cycle, asked for from outside. What is under way gets an error.
    pub fn reset(&mut self, out: &mut Vec<Effect>) {
        let answers = match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(line, _) => Some(line.answers),
            State::Taking(..) | State::Orphaned => Some(0),
            State::Silent | State::Idle => None,
        };
        if answers.is_some() {
            self.apologise(out);
        }
        self.power_on(out);
        self.switch_on(out);
        self.command_mode(answers.unwrap_or(0), out);
    }

    /// The plug is pulled: when the port is claimed again, the module is switched on. What is under way
    /// gets an error.
    pub fn switch_off(&mut self, out: &mut Vec<Effect>) {
        if !matches!(
            std::mem::replace(&mut self.state, State::Idle),
            State::Idle | State::Silent
        ) {
            self.apologise(out);
        }
        self.power_on(out);
        self.fresh = true;
    }

    /// Forgets what a power cut forgets.
    fn power_on(&mut self, out: &mut Vec<Effect>) {
        if let Some(mail) = self.mail.take() {
            out.push(Effect::Cancel(mail));
        }
        self.memory = played::power_on(self.dialect, &self.stored);
        for volume in self.dialect.played.volumes {
            if !volume.lasts {
                self.request(Op::Clear(volume.name), out);
            }
        }
        self.save_all(out);
        let line = played::line(self.dialect, &self.memory, self.configured);
        if line != self.line {
            self.line = line;
            out.push(Effect::Configure(line));
        }
        out.push(Effect::SetCircuits(played::circuits(
            self.dialect,
            &self.memory,
        )));
    }

    /// Says that it was switched on.
    fn switch_on(&mut self, out: &mut Vec<Effect>) {
        self.fresh = false;
        self.save_all(out);
        let mut line = Line::default();
        let mut run = self.run(&mut line);
        for text in run.played().started {
            run.tell(text);
        }
        urcs(line.urcs, out);
    }

    /// Carries out what is left of a line.
    fn proceed(&mut self, mut line: Line, out: &mut Vec<Effect>) {
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
    fn resume(
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
        mut line: Line,
        outcome: Outcome,
        call: Option<Call>,
        out: &mut Vec<Effect>,
    ) -> Option<Line> {
        match (outcome, call) {
            (Outcome::Ok, _) => return Some(line),
            (Outcome::Refused(refusal), _) => self.refuse(line, refusal, out),
            (Outcome::Result(code), _) => self.finish(line, code, out),
            (Outcome::Wait(op, resume), Some(call)) => {
                // What was answered so far need not wait, nor be held in memory.
                self.flush(&mut line, out);
                let id = self.request(op, out);
                self.state = State::Waiting(line, Awaited::Request(id, call, resume));
            }
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
        let ends = mode.ends.clone();
        if line.mute {
            // Nobody is there to send any.
            return self.taken(line, Taking::new(call, mode), Cause::Hangup, out);
        }
        self.flush(&mut line, out);
        out.push(Effect::Mode {
            answers: line.answers,
            mode: Mode::Data(discipline::Data {
                ends,
                ..discipline::Data::default()
            }),
        });
        self.state = State::Taking(line, Taking::new(call, mode));
    }

    fn taken(&mut self, line: Line, taking: Taking, cause: Cause, out: &mut Vec<Effect>) {
        let (call, mode, collected) = taking.end(cause);
        self.resume(line, &call, out, |run, call| {
            (mode.then)(run, call, &collected)
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
        let (answers, mute) = (line.answers, line.mute);
        self.answer(line, out);
        self.power_on(out);
        if mute {
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
        out.push(Effect::Mode { answers, mode });
        self.state = State::Silent;
    }

    fn refuse(&mut self, mut line: Line, refusal: Refusal, out: &mut Vec<Effect>) {
        let mode = played::setting(self.dialect, &self.memory, "+CMEE");
        let text = match (refusal, mode) {
            (Refusal::Error, _) | (Refusal::Cme(_), 0) => {
                return self.finish(line, ResultCode::Error, out);
            }
            (Refusal::Cme(number), 2) => {
                let text = self.dialect.text_of(number).map(str::to_owned);
                text.unwrap_or_else(|| number.to_string())
            }
            (Refusal::Cme(number), _) => number.to_string(),
        };
        let text = format!("+CME ERROR: {text}");
        let format = played::format(self.dialect, &self.memory);
        format.long_result(text.as_bytes(), &mut line.answer);
        self.conclude(line, out);
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
        self.save(out);
        let bytes = std::mem::take(&mut line.answer);
        // The debt is paid, even if nobody hears it.
        write_result(if line.mute { Vec::new() } else { bytes }, out);
        out.append(&mut line.after);
        urcs(line.urcs, out);
    }

    /// Writes what was answered so far.
    fn flush(&mut self, line: &mut Line, out: &mut Vec<Effect>) {
        let bytes = std::mem::take(&mut line.answer);
        if !bytes.is_empty() && !line.mute {
            out.push(Effect::Write {
                bytes,
                urc: false,
                result: false,
            });
        }
    }

    fn command_mode(&mut self, answers: u32, out: &mut Vec<Effect>) {
        self.state = State::Idle;
        let mode = played::command_mode(self.dialect, &self.memory);
        out.push(Effect::Mode { answers, mode });
    }

    /// Keeps the volatile memory if it changed.
    fn save(&mut self, out: &mut Vec<Effect>) {
        if self.memory.take_changed() {
            self.save_all(out);
        }
    }

    fn save_all(&mut self, out: &mut Vec<Effect>) {
        self.memory.take_changed();
        let saved = SavedRef {
            memory: &self.memory,
            mail: self.mail,
        };
        // Maps with string keys can always be written.
        out.push(Effect::Save(serde_json::to_vec(&saved).unwrap_or_default()));
    }

    fn request(&mut self, op: Op, out: &mut Vec<Effect>) -> OpId {
        self.last_op = self.last_op.wrapping_add(1);
        let id = OpId(self.last_op);
        out.push(Effect::Do { id, op });
        id
    }

    fn run<'a>(&'a mut self, line: &'a mut Line) -> Run<'a> {
        Run {
            dialect: self.dialect,
            identity: &self.identity,
            memory: &mut self.memory,
            line: &mut self.line,
            configured: self.configured,
            stored: &mut self.stored,
            answer: &mut line.answer,
            urcs: &mut line.urcs,
            after: &mut line.after,
            mail: &mut self.mail,
            tally: &mut line.tally,
        }
    }
}

fn write_result(bytes: Vec<u8>, out: &mut Vec<Effect>) {
    out.push(Effect::Write {
        bytes,
        urc: false,
        result: true,
    });
}

fn urcs(lines: Vec<Vec<u8>>, out: &mut Vec<Effect>) {
    for bytes in lines {
        out.push(Effect::Write {
            bytes,
            urc: true,
            result: false,
        });
    }
}
