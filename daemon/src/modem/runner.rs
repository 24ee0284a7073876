//! The task that owns a modem: claims its port, brings it up, carries requests out one at a time, and
//! brings it back when it stops answering.

use super::aftermath::{self, Sought};
use super::by_hand;
use super::chat::{Chat, ChatError, Claiming};
use super::drive::Drive;
use super::handle::Request;
use super::ladder::{Ladder, Rung};
use super::mail::deliver;
use super::recovery;
use super::settings::Settings;
use super::snapshot::{Board, State};
use super::startup::{self, Unusable};
use super::watch;
use super::wire::Ports;
use crate::service::{Error, ErrorKind};
use crate::trace::Trace;
use core::time::Duration;
use hayes_ldisc::record::Refusal;
use hayes_ldisc::time::Time;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// How long after a refusal for good, or without a helper, the port is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How often registration and signal are read while nothing else is to be done.
const LOOK: Duration = Duration::from_secs(60);

/// Requests that wait while one is carried out; more wait in the channel.
const WAITING: usize = 32;

/// The task's state.
pub(super) struct Runner {
    settings: Arc<Settings>,
    ports: Arc<dyn Ports>,
    board: Board,
    trace: Trace,
    requests: mpsc::Receiver<Request>,
    waiting: VecDeque<Request>,
    ladder: Ladder,
    /// No mail was sent yet, and what the module said since an earlier daemon's last one has been heard.
    inherits: bool,
    /// Who wants to know how the earlier daemon's last one ended.
    sought: Option<Sought>,
    epoch: Instant,
}

/// Why a stage of the modem's life ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The device went away; the claim stands.
    Gone,
    /// The port was asked for and is not ours yet.
    Wait,
    /// It does not answer: recovery begins with this rung.
    Recover(Rung),
    /// It restarted, or was brought back: bring it up.
    BringUp,
    /// It cannot be used; for a person.
    Failed(String),
    /// The port itself is lost: claim it anew.
    Reclaim(String),
    /// Switched off.
    Disabled,
    /// Nobody holds a handle any more.
    Over,
}

impl From<ChatError> for Turn {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Gone => Self::Gone,
            ChatError::Restarted => Self::BringUp,
            ChatError::Port(error) => Self::Reclaim(error.to_string()),
            ChatError::Stuck => Self::Recover(Rung::Reopen),
            ChatError::DataMode => Self::Recover(Rung::Escape),
            // What was tried is the mildest: drain and probe.
            ChatError::Lost => Self::Recover(Rung::Escape),
            ChatError::TimedOut(_) | ChatError::Cancelled => Self::Recover(Rung::Resync),
        }
    }
}

impl From<Unusable> for Turn {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Chat(error) => error.into(),
            Unusable::Wrong(why) => Self::Failed(why),
        }
    }
}

impl Runner {
    pub(super) fn new(
        settings: Arc<Settings>,
        ports: Arc<dyn Ports>,
        board: Board,
        trace: Trace,
        requests: mpsc::Receiver<Request>,
    ) -> Self {
        Self {
            settings,
            ports,
            board,
            trace,
            requests,
            waiting: VecDeque::new(),
            ladder: Ladder::default(),
            inherits: true,
            sought: None,
            epoch: Instant::now(),
        }
    }

    /// Runs until the last handle is dropped.
    pub(super) async fn run(mut self) {
        loop {
            self.board.state(State::Claiming);
            let turn = self.hold().await;
            self.disinherit();
            self.board.rung(None);
            tracing::debug!(port = %self.settings.name, ?turn, "modem let go");
            let turn = match turn {
                Turn::Disabled => {
                    self.board.state(State::Disabled);
                    self.idle(None).await
                }
                Turn::Reclaim(why) | Turn::Failed(why) => {
                    self.board.state_because(State::Refused, &why);
                    self.idle(Some(ASK_AGAIN)).await
                }
                other => other,
            };
            if turn == Turn::Over {
                return;
            }
        }
    }

    /// Claims the port and does everything that can be done while it is ours, or may become so again.
    async fn hold(&mut self) -> Turn {
        let wire = match self.ports.claim().await {
            Ok(wire) => wire,
            Err(error) => return Turn::Reclaim(error.to_string()),
        };
        let speed = self.settings.line.speed;
        let mut chat = Chat::new(wire, self.board.clone(), self.trace.clone(), speed);
        let turn = self.live(&mut chat).await;
        if matches!(turn, Turn::Disabled | Turn::Over) {
            chat.release().await;
        }
        turn
    }

    async fn live(&mut self, chat: &mut Chat) -> Turn {
        let mut turn = Turn::Wait;
        loop {
            turn = match turn {
                Turn::Gone => {
                    self.board.state(State::Absent);
                    self.tell_sought(chat);
                    Turn::Wait
                }
                Turn::Wait => match self.wait_for_port(chat).await {
                    Ok(()) => Turn::BringUp,
                    Err(turn) => turn,
                },
                Turn::BringUp => match self.bring_up(chat).await {
                    Ok(()) => self.serve(chat).await,
                    Err(Turn::Recover(_)) => Turn::Recover(Rung::Reopen),
                    Err(turn) => turn,
                },
                Turn::Recover(rung) => self.recover(chat, rung).await,
                Turn::Failed(why) => {
                    tracing::warn!(port = %self.settings.name, why, "modem has failed");
                    self.board.rung(None);
                    self.board.state_because(State::Failed, &why);
                    self.tell_sought(chat);
                    let pause = self.ladder.pause();
                    // Somebody may plug it out and in again, or restart it, meanwhile.
                    match self.while_refusing(chat.listen(pause), true).await {
                        Ok(Ok(())) => Turn::BringUp,
                        Ok(Err(error)) => error.into(),
                        Err(turn) => turn,
                    }
                }
                Turn::Reclaim(_) | Turn::Disabled | Turn::Over => {
                    self.tell_sought(chat);
                    return turn;
                }
            };
        }
    }

    /// Nothing more will be learnt of an earlier daemon's mail: tells what is known.
    fn tell_sought(&mut self, chat: &mut Chat) {
        let drive = self.board.read(|now| now.drive);
        if let Some(sought) = self.sought.take() {
            sought.tell(drive.and_then(|drive| chat.result(drive)));
        }
        self.disinherit();
        chat.keep_results(false);
    }

    /// What the module tells from now on is of our own mails.
    fn disinherit(&mut self) {
        self.inherits = false;
        self.sought = None;
    }

    async fn wait_for_port(&mut self, chat: &mut Chat) -> Result<(), Turn> {
        loop {
            match self.while_refusing(chat.claimed(), false).await? {
                Ok(Claiming::Ours { kept }) => {
                    if kept {
                        chat.note("the port was held for an earlier daemon");
                    } else {
                        self.disinherit();
                    }
                    chat.keep_results(self.inherits);
                    return Ok(());
                }
                Ok(Claiming::Refused { why, text }) => {
                    self.disinherit();
                    match why {
                        Refusal::Absent => self.board.state_because(State::Absent, &text),
                        Refusal::Busy => self.board.state_because(State::Refused, &text),
                        _ => return Err(Turn::Reclaim(text)),
                    }
                }
                Err(ChatError::Gone) => self.board.state(State::Absent),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn bring_up(&mut self, chat: &mut Chat) -> Result<(), Turn> {
        self.board.state(State::Syncing);
        let settings = Arc::clone(&self.settings);
        let board = self.board.clone();
        let answers = self.while_refusing(startup::call(chat), false).await??;
        if !answers && !self.leave_alone(chat).await? {
            let work = startup::insist(chat, settings.line);
            self.while_refusing(work, false).await??;
        }
        let work = async {
            chat.resync().await?;
            startup::configure(chat, &settings, &board).await?;
            watch::look(chat, &board).await?;
            Ok::<(), Unusable>(())
        };
        self.while_refusing(work, false)
            .await?
            .map_err(Turn::from)?;
        self.ladder.recovered();
        self.board.rung(None);
        tracing::info!(port = %self.settings.name, "modem is ready");
        Ok(())
    }

    /// A module that does not answer may still be sending for an earlier daemon. While somebody waits for
    /// the result of that, nothing is done that could stop it. Whether the module answers again.
    async fn leave_alone(&mut self, chat: &mut Chat) -> Result<bool, Turn> {
        loop {
            let drive = self.board.read(|now| now.drive);
            let sending =
                drive.map_or_else(aftermath::longest_sending, |drive| drive.facts().sending);
            let left = match &self.sought {
                Some(sought) if !chat.has_result() => sought.left(sending),
                _ => Duration::ZERO,
            };
            if left.is_zero() {
                return Ok(false);
            }
            chat.note("no answer: it may be sending for an earlier daemon, and is left alone");
            let work = chat.until_result(left.min(aftermath::ASK_AGAIN));
            self.while_refusing(work, false).await??;
            if self.while_refusing(startup::call(chat), false).await?? {
                return Ok(true);
            }
        }
    }

    async fn recover(&mut self, chat: &mut Chat, from: Rung) -> Turn {
        self.board.state(State::Recovering);
        match self.leave_alone(chat).await {
            Ok(false) => {}
            Ok(true) => return Turn::BringUp,
            Err(turn) => return turn,
        }
        let mut from = Some(from);
        loop {
            let now = self.now();
            let Some(rung) = from.and_then(|from| self.ladder.climb(from, now)) else {
                return Turn::Failed("it does not answer, whatever is tried".into());
            };
            tracing::warn!(port = %self.settings.name, rung = rung.name(), "modem does not answer");
            self.board.rung(Some(rung));
            chat.note(&format!("recovery: {}", rung.name()));
            let settings = Arc::clone(&self.settings);
            let ports = Arc::clone(&self.ports);
            let work = recovery::climb(chat, rung, &settings, &*ports);
            match self.while_refusing(work, false).await {
                Err(turn) => return turn,
                Ok(Ok(())) if rung == Rung::Resync => {
                    self.ladder.recovered();
                    self.board.rung(None);
                    return self.serve(chat).await;
                }
                Ok(Ok(())) => return Turn::BringUp,
                Ok(Err(ChatError::Gone)) => return Turn::Gone,
                Ok(Err(ChatError::Port(error))) => return Turn::Reclaim(error.to_string()),
                Ok(Err(_)) => {}
            }
            from = Rung::ALL.into_iter().find(|next| *next > rung);
        }
    }

    /// Carries requests out while the module answers.
    async fn serve(&mut self, chat: &mut Chat) -> Turn {
        let mut look = Instant::now() + LOOK;
        loop {
            // Before anything else is asked of the module.
            let sought = self.sought.take().map(Request::Recover);
            if sought.is_none() {
                self.board.state(State::Ready);
            }
            let request = match sought.or_else(|| self.waiting.pop_front()) {
                Some(request) => request,
                None => tokio::select! {
                    biased;
                    request = self.requests.recv() => match request {
                        Some(request) => request,
                        None => return Turn::Over,
                    },
                    heard = chat.listen_once(look.saturating_duration_since(Instant::now())) => {
                        if let Err(error) = heard {
                            return error.into();
                        }
                        if Instant::now() >= look {
                            look = Instant::now() + LOOK;
                            let board = self.board.clone();
                            if let Err(error) = watch::look(chat, &board).await {
                                return error.into();
                            }
                        }
                        continue;
                    }
                },
            };
            let Some(drive) = self.board.read(|now| now.drive) else {
                return Turn::BringUp;
            };
            if let Err(turn) = self.carry_out(chat, drive, request).await {
                return turn;
            }
            // What a command left behind is settled now, not when the next one is in a hurry.
            if let Err(error) = chat.get_in_step().await {
                return error.into();
            }
        }
    }

    async fn carry_out(
        &mut self,
        chat: &mut Chat,
        drive: &'static dyn Drive,
        request: Request,
    ) -> Result<(), Turn> {
        match request {
            Request::Mail {
                mail,
                report,
                answer,
            } => {
                self.board.state(State::Busy);
                self.disinherit();
                chat.keep_results(false);
                let settings = Arc::clone(&self.settings);
                let stop = report.stop();
                let work = deliver(chat, drive, &settings, &mail, &report);
                let outcome = self.while_queueing(work, || stop.stop()).await;
                chat.forget_secrets();
                let _ = answer.send(outcome);
                Ok(())
            }
            Request::Recover(_) if !self.inherits => Ok(()),
            Request::Recover(sought) => {
                self.board.state(State::Busy);
                let stop = Notify::new();
                let work = async {
                    tokio::select! {
                        () = aftermath::find(chat, drive, sought) => {}
                        () = stop.notified() => {}
                    }
                };
                self.while_queueing(work, || stop.notify_one()).await;
                self.disinherit();
                chat.keep_results(false);
                Ok(())
            }
            Request::Command {
                text,
                within,
                answer,
            } => {
                if answer.is_closed() {
                    return Ok(());
                }
                self.board.state(State::Busy);
                let result = by_hand::ask(chat, &text, within).await;
                let _ = answer.send(result);
                startup::set_up(chat, drive).await.map_err(Turn::from)
            }
            Request::Reset(rung) => {
                self.ladder.allow(rung);
                Err(Turn::Recover(rung))
            }
            Request::Enable(false) => Err(Turn::Disabled),
            Request::Enable(true) => Ok(()),
        }
    }

    /// Waits while a request is carried out; others queue up. `Enable(false)` calls `stop`.
    async fn while_queueing<T>(&mut self, work: impl Future<Output = T>, stop: impl Fn()) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(request) = self.requests.recv(), if self.waiting.len() < WAITING => {
                    if matches!(request, Request::Enable(false)) {
                        stop();
                        self.waiting.push_front(request);
                    } else {
                        self.waiting.push_back(request);
                    }
                }
            }
        }
    }

    /// Waits for something while the modem is not ready; requests for work are refused. A rung can be
    /// asked for only where none, and no start, is under way.
    async fn while_refusing<T>(
        &mut self,
        work: impl Future<Output = T>,
        heeds_rungs: bool,
    ) -> Result<T, Turn> {
        let mut work = pin!(work);
        loop {
            let request = match self.waiting.pop_front() {
                Some(request) => Some(request),
                None => tokio::select! {
                    biased;
                    done = &mut work => return Ok(done),
                    request = self.requests.recv() => request,
                },
            };
            let request = match request {
                Some(Request::Recover(sought)) => {
                    // Two cannot have been in flight.
                    let first = self.sought.is_none() && self.inherits;
                    self.sought = Some(sought).filter(|_| first);
                    continue;
                }
                request => request,
            };
            match request.map(refuse) {
                None => return Err(Turn::Over),
                Some(Some(Turn::Recover(rung))) if heeds_rungs => {
                    self.ladder.allow(rung);
                    return Err(Turn::Recover(rung));
                }
                Some(Some(Turn::Disabled)) => return Err(Turn::Disabled),
                Some(_) => {}
            }
        }
    }

    /// Does nothing for so long, or until somebody wants something else.
    async fn idle(&mut self, time: Option<Duration>) -> Turn {
        let until = time.map(|time| Instant::now() + time);
        loop {
            let request = match self.waiting.pop_front() {
                Some(request) => Some(request),
                None => match until {
                    Some(until) => match tokio::time::timeout_at(until, self.requests.recv()).await
                    {
                        Ok(request) => request,
                        Err(_) => return Turn::BringUp,
                    },
                    None => self.requests.recv().await,
                },
            };
            match request {
                None => return Turn::Over,
                Some(Request::Enable(true)) => return Turn::BringUp,
                Some(request) => match refuse(request) {
                    // Switched off already, or nothing there that a rung could be tried on.
                    Some(Turn::Disabled) if until.is_none() => {}
                    Some(turn @ Turn::Disabled) => return turn,
                    _ => {}
                },
            }
        }
    }

    fn now(&self) -> Time {
        Time::default() + self.epoch.elapsed()
    }
}

/// Answers a request while there is no module to carry it out, or says what it means.
fn refuse(request: Request) -> Option<Turn> {
    let error = || Error::new(ErrorKind::NoModem, "the modem is not ready");
    match request {
        Request::Mail { answer, .. } => {
            let _ = answer.send(Err(error()));
            None
        }
        Request::Command { answer, .. } => {
            let _ = answer.send(Err(error()));
            None
        }
        // Nothing is known, nor will be.
        Request::Recover(_) => None,
        Request::Reset(rung) => Some(Turn::Recover(rung)),
        Request::Enable(false) => Some(Turn::Disabled),
        Request::Enable(true) => None,
    }
}
