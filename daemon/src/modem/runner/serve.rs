//! Carrying requests out.

use super::{Runner, Turn};
use crate::modem::chat::Chat;
use crate::modem::drive::Drive;
use crate::modem::handle::Request;
use crate::modem::mail::deliver;
use crate::modem::session::{hold_files, hold_mailbox};
use crate::modem::snapshot::State;
use crate::modem::{aftermath, by_hand, startup, watch};
use crate::service::{Error, ErrorKind};
use core::time::Duration;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// How often registration and signal are read while nothing else is to be done.
const LOOK: Duration = Duration::from_secs(60);

/// A session that is stopped has so long for its last commands: a module that sends a file hears none meanwhile.
const GRACE: Duration = Duration::from_secs(30);

/// Requests that wait while one is carried out; more are refused.
const WAITING: usize = 32;

impl Runner {
    /// Carries requests out while the module answers.
    pub(super) async fn serve(&mut self, chat: &mut Chat) -> Turn {
        let mut look = Instant::now() + LOOK;
        loop {
            // Before anything else is asked of the module.
            let sought = self.sought.take().map(Request::Recover);
            if sought.is_none() {
                self.board.state(State::Ready);
            }
            let drive = self.board.read(|now| now.drive);
            if let Some(drive) = drive.filter(|_| sought.is_none() && chat.take_sim_ready()) {
                let board = self.board.clone();
                if let Err(error) = startup::look_anew(chat, drive, &board).await {
                    return error.into();
                }
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
            if let Some(Request::Enable(false)) = self.waiting.front() {
                continue;
            }
            // What a command left behind is settled now, not when the next one is in a hurry.
            let stop = Notify::new();
            let work = async {
                tokio::select! {
                    settled = chat.get_in_step() => settled,
                    () = stop.notified() => Ok(()),
                }
            };
            if let Err(error) = self.while_queueing(work, || stop.notify_one()).await {
                return error.into();
            }
        }
    }

    pub(super) async fn carry_out(
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
            Request::Mailbox(opening) => {
                self.board.state(State::Busy);
                let (settings, stop) = (Arc::clone(&self.settings), opening.report.stop());
                let work = hold_mailbox(chat, drive, &settings, opening);
                self.while_held(work, || stop.stop()).await;
                chat.forget_secrets();
                Ok(())
            }
            Request::Files(opening) => {
                self.board.state(State::Busy);
                let (settings, stop) = (Arc::clone(&self.settings), opening.report.stop());
                let work = hold_files(chat, drive, &settings, opening);
                self.while_held(work, || stop.stop()).await;
                chat.forget_secrets();
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
            Request::Enable(true) | Request::Look => Ok(()),
        }
    }

    /// The same for a session, which has so long to come to an end where it is stopped; then it is dropped.
    async fn while_held(&mut self, work: impl Future<Output = ()>, stop: impl Fn()) {
        let stopped = Notify::new();
        let work = async {
            tokio::select! {
                biased;
                () = work => {}
                () = async { stopped.notified().await; sleep(GRACE).await } => {}
            }
        };
        self.while_queueing(work, || {
            stop();
            stopped.notify_one();
        })
        .await;
    }

    /// Waits while a request is carried out; others queue up. `Enable(false)` calls `stop`.
    pub(super) async fn while_queueing<T>(
        &mut self,
        work: impl Future<Output = T>,
        stop: impl Fn(),
    ) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                // Always: behind those that wait may come the one that ends it all.
                Some(request) = self.requests.recv() => match request {
                    Request::Enable(false) => {
                        stop();
                        self.waiting.push_front(request);
                    }
                    // It is there.
                    Request::Look => {}
                    request if self.waiting.len() < WAITING => self.waiting.push_back(request),
                    request => self.waiting.extend(turned_away(request)),
                }
            }
        }
    }
}

/// Refuses work where too much of it waits already; what is none is given back.
fn turned_away(request: Request) -> Option<Request> {
    let error = || Error::new(ErrorKind::Busy, "too many requests wait for the modem");
    match request {
        Request::Mail { answer, .. } => drop(answer.send(Err(error()))),
        Request::Command { answer, .. } => drop(answer.send(Err(error()))),
        Request::Mailbox(opening) => drop(opening.answer.send(Err(error()))),
        Request::Files(opening) => drop(opening.answer.send(Err(error()))),
        other => return Some(other),
    }
    None
}
