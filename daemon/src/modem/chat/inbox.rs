//! What has come for the command in flight.

use crate::at::response::{FinalResult, connect};
use crate::modem::engine::Event;

/// The most that is kept of one answer: lines beyond are dropped, so that no module can fill the
/// memory.
const MOST_LINES: usize = 20_000;
const MOST_TEXT: usize = 1 << 20;
const MOST_DATA: usize = 1 << 20;

/// A module's answer to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its lines.
    pub lines: Vec<Vec<u8>>,
    /// Its raw bytes.
    pub data: Vec<u8>,
    /// Its result.
    pub result: FinalResult,
}

/// What has come since the last command was sent, or the last resync begun.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    lines: Vec<Vec<u8>>,
    /// The bytes of `lines`.
    text: usize,
    data: Vec<u8>,
    result: Option<FinalResult>,
    pub(super) prompted: bool,
    pub(super) connected: bool,
    pub(super) timed_out: bool,
    pub(super) in_step: bool,
    pub(super) lost: bool,
    pub(super) restarted: bool,
    /// `CONNECT` came when nobody waited for it any more.
    pub(super) late_connect: bool,
    /// So did the prompt of a command that was given up.
    pub(super) late_prompt: bool,
}

impl Inbox {
    pub(super) fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Info(line)
                if self.lines.len() < MOST_LINES && self.text + line.len() <= MOST_TEXT =>
            {
                self.text += line.len();
                self.lines.push(line.to_vec());
            }
            Event::Data(bytes) => {
                let room = MOST_DATA - self.data.len();
                self.data.extend(bytes.iter().take(room));
            }
            Event::Final(result) => self.result = Some(result),
            Event::Prompt(_) => self.prompted = true,
            Event::Connected(_) => self.connected = true,
            Event::TimedOut => self.timed_out = true,
            Event::InStep => self.in_step = true,
            Event::Lost => self.lost = true,
            Event::Late(line) => self.late_connect |= connect(line).is_some(),
            Event::Echo | Event::Info(_) | Event::Urc(_) | Event::Torn => {}
        }
    }

    /// Whether the command in flight came to its end, one way or another.
    pub(super) fn is_over(&self) -> bool {
        self.result.is_some() || self.timed_out || self.connected
    }

    /// The lines of an answer that was never whole.
    pub(super) fn take_lines(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lines)
    }

    /// The answer, once it is whole.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let result = self.result.take()?;
        Some(Answer {
            lines: std::mem::take(&mut self.lines),
            data: std::mem::take(&mut self.data),
            result,
        })
    }
}
