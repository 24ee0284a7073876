//! One connection to the helper: records to the engine, effects to the port, disk and jobs.

mod output;

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
    /// What the equipment sends is not read for now.
    pub(super) held: bool,
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

/// What came while output was waited for, and where orders come from.
struct Inbox<'a> {
    orders: &'a mut mpsc::Receiver<Orders>,
    told: VecDeque<Told>,
    ordered: Option<Option<Orders>>,
}

impl<'a> Inbox<'a> {
    fn new(orders: &'a mut mpsc::Receiver<Orders>) -> Self {
        Self {
            orders,
            told: VecDeque::new(),
            ordered: None,
        }
    }

    /// What is to be seen to first: an order, as it has waited for output already.
    fn first(&mut self) -> Option<Woken> {
        if let Some(order) = self.ordered.take() {
            return Some(Woken::Order(order));
        }
        self.told.pop_front().map(|told| Woken::Told(Ok(told)))
    }
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
        let mut inbox = Inbox::new(orders);
        loop {
            let woken = match inbox.first() {
                Some(woken) => woken,
                None => self.wait(inbox.orders).await,
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
                    self.perform(effects, &mut inbox).await?;
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
            self.perform(effects, &mut inbox).await?;
            self.hold(&mut inbox).await?;
        }
    }

    /// What the equipment sends waits where its peer is slower: it is held up by flow control. All else that the
    /// helper tells goes on, so that a device that goes away is noticed.
    async fn hold(&mut self, inbox: &mut Inbox<'_>) -> Result<()> {
        let full = self.clients.full().is_some();
        if full == self.held {
            return Ok(());
        }
        self.held = full;
        self.tell(ToHelper::Hold(full), inbox).await
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
        // It is woken to let the equipment go on.
        let full = self.clients.full();
        let choked = full.as_ref().is_some_and(|pipe| pipe.is_choked());
        let room = async {
            match full {
                Some(pipe) => pipe.room().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = next(&mut self.reader), if !choked => Woken::Told(told),
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

    /// Shows this, or what is being done where the device is there.
    fn show(&self, state: Option<State>) {
        if state.is_none() && !self.here {
            return;
        }
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
