//! A session with a server of files: one transfer, then it is over.

use super::Desk;
use super::module_file::{Incoming, Outgoing};
use super::patience::Watch;
use super::pipe::Pipe;
use crate::dialect::volume::FileName;
use crate::emulator::client::Remote;
use crate::emulator::op::{Done, Op, OpId};
use crate::emulator::world::World;
use crate::service::{
    BoxFuture, Error, ErrorKind, FileSession, Phase, Placing, Progress, Result, Sink, Source,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A session that is over has so long to say goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

type Session = Box<dyn FileSession>;

/// Opens a session; the answer to `id` says whether it is one, where `says` asks for that.
async fn open(world: &World, remote: &Remote, watch: &Watch) -> Result<Session> {
    watch.over(world.open_files(&remote.on, watch)).await
}

/// Politely, but nobody waits for it.
fn leave(session: Session) {
    tokio::spawn(timeout(GOODBYE, session.close()));
}

/// What is fetched for the equipment itself.
#[derive(Clone, Copy)]
pub(super) enum What {
    File,
    Listing,
}

/// Fetches for the equipment, piece by piece as it takes them.
pub(super) async fn fetch(world: World, remote: Box<Remote>, what: What, id: OpId, mut desk: Desk) {
    let watch = Watch::new(remote.on.patience);
    let mut session = match open(&world, &remote, &watch).await {
        Ok(session) => session,
        Err(error) => return desk.answer(id, Done::Refused(error)),
    };
    let pipe = Pipe::default();
    let transfer = async {
        let mut into = ToPipe(&pipe, &watch);
        let fetched = async {
            match what {
                What::File => {
                    let how = remote.representation;
                    let begins = Begins(&pipe, &watch);
                    session
                        .download(&remote.path, 0, &mut into, how, &begins)
                        .await
                }
                What::Listing => session.list_raw(&remote.path, &mut into).await,
            }
        };
        pipe.end(watch.over(fetched).await.map(drop));
    };
    let serve = async {
        // A server that does not begin refuses; what goes wrong later broke off.
        match pipe.begun().await {
            Ok(()) => desk.answer(id, Done::Fine),
            Err(error) => {
                desk.answer(id, Done::Refused(error));
                return false;
            }
        }
        while let Some((id, op)) = desk.asked.recv().await {
            let Op::Pull(_, most) = op else {
                continue;
            };
            match pipe.take(most as usize).await {
                Ok(bytes) => {
                    let ended = bytes.is_empty();
                    desk.answer(id, Done::Bytes(bytes));
                    if ended {
                        return true;
                    }
                }
                Err(error) => {
                    desk.answer(id, Done::Lost(error));
                    return false;
                }
            }
        }
        false
    };
    let ((), well) = tokio::join!(transfer, serve);
    if well {
        leave(session);
    }
}

/// Sends what the equipment sends, which comes through the session's pipe.
pub(super) async fn send(world: World, remote: Box<Remote>, id: OpId, mut desk: Desk) {
    let watch = Watch::new(remote.on.patience);
    let mut session = match open(&world, &remote, &watch).await {
        Ok(session) => session,
        Err(error) => return desk.answer(id, Done::Refused(error)),
    };
    desk.answer(id, Done::Fine);
    let pipe = Arc::clone(&desk.pipe);
    let sent = {
        let mut from = FromPipe {
            pipe: &pipe,
            watch: &watch,
            taken: 0,
        };
        let (placing, how) = (Placing::Replace, remote.representation);
        let upload = session.upload(&remote.path, &mut from, placing, how, &watch);
        settled(watch.over(upload), &mut desk, &pipe).await
    };
    let Some((id, sent)) = sent else {
        return;
    };
    match sent {
        Ok(_) => {
            desk.answer(id, Done::Fine);
            leave(session);
        }
        Err(error) => desk.answer(id, Done::Lost(error)),
    }
}

/// How a transfer to a peer ended, and who asked. What comes behind one that failed is thrown away.
pub(super) async fn settled<T>(
    transfer: impl Future<Output = Result<T>>,
    desk: &mut Desk,
    pipe: &Pipe,
) -> Option<(OpId, Result<T>)> {
    tokio::pin!(transfer);
    let (mut result, mut asked) = (None, None);
    loop {
        tokio::select! {
            ended = &mut transfer, if result.is_none() => {
                pipe.shut();
                result = Some(ended);
            }
            ask = desk.asked.recv() => {
                if let (id, Op::Settle(_)) = ask? {
                    pipe.end(Ok(()));
                    asked = Some(id);
                }
            }
        }
        match (asked, result.take()) {
            (Some(id), Some(result)) => return Some((id, result)),
            (_, left) => result = left,
        }
    }
}

/// Fetches a file into the module.
pub(super) async fn to_module(
    world: World,
    remote: Box<Remote>,
    name: FileName,
    id: OpId,
    desk: Desk,
) {
    let watch = Watch::new(remote.on.patience);
    let mut file = match Incoming::begin(&world, name).await {
        Ok(file) => file,
        Err(error) => return desk.answer(id, Done::Failed(error)),
    };
    let mut session = match open(&world, &remote, &watch).await {
        Ok(session) => session,
        Err(error) => return desk.answer(id, Done::Refused(error)),
    };
    let fetched = {
        let mut into = file.sink(&watch);
        let how = remote.representation;
        let download = session.download(&remote.path, 0, &mut into, how, &watch);
        watch.over(download).await
    };
    let done = match (fetched, file.failure()) {
        (_, Some(error)) => Done::Failed(error),
        (Err(error), None) => Done::Lost(error),
        (Ok(_), None) => {
            leave(session);
            file.finish()
                .await
                .map_or_else(Done::Failed, |()| Done::Fine)
        }
    };
    desk.answer(id, done);
}

/// Sends a file of the module.
pub(super) async fn from_module(
    world: World,
    remote: Box<Remote>,
    name: FileName,
    id: OpId,
    desk: Desk,
) {
    let watch = Watch::new(remote.on.patience);
    let mut file = match Outgoing::open(&world, name, &watch).await {
        Ok(file) => file,
        Err(error) => return desk.answer(id, Done::Failed(error)),
    };
    let mut session = match open(&world, &remote, &watch).await {
        Ok(session) => session,
        Err(error) => return desk.answer(id, Done::Refused(error)),
    };
    let sent = {
        let (placing, how) = (Placing::Replace, remote.representation);
        let upload = session.upload(&remote.path, &mut file, placing, how, &watch);
        watch.over(upload).await
    };
    let done = match (sent, file.failure()) {
        (_, Some(error)) => Done::Failed(error),
        (Err(error), None) => Done::Lost(error),
        (Ok(_), None) => {
            leave(session);
            Done::Fine
        }
    };
    desk.answer(id, done);
}

/// Tells when a transfer begins.
struct Begins<'a>(&'a Pipe, &'a Watch);

impl Progress for Begins<'_> {
    fn phase(&self, phase: Phase) {
        self.1.phase(phase);
        if phase == Phase::Transferring {
            self.0.begin();
        }
    }

    fn bytes(&self, done: u64, total: u64) {
        self.1.bytes(done, total);
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        self.1.committing()
    }
}

/// From a server into a pipe.
struct ToPipe<'a>(&'a Pipe, &'a Watch);

impl Sink for ToPipe<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.1.sign();
            self.0.push(std::mem::take(bytes));
            if self.0.is_full() {
                self.1.ours(self.0.room()).await;
            }
            Ok(())
        })
    }
}

/// From a pipe to a server.
struct FromPipe<'a> {
    pipe: &'a Pipe,
    watch: &'a Watch,
    taken: u64,
}

/// Bytes that go to a server at a time.
const PIECE: usize = 64 << 10;

impl Source for FromPipe<'_> {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            *into = self.watch.ours(self.pipe.take(PIECE)).await?;
            self.taken += into.len() as u64;
            Ok(())
        })
    }

    fn left(&self) -> Option<u64> {
        None
    }

    fn seek(&mut self, to: u64) -> BoxFuture<'_, Result<()>> {
        let here = to == self.taken;
        Box::pin(async move {
            if here {
                return Ok(());
            }
            let text = "what equipment has sent can't be had again";
            Err(Error::new(ErrorKind::NotSupported, text))
        })
    }
}
