//! Sessions over a module: a mailbox, or a file server, over many steps.
//!
//! A session has the modem to itself from its first step to its end; other requests queue behind it. One that
//! is dropped is aborted, one that asks for nothing for too long is closed. What a step means in a vendor's
//! commands is the dialect's business ([`MailboxModule`], [`FileModule`]).

mod files;
mod hold;
mod mailbox;

pub(super) use files::{FileAsk, open_files};
pub(super) use hold::{hold_files, hold_mailbox};
pub(super) use mailbox::{MailboxAsk, open_mailbox};

use super::chat::Chat;
use super::report::Report;
use crate::service::{
    BoxFuture, Error, ErrorKind, Fault, MailboxStatus, Representation, Result, Sink, Wanted,
};
use core::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A session that asks for nothing for so long is closed: somebody else may need the modem.
const IDLE: Duration = Duration::from_secs(120);

/// Pieces of content that wait between a session and the task.
const PIECES: usize = 8;

/// A message of a module's listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMail {
    /// Its number in the session.
    pub number: u32,
    /// Its id.
    pub uid: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A mailbox over a module's commands. After [`Self::open`] has succeeded either [`Self::close`] or
/// [`Self::abort`] comes last, whatever happened between.
pub trait MailboxModule: Send {
    /// Logs in.
    fn open<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, Result<()>>;

    /// How much there is.
    fn status<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, Result<MailboxStatus>>;

    /// Every message.
    fn list<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, Result<Vec<ListedMail>>>;

    /// One whole message as RFC 5322 text, lines ended by CR LF.
    fn fetch<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        wanted: Wanted,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<()>>;

    /// Marks messages.
    fn delete<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        numbers: &'a [u32],
    ) -> BoxFuture<'a, Result<()>>;

    /// Logs out; what was marked is deleted.
    fn close<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, Result<()>>;

    /// Breaks off; nothing is deleted. Must do without the module if that is gone.
    fn abort<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, ()>;
}

/// A file server over a module's commands.
pub trait FileModule: Send {
    /// What can be known before the first transfer.
    fn open<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, Result<()>>;

    /// Sends a file, in the place of what is there; gives how many bytes it had. `size`: how many it will have, where
    /// that is known.
    fn upload<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        path: &'a str,
        representation: Representation,
        size: Option<u64>,
        pieces: &'a mut mpsc::Receiver<super::chat::Piece>,
    ) -> BoxFuture<'a, Result<u64>>;

    /// Fetches a file from its beginning; gives how many bytes it had.
    fn download<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        path: &'a str,
        representation: Representation,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>>;

    /// A folder's listing as the server writes it; the empty path is the folder after the login. NotSupported
    /// where the module has no command for it.
    fn list<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        path: &'a str,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>>;

    /// Leaves nothing behind, however it ended. Must do without the module if that is gone.
    fn close<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, ()>;
}

/// A session that is asked for.
#[derive(Debug)]
pub(super) struct Opening<O, A> {
    /// The server.
    pub(super) open: Box<O>,
    /// How far it has come, and whether it is still wanted.
    pub(super) report: Report,
    /// What is asked, once it is open. Its end is the end of the session.
    pub(super) asks: mpsc::Receiver<A>,
    /// Whether it is open.
    pub(super) answer: oneshot::Sender<Result<()>>,
}

/// Content on its way from the task to whoever asked for it.
#[derive(Debug)]
struct Pipe(mpsc::Sender<Vec<u8>>);

impl Sink for Pipe {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if bytes.is_empty() {
                return Ok(());
            }
            let sent = self.0.send(std::mem::take(bytes)).await;
            sent.map_err(|_| Error::new(ErrorKind::Cancelled, "nobody waits for it any more"))
        })
    }
}

/// Takes what comes through a pipe until the task has answered; gives how many bytes came.
async fn drain<T>(
    mut pieces: mpsc::Receiver<Vec<u8>>,
    answer: oneshot::Receiver<Result<T>>,
    into: &mut dyn Sink,
    mut told: impl FnMut(u64),
) -> Result<T> {
    let mut count = 0;
    while let Some(mut piece) = pieces.recv().await {
        count += piece.len() as u64;
        into.put(&mut piece).await?;
        told(count);
    }
    answer.await.unwrap_or_else(|_| Err(over()))
}

/// The session ended under whoever asks.
fn over() -> Error {
    let text = format!(
        "the session over the modem is over: the modem was lost, or nothing was asked for {} s",
        IDLE.as_secs()
    );
    Error::new(ErrorKind::ModemGone, text).by(Fault::Module)
}

/// What no module's session can do.
pub(super) fn no_command(what: &str) -> Error {
    let text = format!("the modem has no command {what}");
    Error::new(ErrorKind::NotSupported, text).by(Fault::Module)
}
