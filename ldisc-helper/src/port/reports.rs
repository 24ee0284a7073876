//! From what the discipline finds to records, and to what is owed for them.

use super::Output;
use super::answers::Sequence;
use super::queue::Queue;
use super::transmit::Transmit;
use crate::discipline::{Cause, Sink};
use crate::record::{FromHelper, MAX_PAYLOAD, Owed};
use crate::time::Time;

/// Echo beyond this is dropped: its reader does not read, and must not keep us from reading.
const MAX_ECHO: usize = 64 * 1024;

/// The bytes that may be kept unread: one read.
pub(super) const MAX_KEPT: usize = 32 * 1024;

/// What the port and its equipment owe each other.
#[derive(Debug, Default)]
pub(super) struct Debts {
    /// The record that the daemon has to answer by `Mode`.
    pub(super) unanswered: Option<u32>,
    /// What the equipment waits for.
    pub(super) owed: Owed,
    /// The answer to the last line.
    pub(super) prompt: Prompt,
}

/// How far the answer to the last line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Prompt {
    /// Not there yet.
    #[default]
    Awaited,
    /// Its first byte stands at this place in all output.
    Queued(u64),
    /// It has begun to leave.
    Out,
}

/// The [`Sink`] of a port.
pub(super) struct Reports<'a, O> {
    pub(super) transmit: &'a mut Transmit,
    pub(super) sequence: &'a mut Sequence,
    pub(super) debts: &'a mut Debts,
    pub(super) kept: &'a mut Queue,
    pub(super) now: Time,
    pub(super) out: &'a mut O,
}

impl<O: Output> Sink for Reports<'_, O> {
    fn line(&mut self, line: &[u8], too_long: bool) {
        let record = FromHelper::CommandLine { line, too_long };
        self.debts.unanswered = Some(self.sequence.send(&record, self.out));
        self.debts.owed = Owed::Line;
        self.debts.prompt = Prompt::Awaited;
    }

    fn key(&mut self, key: u8) {
        let record = FromHelper::Key(key);
        self.debts.unanswered = Some(self.sequence.send(&record, self.out));
    }

    fn data(&mut self, bytes: &[u8], at: Time) {
        for bytes in bytes.chunks(MAX_PAYLOAD) {
            self.sequence
                .send(&FromHelper::Data { at, bytes }, self.out);
        }
    }

    fn end(&mut self, cause: Cause, count: u64) {
        let record = FromHelper::End { cause, count };
        self.debts.unanswered = Some(self.sequence.send(&record, self.out));
        self.debts.owed = Owed::Data;
    }

    fn echo(&mut self, bytes: &[u8]) {
        if self.transmit.len() + bytes.len() <= MAX_ECHO {
            self.transmit
                .push(bytes, None, self.now, self.sequence, self.out);
        }
    }

    fn unread(&mut self, bytes: &[u8]) {
        self.kept.push(bytes);
    }
}
