//! One connection to the helper: records to the engine, effects to the port, disk and jobs.

use super::clients::Clients;
use super::engine::{Doing, Engine};
use super::handle::{Order, Snapshot, State, Told as Orders};
use super::op::{Done, Effect, MailEnd, MailId, OpId};
use super::world::World;
use crate::port::{Reader, Writer};
use crate::service::Result;
use crate::trace::{Direction, Trace};
use hayes_ldisc::discipline::Cause;
use hayes_ldisc::record::{Claimed, Flags, FromHelper, Refusal, ToHelper};
use std::collections::VecDeque;
use tokio::sync::{mpsc, watch};

/// Longer answers are data, which traces do not show.
const SHOWN: usize = 1024;

/// Why a session is over.
pub(super) enum Over {
    /// It was told to stop.
    Stopped,
    /// Nobody has a handle any more.
    Abandoned,
    /// The device may be there now: it is asked for anew.
    Anew,
    /// The helper will not give the device, for this reason.
    Refused(String),
}

pub(super) struct Session<'a> {
    /// The emulator's, for logs.
    pub(super) name: &'a str,
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) engine: &'a mut Engine,
    pub(super) world: &'a World,
    pub(super) clients: &'a mut Clients,
    pub(super) view: &'a watch::Sender<Snapshot>,
    pub(super) trace: &'a Trace,
    /// Bytes of the data mode that runs.
    pub(super) taken: u64,
    /// The device is there: result lines are not told to nobody.
    pub(super) here: bool,
}

/// A record that came, as far as it matters here.
enum Told {
    Claimed(Claimed),
    Refused {
        last: bool,
        text: String,
    },
    Line {
        sequence: u32,
        line: Vec<u8>,
        too_long: bool,
    },
    Key(u32),
    Data(Vec<u8>),
    End {
        sequence: u32,
        cause: Cause,
    },
    Dtr(bool),
    Overrun,
    Hangup,
    Stopped(bool),
    Nothing,
}

/// What woke the session.
enum Woken {
    Told(Result<Told>),
    Mail(MailId, MailEnd),
    Done(OpId, Done),
    /// A client takes bytes again.
    Room,
    Order(Option<Orders>),
}

impl Session<'_> {
    /// Runs until the connection ends or somebody says so.
    pub(super) async fn run(mut self, orders: &mut mpsc::Receiver<Orders>) -> Result<Over> {
        // What came while output was waited for.
        let mut waiting = VecDeque::new();
        loop {
            let woken = match waiting.pop_front() {
                Some(told) => Woken::Told(Ok(told)),
                None => self.wait(orders).await,
            };
            let mut effects = Vec::new();
            match woken {
                Woken::Told(told) => {
                    if let Some(over) = self.take(told?, &mut effects) {
                        return Ok(over);
                    }
                }
                Woken::Mail(mail, end) => self.engine.mail_ended(mail, &end, &mut effects),
                Woken::Done(id, done) => self.engine.done(id, done, &mut effects),
                Woken::Room => {}
                Woken::Order(None) => return Ok(Over::Abandoned),
                Woken::Order(Some((Order::Look, done))) => {
                    let _ = done.send(());
                    if !self.here {
                        return Ok(Over::Anew);
                    }
                }
                Woken::Order(Some((order, done))) => {
                    self.obey(order, &mut effects);
                    self.perform(effects, &mut waiting).await?;
                    let gives_back = order.ends() && order != Order::HandOver;
                    if gives_back {
                        self.writer
                            .send(Flags::default(), &ToHelper::Release)
                            .await?;
                    }
                    let _ = done.send(());
                    if order.ends() {
                        return Ok(Over::Stopped);
                    }
                    continue;
                }
            }
            self.perform(effects, &mut waiting).await?;
        }
    }

    async fn wait(&mut self, orders: &mut mpsc::Receiver<Orders>) -> Woken {
        let mail = self.engine.owed_mail().filter(|_| self.here);
        let world = self.world;
        let mail_ends = async {
            match mail {
                Some(mail) => (mail, world.end_of(mail).await),
                None => std::future::pending().await,
            }
        };
        // What the equipment sends waits where its peer is slower: it is held up by flow control.
        let full = self.clients.full();
        let is_full = full.is_some();
        let room = async {
            match full {
                Some(pipe) => pipe.room().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = next(&mut self.reader), if !is_full => Woken::Told(told),
            () = room => Woken::Room,
            (mail, end) = mail_ends => Woken::Mail(mail, end),
            // What goes on behind its line is told to who is there.
            (id, done) = self.clients.next(), if self.here => Woken::Done(id, done),
            order = orders.recv() => Woken::Order(order),
        }
    }

    fn obey(&mut self, order: Order, effects: &mut Vec<Effect>) {
        match order {
            Order::Start | Order::Look | Order::Leave | Order::HandOver => {}
            Order::Reset => self.engine.reset(effects),
            Order::Stop => self.engine.switch_off(effects),
        }
    }

    /// Takes a record to the engine.
    fn take(&mut self, told: Told, effects: &mut Vec<Effect>) -> Option<Over> {
        match told {
            Told::Claimed(claimed) => {
                self.here = true;
                self.count(|view| view.dtr = claimed.circuits.ready);
                self.engine.claimed(&claimed, effects);
            }
            Told::Refused { last, text } => {
                self.trace.tell(Direction::Note, || text.clone());
                self.show(Some(if last { State::Refused } else { State::Absent }));
                if last {
                    return Some(Over::Refused(text));
                }
                tracing::info!(port = self.name, why = text, "the device is awaited");
            }
            Told::Line {
                sequence,
                line,
                too_long,
            } => self.line(sequence, &line, too_long, effects),
            Told::Key(sequence) => self.engine.key(sequence, effects),
            Told::Data(bytes) => {
                self.taken += bytes.len() as u64;
                self.count(|view| view.bytes_in += bytes.len() as u64);
                self.engine.data(&bytes, effects);
            }
            Told::End { sequence, cause } => {
                let count = std::mem::take(&mut self.taken);
                self.trace.tell(Direction::In, || {
                    format!("<{count} bytes, ended by {cause:?}>")
                });
                if cause == Cause::Escape {
                    self.count(|view| view.escapes += 1);
                }
                self.engine.end(sequence, cause, effects);
            }
            Told::Dtr(on) => self.count(|view| view.dtr = on),
            Told::Overrun => {
                self.note("the TTY lost bytes");
            }
            Told::Hangup => {
                self.note("the device went away");
                self.here = false;
                self.engine.hangup(effects);
                self.count(|view| view.dtr = false);
                self.show(Some(State::Absent));
            }
            Told::Stopped(true) => self.note("the equipment has not taken output for 30 s"),
            Told::Stopped(false) => self.note("the equipment takes output again"),
            Told::Nothing => {}
        }
        None
    }

    fn line(&mut self, sequence: u32, line: &[u8], too_long: bool, effects: &mut Vec<Effect>) {
        let engine = &mut *self.engine;
        self.trace.tell(Direction::In, || {
            engine.without_secrets(line).escape_ascii().to_string()
        });
        engine.command_line(sequence, line, too_long, effects);
        let commands = self.engine.commands();
        self.count(|view| {
            view.bytes_in += line.len() as u64;
            view.commands = commands;
        });
    }

    fn note(&self, text: &'static str) {
        tracing::warn!(port = self.name, "{text}");
        self.trace.tell(Direction::Note, || text.into());
    }

    fn count(&self, change: impl FnOnce(&mut Snapshot)) {
        self.view.send_modify(change);
    }

    /// Shows what is being done, or this.
    fn show(&self, state: Option<State>) {
        let state = state.unwrap_or(match self.engine.doing() {
            Doing::Command => State::Command,
            Doing::Data => State::Data,
            Doing::Busy => State::Busy,
        });
        self.view.send_if_modified(|view| {
            let changed = view.state != state;
            view.state = state;
            changed
        });
    }

    /// Does what the engine asks for, in order; what that leads to comes before what follows it. Where the
    /// port is lost meanwhile, the rest is done all the same: the engine waits for it.
    async fn perform(&mut self, effects: Vec<Effect>, waiting: &mut VecDeque<Told>) -> Result<()> {
        let mut effects = VecDeque::from(effects);
        if effects.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Do { id, op } if op.client().is_some() => {
                    self.show(None);
                    self.clients.start(id, op);
                }
                Effect::Abort(client) => self.clients.abort(client),
                Effect::Do { id, op } => {
                    self.show(None);
                    let done = self.world.perform(op).await;
                    let mut more = Vec::new();
                    self.engine.done(id, done, &mut more);
                    for effect in more.into_iter().rev() {
                        effects.push_front(effect);
                    }
                }
                Effect::Save(memory) => self.world.save(memory).await,
                Effect::Cancel(mail) => self.world.cancel(mail),
                Effect::Note(text) => self.trace.tell(Direction::Note, || text),
                effect if outcome.is_ok() => outcome = self.tell_port(effect, waiting).await,
                _ => {}
            }
        }
        self.show(None);
        outcome
    }

    async fn tell_port(&mut self, effect: Effect, waiting: &mut VecDeque<Told>) -> Result<()> {
        let record = match effect {
            Effect::Write {
                bytes,
                urc,
                result,
                prompt,
            } => {
                self.tell_written(&bytes);
                let flags = Flags {
                    urc,
                    result,
                    prompt,
                    ack: false,
                };
                return self.send(flags, Output::Bytes(&bytes), waiting).await;
            }
            Effect::Mode { answers, mode } => ToHelper::Mode { answers, mode },
            Effect::Configure(line) => ToHelper::Configure(line),
            Effect::SetCircuits(circuits) => ToHelper::SetCircuits(circuits),
            Effect::Do { .. }
            | Effect::Save(_)
            | Effect::Cancel(_)
            | Effect::Abort(_)
            | Effect::Note(_) => return Ok(()),
        };
        self.send(Flags::default(), Output::Record(record), waiting)
            .await
    }

    fn tell_written(&self, bytes: &[u8]) {
        self.count(|view| view.bytes_out += bytes.len() as u64);
        if bytes.is_empty() {
            return;
        }
        self.trace.tell(Direction::Out, || match bytes.len() {
            0..=SHOWN => self
                .engine
                .answer_without_secrets(bytes)
                .escape_ascii()
                .to_string(),
            count => format!("<{count} bytes>"),
        });
    }

    /// Sends to the port, and reads from it meanwhile: output only goes on as its answers are read.
    async fn send(
        &mut self,
        flags: Flags,
        output: Output<'_>,
        waiting: &mut VecDeque<Told>,
    ) -> Result<()> {
        let writer = &mut self.writer;
        let send = async {
            match output {
                Output::Bytes(&[]) => {
                    writer.send(flags, &ToHelper::Write(&[])).await?;
                }
                Output::Bytes(bytes) => writer.write(bytes, flags).await?,
                Output::Record(record) => {
                    writer.send(flags, &record).await?;
                }
            }
            Ok(())
        };
        tokio::pin!(send);
        loop {
            tokio::select! {
                biased;
                sent = &mut send => return sent,
                told = next(&mut self.reader) => waiting.push_back(told?),
            }
        }
    }
}

enum Output<'a> {
    Bytes(&'a [u8]),
    Record(ToHelper<'a>),
}

/// The next record. Dropped before it is ready, it has taken nothing.
async fn next(reader: &mut Reader) -> Result<Told> {
    let (header, record) = reader.next().await?;
    let sequence = header.sequence;
    Ok(match record {
        FromHelper::Claimed(claimed) => Told::Claimed(claimed),
        FromHelper::Refused { why, text } => Told::Refused {
            last: !matches!(why, Refusal::Absent | Refusal::Busy),
            text: text.to_owned(),
        },
        FromHelper::CommandLine { line, too_long } => Told::Line {
            sequence,
            line: line.to_vec(),
            too_long,
        },
        FromHelper::Key(_) => Told::Key(sequence),
        FromHelper::Data { bytes, .. } => Told::Data(bytes.to_vec()),
        FromHelper::End { cause, .. } => Told::End { sequence, cause },
        FromHelper::Circuits(circuits) => Told::Dtr(circuits.ready),
        FromHelper::Overrun => Told::Overrun,
        FromHelper::Hangup => Told::Hangup,
        FromHelper::OutputStopped(stopped) => Told::Stopped(stopped),
        FromHelper::Done { .. } => Told::Nothing,
    })
}
