//! The engine: takes what the line reports and what the world answers, gives [`Effect`]s.
//!
//! It needs no clock. Every time of the dialogue is kept elsewhere: those of a data mode by the line
//! discipline, that of a mail by its job.

mod background;
mod data;
mod line;
mod power;

use super::begun::{Apology, Begun};
use super::client::Client;
use super::data::{Taking, Tally};
use super::memory::Memory;
use super::op::{Done, Effect, MailEnd, MailId, Op, OpId};
use super::run::{Call, Exchange, Refusal, Resume, Run};
use super::{played, star};
use crate::at::line::body;
use crate::dialect::{Dialect, Identity, Quirks};
use hayes_ldisc::discipline::Cause;
use hayes_ldisc::record::LineSettings;

/// A module that is played.
#[derive(Debug)]
pub struct Engine {
    dialect: &'static Dialect,
    identity: Identity,
    quirks: Quirks,
    /// The line as the configuration says.
    configured: LineSettings,
    line: LineSettings,
    memory: Memory,
    stored: Memory,
    mail: Option<MailId>,
    /// What is due if we die now, where a line is under way.
    apology: Option<Apology>,
    /// What goes on behind its line.
    begun: Vec<Begun>,
    /// An earlier life left activities behind, and the dialect has not heard of it yet.
    interrupted: bool,
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
    /// It was switched on and has not said so yet.
    #[serde(default)]
    fresh: bool,
    /// What is due to a line that was under way.
    #[serde(default)]
    apology: Option<Apology>,
}

#[derive(serde::Serialize)]
struct SavedRef<'a> {
    memory: &'a Memory,
    mail: Option<MailId>,
    fresh: bool,
    apology: Option<&'a Apology>,
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
    before: Vec<Effect>,
    after: Vec<Effect>,
    /// A client whose session ends with this line.
    client: Option<Client>,
    tally: Tally,
    exchange: Option<Exchange>,
    /// Nobody is there to read the answer.
    mute: bool,
}

/// What a line waits for.
#[derive(Debug)]
enum Awaited {
    /// A command's own request.
    Request(OpId, Call, Resume),
    /// The same, of a client: it may take long.
    Client(OpId, Client, Call, Resume),
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
        let saved = saved.unwrap_or_else(|| Saved {
            memory: played::power_on(dialect, &stored),
            mail: None,
            fresh: true,
            apology: None,
        });
        let interrupted = !saved.fresh;
        let line = played::line(dialect, &saved.memory, configured);
        Self {
            dialect,
            identity,
            quirks: Quirks::default(),
            configured,
            line,
            memory: saved.memory,
            stored,
            mail: saved.mail,
            apology: saved.apology,
            begun: Vec::new(),
            interrupted,
            fresh: saved.fresh,
            state: State::Idle,
            last_op: 0,
            commands: 0,
        }
    }

    /// The same with quirks of its firmware.
    #[must_use]
    pub fn with_quirks(self, quirks: Quirks) -> Self {
        Self { quirks, ..self }
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

    /// A request has been done.
    pub fn done(&mut self, id: OpId, done: Done, out: &mut Vec<Effect>) {
        let done = match self.begun_ended(id, done, out) {
            Some(done) => done,
            None => return,
        };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(
                line,
                Awaited::Request(awaited, call, resume) | Awaited::Client(awaited, _, call, resume),
            ) if awaited == id => {
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
        self.memory.touch();
        self.tell(line, out);
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
            fresh: self.fresh,
            apology: self.apology.as_ref(),
        };
        out.push(Effect::Save(super::memory::written(&saved)));
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
            quirks: &self.quirks,
            memory: &mut self.memory,
            line: &mut self.line,
            configured: self.configured,
            stored: &mut self.stored,
            answer: &mut line.answer,
            urcs: &mut line.urcs,
            before: &mut line.before,
            after: &mut line.after,
            mail: &mut self.mail,
            apology: &mut self.apology,
            begun: &mut self.begun,
            last_op: &mut self.last_op,
            tally: &mut line.tally,
            exchange: &mut line.exchange,
        }
    }
}

fn write_result(bytes: Vec<u8>, out: &mut Vec<Effect>) {
    out.push(Effect::Write {
        bytes,
        urc: false,
        result: true,
        prompt: false,
    });
}

fn urcs(lines: Vec<Vec<u8>>, out: &mut Vec<Effect>) {
    for bytes in lines {
        out.push(Effect::Write {
            bytes,
            urc: true,
            result: false,
            prompt: false,
        });
    }
}
