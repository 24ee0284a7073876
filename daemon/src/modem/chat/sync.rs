//! In step with the module: resyncs, and the ways out of a data mode or a prompt.

use super::inbox::Inbox;
use super::{Chat, ChatError, Result};
use crate::modem::expect::{LOST, Leave};
use crate::modem::line::Line;
use crate::trace::Direction;
use core::time::Duration;

/// A module that was told to leave a data mode has so long to say so.
const LEFT: Duration = Duration::from_millis(300);

/// Empty lines.
const FILLING: [u8; 512] = [b'\r'; 512];

/// Silence around `+++`: a little more than the 50 × 20 ms of S12 (V.250 annex; Quectel: 1 s).
const GUARD: Duration = Duration::from_millis(1100);

impl Chat {
    /// Resyncs if that is needed, after leaving a data mode that was left open.
    pub(in crate::modem) async fn get_in_step(&mut self) -> Result<()> {
        if let Some(fate) = &self.fate {
            return Err(fate.clone());
        }
        if let Some(leave) = self.open.take() {
            self.leave(leave).await?;
        }
        if self.engine.is_idle() {
            return Ok(());
        }
        self.resync().await
    }

    /// Makes sure that a command can be sent: leaves a data mode that was left open, resyncs where that
    /// is needed.
    pub async fn settle(&mut self) -> Result<()> {
        self.get_in_step().await
    }

    /// Proves that the module is still there and in step.
    pub async fn probe(&mut self) -> Result<()> {
        self.resync().await
    }

    /// Resyncs in any case.
    pub(in crate::modem) async fn resync(&mut self) -> Result<()> {
        if self.fate == Some(ChatError::Lost) {
            self.fate = None;
        }
        let late_connect = self.inbox.late_connect;
        self.inbox = Inbox::default();
        self.inbox.late_connect = late_connect;
        self.note("resync: drains to quiet and probes");
        let now = self.now();
        self.engine.resync(now);
        loop {
            if std::mem::take(&mut self.inbox.late_connect) {
                // A command that was given up went into data mode after all.
                self.escape().await?;
                let now = self.now();
                self.engine.resync(now);
            }
            if std::mem::take(&mut self.inbox.late_prompt)
                && let Some((_, leave)) = self.owed.take()
            {
                self.leave(leave).await?;
                let now = self.now();
                self.engine.resync(now);
            }
            if self.inbox.in_step {
                self.owed = None;
                self.note("in step again");
                return Ok(());
            }
            if self.inbox.lost {
                self.fate = Some(ChatError::Lost);
                return Err(ChatError::Lost);
            }
            self.step().await?;
        }
    }

    /// Leaves a data mode by `+++` between two silences; a module in command mode sees half a line.
    pub(in crate::modem) async fn escape(&mut self) -> Result<()> {
        self.engine.give_up();
        self.open = None;
        self.listen(GUARD).await?;
        self.show(Direction::Out, "+++");
        self.write(b"+++").await?;
        self.listen(GUARD).await
    }

    /// Leaves a data mode as the command that began it says.
    async fn leave(&mut self, leave: Leave) -> Result<()> {
        match leave {
            Leave::Escape => self.escape().await,
            Leave::Bytes(bytes) => {
                self.engine.give_up();
                self.note("leaves a data mode");
                self.write(bytes).await?;
                self.listen(LEFT).await
            }
            Leave::Fill => self.fill().await,
        }
    }

    /// Gives a module that counts what it may not have got, until it says something.
    async fn fill(&mut self) -> Result<()> {
        self.engine.give_up();
        self.note("fills up a data mode that counts");
        for _ in 0..LOST / FILLING.len() {
            self.write(&FILLING).await?;
            if self.listen_once(LEFT).await? {
                break;
            }
        }
        Ok(())
    }

    /// Leaves a text prompt by ESC (27.005 section 3.5.1) and a data mode by DTR (V.250 section 6.2.9).
    pub(in crate::modem) async fn escape_harder(&mut self) -> Result<()> {
        self.show(Direction::Out, "\x1b\r");
        self.write(b"\x1b\r").await?;
        self.listen(Duration::from_millis(300)).await?;
        self.note("DTR off and on");
        self.wire.1.ready(false).await.map_err(ChatError::Port)?;
        self.listen(Duration::from_millis(300)).await?;
        self.wire.1.ready(true).await.map_err(ChatError::Port)?;
        self.listen(Duration::from_millis(300)).await
    }

    /// Writes a command without waiting for anything: for a module that may not answer any more.
    pub(in crate::modem) async fn shout(&mut self, line: &Line) -> Result<()> {
        self.engine.give_up();
        self.show(Direction::Out, line.shown());
        self.write(line.sent()).await?;
        self.write(b"\r").await
    }
}
