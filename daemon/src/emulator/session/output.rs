//! What the engine asks for, done in order.

use super::{Inbox, Session, next};
use crate::emulator::handle::Order;
use crate::emulator::op::Effect;
use crate::service::Result;
use crate::trace::Direction;
use hayes_ldisc::record::{Flags, ToHelper};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Longer answers are data, which traces do not show.
const SHOWN: usize = 1024;

/// Equipment that takes nothing has so long until an order is carried out all the same.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Does what the engine asks for, in order; what that leads to comes before what follows it. Where the
    /// port is lost meanwhile, the rest is done all the same: the engine waits for it.
    pub(super) async fn perform(
        &mut self,
        effects: Vec<Effect>,
        inbox: &mut Inbox<'_>,
    ) -> Result<()> {
        let mut effects = VecDeque::from(effects);
        if effects.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        let mut flow = Flow::Free;
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
                effect if outcome.is_ok() && flow != Flow::Left => {
                    outcome = self.tell_port(effect, &mut flow, inbox).await;
                }
                _ => {}
            }
        }
        self.show(None);
        outcome
    }

    async fn tell_port(
        &mut self,
        effect: Effect,
        flow: &mut Flow,
        inbox: &mut Inbox<'_>,
    ) -> Result<()> {
        let record = match effect {
            Effect::Write {
                bytes,
                urc,
                result,
                prompt,
            } => {
                // Nobody takes it: only what it stands for counts.
                let bytes = match flow {
                    Flow::Free => bytes,
                    Flow::Dropped | Flow::Left => Vec::new(),
                };
                self.tell_written(&bytes);
                let flags = Flags {
                    urc,
                    result,
                    prompt,
                    ack: false,
                };
                *flow = self
                    .send(flags, Output::Bytes(&bytes), inbox)
                    .await?
                    .max(*flow);
                return Ok(());
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
        let sent = self.send(Flags::default(), Output::Record(record), inbox);
        *flow = sent.await?.max(*flow);
        Ok(())
    }

    /// Sends a record that is no output.
    pub(super) async fn tell(&mut self, record: ToHelper<'_>, inbox: &mut Inbox<'_>) -> Result<()> {
        let sent = self.send(Flags::default(), Output::Record(record), inbox);
        sent.await.map(drop)
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

    /// Sends to the port, and reads from it meanwhile: output only goes on as its answers are read. An order
    /// does not wait for ever until the equipment takes what is said to it.
    async fn send(
        &mut self,
        flags: Flags,
        output: Output<'_>,
        inbox: &mut Inbox<'_>,
    ) -> Result<Flow> {
        let flow = {
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
            let patience = || Some(Instant::now() + PATIENCE);
            let mut until = inbox.ordered.is_some().then(patience).flatten();
            loop {
                let waits = inbox.ordered.is_none();
                let over = async {
                    match until {
                        Some(until) => sleep_until(until).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    sent = &mut send => return sent.map(|()| Flow::Free),
                    told = next(&mut self.reader) => inbox.told.push_back(told?),
                    order = inbox.orders.recv(), if waits => match order {
                        Some((Order::Look, done)) if self.here => drop(done.send(())),
                        order => {
                            inbox.ordered = Some(order);
                            until = patience();
                        }
                    },
                    () = over => break,
                }
            }
            match &inbox.ordered {
                // The next one finds what the helper has, and tells what it has not.
                Some(Some((Order::HandOver, _))) => Flow::Left,
                _ => Flow::Dropped,
            }
        };
        if flow == Flow::Dropped {
            let flush = self.writer.send(Flags::default(), &ToHelper::Flush);
            flush.await?;
        }
        Ok(flow)
    }
}

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flow {
    /// To the equipment.
    Free,
    /// Nowhere: it did not take what it was sent, and somebody wants to go on.
    Dropped,
    /// The port is the next one's already.
    Left,
}

enum Output<'a> {
    Bytes(&'a [u8]),
    Record(ToHelper<'a>),
}
