//! What a module streams: lines of one name and the bytes that they announce, before its result and after it.

use super::inbox::Inbox;
use super::{Chat, ChatError, Result};
use crate::at::response::{FinalResult, named};
use crate::modem::engine::Event;
use crate::modem::expect::Expect;
use crate::modem::line::Line;
use core::time::Duration;
use std::collections::VecDeque;
use tokio::time::{Instant, timeout};

/// A piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streamed {
    /// A line of the name that was asked for, also one that announces bytes.
    Line(Vec<u8>),
    /// Some of the bytes that a line announced.
    Bytes(Vec<u8>),
    /// The command's result. Lines and bytes may follow.
    Result(FinalResult),
}

/// A stream under way.
#[derive(Debug)]
pub(super) struct Stream {
    name: &'static str,
    /// The command, as it may be shown.
    shown: String,
    queue: VecDeque<Streamed>,
}

impl Stream {
    /// Takes what belongs to it, and leaves the rest to the inbox.
    pub(super) fn take(&mut self, event: Event<'_>, inbox: &mut Inbox) {
        match event {
            Event::Info(line) | Event::Urc(line) if named(line, self.name).is_some() => {
                self.queue.push_back(Streamed::Line(line.to_vec()));
            }
            Event::Data(bytes) => self.queue.push_back(Streamed::Bytes(bytes.to_vec())),
            Event::Final(result) => self.queue.push_back(Streamed::Result(result)),
            event => inbox.take(event),
        }
    }
}

impl Chat {
    /// Sends a command that streams: what comes is given by [`Self::streamed`], until
    /// [`Self::end_stream`]. The time to its result begins anew with every line that announces bytes.
    pub async fn stream(&mut self, line: &Line, name: &'static str, expect: Expect) -> Result<()> {
        self.stream = None;
        self.begin(line, expect).await?;
        self.stream = Some(Stream {
            name,
            shown: self.redactor.redact(line.shown().as_bytes()),
            queue: VecDeque::new(),
        });
        let output = self.engine.take_output();
        self.write(&output).await
    }

    /// The next piece; `None` where none came in time.
    pub async fn streamed(&mut self, within: Duration) -> Result<Option<Streamed>> {
        let until = Instant::now() + within;
        loop {
            let Some(stream) = &mut self.stream else {
                return Ok(None);
            };
            if let Some(piece) = stream.queue.pop_front() {
                return Ok(Some(piece));
            }
            if self.inbox.timed_out {
                return Err(ChatError::TimedOut(stream.shown.clone()));
            }
            match timeout(until.saturating_duration_since(Instant::now()), self.step()).await {
                Ok(stepped) => stepped?,
                Err(_) => return Ok(None),
            }
        }
    }

    /// Nobody is interested any more. A command that has had no result is given up.
    pub fn end_stream(&mut self) {
        self.stream = None;
        if !self.engine.is_idle() {
            self.engine.give_up();
        }
    }
}
