//! Servers in memory, which do as they are told and know who left how.

use crate::job::{Accounts, Backs, MailAccount, Via};
use crate::service::*;
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;
use tokio::sync::Notify;

/// What a server does next.
#[derive(Clone, Debug)]
pub(in crate::emulator::tests) enum Step {
    /// Sends so many bytes.
    Send(Vec<u8>),
    /// Sends pieces of so many bytes without end.
    Flood(usize),
    /// Takes so many bytes more, then does what comes next.
    Take(usize),
    /// Falls silent.
    Silence,
    /// Waits until it is told to go on.
    Wait,
    /// Breaks the connection.
    Fail(Error),
}

/// What it has seen.
#[derive(Default)]
pub(in crate::emulator::tests) struct Seen {
    pub(in crate::emulator::tests) steps: VecDeque<Step>,
    pub(in crate::emulator::tests) refuses: Option<Error>,
    pub(in crate::emulator::tests) messages: Vec<Vec<u8>>,
    /// Bytes that came, and that went.
    pub(in crate::emulator::tests) came: Vec<u8>,
    pub(in crate::emulator::tests) went: usize,
    pub(in crate::emulator::tests) opened: u32,
    /// Connections that were closed, politely or not.
    pub(in crate::emulator::tests) gone: u32,
    pub(in crate::emulator::tests) goodbyes: u32,
    pub(in crate::emulator::tests) deleted: Vec<u32>,
}

/// A server for everything.
#[derive(Clone, Default)]
pub(in crate::emulator::tests) struct Server(Arc<Mutex<Seen>>, Arc<Notify>);

impl Server {
    pub(in crate::emulator::tests) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    /// Goodbyes, and connections that are closed.
    pub(in crate::emulator::tests) fn ends(&self) -> (u32, u32) {
        let seen = self.seen();
        (seen.goodbyes, seen.gone)
    }

    /// Connections that were opened, and those that are closed.
    pub(in crate::emulator::tests) fn connections(&self) -> (u32, u32) {
        let seen = self.seen();
        (seen.opened, seen.gone)
    }

    pub(in crate::emulator::tests) fn does(&self, steps: impl IntoIterator<Item = Step>) {
        self.seen().steps.extend(steps);
    }

    pub(in crate::emulator::tests) fn go_on(&self) {
        self.1.notify_one();
    }

    fn open(&self) -> Result<Session> {
        let mut seen = self.seen();
        if let Some(error) = seen.refuses.take() {
            return Err(error);
        }
        seen.opened += 1;
        Ok(Session(self.clone()))
    }

    /// Sends what it is to send.
    async fn send(&self, into: &mut dyn Sink) -> Result<u64> {
        let mut sent = 0;
        loop {
            let step = self.seen().steps.pop_front();
            let mut piece = match step {
                None => return Ok(sent),
                Some(Step::Send(bytes)) => bytes,
                Some(Step::Flood(piece)) => {
                    self.seen().steps.push_front(Step::Flood(piece));
                    vec![b'x'; piece]
                }
                Some(Step::Take(_)) => continue,
                Some(Step::Silence) => pending().await,
                Some(Step::Wait) => {
                    self.1.notified().await;
                    continue;
                }
                Some(Step::Fail(error)) => return Err(error),
            };
            sent += piece.len() as u64;
            self.seen().went += piece.len();
            into.put(&mut piece).await?;
        }
    }

    /// Takes what it is to take.
    async fn take(&self, from: &mut dyn Source) -> Result<u64> {
        let mut room = 0;
        loop {
            while room == 0 {
                let step = self.seen().steps.pop_front();
                match step {
                    None => room = usize::MAX,
                    Some(Step::Take(bytes)) => room = bytes,
                    Some(Step::Silence) => pending().await,
                    Some(Step::Wait) => self.1.notified().await,
                    Some(Step::Fail(error)) => return Err(error),
                    Some(Step::Send(_) | Step::Flood(_)) => {}
                }
            }
            let mut piece = Vec::new();
            from.next(&mut piece).await?;
            if piece.is_empty() {
                return Ok(self.seen().came.len() as u64);
            }
            room = room.saturating_sub(piece.len());
            self.seen().came.append(&mut piece);
        }
    }
}

/// A connection.
struct Session(Server);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.seen().gone += 1;
    }
}

impl FileBack for Server {
    fn open<'a>(
        &'a self,
        _: &'a FileOpen,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn FileSession>>> {
        Box::pin(async { Ok(Box::new(self.open()?) as Box<dyn FileSession>) })
    }
}

impl MailboxBack for Server {
    fn open<'a>(
        &'a self,
        _: &'a MailboxOpen,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailboxSession>>> {
        Box::pin(async { Ok(Box::new(self.open()?) as Box<dyn MailboxSession>) })
    }
}

impl SocketBack for Server {
    fn open<'a>(
        &'a self,
        _: &'a SocketOpen,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn Socket>>> {
        Box::pin(async { Ok(Box::new(self.open()?) as Box<dyn Socket>) })
    }
}

impl Socket for Session {
    fn send<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        self.0.seen().came.extend_from_slice(bytes);
        Box::pin(async { Ok(()) })
    }

    fn receive<'a>(&'a mut self, into: &'a mut Vec<u8>, _: usize) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            let step = self.0.seen().steps.pop_front();
            match step {
                Some(Step::Send(bytes)) => into.extend(bytes),
                Some(Step::Silence) => pending().await,
                Some(Step::Fail(error)) => return Err(error),
                _ => {}
            }
            Ok(())
        })
    }
}

fn unused<T: Send + 'static>() -> BoxFuture<'static, Result<T>> {
    Box::pin(async { Err(Error::new(ErrorKind::NotSupported, "not here")) })
}

impl FileSession for Session {
    fn upload<'a>(
        &'a mut self,
        _: &'a str,
        from: &'a mut dyn Source,
        _: Placing,
        _: Representation,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async { self.0.take(from).await })
    }

    fn download<'a>(
        &'a mut self,
        _: &'a str,
        _: u64,
        into: &'a mut dyn Sink,
        _: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let fails = matches!(self.0.seen().steps.front(), Some(Step::Fail(_)));
            if !fails {
                progress.phase(Phase::Transferring);
            }
            self.0.send(into).await
        })
    }

    fn list<'a>(
        &'a mut self,
        _: &'a str,
        _: &'a mut (dyn FnMut(Entry) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn list_raw<'a>(
        &'a mut self,
        _: &'a str,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async { self.0.send(into).await })
    }

    fn size<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<u64>> {
        unused()
    }

    fn modified<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<SystemTime>> {
        unused()
    }

    fn change_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn remove<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn remove_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn make_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn rename<'a>(&'a mut self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<()>> {
        unused()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.0.seen().goodbyes += 1;
        Box::pin(async {})
    }
}

impl MailboxSession for Session {
    fn status(&mut self) -> BoxFuture<'_, Result<MailboxStatus>> {
        Box::pin(async {
            let step = self.0.seen().steps.pop_front();
            match step {
                Some(Step::Fail(error)) => return Err(error),
                Some(Step::Silence) => pending().await,
                _ => {}
            }
            let seen = self.0.seen();
            Ok(MailboxStatus {
                count: seen.messages.len() as u32,
                bytes: seen.messages.iter().map(|it| it.len() as u64).sum(),
            })
        })
    }

    fn list<'a>(
        &'a mut self,
        each: &'a mut (dyn FnMut(Listed<'_>) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        let messages = self.0.seen().messages.clone();
        Box::pin(async move {
            for (at, message) in messages.iter().enumerate() {
                each(Listed {
                    number: at as u32 + 1,
                    uid: "x",
                    certainty: Certainty::Observed,
                    size: message.len() as u64,
                })?;
            }
            Ok(())
        })
    }

    fn fetch<'a>(
        &'a mut self,
        wanted: &'a [Wanted],
        into: &'a mut dyn Messages,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for one in wanted {
                let message = self.message(one.number)?;
                let sink = into.begin(one.number).await?;
                for piece in message.chunks(100) {
                    sink.put(&mut piece.to_vec()).await?;
                }
                into.end(one.number, Ok(())).await?;
            }
            Ok(())
        })
    }

    fn top<'a>(&'a mut self, _: u32, _: u32, _: &'a mut dyn Sink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no("unknown command")) })
    }

    fn delete<'a>(&'a mut self, numbers: &'a [u32]) -> BoxFuture<'a, Result<()>> {
        self.0.seen().deleted.extend(numbers);
        Box::pin(async { Ok(()) })
    }

    fn undelete(&mut self) -> BoxFuture<'_, Result<()>> {
        unused()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        self.0.seen().goodbyes += 1;
        Box::pin(async { Ok(()) })
    }
}

impl Session {
    fn message(&self, number: u32) -> Result<Vec<u8>> {
        let seen = self.0.seen();
        let at = number as usize - 1;
        seen.messages
            .get(at)
            .cloned()
            .ok_or_else(|| no("no such message"))
    }
}

/// The server says no.
pub(in crate::emulator::tests) fn no(text: &str) -> Error {
    Error::new(ErrorKind::Rejected, "refused").with_reply(ServerReply {
        code: 0,
        text: text.into(),
    })
}

impl Backs for Server {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        None
    }

    fn mailbox(&self, _: &Via) -> Option<Arc<dyn MailboxBack>> {
        Some(Arc::new(self.clone()))
    }

    fn files(&self, _: &Via) -> Option<Arc<dyn FileBack>> {
        Some(Arc::new(self.clone()))
    }

    fn socket(&self, _: &Via) -> Option<Arc<dyn SocketBack>> {
        Some(Arc::new(self.clone()))
    }
}

/// There are no accounts.
pub(in crate::emulator::tests) struct Nobody;

impl Accounts for Nobody {
    fn mail(&self, _: &str) -> Result<MailAccount> {
        Err(Error::new(ErrorKind::NotFound, "no account"))
    }
}
