//! What a module streams: lines of one name and the bytes that they announce, before its result and after it.

use super::inbox::Inbox;
use super::{Chat, ChatError, Result};
use crate::at::response::{FinalResult, Urc, Value, named, split_name};
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

/// What a stream's end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// A line of its name with a number alone; the result may come before it.
    Line,
    /// The result.
    Result,
}

/// A stream under way.
#[derive(Debug)]
pub(super) struct Stream {
    name: &'static str,
    end: StreamEnd,
    /// The command, as it may be shown.
    shown: String,
    /// Lines that come unasked.
    urcs: &'static [Urc],
    queue: VecDeque<Streamed>,
    /// It has come to its end.
    ended: bool,
    /// Bytes of it were lost; how that showed.
    torn: Option<String>,
}

/// Whether this line is the end of a stream of this name: a number alone.
pub(super) fn ends_stream(line: &[u8], name: &str) -> bool {
    named(line, name)
        .and_then(|mut values| values.next())
        .and_then(Value::number)
        .is_some()
}

impl Stream {
    /// Takes what belongs to it, and leaves the rest to the inbox.
    pub(super) fn take(&mut self, event: Event<'_>, inbox: &mut Inbox) {
        match event {
            Event::Info(line) | Event::Urc(line) if named(line, self.name).is_some() => {
                self.ended |= self.end == StreamEnd::Line && ends_stream(line, self.name);
                self.queue.push_back(Streamed::Line(line.to_vec()));
            }
            Event::Data(bytes) => self.queue.push_back(Streamed::Bytes(bytes.to_vec())),
            Event::Final(result) => self.result(result),
            // After `OK` a failure is nobody's result any more (16-A13 of SIMCom's reference).
            Event::Late(line) if FinalResult::parse(line).is_some() => {
                FinalResult::parse(line)
                    .into_iter()
                    .for_each(|result| self.result(result));
            }
            Event::Torn => self.tear("a block was not followed by a line"),
            Event::Urc(line) => {
                if self.is_content(line) {
                    let shown = String::from_utf8_lossy(&line[..line.len().min(32)]).into_owned();
                    self.tear(&format!("{shown:?} stood between its blocks"));
                }
                inbox.take(event);
            }
            event => inbox.take(event),
        }
    }

    fn result(&mut self, result: FinalResult) {
        self.ended |= self.end == StreamEnd::Result || !result.is_ok();
        self.queue.push_back(Streamed::Result(result));
    }

    /// Bytes of it were lost.
    pub(super) fn tear(&mut self, how: &str) {
        self.torn.get_or_insert_with(|| how.to_owned());
    }

    /// Whether a line is none that a module says unasked: it has no name, or nearly this one.
    fn is_content(&self, line: &[u8]) -> bool {
        let near = |name: &[u8]| {
            let own = self.name.as_bytes();
            name.iter().zip(own).take(4).filter(|(a, b)| a == b).count() >= 3
        };
        let known = self.urcs.iter().any(|urc| urc.matches(line));
        !known && split_name(line).is_none_or(|(name, _)| near(name))
    }
}

impl Chat {
    /// Sends a command that streams: what comes is given by [`Self::streamed`], until
    /// [`Self::end_stream`]. The time to its result begins anew with every line that announces bytes.
    pub async fn stream(
        &mut self,
        line: &Line,
        name: &'static str,
        end: StreamEnd,
        expect: Expect,
    ) -> Result<()> {
        self.begin(line, expect).await?;
        self.stream = Some(Stream {
            name,
            end,
            shown: self.redactor.redact(line.shown().as_bytes()),
            urcs: self.facts().map_or(&[], |facts| facts.syntax.urcs),
            queue: VecDeque::new(),
            ended: false,
            torn: None,
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
            if let Some(how) = &stream.torn {
                return Err(ChatError::Torn(how.clone()));
            }
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

    /// Nobody is interested any more. A command that has had no result is given up. A stream that has not come to its
    /// end goes on all the same: that end is waited for before the next command.
    pub fn end_stream(&mut self) {
        self.drop_stream();
    }

    /// The same for one whose reader has gone.
    pub(super) fn drop_stream(&mut self) {
        let Some(stream) = self.stream.take() else {
            return;
        };
        if !stream.ended {
            self.unread = Some(stream.name);
        }
        if !stream.ended || !self.engine.is_idle() {
            self.engine.give_up();
        }
    }
}
