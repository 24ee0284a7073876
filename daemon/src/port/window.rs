//! How much may be on its way to a TTY unanswered, so that the helper need not keep without bound.

use crate::service::{Error, ErrorKind, Fault, Result};
use hayes_ldisc::record::WINDOW;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// After so many bytes an answer is asked for.
const ASK_EVERY: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Window {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Records whose answer is awaited, in the order in which they were sent.
    awaited: VecDeque<Awaited>,
    /// Bytes sent since the last of them.
    since: usize,
    /// Bytes unanswered in all.
    unanswered: usize,
    closed: bool,
}

#[derive(Debug)]
struct Awaited {
    sequence: u32,
    /// Bytes that its answer answers.
    bytes: usize,
    /// The caller wants to see it.
    asked: bool,
}

impl Window {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many bytes more may be sent.
    pub(super) async fn room(&self, bytes: usize) -> Result<()> {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state();
                if state.closed {
                    let text = "helper's answers are not read any more";
                    return Err(Error::new(ErrorKind::NoModem, text).by(Fault::Us));
                }
                if state.unanswered + bytes <= WINDOW {
                    return Ok(());
                }
            }
            changed.await;
        }
    }

    /// Whether a record of so many bytes has to ask for an answer.
    pub(super) fn wants_answer(&self, bytes: usize) -> bool {
        self.state().since + bytes >= ASK_EVERY
    }

    /// A record was sent; whether it asks for an answer, and whether the caller asked for that.
    pub(super) fn sent(&self, sequence: u32, bytes: usize, answered: bool, asked: bool) {
        let mut state = self.state();
        state.unanswered += bytes;
        state.since += bytes;
        if answered {
            let bytes = std::mem::take(&mut state.since);
            state.awaited.push_back(Awaited {
                sequence,
                bytes,
                asked,
            });
        }
    }

    /// An answer came. Whether it was for us alone.
    pub(super) fn answered(&self, of: u32) -> bool {
        let mut state = self.state();
        // `Flush` overtakes; all others are answered in order.
        let Some(place) = state.awaited.iter().position(|it| it.sequence == of) else {
            return false;
        };
        let Some(it) = state.awaited.remove(place) else {
            return false;
        };
        state.unanswered -= it.bytes;
        drop(state);
        self.changed.notify_waiters();
        !it.asked
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }
}
