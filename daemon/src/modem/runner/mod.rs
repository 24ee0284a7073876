//! The task that owns a modem: claims its port, brings it up, carries requests out one at a time, and
//! brings it back when it stops answering.

mod serve;
mod turn;
mod up;
mod wait;

use super::aftermath::Sought;
use super::chat::Chat;
use super::handle::Request;
use super::ladder::{Ladder, Rung};
use super::settings::Settings;
use super::snapshot::{Board, Snapshot, State};
use super::wire::Ports;
use crate::catalog;
use crate::trace::Trace;
use core::time::Duration;
use hayes_ldisc::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use turn::Turn;
use wait::Heeds;

/// How long after a refusal for good, or without a helper, the port is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

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
    /// Who has the device until he has ended.
    others: Vec<watch::Receiver<Snapshot>>,
    epoch: Instant,
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
            others: Vec::new(),
            epoch: Instant::now(),
        }
    }

    /// The same, but the device is claimed when all these have ended.
    pub(super) fn after(self, others: Vec<watch::Receiver<Snapshot>>) -> Self {
        Self { others, ..self }
    }

    /// Runs until the last handle is dropped.
    pub(super) async fn run(mut self) {
        loop {
            self.board.state(State::Claiming);
            let turn = self.hold().await;
            self.disinherit();
            self.board.rung(None);
            tracing::debug!(port = %self.settings.name, "modem let go: {turn:?}");
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
        if let Err(turn) = self.wait_for_others().await {
            return turn;
        }
        let wire = match self.ports.claim().await {
            Ok(wire) => wire,
            Err(error) => return Turn::Reclaim(error.to_string()),
        };
        let (board, trace) = (self.board.clone(), self.trace.clone());
        let mut chat = Chat::new(wire, &self.settings, board, trace);
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
                    tracing::warn!(name: catalog::MODEM, port = %self.settings.name, why, "modem has failed");
                    self.board.rung(None);
                    self.board.state_because(State::Failed, &why);
                    self.tell_sought(chat);
                    let pause = self.ladder.pause();
                    // Somebody may plug it out and in again, or restart it, meanwhile.
                    match self.while_refusing(chat.listen(pause), Heeds::Rungs).await {
                        Ok(Ok(())) => Turn::BringUp,
                        Ok(Err(error)) => error.into(),
                        Err(turn) => turn,
                    }
                }
                Turn::Reclaim(_) | Turn::Anew | Turn::Disabled | Turn::Over => {
                    self.tell_sought(chat);
                    return turn;
                }
            };
        }
    }

    fn now(&self) -> Time {
        Time::default() + self.epoch.elapsed()
    }
}
