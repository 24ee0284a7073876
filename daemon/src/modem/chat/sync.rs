//! In step with the module: resyncs, and the ways out of a data mode or a prompt.

use super::inbox::Inbox;
use super::{Chat, ChatError, Result};
use crate::modem::line::Line;
use crate::trace::Direction;
use core::time::Duration;

/// Silence around `+++`: a little more than the 50 × 20 ms of S12 (V.250 annex; Quectel: 1 s).
const GUARD: Duration = Duration::from_millis(1100);

impl Chat {
    /// Resyncs if that is needed, after leaving a data mode that was left open.
    pub(in crate::modem) async fn get_in_step(&mut self) -> Result<()> {
        if let Some(fate) = &self.fate {
            return Err(fate.clone());
        }
        if self.in_data {
            self.escape().await?;
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
            if self.inbox.in_step {
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
        self.in_data = false;
        self.listen(GUARD).await?;
        self.show(Direction::Out, "+++");
        self.write(b"+++").await?;
        self.listen(GUARD).await
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
