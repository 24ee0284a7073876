//! An open mailbox: one connection, which waits between its steps.

use super::super::waiting::Waiting;
use super::connection::Connection;
use super::failure::Step;
use super::lists::{self, Sizes};
use super::transfer;
use super::uid;
use crate::message::Fingerprints;
use crate::service::{
    BoxFuture, Certainty, Error, ErrorKind, Listed, MailboxSession, MailboxStatus, Messages, Phase,
    Progress, Result, Sink, Wanted,
};

/// An open mailbox.
pub(super) struct Session {
    waiting: Option<Waiting<Connection>>,
    /// Something is marked deleted.
    marked: bool,
}

/// What hears of every message.
type Each<'a> = &'a mut (dyn FnMut(Listed<'_>) -> Result<()> + Send);

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            waiting: Some(Waiting::new(connection)),
            marked: false,
        }
    }

    /// The connection, for one step. A step that is given up half-way takes it along.
    async fn take(&mut self) -> Result<Connection> {
        match self.waiting.take() {
            Some(waiting) => waiting.end().await,
            None => Err(Error::new(
                ErrorKind::NoNetwork,
                "the mailbox session was broken off before",
            )),
        }
    }

    /// The step is done. A connection on which something is left unsaid is closed.
    fn put_back(&mut self, mut connection: Connection) {
        if connection.is_sound() {
            self.waiting = Some(Waiting::new(connection));
        }
    }

    async fn simple(&mut self, command: &str) -> Result<String> {
        let mut connection = self.take().await?;
        let result = connection.command(command, Step::Other).await;
        self.put_back(connection);
        result
    }
}

/// What hears of every message's number and size.
type EachSize<'a> = &'a mut (dyn FnMut(u32, u64) -> Result<()> + Send);

/// LIST.
async fn sizes(connection: &mut Connection, each: EachSize<'_>) -> Result<()> {
    connection.ask("LIST")?;
    connection.answer(Step::Other).await?;
    connection
        .lines(&mut |line| {
            let (number, size) = lists::scan(line)?;
            each(number, size)
        })
        .await
}

/// LIST and UIDL, put together message by message as the second one comes.
async fn list(connection: &mut Connection, each: Each<'_>) -> Result<()> {
    let together = connection.offers.pipelining;
    connection.ask("LIST")?;
    if together {
        connection.ask("UIDL")?;
    }
    connection.answer(Step::Other).await?;
    let mut sizes = Sizes::default();
    connection
        .lines(&mut |line| {
            let (number, size) = lists::scan(line)?;
            sizes.push(number, size)
        })
        .await?;
    sizes.end()?;
    if !together {
        connection.ask("UIDL")?;
    }
    match connection.answer(Step::Other).await {
        Ok(_) => with_ids(connection, &sizes, each).await,
        Err(error) if error.kind == ErrorKind::Rejected => {
            with_made_ids(connection, &sizes, each).await
        }
        Err(error) => Err(error),
    }
}

async fn with_ids(connection: &mut Connection, sizes: &Sizes, each: Each<'_>) -> Result<()> {
    let disagree = || {
        Error::new(
            ErrorKind::Protocol,
            "the server's listings by size and by id have different messages",
        )
    };
    let mut count = 0;
    connection
        .lines(&mut |line| {
            let (number, id) = lists::unique(line)?;
            let size = sizes.size(number).ok_or_else(disagree)?;
            let (uid, certainty) = uid::given(id);
            count += 1;
            each(Listed {
                number,
                uid: &uid,
                certainty,
                size,
            })
        })
        .await?;
    if count != sizes.len() {
        return Err(disagree());
    }
    Ok(())
}

async fn with_made_ids(connection: &mut Connection, sizes: &Sizes, each: Each<'_>) -> Result<()> {
    let mut made = Fingerprints::default();
    transfer::headers(connection, sizes, &mut |number, size, header| {
        let uid = made.id(size, header);
        each(Listed {
            number,
            uid: &uid,
            certainty: Certainty::Inferred,
            size,
        })
    })
    .await
}

impl MailboxSession for Session {
    fn status(&mut self) -> BoxFuture<'_, Result<MailboxStatus>> {
        Box::pin(async move {
            let words = self.simple("STAT").await?;
            let (count, bytes) = lists::scan(words.as_bytes())?;
            Ok(MailboxStatus { count, bytes })
        })
    }

    fn list<'a>(&'a mut self, each: Each<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut connection = self.take().await?;
            let result = list(&mut connection, each).await;
            self.put_back(connection);
            result
        })
    }

    fn sizes<'a>(&'a mut self, each: EachSize<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut connection = self.take().await?;
            let result = sizes(&mut connection, each).await;
            self.put_back(connection);
            result
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
            let mut connection = self.take().await?;
            let result = transfer::fetch(&mut connection, wanted, into, progress).await;
            self.put_back(connection);
            result
        })
    }

    fn top<'a>(
        &'a mut self,
        number: u32,
        lines: u32,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut connection = self.take().await?;
            let result = transfer::top(&mut connection, number, lines, into).await;
            self.put_back(connection);
            result
        })
    }

    fn delete<'a>(&'a mut self, numbers: &'a [u32]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut connection = self.take().await?;
            self.marked |= !numbers.is_empty();
            let result = transfer::delete(&mut connection, numbers).await;
            self.put_back(connection);
            result
        })
    }

    fn undelete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.simple("RSET").await?;
            self.marked = false;
            Ok(())
        })
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            match (self.take().await, self.marked) {
                (Ok(connection), true) => connection.commit().await,
                (Err(error), true) => Err(error),
                (Ok(connection), false) => {
                    connection.leave().await;
                    Ok(())
                }
                (Err(_), false) => Ok(()),
            }
        })
    }
}
