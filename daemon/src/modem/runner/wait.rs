//! Waiting, while requests are refused.

use super::{Runner, Turn};
use crate::modem::handle::Request;
use crate::service::{Error, ErrorKind};
use core::time::Duration;
use std::future::Future;
use std::pin::pin;
use tokio::time::Instant;

/// What is heeded while work is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heeds {
    /// Only that it is switched off.
    Neither,
    /// A rung as well: none, and no start, is under way.
    Rungs,
    /// That the device may have come as well: it is waited for.
    Looks,
}

impl Runner {
    /// Waits for something while the modem is not ready; requests for work are refused.
    pub(super) async fn while_refusing<T>(
        &mut self,
        work: impl Future<Output = T>,
        heeds: Heeds,
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
                Some(Request::Look) if heeds == Heeds::Looks => return Err(Turn::Anew),
                request => request,
            };
            match request.map(refuse) {
                None => return Err(Turn::Over),
                Some(Some(Turn::Recover(rung))) if heeds == Heeds::Rungs => {
                    self.ladder.allow(rung);
                    return Err(Turn::Recover(rung));
                }
                Some(Some(Turn::Disabled)) => return Err(Turn::Disabled),
                Some(_) => {}
            }
        }
    }

    /// Waits until nobody drives the device any more who did before.
    pub(super) async fn wait_for_others(&mut self) -> Result<(), Turn> {
        while let Some(mut one) = self.others.last().cloned() {
            let gone = async move { while one.changed().await.is_ok() {} };
            self.while_refusing(gone, Heeds::Neither).await?;
            self.others.pop();
        }
        Ok(())
    }

    /// Does nothing for so long, or until somebody wants something else.
    pub(super) async fn idle(&mut self, time: Option<Duration>) -> Turn {
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
                Some(Request::Look) if until.is_some() => return Turn::Anew,
                Some(request) => match refuse(request) {
                    // Switched off already, or nothing there that a rung could be tried on.
                    Some(Turn::Disabled) if until.is_none() => {}
                    Some(turn @ Turn::Disabled) => return turn,
                    _ => {}
                },
            }
        }
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
        Request::Mailbox(opening) => {
            let _ = opening.answer.send(Err(error()));
            None
        }
        Request::Files(opening) => {
            let _ = opening.answer.send(Err(error()));
            None
        }
        // Nothing is known, nor will be; nothing is waited for.
        Request::Recover(_) | Request::Look => None,
        Request::Reset(rung) => Some(Turn::Recover(rung)),
        Request::Enable(false) => Some(Turn::Disabled),
        Request::Enable(true) => None,
    }
}
