//! A mailbox, as a session: open; look, fetch, mark deleted; close, which commits, or abort.

use super::{BoxFuture, Certainty, Credentials, Progress, Reach, Result, Server, Sink};

/// What a mailbox session is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxOpen {
    /// The server.
    pub server: Server,
    /// Where connections may go, those for data too.
    pub reach: Reach,
    /// Who we are to it; a mailbox is always somebody's.
    pub credentials: Credentials,
}

/// How much a mailbox holds (RFC 1939 STAT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailboxStatus {
    /// Messages that are not marked deleted.
    pub count: u32,
    /// Their size in bytes, as the server counts it.
    pub bytes: u64,
}

/// One message of a listing. Its text is borrowed: a hundred thousand of them are listed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its number in this session, from 1.
    pub number: u32,
    /// Its unique id (RFC 1939 UIDL, 1 to 70 characters 0x21 to 0x7E), the same in every session. Equal copies
    /// of one message may share it.
    pub uid: &'a str,
    /// Whether the server gave the id, or a back without UIDL made it.
    pub certainty: Certainty,
    /// Its size in bytes, as the server counts it.
    pub size: u64,
}

/// A message to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its number in this session.
    pub number: u32,
    /// Its size as it was listed; 0 where unknown. For progress and for how many are asked for at once.
    pub size: u64,
}

/// Where fetched messages go, one after the other in the order in which they were asked for.
pub trait Messages: Send {
    /// A message begins; its bytes go to what this gives, lines ended by CR LF, dot-unstuffed.
    fn begin(&mut self, number: u32) -> BoxFuture<'_, Result<&mut dyn Sink>>;

    /// It is complete, or the server would not give it (the session goes on). A message that was begun and
    /// not ended is to be forgotten. An error ends the fetching.
    fn end<'a>(&'a mut self, number: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>>;
}

/// A way to mailboxes.
pub trait MailboxBack: Send + Sync {
    /// Connects and authenticates.
    fn open<'a>(
        &'a self,
        request: &'a MailboxOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailboxSession>>>;

    /// Whether its sessions can show the beginning of a message ([`MailboxSession::top`]).
    fn has_top(&self) -> bool {
        true
    }
}

/// A mailbox that is open: one connection over many steps, kept alive between them. Dropping it aborts:
/// nothing that was marked is deleted.
pub trait MailboxSession: Send {
    /// How much there is.
    fn status(&mut self) -> BoxFuture<'_, Result<MailboxStatus>>;

    /// Every message, in the server's order, which is by number as a rule. A message's size is at most 1 TiB.
    fn list<'a>(
        &'a mut self,
        each: &'a mut (dyn FnMut(Listed<'_>) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>>;

    /// The number and the size of every message, as [`MailboxSession::list`], where nothing is to be told
    /// apart later.
    fn sizes<'a>(
        &'a mut self,
        each: &'a mut (dyn FnMut(u32, u64) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut each = |message: Listed<'_>| each(message.number, message.size);
            self.list(&mut each).await
        })
    }

    /// Whole messages.
    fn fetch<'a>(
        &'a mut self,
        wanted: &'a [Wanted],
        into: &'a mut dyn Messages,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<()>>;

    /// A message's header and so many lines of its body.
    fn top<'a>(
        &'a mut self,
        number: u32,
        lines: u32,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<()>>;

    /// Marks messages to be deleted when the session is closed.
    fn delete<'a>(&'a mut self, numbers: &'a [u32]) -> BoxFuture<'a, Result<()>>;

    /// Unmarks all.
    fn undelete(&mut self) -> BoxFuture<'_, Result<()>>;

    /// Ends it: what was marked is deleted once this has succeeded. Unknown where the server did not answer:
    /// it may or may not have deleted them.
    fn close(self: Box<Self>) -> BoxFuture<'static, Result<()>>;
}
