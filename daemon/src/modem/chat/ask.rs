//! Commands and their answers.

use super::inbox::{Answer, Inbox};
use super::{Chat, ChatError, Result};
use crate::modem::expect::Expect;
use crate::modem::line::Line;
use crate::modem::report::Report;
use crate::trace::Direction;
use core::time::Duration;

/// Payload goes out in pieces of this size, so that a module that ended its data mode early, or a
/// request that was given up, is noticed between two of them.
const PIECE: usize = 4096;

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
            self.in_data = true;
            self.board.data(true);
            let written = self.write_payload(payload, report).await;
            self.board.data(false);
            written?;
            let now = self.now();
            self.engine.payload_written(now);
        }
        let answer = self.finish(line).await;
        if answer.is_ok() {
            self.in_data = false;
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

    async fn begin(&mut self, line: &Line, expect: Expect) -> Result<()> {
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
                self.in_data = true;
                return Err(ChatError::DataMode);
            }
            if self.inbox.timed_out {
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
