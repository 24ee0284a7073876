//! From a port that is asked for to a module that works, the first time and again.

use super::{Heeds, Runner, Turn};
use crate::modem::aftermath;
use crate::modem::chat::{Chat, ChatError, Claiming};
use crate::modem::ladder::Rung;
use crate::modem::snapshot::State;
use crate::modem::startup::{self, Unusable};
use crate::modem::{recovery, watch};
use core::time::Duration;
use hayes_ldisc::record::Refusal;
use std::sync::Arc;

impl Runner {
    pub(super) async fn wait_for_port(&mut self, chat: &mut Chat) -> Result<(), Turn> {
        loop {
            match self.while_refusing(chat.claimed(), Heeds::Looks).await? {
                Ok(Claiming::Ours { kept }) => {
                    if kept {
                        chat.note("the port was held for an earlier daemon");
                        chat.inherits_counting();
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

    pub(super) async fn bring_up(&mut self, chat: &mut Chat) -> Result<(), Turn> {
        self.board.state(State::Syncing);
        let settings = Arc::clone(&self.settings);
        let board = self.board.clone();
        let answers = self
            .while_refusing(startup::call(chat), Heeds::Neither)
            .await??;
        if !answers && !self.leave_alone(chat).await? {
            let work = startup::insist(chat, settings.line);
            self.while_refusing(work, Heeds::Neither).await??;
        }
        let work = async {
            chat.resync().await?;
            startup::configure(chat, &settings, &board).await?;
            watch::look(chat, &board).await?;
            Ok::<(), Unusable>(())
        };
        self.while_refusing(work, Heeds::Neither)
            .await?
            .map_err(Turn::from)?;
        self.ladder.recovered();
        self.board.rung(None);
        tracing::info!(port = %self.settings.name, "modem is ready");
        Ok(())
    }

    /// A module that does not answer may still be sending for an earlier daemon. While somebody waits for
    /// the result of that, nothing is done that could stop it. Whether the module answers again.
    pub(super) async fn leave_alone(&mut self, chat: &mut Chat) -> Result<bool, Turn> {
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
            self.while_refusing(work, Heeds::Neither).await??;
            if self
                .while_refusing(startup::call(chat), Heeds::Neither)
                .await??
            {
                return Ok(true);
            }
        }
    }

    pub(super) async fn recover(&mut self, chat: &mut Chat, from: Rung) -> Turn {
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
            match self.while_refusing(work, Heeds::Neither).await {
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

    /// Nothing more will be learnt of an earlier daemon's mail: tells what is known.
    pub(super) fn tell_sought(&mut self, chat: &mut Chat) {
        let drive = self.board.read(|now| now.drive);
        if let Some(sought) = self.sought.take() {
            sought.tell(drive.and_then(|drive| chat.result(drive)));
        }
        self.disinherit();
        chat.keep_results(false);
    }

    /// What the module tells from now on is of our own mails.
    pub(super) fn disinherit(&mut self) {
        self.inherits = false;
        self.sought = None;
    }
}
