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
const BUFFERED: usize = 256 << 10;

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
        self.begin(line, expect).await?;
        while !self.inbox.prompted && !self.inbox.is_over() {
            self.step().await?;
        }
        if self.inbox.prompted {
            self.open = Some(expect.leave);
            self.board.data(true);
            let written = self.write_payload(payload, report).await;
            self.board.data(false);
            written?;
            let now = self.now();
            self.engine.payload_written(now);
        }
        self.finish_data(line, expect).await
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
        self.begin(line, expect).await?;
        while !self.inbox.prompted && !self.inbox.is_over() {
            self.step().await?;
        }
        if self.inbox.prompted {
            payload.begun = true;
            self.open = Some(expect.leave);
            self.board.data(true);
            let written = self.feed(payload).await;
            self.board.data(false);
            written?;
            let now = self.now();
            self.engine.payload_written(now);
        }
        self.finish_data(line, expect).await
    }

    async fn feed(&mut self, payload: &mut Payload<'_>) -> Result<()> {
        let mut coded = Vec::new();
        loop {
            let piece = tokio::select! {
                biased;
                incoming = self.wire.0.next(&mut self.buffer) => {
                    self.take(incoming)?;
                    if self.inbox.is_over() {
                        return Ok(());
                    }
                    continue;
                }
                piece = payload.pieces.recv() => piece,
            };
            coded.clear();
            match piece {
                Some(Piece::Bytes(bytes)) => {
                    (payload.encode)(&bytes, &mut coded);
                    self.write(&coded).await?;
                    payload.written += bytes.len() as u64;
                }
                Some(Piece::End) => {
                    self.trace.tell(Direction::Out, || {
                        format!("<{} bytes, coded>", payload.written)
                    });
                    return self.write(payload.end).await;
                }
                None => {
                    self.wire.1.flush().await.map_err(ChatError::Port)?;
                    self.engine.give_up();
                    return Err(ChatError::Cancelled);
                }
            }
            if self.inbox.is_over() {
                self.wire.1.flush().await.map_err(ChatError::Port)?;
                return Ok(());
            }
        }
    }

    /// The end of a command with a data mode.
    async fn finish_data(&mut self, line: &Line, expect: Expect) -> Result<Answer> {
        let prompted = self.inbox.prompted;
        let answer = self.finish(line).await;
        match (&answer, expect.prompt) {
            (Ok(_), _) => self.open = None,
            // It may still come, and would take what follows for payload.
            (Err(ChatError::TimedOut(_)), Prompt::Line(prompt)) if !prompted => {
                self.owed = Some((prompt, expect.leave));
            }
            _ => {}
        }
        answer
    }

    /// How long so many bytes may be on the line: ten bits each, and half as much again.
    fn transmission(&self, bytes: usize) -> Duration {
        Duration::from_millis(bytes as u64 * 15_000 / u64::from(self.speed.max(1)))
    }

    /// As [`Self::ask`] for a command that brings a module back to where a resync can work.
    pub(in crate::modem) async fn nudge(&mut self, line: &Line, expect: Expect) -> Result<Answer> {
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
                self.wire.1.flush().await.map_err(ChatError::Port)?;
                break;
            }
        }
        Ok(())
    }
}
