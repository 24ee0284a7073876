//! A mailbox over a modem, as whoever asked for it sees it.

use super::{ListedMail, Opening, PIECES, drain, no_command, over};
use crate::modem::handle::{Handle, Request};
use crate::modem::report::Report;
use crate::service::{
    BoxFuture, Certainty, Error, Fault, Listed, MailboxOpen, MailboxSession, MailboxStatus,
    Messages, Phase, Progress, Result, Sink, Wanted,
};
use tokio::sync::{mpsc, oneshot};

type Answer<T> = oneshot::Sender<Result<T>>;

/// One step.
#[derive(Debug)]
pub(in crate::modem) enum MailboxAsk {
    Status(Answer<MailboxStatus>),
    List(Answer<Vec<ListedMail>>),
    Fetch(Wanted, mpsc::Sender<Vec<u8>>, Answer<()>),
    Delete(Vec<u32>, Answer<()>),
    Close(Answer<()>),
}

/// Opens a mailbox, after the requests before it.
pub(in crate::modem) async fn open_mailbox(
    handle: &Handle,
    open: &MailboxOpen,
    progress: &dyn Progress,
) -> Result<Box<dyn MailboxSession>> {
    let (asks, receiver) = mpsc::channel(1);
    let (answer, opened) = oneshot::channel();
    let (report, relay) = Report::new();
    handle
        .ask(Request::Mailbox(Opening {
            open: Box::new(open.clone()),
            report,
            asks: receiver,
            answer,
        }))
        .await?;
    let opened = relay.until(opened, progress).await;
    opened.unwrap_or_else(|| Err(over()))?;
    Ok(Box::new(Session { asks }))
}

struct Session {
    asks: mpsc::Sender<MailboxAsk>,
}

impl Session {
    async fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> MailboxAsk) -> Result<T> {
        let (answer, told) = oneshot::channel();
        self.asks.send(ask(answer)).await.map_err(|_| over())?;
        told.await.unwrap_or_else(|_| Err(over()))
    }

    async fn one(&self, wanted: Wanted, into: &mut dyn Sink, told: impl FnMut(u64)) -> Result<()> {
        let (pipe, pieces) = mpsc::channel(PIECES);
        let (answer, ended) = oneshot::channel();
        let ask = MailboxAsk::Fetch(wanted, pipe, answer);
        self.asks.send(ask).await.map_err(|_| over())?;
        drain(pieces, ended, into, told).await
    }
}

impl MailboxSession for Session {
    fn status(&mut self) -> BoxFuture<'_, Result<MailboxStatus>> {
        Box::pin(self.ask(MailboxAsk::Status))
    }

    fn list<'a>(
        &'a mut self,
        each: &'a mut (dyn FnMut(Listed<'_>) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let listed = self.ask(MailboxAsk::List).await?;
            listed.iter().try_for_each(|mail| {
                each(Listed {
                    number: mail.number,
                    uid: &mail.uid,
                    certainty: Certainty::Inferred,
                    size: mail.size,
                })
            })
        })
    }

    fn fetch<'a>(
        &'a mut self,
        wanted: &'a [Wanted],
        into: &'a mut dyn Messages,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            progress.phase(Phase::Transferring);
            let total = wanted
                .iter()
                .map(|one| one.size)
                .fold(0, u64::saturating_add);
            let mut before = 0_u64;
            for one in wanted {
                let sink = into.begin(one.number).await?;
                // Put together again, a message has another size than on the server.
                let told = |count: u64| progress.bytes(before + count.min(one.size), total);
                let outcome = self.one(*one, sink, told).await;
                before = before.saturating_add(one.size);
                match outcome {
                    Err(error) if !is_about_message(&error) => return Err(error),
                    outcome => into.end(one.number, outcome).await?,
                }
                progress.bytes(before, total);
            }
            Ok(())
        })
    }

    fn top<'a>(&'a mut self, _: u32, _: u32, _: &'a mut dyn Sink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_command("for the beginning of a message")) })
    }

    fn delete<'a>(&'a mut self, numbers: &'a [u32]) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.ask(|answer| MailboxAsk::Delete(numbers.to_vec(), answer)))
    }

    fn undelete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(no_command("that takes marks back")) })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move { self.ask(MailboxAsk::Close).await })
    }
}

/// The server would not give this one; the session goes on.
fn is_about_message(error: &Error) -> bool {
    error.fault == Fault::Server
}
