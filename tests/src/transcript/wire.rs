//! Emulator and line discipline joined by a queue, on an injected clock: the whole way of a byte without
//! processes, devices and time.

use super::servers::Servers;
use super::world::{self, Served, Service};
use crate::folder::Folder;
use anyhow::{Context, Result, bail, ensure};
use hayes_ldisc::discipline::Cause;
use hayes_ldisc::port::{Action, Output, Port};
use hayes_ldisc::record::{
    Claim, Claimed, Failure, Flags, FromHelper, Header, LineSettings, Role, ToHelper, VERSION,
    Wiring,
};
use hayes_ldisc::time::Time;
use hayesd::dialect::Dialect;
use hayesd::dialect::volume::FileName;
use hayesd::emulator::{
    Client, Done, Effect, Engine, Files, Letter, MailEnd, MailId, Memory, Op, OpId,
};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

/// A port with an emulator behind it.
#[derive(Debug)]
pub struct Wire {
    port: Port,
    engine: Engine,
    dialect: &'static Dialect,
    files: Files,
    /// Keeps the files.
    _folder: Folder,
    now: Time,
    sequence: u32,
    events: Events,
    sent: Vec<u8>,
    saved: Vec<u8>,
    stored: Vec<u8>,
    mails: Vec<Letter>,
    cancelled: Vec<MailId>,
    /// What the module's clients were asked and have not answered.
    asked: VecDeque<(OpId, Op)>,
    /// What was pushed to a client's peer.
    pushed: Vec<u8>,
    aborted: Vec<Client>,
    servers: Servers,
    /// Who asks servers is answered by them, at once.
    served: bool,
}

/// What the port told and the engine has not heard yet.
#[derive(Debug, Default)]
struct Events {
    queue: VecDeque<(u32, Told)>,
    actions: Vec<Action>,
}

#[derive(Debug)]
enum Told {
    Line { line: Vec<u8>, too_long: bool },
    Key,
    Data(Vec<u8>),
    End(Cause),
}

impl Output for Events {
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>) {
        let told = match *record {
            FromHelper::CommandLine { line, too_long } => {
                let line = line.to_vec();
                Told::Line { line, too_long }
            }
            FromHelper::Key(_) => Told::Key,
            FromHelper::Data { bytes, .. } => Told::Data(bytes.to_vec()),
            FromHelper::End { cause, .. } => Told::End(cause),
            _ => return,
        };
        self.queue.push_back((sequence, told));
    }

    fn perform(&mut self, action: Action) -> Result<(), Failure> {
        self.actions.push(action);
        Ok(())
    }
}

impl Wire {
    /// A module that was switched on just now, on a fresh pty that somebody has open.
    pub fn new(dialect: &'static Dialect) -> Result<Self> {
        let folder = Folder::in_memory("wire")?;
        let files = Files::open(
            dialect.played.volumes,
            &folder.path().join("lasting"),
            &folder.path().join("volatile"),
        )?;
        let claim = Claim {
            version: VERSION,
            device: "pty:wire",
            line: LineSettings::default(),
            role: Role::Dce,
            wiring: Wiring::default(),
        };
        // Long after the clock's zero, so that silence may have come before.
        let now = Time(3_600_000_000_000);
        let identity = dialect.played.identity.clone();
        let line = LineSettings::default();
        let stored = Memory::default();
        let mut wire = Self {
            port: Port::new(&claim, now),
            engine: Engine::new(dialect, identity, line, None, stored),
            dialect,
            files,
            _folder: folder,
            now,
            sequence: 0,
            events: Events::default(),
            sent: Vec::new(),
            saved: Vec::new(),
            stored: b"{}".to_vec(),
            mails: Vec::new(),
            cancelled: Vec::new(),
            asked: VecDeque::new(),
            pushed: Vec::new(),
            aborted: Vec::new(),
            servers: Servers::default(),
            served: false,
        };
        let open = wire.port.claimed(false).circuits;
        let open = hayes_ldisc::record::Circuits {
            ready: true,
            ..open
        };
        wire.port.circuits(open, now, &mut wire.events);
        let claimed = wire.port.claimed(false);
        wire.claimed(&claimed);
        Ok(wire)
    }

    fn claimed(&mut self, claimed: &Claimed) {
        let mut effects = Vec::new();
        self.engine.claimed(claimed, &mut effects);
        self.perform(effects);
        self.settle();
    }

    /// Bytes from the host, in one read.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.port.received(bytes, self.now, &mut self.events);
        self.settle();
    }

    /// Lets time pass without a byte from the host.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(deadline) = self.port.next_deadline().filter(|&at| at <= until) {
            self.now = self.now.max(deadline);
            self.port.looked(self.now, &mut self.events);
            self.port.timer(self.now, &mut self.events);
            self.settle();
        }
        self.now = until;
        self.port.looked(self.now, &mut self.events);
        self.settle();
    }

    /// What the host has read since this was last asked.
    pub fn take_sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sent)
    }

    /// What the device was asked to do since this was last asked.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.events.actions)
    }

    /// The mails that were accepted, in order.
    pub fn mails(&self) -> &[Letter] {
        &self.mails
    }

    /// The mails that were cancelled, in order.
    pub fn cancelled(&self) -> &[MailId] {
        &self.cancelled
    }

    /// What a client of the module was asked and has not answered, in order.
    pub fn asked(&self) -> impl Iterator<Item = &Op> {
        self.asked.iter().map(|(_, op)| op)
    }

    /// The first thing that a client was asked has been done.
    pub fn answer(&mut self, done: Done) -> Result<()> {
        let (id, _) = self.asked.pop_front().context("no client was asked")?;
        let mut effects = Vec::new();
        self.engine.done(id, done, &mut effects);
        self.perform(effects);
        self.settle();
        Ok(())
    }

    /// Whether servers answer by themselves from here on.
    pub fn set_served(&mut self, served: bool) {
        self.served = served;
        self.settle();
    }

    /// The first thing that servers were asked is answered by them.
    pub fn serve_one(&mut self) -> Result<()> {
        ensure!(self.serve(), "no server was asked, or it is not done yet");
        self.settle();
        Ok(())
    }

    /// Something of a server.
    pub fn server(&mut self, service: Service, served: &Served) -> Result<()> {
        self.servers.told(service, served)
    }

    /// Whether a server has answered.
    fn serve(&mut self) -> bool {
        let Some((id, op)) = self.asked.pop_front() else {
            return false;
        };
        let now = self.wall_clock();
        let Some(done) = self.servers.perform(&op, &mut self.files, now) else {
            self.asked.push_front((id, op));
            return false;
        };
        let mut effects = Vec::new();
        self.engine.done(id, done, &mut effects);
        self.perform(effects);
        true
    }

    /// What this machine's clock shows.
    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.now.0)
    }

    /// What was pushed to clients' peers since this was last asked.
    pub fn take_pushed(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pushed)
    }

    /// The clients that were aborted while they had something to do, in order, since this was last asked.
    pub fn take_aborted(&mut self) -> Vec<Client> {
        std::mem::take(&mut self.aborted)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Puts a file where the module finds it.
    pub fn put_file(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let file = FileName::parse(self.dialect.played.volumes, name.as_bytes(), 80);
        let name = file.context("no name of a file")?;
        let size = content.len() as u64;
        for op in [
            Op::Create {
                name,
                size,
                replace: false,
            },
            Op::Append(content.to_vec()),
            Op::Finish,
        ] {
            match self.files.perform(&op) {
                Some(Done::Fine) => {}
                other => bail!("{op:?}: {other:?}"),
            }
        }
        Ok(())
    }

    /// The mail that is being sent comes to its end: `ok`, a server's reply, or the name of an error.
    pub fn end_mail(&mut self, end: &str) -> Result<()> {
        let end = mail_end(end)?;
        let mail = self.engine.owed_mail().context("no mail is being sent")?;
        let greeted = Op::Greeted(mail);
        if let Some(at) = self.asked.iter().position(|(_, op)| *op == greeted) {
            let (id, _) = self.asked.remove(at).context("it was there")?;
            let done = end.clone().map_or_else(Done::Refused, |()| Done::Fine);
            let mut effects = Vec::new();
            self.engine.done(id, done, &mut effects);
            self.perform(effects);
            self.settle();
        }
        let mut effects = Vec::new();
        self.engine.mail_ended(mail, &end, &mut effects);
        self.perform(effects);
        self.settle();
        Ok(())
    }

    /// The daemon dies and comes back.
    pub fn restart(&mut self) -> Result<()> {
        self.port.detach(self.now);
        self.events.queue.clear();
        self.asked.clear();
        let identity = self.dialect.played.identity.clone();
        let saved = Some(serde_json::from_slice(&self.saved)?);
        let stored = serde_json::from_slice(&self.stored)?;
        let line = LineSettings::default();
        self.engine = Engine::new(self.dialect, identity, line, saved, stored);
        let claimed = self.port.attach(self.now);
        self.claimed(&claimed);
        Ok(())
    }

    fn settle(&mut self) {
        loop {
            let output = self.port.output();
            if !output.is_empty() {
                let count = output.len();
                self.sent.extend(output);
                self.port.sent(count, self.now, &mut self.events);
                continue;
            }
            if self.port.wants_drain() {
                self.port.drained(self.now, &mut self.events);
            }
            let Some((sequence, told)) = self.events.queue.pop_front() else {
                if self.port.output().is_empty() && !(self.served && self.serve()) {
                    return;
                }
                continue;
            };
            let mut effects = Vec::new();
            match told {
                Told::Line { line, too_long } => {
                    self.engine
                        .command_line(sequence, &line, too_long, &mut effects);
                }
                Told::Key => self.engine.key(sequence, &mut effects),
                Told::Data(bytes) => self.engine.data(&bytes, &mut effects),
                Told::End(cause) => self.engine.end(sequence, cause, &mut effects),
            }
            self.perform(effects);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Write {
                    bytes,
                    urc,
                    result,
                    prompt,
                } => {
                    let flags = Flags {
                        urc,
                        result,
                        prompt,
                        ..Flags::default()
                    };
                    self.record(flags, &ToHelper::Write(&bytes));
                }
                Effect::Mode { answers, mode } => {
                    self.record(Flags::default(), &ToHelper::Mode { answers, mode });
                }
                Effect::Configure(line) => {
                    self.record(Flags::default(), &ToHelper::Configure(line));
                }
                Effect::SetCircuits(circuits) => {
                    self.record(Flags::default(), &ToHelper::SetCircuits(circuits));
                }
                Effect::Save(saved) => self.saved = saved,
                Effect::Do { id, op } => {
                    let more = self.operate(id, op);
                    // What it leads to comes before what follows it, as nothing waits for it there.
                    for effect in more.into_iter().rev() {
                        effects.push_front(effect);
                    }
                }
                Effect::Cancel(mail) => self.cancelled.push(mail),
                Effect::Abort(client) => {
                    let before = self.asked.len();
                    self.asked.retain(|(_, op)| op.client() != Some(client));
                    self.servers.abort(client);
                    if self.asked.len() < before {
                        self.aborted.push(client);
                    }
                }
                Effect::Note(_) => {}
            }
        }
    }

    fn operate(&mut self, id: OpId, op: Op) -> Vec<Effect> {
        let done = match op {
            Op::Store(profile) => {
                self.stored = profile;
                Done::Fine
            }
            Op::Send(letter) => self.accept(*letter),
            Op::Time => Done::Time(self.wall_clock()),
            Op::Push(_, bytes) => {
                self.servers.push(&bytes);
                self.pushed.extend(bytes);
                return Vec::new();
            }
            // The server neither goes away nor is it forgotten.
            Op::MailboxWatch(_) => return Vec::new(),
            op if op.client().is_some() => {
                self.asked.push_back((id, op));
                return Vec::new();
            }
            op => match self.files.perform(&op) {
                Some(done) => done,
                None => return Vec::new(),
            },
        };
        let mut effects = Vec::new();
        self.engine.done(id, done, &mut effects);
        effects
    }

    fn accept(&mut self, letter: Letter) -> Done {
        if let Err(error) = letter.compose(&self.files, None) {
            return Done::Refused(error);
        }
        self.mails.push(letter);
        Done::Accepted(MailId(u32::try_from(self.mails.len()).unwrap_or(u32::MAX)))
    }

    fn record(&mut self, flags: Flags, record: &ToHelper<'_>) {
        self.sequence += 1;
        let header = Header {
            sequence: self.sequence,
            flags,
        };
        self.port.record(header, record, self.now, &mut self.events);
    }
}

/// What `@ mail …` says.
pub fn mail_end(text: &str) -> Result<MailEnd> {
    if text == "ok" {
        return Ok(Ok(()));
    }
    Ok(Err(world::error(text)?))
}
