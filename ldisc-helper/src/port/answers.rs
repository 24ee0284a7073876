//! Which records have been performed, and who waits to hear of it.

use super::Output;
use crate::record::{Failure, FromHelper};
use std::collections::VecDeque;

/// A `Write` flagged `ack` whose last byte has not been sent.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    of: u32,
    /// The place of its last byte in all that was ever queued.
    end: u64,
    len: u64,
    /// How many operations stand before it.
    after: u64,
}

/// The `Done`s that are still to be given, in order.
#[derive(Debug, Default)]
pub(super) struct Answers {
    waiting: VecDeque<Waiting>,
}

impl Answers {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, of: u32, end: u64, len: usize, after: u64) {
        self.waiting.push_back(Waiting {
            of,
            end,
            len: len as u64,
            after,
        });
    }

    /// All up to `sent` has been sent, and so many operations have been performed.
    pub(super) fn settle<O: Output>(
        &mut self,
        sent: u64,
        performed: u64,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        while let Some(next) = self.waiting.front()
            && next.end <= sent
            && next.after <= performed
        {
            sequence.done(next.of, 0, None, out);
            self.waiting.pop_front();
        }
    }

    /// What has not been sent will not be.
    pub(super) fn dropped<O: Output>(
        &mut self,
        sent: u64,
        failed: Option<Failure>,
        sequence: &mut Sequence,
        out: &mut O,
    ) {
        while let Some(next) = self.waiting.pop_front() {
            let left = next.len.min(next.end.saturating_sub(sent));
            sequence.done(next.of, left, failed, out);
        }
    }

    /// Nobody waits any more.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }
}

/// Counts the records to the daemon, and knows whether there is one.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    last: u32,
    pub(super) attached: bool,
}

impl Sequence {
    /// The number of the next record; wraps past 0.
    pub(super) fn next(&mut self) -> u32 {
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.last
    }

    /// Sends a record, if anybody is there. Returns its number.
    pub(super) fn send<O: Output>(&mut self, record: &FromHelper<'_>, out: &mut O) -> u32 {
        let number = self.next();
        if self.attached {
            out.record(number, record);
        }
        number
    }

    pub(super) fn done<O: Output>(
        &mut self,
        of: u32,
        dropped: u64,
        failed: Option<Failure>,
        out: &mut O,
    ) {
        self.send(
            &FromHelper::Done {
                of,
                dropped,
                failed,
            },
            out,
        );
    }
}
