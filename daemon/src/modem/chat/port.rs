//! The port under a dialogue: claimed, read, written, given back.

use super::{Chat, ChatError, Result};
use crate::modem::wire::Incoming;
use crate::trace::Direction;
use core::time::Duration;
use hayes_ldisc::record::{LineSettings, Refusal};
use tokio::time::{Instant, sleep_until, timeout};

/// A wire that takes no byte for so long is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// Giving a port back takes no longer.
const RELEASE: Duration = Duration::from_secs(2);

/// What came of a claim.
#[derive(Debug)]
pub(in crate::modem) enum Claiming {
    /// The port is ours.
    Ours {
        /// It was held for an earlier daemon.
        kept: bool,
    },
    /// It is not; unless the reason is final the helper goes on trying.
    Refused {
        /// Why.
        why: Refusal,
        /// For a person.
        text: String,
    },
}

impl Chat {
    /// Waits until the port is ours, or says why not.
    pub(in crate::modem) async fn claimed(&mut self) -> Result<Claiming> {
        loop {
            match self.wire.0.next(&mut self.buffer).await {
                Ok(Incoming::Claimed { kept }) => {
                    self.engine.reset();
                    self.fate = None;
                    self.open = None;
                    self.owed = None;
                    self.unread = None;
                    return Ok(Claiming::Ours { kept });
                }
                Ok(Incoming::Refused { why, text }) => return Ok(Claiming::Refused { why, text }),
                Ok(Incoming::Hangup) => return Err(ChatError::Gone),
                Ok(_) => self.buffer.clear(),
                Err(error) => return Err(ChatError::Port(error)),
            }
        }
    }

    /// Gives the port back.
    pub(in crate::modem) async fn release(&mut self) {
        // A port that fails here is as good as given back. The helper ends the connection when it is.
        if self.wire.1.release().await.is_ok() {
            let ended = async { while self.wire.0.next(&mut self.buffer).await.is_ok() {} };
            let _ = timeout(RELEASE, ended).await;
        }
        self.buffer.clear();
    }

    /// Other line settings for us; the module does not hear of it.
    pub(in crate::modem) async fn configure(&mut self, line: LineSettings) -> Result<()> {
        self.note(&format!("line at {} bit/s", line.speed));
        self.speed = line.speed;
        self.wire.1.configure(line).await.map_err(ChatError::Port)
    }

    /// Writes what the engine wants written, then waits for bytes or its deadline.
    pub(super) async fn step(&mut self) -> Result<()> {
        let output = self.engine.take_output();
        if !output.is_empty() {
            self.write(&output).await?;
        }
        let deadline = self
            .engine
            .next_deadline()
            .map_or(Instant::now() + STUCK, |at| {
                self.epoch + Duration::from_nanos(at.0)
            });
        tokio::select! {
            biased;
            incoming = self.wire.0.next(&mut self.buffer) => self.take(incoming),
            () = sleep_until(deadline) => {
                let now = self.now();
                self.with_engine(|engine, tell| engine.timer(now, tell));
                let probe = self.engine.take_output();
                if !probe.is_empty() {
                    let text = probe.strip_suffix(b"\r").unwrap_or(&probe);
                    self.show(Direction::Out, &String::from_utf8_lossy(text));
                    self.write(&probe).await?;
                }
                Ok(())
            }
        }
    }

    /// Writes, reading at the same time: what was handed over is acknowledged there.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut news = None;
        let (reader, writer) = &mut self.wire;
        let mut write = writer.write(bytes);
        let stuck = sleep_until(Instant::now() + STUCK);
        tokio::pin!(stuck);
        loop {
            tokio::select! {
                biased;
                written = &mut write => {
                    written.map_err(ChatError::Port)?;
                    break;
                }
                incoming = reader.next(&mut self.buffer) => {
                    if !matches!(incoming, Ok(Incoming::Data | Incoming::Other)) {
                        news = Some(incoming);
                        break;
                    }
                }
                () = &mut stuck => return Err(ChatError::Stuck),
            }
        }
        drop(write);
        if !self.buffer.is_empty() {
            self.take(Ok(Incoming::Data))?;
        }
        news.map_or(Ok(()), |news| self.take(news))
    }

    /// Takes what the wire brought.
    pub(super) fn take(&mut self, incoming: crate::service::Result<Incoming>) -> Result<()> {
        let fate = match incoming {
            Ok(Incoming::Data) => {
                let now = self.now();
                let bytes = std::mem::take(&mut self.buffer);
                self.heard += bytes.len() as u64;
                self.with_engine(|engine, tell| engine.received(&bytes, now, tell));
                self.buffer = bytes;
                self.buffer.clear();
                std::mem::take(&mut self.inbox.restarted).then_some(ChatError::Restarted)
            }
            Ok(Incoming::Overrun) => {
                self.note("the TTY's driver lost bytes");
                if let Some(stream) = &mut self.stream {
                    stream.tear("the TTY's driver lost bytes");
                }
                None
            }
            Ok(Incoming::Other) => None,
            Ok(Incoming::Hangup | Incoming::Refused { .. }) => Some(ChatError::Gone),
            // It was away and is back before anybody looked.
            Ok(Incoming::Claimed { .. }) => Some(ChatError::Restarted),
            Err(error) => Some(ChatError::Port(error)),
        };
        let Some(fate) = fate else {
            return Ok(());
        };
        self.engine.give_up();
        // What is still queued was for a data mode that is no more.
        self.stale |= self.open.take().is_some();
        self.owed = None;
        self.fate = Some(fate.clone());
        Err(fate)
    }
}
