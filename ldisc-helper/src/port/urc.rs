//! Unsolicited result codes wait here for a moment between lines.

use super::queue::Queue;
use crate::time::Time;
use core::time::Duration;
use std::collections::VecDeque;

/// How long a line that was begun and not ended may hold them up, since its last character.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue of `Write`s flagged `urc`.
#[derive(Debug, Default)]
pub(super) struct Urcs {
    bytes: Queue,
    texts: VecDeque<Text>,
}

/// One text: several lines perhaps, but never parted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    pub(super) len: usize,
    /// The record to answer.
    pub(super) ack: Option<u32>,
}

impl Urcs {
    pub(super) fn push(&mut self, bytes: &[u8], ack: Option<u32>) {
        self.bytes.push(bytes);
        self.texts.push_back(Text {
            len: bytes.len(),
            ack,
        });
    }

    /// The first text and its bytes; [`Urcs::pop`] removes it.
    pub(super) fn first(&self) -> Option<(Text, &[u8])> {
        let text = *self.texts.front()?;
        Some((text, &self.bytes.bytes()[..text.len]))
    }

    pub(super) fn pop(&mut self) -> Option<Text> {
        let text = self.texts.pop_front()?;
        self.bytes.consume(text.len);
        Some(text)
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// In texts.
    pub(super) fn count(&self) -> usize {
        self.texts.len()
    }

    /// When the first may be sent although a line has been begun; `typing` is its last character.
    pub(super) fn deadline(&self, typing: Option<Time>) -> Option<Time> {
        typing
            .filter(|_| !self.texts.is_empty())
            .map(|at| at + PATIENCE)
    }

    /// Whether to go on waiting.
    pub(super) fn waits(&self, typing: Option<Time>, now: Time) -> bool {
        self.deadline(typing).is_some_and(|at| now < at)
    }

    pub(super) fn forget_answers(&mut self) {
        for text in &mut self.texts {
            text.ack = None;
        }
    }
}
