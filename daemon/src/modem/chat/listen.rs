//! What a module says unasked.

use super::{Chat, KEPT, Result, Wanted};
use crate::modem::drive::{Drive, Sent};
use core::time::Duration;
use tokio::time::{Instant, timeout};

impl Chat {
    /// Keeps unsolicited lines of this name for [`Self::urc`]; earlier ones are forgotten.
    pub fn keep(&mut self, name: &'static str) {
        self.want(name, None);
    }

    /// The same for lines that have no name, or not only by it; `key` stands for them.
    pub fn keep_where(&mut self, key: &'static str, test: fn(&[u8]) -> bool) {
        self.want(key, Some(test));
    }

    fn want(&mut self, key: &'static str, test: Option<fn(&[u8]) -> bool>) {
        self.forget(key);
        self.wanted.push(Wanted { key, test });
    }

    /// Keeps a line if it is one of those.
    pub(super) fn keep_wanted(&mut self, line: &[u8]) {
        let by = self.wanted.iter().find(|wanted| wanted.is(line));
        if let Some(wanted) = by.filter(|_| self.kept.len() < KEPT) {
            self.kept.push_back((wanted.key, line.to_vec()));
        }
    }

    /// Keeps them no longer.
    pub fn forget(&mut self, key: &'static str) {
        self.wanted.retain(|wanted| wanted.key != key);
        self.kept.retain(|(kept, _)| *kept != key);
    }

    /// A line of this name that was kept, if there is one.
    pub fn kept(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self.kept.iter().position(|(key, _)| *key == name)?;
        self.kept.remove(at).map(|(_, line)| line)
    }

    /// Waits for an unsolicited line of this name. `None` when `within` is over.
    pub async fn urc(&mut self, name: &str, within: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + within;
        loop {
            if let Some(line) = self.kept(name) {
                return Ok(Some(line));
            }
            let now = Instant::now();
            if now >= until {
                return Ok(None);
            }
            self.listen_once(until - now).await?;
        }
    }

    /// Keeps lines that tell how a sending ended for [`Self::result`] from now on, or no longer.
    pub(in crate::modem) fn keep_results(&mut self, keeps: bool) {
        self.results.keep(keeps);
    }

    /// Whether one was kept.
    pub(in crate::modem) fn has_result(&self) -> bool {
        !self.results.is_empty()
    }

    /// What the one that was kept says. `None` where there is none, or more than one: whose they are is
    /// anybody's guess.
    pub(in crate::modem) fn result(&self, drive: &'static dyn Drive) -> Option<Sent> {
        self.results.only(drive)
    }

    /// Waits until one has come, so long at most.
    pub(in crate::modem) async fn until_result(&mut self, within: Duration) -> Result<()> {
        let until = Instant::now() + within;
        while !self.has_result() && Instant::now() < until {
            self.listen_once(until - Instant::now()).await?;
        }
        Ok(())
    }

    /// Lets what belongs to the past come, for so long.
    pub async fn listen_for(&mut self, time: Duration) -> Result<()> {
        self.listen(time).await
    }

    /// Takes what comes for so long.
    pub(in crate::modem) async fn listen(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.listen_once(until - Instant::now()).await?;
        }
        Ok(())
    }

    /// Takes what comes until it has been quiet for so long, five times that at most.
    pub(in crate::modem) async fn listen_to_quiet(&mut self, quiet: Duration) -> Result<()> {
        let until = Instant::now() + quiet * 5;
        while Instant::now() < until && self.listen_once(quiet).await? {}
        Ok(())
    }

    /// Takes what comes until it has been quiet for so long, or `longest` is over; whether anything came.
    pub(in crate::modem) async fn hear_out(
        &mut self,
        quiet: Duration,
        longest: Duration,
    ) -> Result<bool> {
        let until = Instant::now() + longest;
        let mut heard = false;
        while Instant::now() < until && self.listen_once(quiet).await? {
            heard = true;
        }
        Ok(heard)
    }

    /// Takes the next that comes within this time; whether anything came. Cancel-safe.
    pub(in crate::modem) async fn listen_once(&mut self, within: Duration) -> Result<bool> {
        match timeout(within, self.wire.0.next(&mut self.buffer)).await {
            Err(_) => Ok(false),
            Ok(incoming) => self.take(incoming).map(|()| true),
        }
    }
}
