//! Bytes on their way from one task to another, bounded: whoever is faster waits.

use crate::service::Result;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// From so many bytes on it is full. One more piece fits always, so that who can't wait need not.
const FULL: usize = 128 << 10;

/// A pipe. One task puts bytes in, another takes them out.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Pipe {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Something will go in, or the end.
    begun: bool,
    /// Nothing more goes in; what comes behind the pieces.
    end: Option<Result<()>>,
    /// Nothing more is taken out: what goes in is thrown away.
    shut: bool,
}

impl Pipe {
    fn state(&self) -> MutexGuard<'_, State> {
        // Held for moments, never over an await.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a piece in, whether it is full or not.
    pub(super) fn push(&self, piece: Vec<u8>) {
        let mut state = self.state();
        if !state.shut && state.end.is_none() && !piece.is_empty() {
            state.bytes += piece.len();
            state.pieces.push_back(piece);
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// Nothing more goes in.
    pub(super) fn end(&self, how: Result<()>) {
        self.state().end.get_or_insert(how);
        self.changed.notify_waiters();
    }

    /// Nothing more is taken out.
    pub(super) fn shut(&self) {
        let mut state = self.state();
        state.shut = true;
        state.pieces.clear();
        state.bytes = 0;
        drop(state);
        self.changed.notify_waiters();
    }

    /// So full that nothing at all may be read that could go in.
    pub(in crate::emulator) fn is_choked(&self) -> bool {
        self.state().bytes >= 8 * FULL
    }

    pub(in crate::emulator) fn is_full(&self) -> bool {
        self.state().bytes >= FULL
    }

    /// Waits until it is not full.
    pub(in crate::emulator) async fn room(&self) {
        loop {
            let changed = self.changed.notified();
            if !self.is_full() {
                return;
            }
            changed.await;
        }
    }

    /// The next bytes, at most so many; none at the end.
    ///
    /// # Errors
    /// What it was ended with.
    pub(super) async fn take(&self, most: usize) -> Result<Vec<u8>> {
        loop {
            let changed = self.changed.notified();
            if let Some(taken) = self.take_now(most) {
                self.changed.notify_waiters();
                return taken;
            }
            changed.await;
        }
    }

    /// Something will go in, sooner or later.
    pub(super) fn begin(&self) {
        self.state().begun = true;
        self.changed.notify_waiters();
    }

    /// Waits until it has begun.
    ///
    /// # Errors
    /// What it was ended with, where nothing had begun before that.
    pub(super) async fn begun(&self) -> Result<()> {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state();
                if state.begun || !state.pieces.is_empty() {
                    return Ok(());
                }
                if let Some(end) = &state.end {
                    return end.clone();
                }
            }
            changed.await;
        }
    }

    fn take_now(&self, most: usize) -> Option<Result<Vec<u8>>> {
        let mut state = self.state();
        let Some(mut piece) = state.pieces.pop_front() else {
            return state.end.clone().map(|end| end.map(|()| Vec::new()));
        };
        if piece.len() > most {
            let rest = piece.split_off(most);
            state.pieces.push_front(rest);
        }
        // Several small ones make one that is worth a write.
        while let Some(next) = state.pieces.front()
            && piece.len() + next.len() <= most
        {
            piece.extend_from_slice(next);
            state.pieces.pop_front();
        }
        state.bytes -= piece.len();
        Some(Ok(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Error, ErrorKind};
    use std::sync::Arc;

    #[tokio::test]
    async fn who_is_faster_waits() {
        let pipe = Arc::new(Pipe::default());
        let from = Arc::clone(&pipe);
        let writer = tokio::spawn(async move {
            for number in 0..100_u8 {
                from.room().await;
                from.push(vec![number; 10_000]);
            }
            from.end(Ok(()));
        });
        let (mut sum, mut most) = (0, 0);
        loop {
            tokio::task::yield_now().await;
            most = most.max(pipe.state().bytes);
            let piece = pipe.take(33_333).await.unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(piece.len() <= 33_333);
            sum += piece.len();
        }
        writer.await.unwrap();
        assert_eq!(sum, 1_000_000);
        assert!((FULL..FULL + 10_000).contains(&most), "{most}");
    }

    #[tokio::test]
    async fn what_came_before_the_end_is_taken_first() {
        let pipe = Pipe::default();
        pipe.push(b"abc".to_vec());
        pipe.begun().await.unwrap();
        pipe.push(b"de".to_vec());
        pipe.end(Err(Error::new(ErrorKind::NoNetwork, "gone")));
        pipe.push(b"late".to_vec());
        assert_eq!(pipe.take(4).await.unwrap(), b"abc");
        assert_eq!(pipe.take(4).await.unwrap(), b"de");
        assert_eq!(pipe.take(4).await.unwrap_err().text, "gone");
        assert_eq!(pipe.begun().await.unwrap_err().text, "gone");
        pipe.begin();
        pipe.begun().await.unwrap();
    }

    #[tokio::test]
    async fn nothing_stays_in_one_that_is_shut() {
        let pipe = Pipe::default();
        pipe.push(vec![0; FULL]);
        assert!(pipe.is_full());
        pipe.shut();
        pipe.room().await;
        pipe.push(vec![0; FULL]);
        assert!(!pipe.is_full());
    }
}
