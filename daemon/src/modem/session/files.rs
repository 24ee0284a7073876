//! A file server over a modem, as whoever asked for it sees it. Nothing is asked of the modem before the first
//! step that it can do, so that what it cannot do goes another way at once.

use super::{Opening, PIECES, drain, no_command, over};
use crate::modem::chat::Piece;
use crate::modem::handle::{Handle, Request};
use crate::modem::report::Report;
use crate::net::read_listing;
use crate::service::{
    BoxFuture, Entry, FileOpen, FileSession, Phase, Placing, Progress, Representation, Result,
    Sink, Source, Unwatched,
};
use std::time::SystemTime;
use tokio::sync::{mpsc, oneshot};

type Answer<T> = oneshot::Sender<Result<T>>;

/// Bytes that are read from a source at once.
const READ: usize = 16 << 10;

/// A listing is no longer than this.
const LONGEST_LISTING: usize = 4 << 20;

/// One step.
#[derive(Debug)]
pub(in crate::modem) enum FileAsk {
    Upload(
        String,
        Representation,
        Option<u64>,
        mpsc::Receiver<Piece>,
        Answer<u64>,
    ),
    Download(String, Representation, mpsc::Sender<Vec<u8>>, Answer<u64>),
    List(String, mpsc::Sender<Vec<u8>>, Answer<u64>),
    Close(Answer<()>),
}

/// A session that takes the modem when it needs it.
pub(in crate::modem) fn open_files(handle: &Handle, open: &FileOpen) -> Box<dyn FileSession> {
    Box::new(Session {
        handle: handle.clone(),
        open: open.clone(),
        asks: None,
    })
}

struct Session {
    handle: Handle,
    open: FileOpen,
    asks: Option<mpsc::Sender<FileAsk>>,
}

impl Session {
    /// Takes the modem, after the requests before it, unless it has it.
    async fn asks(&mut self, progress: &dyn Progress) -> Result<mpsc::Sender<FileAsk>> {
        if let Some(asks) = self.asks.as_ref().filter(|asks| !asks.is_closed()) {
            return Ok(asks.clone());
        }
        let (asks, receiver) = mpsc::channel(1);
        let (answer, opened) = oneshot::channel();
        let (report, relay) = Report::new();
        self.handle
            .ask(Request::Files(Opening {
                open: Box::new(self.open.clone()),
                report,
                asks: receiver,
                answer,
            }))
            .await?;
        let opened = relay.until(opened, progress).await;
        opened.unwrap_or_else(|| Err(over()))?;
        self.asks = Some(asks.clone());
        Ok(asks)
    }
}

/// Pours a source into a channel. An end without [`Piece::End`] breaks the transfer off.
async fn pour(
    from: &mut dyn Source,
    pieces: mpsc::Sender<Piece>,
    progress: &dyn Progress,
) -> Result<()> {
    let total = from.left().unwrap_or_default();
    let mut done = 0;
    loop {
        let mut buffer = Vec::with_capacity(READ);
        from.next(&mut buffer).await?;
        if buffer.is_empty() {
            // The task says what became of it.
            let _ = pieces.send(Piece::End).await;
            return Ok(());
        }
        done += buffer.len() as u64;
        if pieces.send(Piece::Bytes(buffer)).await.is_err() {
            return Ok(());
        }
        progress.bytes(done, total);
    }
}

/// Keeps a listing.
struct Kept(Vec<u8>);

impl Sink for Kept {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let room = LONGEST_LISTING.saturating_sub(self.0.len());
            self.0.extend(bytes.drain(..).take(room));
            Ok(())
        })
    }
}

impl FileSession for Session {
    fn upload<'a>(
        &'a mut self,
        path: &'a str,
        from: &'a mut dyn Source,
        placing: Placing,
        representation: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            match placing {
                Placing::Replace => {}
                Placing::Atomic => return Err(no_command("that renames what was sent")),
                Placing::Append => return Err(no_command("that appends to a file")),
                Placing::Resume => return Err(no_command("that goes on with a file")),
            }
            let asks = self.asks(progress).await?;
            let (pieces, receiver) = mpsc::channel(PIECES);
            let (answer, ended) = oneshot::channel();
            let size = from.left();
            let ask = FileAsk::Upload(path.to_owned(), representation, size, receiver, answer);
            asks.send(ask).await.map_err(|_| over())?;
            let poured = pour(from, pieces, progress).await;
            progress.phase(Phase::Confirming);
            // One that was broken off is over in the modem as well, before anything else is asked.
            let ended = ended.await.unwrap_or_else(|_| Err(over()));
            poured.and(ended)
        })
    }

    fn download<'a>(
        &'a mut self,
        path: &'a str,
        from: u64,
        into: &'a mut dyn Sink,
        representation: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            if from > 0 {
                return Err(no_command("that fetches a part of a file"));
            }
            let asks = self.asks(progress).await?;
            let (pipe, pieces) = mpsc::channel(PIECES);
            let (answer, ended) = oneshot::channel();
            let ask = FileAsk::Download(path.to_owned(), representation, pipe, answer);
            asks.send(ask).await.map_err(|_| over())?;
            drain(pieces, ended, into, |done| progress.bytes(done, 0)).await
        })
    }

    fn list<'a>(
        &'a mut self,
        path: &'a str,
        each: &'a mut (dyn FnMut(Entry) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut kept = Kept(Vec::new());
            self.list_raw(path, &mut kept).await?;
            read_listing(&kept.0, Some(SystemTime::now()), each)
        })
    }

    fn list_raw<'a>(
        &'a mut self,
        path: &'a str,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let asks = self.asks(&Unwatched).await?;
            let (pipe, pieces) = mpsc::channel(PIECES);
            let (answer, ended) = oneshot::channel();
            let ask = FileAsk::List(path.to_owned(), pipe, answer);
            asks.send(ask).await.map_err(|_| over())?;
            drain(pieces, ended, into, |_| {}).await
        })
    }

    fn size<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async { Err(no_command("for a file's size")) })
    }

    fn modified<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<SystemTime>> {
        Box::pin(async { Err(no_command("for a file's date")) })
    }

    fn change_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_command("that goes to a folder")) })
    }

    fn remove<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_command("that removes a file")) })
    }

    fn remove_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_command("that removes a folder")) })
    }

    fn make_folder<'a>(&'a mut self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_command("that makes a folder")) })
    }

    fn rename<'a>(&'a mut self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_command("that renames")) })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(asks) = &self.asks else {
                return;
            };
            let (answer, ended) = oneshot::channel();
            if asks.send(FileAsk::Close(answer)).await.is_ok() {
                let _ = ended.await;
            }
        })
    }
}
