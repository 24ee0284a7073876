//! In step with the module: resyncs, and the ways out of a data mode or a prompt.

use super::ask::BUFFERED;
use super::inbox::Inbox;
use super::{Chat, ChatError, Result};
use crate::dialect;
use crate::modem::drive::{Exit, Facts};
use crate::modem::expect::Leave;
use crate::modem::line::Line;
use crate::trace::Direction;
use core::time::Duration;
use tokio::time::Instant;

/// A module that was told to leave a data mode has so long to say so.
const LEFT: Duration = Duration::from_millis(300);

/// Empty lines.
const FILLING: [u8; 2048] = [b'\r'; 2048];

/// A stream that nobody reads any more is over after so long without a byte; and is not waited for any longer than
/// this in all.
const SILENCE: Duration = Duration::from_secs(30);
const LONGEST_STREAM: Duration = Duration::from_secs(900);

/// A module that has all that it counted has so long to say so.
const SAYS: Duration = Duration::from_secs(10);

/// Filling up takes no longer in all.
pub(in crate::modem) const LONGEST_FILL: Duration = Duration::from_secs(1200);

/// More than was handed over may have been lost: what was sent to find out is counted, too.
const LOST: u64 = 4096;

/// The tables of all dialects.
fn all_facts() -> impl Iterator<Item = &'static Facts> {
    dialect::ALL.iter().map(|dialect| dialect.drive.facts())
}

/// Silence around `+++`: a little more than the 50 × 20 ms of S12 (V.250 annex; Quectel: 1 s).
const GUARD: Duration = Duration::from_millis(1100);

impl Chat {
    /// Resyncs if that is needed, after leaving a data mode that was left open.
    pub(in crate::modem) async fn get_in_step(&mut self) -> Result<()> {
        if let Some(fate) = &self.fate {
            return Err(fate.clone());
        }
        self.drop_stream();
        self.drop_stale().await?;
        if let Some(leave) = self.open.take() {
            self.leave(leave).await?;
        }
        if let Some(name) = self.unread {
            self.read_out(name).await?;
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
        self.drop_stream();
        let (late_connect, late_prompt) = (self.inbox.late_connect, self.inbox.late_prompt);
        self.inbox = Inbox::default();
        self.inbox.late_connect = late_connect;
        self.inbox.late_prompt = late_prompt;
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
                self.engine.owe(None);
                self.leave(leave).await?;
                let now = self.now();
                self.engine.resync(now);
            }
            if self.inbox.in_step {
                self.owed = None;
                self.engine.owe(None);
                self.counting = 0;
                self.was_in_step = true;
                self.unread = None;
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
            Leave::Fill(count) => self.fill(count, LONGEST_FILL).await.map(drop),
        }
    }

    /// Hears a stream out that nobody reads any more, by its own counters: there is no command that ends it, and its
    /// content is not to be taken for lines.
    async fn read_out(&mut self, name: &'static str) -> Result<()> {
        self.note(&format!("hears {name} out, which nobody wants any more"));
        let until = Instant::now() + LONGEST_STREAM;
        while self.unread.is_some() && Instant::now() < until {
            if !self.listen_once(SILENCE).await? {
                break;
            }
        }
        self.unread = None;
        Ok(())
    }

    /// Gives a module that counts what it may not have got, until it says something: so much at most, and so long. Whether
    /// it did.
    async fn fill(&mut self, most: u64, longest: Duration) -> Result<bool> {
        self.engine.give_up();
        self.note("fills up a data mode that counts");
        let mut left = most.max(LOST);
        let until = Instant::now() + longest;
        let before = self.heard;
        while left > 0 && Instant::now() < until {
            let count = FILLING
                .len()
                .min(usize::try_from(left).unwrap_or(FILLING.len()));
            self.write(&FILLING[..count]).await?;
            left -= count as u64;
            self.listen_once(Duration::ZERO).await?;
            if self.heard != before {
                break;
            }
        }
        if self.heard == before {
            // So much may be on its way, and be written down first.
            self.listen_once(self.transmission(BUFFERED).min(longest) + SAYS)
                .await?;
        }
        if self.heard == before {
            return Ok(false);
        }
        // What is queued behind would only be empty lines, but many.
        self.stale = true;
        self.drop_stale().await?;
        self.listen_to_quiet(LEFT).await?;
        Ok(true)
    }

    /// An earlier daemon may have left a data mode behind that still counts, as far as the dialect has such.
    pub(in crate::modem) fn inherits_counting(&mut self) {
        self.counting = match self.facts() {
            Some(facts) => facts.counted,
            None => all_facts()
                .map(|facts| facts.counted)
                .max()
                .unwrap_or_default(),
        };
    }

    /// The same where nothing tells of an earlier daemon, and the module has never answered this one; once.
    pub(in crate::modem) fn suspects_counting(&mut self) {
        if !std::mem::replace(&mut self.was_in_step, true) {
            self.inherits_counting();
        }
    }

    /// Fills a data mode up that counts, or may do so; `longest` at most where that is not known. Whether the module said
    /// anything to that.
    pub(in crate::modem) async fn fill_up(&mut self, longest: Duration) -> Result<bool> {
        let longest = match self.drive {
            Some(_) => LONGEST_FILL,
            None => longest,
        };
        match self.counting {
            0 => Ok(false),
            count => self.fill(count, longest).await,
        }
    }

    /// Leaves a data mode by DTR (V.250 section 6.2.9).
    pub(in crate::modem) async fn hang_up(&mut self) -> Result<()> {
        self.note("DTR off and on");
        self.wire.1.ready(false).await.map_err(ChatError::Port)?;
        self.listen(LEFT).await?;
        self.wire.1.ready(true).await.map_err(ChatError::Port)?;
        self.listen(LEFT).await
    }

    /// What ends the data modes of this dialect, or of any where it is not known, the mildest first and each once.
    pub(in crate::modem) fn exits(&self) -> Vec<Exit> {
        let mut exits: Vec<Exit> = Vec::new();
        let known = self.facts().into_iter();
        let unknown = all_facts().filter(|_| self.drive.is_none());
        for exit in known.chain(unknown).flat_map(|facts| facts.exits) {
            if exits.iter().all(|other| other.bytes != exit.bytes) {
                exits.push(*exit);
            }
        }
        exits
    }

    /// Sends one of them, and hears what the module says to it.
    pub(in crate::modem) async fn exit(&mut self, exit: Exit) -> Result<()> {
        self.engine.give_up();
        let shown = exit.bytes.escape_ascii().to_string();
        self.show(Direction::Out, &shown);
        self.write(exit.bytes).await?;
        if self.listen_once(exit.within).await? {
            self.listen_to_quiet(LEFT).await?;
        }
        Ok(())
    }

    /// Writes a command without waiting for anything: for a module that may not answer any more.
    pub(in crate::modem) async fn shout(&mut self, line: &Line) -> Result<()> {
        self.engine.give_up();
        self.show(Direction::Out, line.shown());
        self.write(line.sent()).await?;
        self.write(b"\r").await
    }
}
