//! A mailbox and a file server in memory, which break where they are told to.

use crate::service::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn lost() -> Error {
    Error::new(ErrorKind::NoNetwork, "the connection broke").by(Fault::Server)
}

/// A mailbox.
#[derive(Clone, Default)]
pub(super) struct Mailbox(pub(super) Arc<Mutex<Held>>);

/// What is in it, and how it behaves.
#[derive(Default)]
pub(super) struct Held {
    pub(super) messages: Vec<(String, Vec<u8>)>,
    /// The connection breaks in the middle of the message at this place of a fetch; once.
    pub(super) breaks_at: Option<usize>,
    /// The answer to the good-bye is lost, after the messages were deleted, or before; once.
    pub(super) lost_goodbye: Option<bool>,
    /// It does not let us in; once.
    pub(super) refuses: Option<Error>,
    /// Messages that were fetched, by unique id.
    pub(super) fetched: Vec<String>,
    pub(super) sessions: usize,
}

impl Mailbox {
    pub(super) fn put(&self, uid: &str, bytes: &[u8]) {
        let mut held = self.0.lock().unwrap();
        held.messages.push((uid.into(), bytes.into()));
    }

    pub(super) fn uids(&self) -> Vec<String> {
        let held = self.0.lock().unwrap();
        held.messages.iter().map(|(uid, _)| uid.clone()).collect()
    }
}

impl MailboxBack for Mailbox {
    fn open<'a>(
        &'a self,
        request: &'a MailboxOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailboxSession>>> {
        Box::pin(async move {
            assert_eq!(request.credentials.user, "pump7");
            progress.phase(Phase::Authenticating);
            let mut held = self.0.lock().unwrap();
            held.sessions += 1;
            if let Some(error) = held.refuses.take() {
                return Err(error);
            }
            let session = Open {
                seen: held.messages.clone(),
                marked: BTreeSet::new(),
                mailbox: self.clone(),
            };
            Ok(Box::new(session) as Box<dyn MailboxSession>)
        })
    }
}

struct Open {
    seen: Vec<(String, Vec<u8>)>,
    marked: BTreeSet<u32>,
    mailbox: Mailbox,
}

impl Open {
    fn at(&self, number: u32) -> &(String, Vec<u8>) {
        &self.seen[number as usize - 1]
    }
}

impl MailboxSession for Open {
    fn status(&mut self) -> BoxFuture<'_, Result<MailboxStatus>> {
        Box::pin(async {
            Ok(MailboxStatus {
                count: self.seen.len() as u32,
                bytes: self.seen.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
            })
        })
    }

    fn list<'a>(
        &'a mut self,
        each: &'a mut (dyn FnMut(Listed<'_>) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for (place, (uid, bytes)) in self.seen.iter().enumerate() {
                each(Listed {
                    number: place as u32 + 1,
                    uid,
                    certainty: Certainty::Observed,
                    size: bytes.len() as u64,
                })?;
            }
            Ok(())
        })
    }

    fn fetch<'a>(
        &'a mut self,
        wanted: &'a [Wanted],
        into: &'a mut dyn Messages,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for (place, one) in wanted.iter().enumerate() {
                let breaks = {
                    let mut held = self.mailbox.0.lock().unwrap();
                    held.breaks_at.take_if(|at| *at == place).is_some()
                };
                let (uid, bytes) = self.at(one.number).clone();
                let sink = into.begin(one.number).await?;
                let (first, second) = bytes.split_at(bytes.len() / 2);
                sink.put(&mut first.to_vec()).await?;
                if breaks {
                    return Err(lost());
                }
                sink.put(&mut second.to_vec()).await?;
                into.end(one.number, Ok(())).await?;
                progress.bytes(bytes.len() as u64, 0);
                self.mailbox.0.lock().unwrap().fetched.push(uid);
            }
            Ok(())
        })
    }

    fn top<'a>(
        &'a mut self,
        number: u32,
        lines: u32,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let text = format!("{} lines of {}\r\n", lines, self.at(number).0);
            into.put(&mut text.into_bytes()).await
        })
    }

    fn delete<'a>(&'a mut self, numbers: &'a [u32]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.marked.extend(numbers);
            Ok(())
        })
    }

    fn undelete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            self.marked.clear();
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut held = self.mailbox.0.lock().unwrap();
            let goodbye = held.lost_goodbye.take_if(|_| !self.marked.is_empty());
            if goodbye != Some(false) {
                for number in &self.marked {
                    let gone = self.at(*number);
                    held.messages.retain(|one| one != gone);
                }
            }
            match goodbye {
                Some(_) => Err(Error::new(ErrorKind::Unknown, "no answer to QUIT")),
                None => Ok(()),
            }
        })
    }
}

/// A file server.
#[derive(Clone, Default)]
pub(super) struct FileServer(pub(super) Arc<Mutex<Kept>>);

/// What is on it, and how it behaves.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The connection breaks after so many bytes of a transfer; once.
    pub(super) breaks_after: Option<usize>,
    /// It falls silent instead of letting us in.
    pub(super) silent: bool,
    pub(super) placed: Vec<Placing>,
}

impl FileBack for FileServer {
    fn open<'a>(
        &'a self,
        _request: &'a FileOpen,
        _progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn FileSession>>> {
        Box::pin(async move {
            if self.0.lock().unwrap().silent {
                std::future::pending::<()>().await;
            }
            Ok(Box::new(self.clone()) as Box<dyn FileSession>)
        })
    }
}

fn missing() -> Error {
    let reply = ServerReply {
        code: 550,
        text: "no such file".into(),
    };
    Error::new(ErrorKind::NotFound, "refused").with_reply(reply)
}

impl FileServer {
    fn file(&self, path: &str) -> Result<Vec<u8>> {
        let kept = self.0.lock().unwrap();
        kept.files.get(path).cloned().ok_or_else(missing)
    }
}

impl FileSession for FileServer {
    fn upload<'a>(
        &'a mut self,
        path: &'a str,
        from: &'a mut dyn Source,
        placing: Placing,
        _: Representation,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let before = match placing {
                Placing::Append => self.file(path).unwrap_or_default(),
                _ => Vec::new(),
            };
            let mut bytes = Vec::new();
            let mut piece = Vec::new();
            while from.left() != Some(0) {
                piece.clear();
                from.next(&mut piece).await?;
                bytes.extend_from_slice(&piece);
            }
            let mut kept = self.0.lock().unwrap();
            kept.placed.push(placing);
            let broken = kept.breaks_after.take();
            bytes.truncate(broken.unwrap_or(bytes.len()));
            let bytes = [before, bytes].concat();
            let size = bytes.len() as u64;
            kept.files.insert(path.into(), bytes);
            match broken {
                Some(_) => Err(lost().after_content()),
                None => Ok(size),
            }
        })
    }

    fn download<'a>(
        &'a mut self,
        path: &'a str,
        from: u64,
        into: &'a mut dyn Sink,
        _: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let mut bytes = self.file(path)?.split_off(from as usize);
            let broken = self.0.lock().unwrap().breaks_after.take();
            bytes.truncate(broken.unwrap_or(bytes.len()));
            let size = bytes.len() as u64;
            into.put(&mut bytes).await?;
            progress.bytes(size, size);
            match broken {
                Some(_) => Err(lost()),
                None => Ok(size),
            }
        })
    }

    fn list<'a>(
        &'a mut self,
        _: &'a str,
        each: &'a mut (dyn FnMut(Entry) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for (name, bytes) in &self.0.lock().unwrap().files {
                each(Entry {
                    name: name.clone(),
                    kind: EntryKind::File,
                    size: Some(bytes.len() as u64),
                    modified: Some(UNIX_EPOCH + Duration::from_secs(1_000_000_000)),
                })?;
            }
            Ok(())
        })
    }

    fn list_raw<'a>(&'a mut self, _: &'a str, _: &'a mut dyn Sink) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async { Err(Error::new(ErrorKind::NotSupported, "no")) })
    }

    fn size<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { Ok(self.file(path)?.len() as u64) })
    }

    fn modified<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<SystemTime>> {
        Box::pin(async { Err(Error::new(ErrorKind::NotSupported, "no")) })
    }

    fn change_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(missing()) })
    }

    fn remove<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let removed = self.0.lock().unwrap().files.remove(path);
            removed.map(drop).ok_or_else(missing)
        })
    }

    fn remove_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(missing()) })
    }

    fn make_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.lock().unwrap().files.insert(path.into(), Vec::new());
            Ok(())
        })
    }

    fn rename<'a>(&'a mut self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut kept = self.0.lock().unwrap();
            let file = kept.files.remove(from).ok_or_else(missing)?;
            kept.files.insert(to.into(), file);
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}
