//! Commands and their answers.

use super::inbox::{Answer, Inbox};
use super::{Chat, ChatError, Result};
use crate::modem::expect::{Expect, Leave, Prompt};
use crate::modem::line::Line;
use crate::modem::report::Report;
use crate::trace::Direction;
use core::time::Duration;
use tokio::sync::mpsc;

/// Payload goes out in pieces of this size, so that a module that ended its data mode early, or a
/// request that was given up, is noticed between two of them.
const PIECE: usize = 4096;

/// What the helper and the port may hold of what was handed over, in bytes.
pub(super) const BUFFERED: usize = 256 << 10;

/// A piece of payload.
#[derive(Debug)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// There are no more. Without it, payload that comes to its end was broken off.
    End,
}

/// Payload in pieces.
#[derive(Debug)]
pub struct Payload<'a> {
    /// Where they come from.
    pub pieces: &'a mut mpsc::Receiver<Piece>,
    /// Appends a piece as it stands on the line.
    pub encode: fn(&[u8], &mut Vec<u8>),
    /// What says that it is over.
    pub end: &'static [u8],
    /// So many bytes were promised, where the module counts them: no more go, and fewer are broken off.
    pub most: Option<u64>,
    /// The module asked for it.
    pub begun: bool,
    /// How many bytes have gone, as they were before they were coded.
    pub written: u64,
}

impl Chat {
    /// Sends a command and waits for its result, whatever that is.
    pub async fn ask(&mut self, line: &Line, expect: Expect) -> Result<Answer> {
        self.begin(line, expect).await?;
        self.finish(line).await
    }

    /// Sends a command, its payload when the module asks for it, and waits for the result. A module
    /// that answers with a result instead of asking gets no payload.
    pub async fn ask_with(
        &mut self,
        line: &Line,
        expect: Expect,
        payload: &[u8],
        report: Option<&Report>,
    ) -> Result<Answer> {
        let mut expect = expect;
        expect.after += self.transmission(payload.len());
        if self.until_prompted(line, expect).await? {
            self.board.data(true);
            let written = self.write_payload(payload, report).await;
            self.board.data(false);
            written?;
            let now = self.now();
            self.engine.payload_written(now);
        }
        self.finish_data(line).await
    }

    /// The same with payload that comes in pieces, of a length that nobody knows before. A module that ends
    /// its data mode early gets no more of it.
    pub async fn ask_feeding(
        &mut self,
        line: &Line,
        expect: Expect,
        payload: &mut Payload<'_>,
    ) -> Result<Answer> {
        let mut expect = expect;
        // So much may still be on its way through the port when the last piece is handed over.
        expect.after += self.transmission(BUFFERED);
        if self.until_prompted(line, expect).await? {
            payload.begun = true;
            self.board.data(true);
            let written = self.feed(payload).await;
            self.board.data(false);
            written?;
            let now = self.now();
            self.engine.payload_written(now);
        }
        self.finish_data(line).await
    }

    /// Sends a command that takes payload; whether it asks for that. Until it has said anything, whoever gives it up
    /// leaves a module behind that may ask for it later, and would take what follows for payload.
    async fn until_prompted(&mut self, line: &Line, expect: Expect) -> Result<bool> {
        self.begin(line, expect).await?;
        self.owed = Some((expect.prompt, expect.leave));
        if let Prompt::Bytes(bytes) = expect.prompt {
            self.engine.owe(Some(bytes));
        }
        if let Leave::Fill(count) = expect.leave {
            self.counting = count;
        }
        while !self.inbox.prompted && !self.inbox.is_over() {
            self.step().await?;
        }
        if self.inbox.prompted {
            self.owed = None;
            self.engine.owe(None);
            self.open = Some(expect.leave);
        }
        Ok(self.inbox.prompted)
    }

    async fn feed(&mut self, payload: &mut Payload<'_>) -> Result<()> {
        let mut coded = Vec::new();
        loop {
            let piece = tokio::select! {
                biased;
                incoming = self.wire.0.next(&mut self.buffer) => {
                    self.take(incoming)?;
                    if self.inbox.is_over() {
                        self.stale = true;
                        return Ok(());
                    }
                    continue;
                }
                piece = payload.pieces.recv() => piece,
            };
            coded.clear();
            match piece {
                Some(Piece::Bytes(bytes)) => {
                    let now = payload.written + bytes.len() as u64;
                    if payload.most.is_some_and(|most| now > most) {
                        self.engine.give_up();
                        return Err(ChatError::Cancelled);
                    }
                    (payload.encode)(&bytes, &mut coded);
                    self.write(&coded).await?;
                    payload.written += bytes.len() as u64;
                }
                Some(Piece::End) if payload.most.is_none_or(|most| most == payload.written) => {
                    self.trace.tell(Direction::Out, || {
                        format!("<{} bytes, coded>", payload.written)
                    });
                    return self.write(payload.end).await;
                }
                Some(Piece::End) | None => {
                    self.wire.1.flush().await.map_err(ChatError::Port)?;
                    self.engine.give_up();
                    return Err(ChatError::Cancelled);
                }
            }
            if self.inbox.is_over() {
                self.stale = true;
                return Ok(());
            }
        }
    }

    /// The end of a command with a data mode. One that failed may have ended before all of its payload was sent: what
    /// is left of that goes no further, and what did leave was taken for commands, whose answers are nobody's.
    async fn finish_data(&mut self, line: &Line) -> Result<Answer> {
        let prompted = self.inbox.prompted;
        let answer = self.finish(line).await?;
        self.open = None;
        self.owed = None;
        self.engine.owe(None);
        self.counting = 0;
        if prompted && (self.stale || !answer.result.is_ok()) {
            self.stale = true;
            self.drop_stale().await?;
            self.engine.give_up();
        }
        Ok(answer)
    }

    /// How long so many bytes may be on the line: ten bits each, and half as much again.
    pub(super) fn transmission(&self, bytes: usize) -> Duration {
        Duration::from_millis(bytes as u64 * 15_000 / u64::from(self.speed.max(1)))
    }

    /// As [`Self::ask`] for a command that brings a module back to where a resync can work.
    pub(in crate::modem) async fn nudge(&mut self, line: &Line, expect: Expect) -> Result<Answer> {
        self.drop_stream();
        self.engine.give_up();
        self.inbox = Inbox::default();
        let now = self.now();
        if self
            .engine
            .start_out_of_step(line.sent(), expect, now)
            .is_err()
        {
            return Err(ChatError::Lost);
        }
        self.show(Direction::Out, line.shown());
        self.finish(line).await
    }

    pub(super) async fn begin(&mut self, line: &Line, expect: Expect) -> Result<()> {
        self.get_in_step().await?;
        self.redactor.hide(line.secrets());
        self.inbox = Inbox::default();
        let now = self.now();
        if self.engine.start(line.sent(), expect, now).is_err() {
            return Err(ChatError::Lost);
        }
        self.show(Direction::Out, line.shown());
        Ok(())
    }

    async fn finish(&mut self, line: &Line) -> Result<Answer> {
        loop {
            if let Some(answer) = self.inbox.answer() {
                return Ok(answer);
            }
            if self.inbox.connected {
                self.engine.give_up();
                self.open = Some(Leave::Escape);
                return Err(ChatError::DataMode);
            }
            if self.inbox.timed_out {
                // Its `OK` may be lost, and they what it is asked for later.
                let lines = self.inbox.take_lines();
                lines.iter().for_each(|line| self.keep_wanted(line));
                self.board
                    .counters(self.engine.resyncs(), self.engine.late_bytes());
                let shown = self.redactor.redact(line.shown().as_bytes());
                return Err(ChatError::TimedOut(shown));
            }
            self.step().await?;
        }
    }

    async fn write_payload(&mut self, payload: &[u8], report: Option<&Report>) -> Result<()> {
        self.trace
            .tell(Direction::Out, || format!("<{} bytes>", payload.len()));
        for piece in payload.chunks(PIECE) {
            if report.is_some_and(Report::is_cancelled) {
                self.wire.1.flush().await.map_err(ChatError::Port)?;
                self.engine.give_up();
                return Err(ChatError::Cancelled);
            }
            self.write(piece).await?;
            if self.inbox.is_over() {
                self.stale = true;
                break;
            }
        }
        Ok(())
    }
}
