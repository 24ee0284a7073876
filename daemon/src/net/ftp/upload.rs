//! Uploads: in place, under another name first, at the end, going on.

use super::connection::Connection;
use super::failure::{Step, changed};
use super::path;
use super::transfer::no_text;
use crate::service::{
    Error, ErrorKind, Fault, Phase, Placing, Progress, Representation, Result, Source,
};
use std::hash::{BuildHasher, RandomState};

/// How a file is put there.
struct Put<'a> {
    verb: &'a str,
    path: &'a str,
    /// REST before it.
    restart: u64,
    /// What of it is there already.
    base: Option<u64>,
}

impl Connection {
    /// Sends a file; gives how many bytes the server has of it.
    pub(super) async fn upload(
        &mut self,
        path: &str,
        from: &mut dyn Source,
        placing: Placing,
        representation: Representation,
        progress: &dyn Progress,
    ) -> Result<u64> {
        self.name(path).await?;
        let store = |path| Put {
            verb: "STOR",
            path,
            restart: 0,
            base: Some(0),
        };
        match placing {
            Placing::Replace => self.put(store(path), from, representation, progress).await,
            Placing::Append => {
                let base = match representation {
                    Representation::Image => self.part_of(path).await?,
                    Representation::Ascii => None,
                };
                let append = Put {
                    verb: "APPE",
                    path,
                    restart: 0,
                    base,
                };
                // Done twice, it would be there twice.
                progress.committing().await?;
                self.put(append, from, representation, progress).await
            }
            Placing::Resume => {
                no_text(representation)?;
                self.go_on(path, from, progress).await
            }
            Placing::Atomic => {
                let other = path::beside(path, &temporary_name());
                self.leftover = Some(other.clone());
                let sent = self.put(store(&other), from, representation, progress);
                let result = match sent.await {
                    Ok(size) => self.place(&other, path).await.map(|()| size),
                    Err(error) => Err(error),
                };
                if result.is_err() && self.is_usable() {
                    // The error counts, not whether this worked.
                    let _ = self.settle().await;
                }
                result
            }
        }
    }

    /// How much the server has of a file; `None`: it does not tell. No file is nothing of it.
    async fn part_of(&mut self, path: &str) -> Result<Option<u64>> {
        match self.size(path).await {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Some(0)),
            Err(error) if error.kind == ErrorKind::NotSupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn go_on(
        &mut self,
        path: &str,
        from: &mut dyn Source,
        progress: &dyn Progress,
    ) -> Result<u64> {
        let Some(base) = self.part_of(path).await? else {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "the server does not tell how much of the file it has",
            )
            .by(Fault::Server));
        };
        match from.left() {
            Some(all) if all < base => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("the server's file has {base} bytes, more than there are to send"),
                ));
            }
            Some(all) if all == base => return Ok(base),
            _ => {}
        }
        if base > 0 {
            from.seek(base).await?;
            // Some agree to one of the two only, and some (ProFTPD, unless it is configured otherwise) agree to
            // REST and then to nothing that follows it.
            let with_restart = self.features().await?.restart.then_some(("STOR", base));
            for (verb, restart) in with_restart.into_iter().chain([("APPE", 0)]) {
                let put = Put {
                    verb,
                    path,
                    restart,
                    base: Some(base),
                };
                match self.put(put, from, Representation::Image, progress).await {
                    Err(error) if self.may_go_on(&error) => {}
                    result => return result,
                }
            }
            from.seek(0).await?;
        }
        let whole = Put {
            verb: "STOR",
            path,
            restart: 0,
            base: Some(0),
        };
        self.put(whole, from, Representation::Image, progress).await
    }

    /// A refusal of this way to do it, before anything was sent.
    fn may_go_on(&self, error: &Error) -> bool {
        let refused = error.reply.is_some() && !error.content_sent;
        refused && self.is_usable() && !self.no_reuse
    }

    async fn put(
        &mut self,
        put: Put<'_>,
        from: &mut dyn Source,
        representation: Representation,
        progress: &dyn Progress,
    ) -> Result<u64> {
        let base = put.base.unwrap_or(0);
        let total = from.left().map_or(0, |left| base.saturating_add(left));
        self.represent(representation).await?;
        let command = format!("{} {}", put.verb, put.path);
        self.begin(&command, put.restart, Step::Make).await?;
        progress.phase(Phase::Transferring);
        progress.bytes(base, total);
        let told = |bytes| progress.bytes(base + bytes, total.max(base + bytes));
        let result = self.send(from, told).await;
        let sent = result.map_err(|error| self.marked(error))?;
        progress.phase(Phase::Confirming);
        let result = self.end(Step::Make).await;
        result.map_err(|error| self.marked(error))?;
        let expected = base + sent;
        if representation == Representation::Image && put.base.is_some() {
            let told = self.size_if_told(put.path).await;
            let there = told.map_err(Error::after_content)?;
            if let Some(there) = there.filter(|&there| there != expected) {
                return Err(changed(format!(
                    "the server has {there} bytes of the file, it should have {expected}"
                ))
                .by(Fault::Server)
                .after_content());
            }
        }
        Ok(expected)
    }

    /// Content went out, unless the server refused the connection for it.
    fn marked(&self, error: Error) -> Error {
        if self.no_reuse {
            error
        } else {
            error.after_content()
        }
    }

    /// Gives a complete upload its name.
    async fn place(&mut self, from: &str, to: &str) -> Result<()> {
        let refusal = match self.move_to(from, to).await {
            Ok(()) => {
                self.leftover = None;
                return Ok(());
            }
            Err(error) if error.reply.is_none() || !self.is_usable() => return Err(error),
            Err(error) => error,
        };
        // Some rename over nothing that is there (IIS): then the old one goes first.
        let reply = self.ask(&format!("DELE {to}")).await?;
        if !(200..300).contains(&reply.code) {
            return Err(refusal);
        }
        // From here on it is the only copy.
        self.leftover = None;
        self.move_to(from, to).await.map_err(|mut error| {
            error.text = format!("{}; the file is complete as {from}", error.text);
            error
        })
    }

    /// RNFR, RNTO.
    pub(super) async fn move_to(&mut self, from: &str, to: &str) -> Result<()> {
        let reply = self.ask(&format!("RNFR {from}")).await?;
        if reply.code != 350 {
            return Err(super::failure::from_reply(&reply, Step::Find));
        }
        self.done(&format!("RNTO {to}"), Step::Make).await?;
        Ok(())
    }
}

/// A name that nobody else has; for people who find it after a crash, whose it is.
fn temporary_name() -> String {
    let number = RandomState::new().hash_one(std::process::id());
    format!("hayesd-{number:016x}.part")
}
