//! The session with a mailbox: it lives over many commands.

use super::Desk;
use super::fetching;
use super::patience::Watch;
use crate::emulator::client::Mailbox;
use crate::emulator::op::{Done, Op, OpId};
use crate::emulator::world::World;
use crate::service::{BoxFuture, Error, ErrorKind, MailboxSession, Messages, Result, Sink, Wanted};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often a server that nobody asks for anything is looked after.
const LOOK: Duration = Duration::from_secs(50);

/// A longer header is none.
const LONGEST_HEADER: usize = 1 << 20;

/// Opens it, and does what it is asked until it is over.
pub(super) async fn run(world: World, mailbox: Box<Mailbox>, id: OpId, mut desk: Desk) {
    let watch = Watch::new(mailbox.patience);
    let opened = watch.over(world.open_mailbox(&mailbox, &watch)).await;
    let mut session = match opened {
        Ok(session) => session,
        Err(error) => return desk.answer(id, Done::Refused(error)),
    };
    desk.answer(id, Done::Fine);
    let mut unused = None;
    loop {
        let asked = match unused {
            None => Ok(desk.asked.recv().await),
            Some((_, time)) => next(&mut desk, &mut *session, time, &watch).await,
        };
        let (id, op) = match (asked, unused) {
            (Ok(Some(asked)), _) => asked,
            (Err(error), Some((id, _))) => return desk.answer(id, Done::Lost(error)),
            (Ok(None) | Err(_), _) => return,
        };
        if let Op::MailboxWatch(time) = op {
            unused = Some((id, time));
            continue;
        }
        if op == Op::MailboxClose {
            let closed = watch.over(session.close()).await;
            return desk.answer(id, closed.map_or_else(Done::Lost, |()| Done::Fine));
        }
        let done = watch.over(perform(&world, &mut *session, op, &watch)).await;
        match done {
            Ok(done) => desk.answer(id, done),
            Err(error) if goes_on(&error) => desk.answer(id, Done::Refused(error)),
            // The connection is in the middle of something, or gone.
            Err(error) => return desk.answer(id, Done::Lost(error)),
        }
    }
}

/// The next request. Timeout where none comes for so long; whatever the server says when it is asked meanwhile
/// whether it is still there.
async fn next(
    desk: &mut Desk,
    session: &mut dyn MailboxSession,
    within: Duration,
    watch: &Watch,
) -> Result<Option<(OpId, Op)>> {
    let until = Instant::now() + within;
    while Instant::now() < until {
        let look = until.min(Instant::now() + LOOK);
        tokio::select! {
            biased;
            asked = desk.asked.recv() => return Ok(asked),
            () = sleep_until(look) => {}
        }
        match watch.over(session.status()).await {
            Err(error) if !goes_on(&error) => return Err(error),
            _ => {}
        }
    }
    let text = "the session with the mailbox was not used for a long time";
    Err(Error::new(ErrorKind::Timeout, text))
}

/// Whether the server only said no.
fn goes_on(error: &Error) -> bool {
    use ErrorKind::{InvalidArgument, NotFound, NotSupported};
    error.reply.is_some() || matches!(error.kind, InvalidArgument | NotFound | NotSupported)
}

async fn perform(
    world: &World,
    session: &mut dyn MailboxSession,
    op: Op,
    watch: &Watch,
) -> Result<Done> {
    Ok(match op {
        Op::MailboxFetch(fetch) => fetching::fetch(world, session, &fetch, watch).await?,
        Op::MailboxStatus => {
            let status = session.status().await?;
            Done::Status {
                count: status.count,
                bytes: status.bytes,
            }
        }
        Op::MailboxList => {
            let mut all = Vec::new();
            let mut each = |number, size| {
                watch.sign();
                all.push((number, size));
                Ok(())
            };
            session.sizes(&mut each).await?;
            Done::Listed(all)
        }
        Op::MailboxHeader(number) => Done::Header(header(session, number, watch).await?),
        Op::MailboxDelete(number) => {
            session.delete(&[number]).await?;
            Done::Fine
        }
        _ => {
            let text = "a mailbox can't do that";
            return Err(Error::new(ErrorKind::NotSupported, text));
        }
    })
}

/// A message's header. A server without TOP (RFC 1939 section 7: optional) is asked for the whole message.
async fn header(session: &mut dyn MailboxSession, number: u32, watch: &Watch) -> Result<Vec<u8>> {
    let mut header = Header {
        bytes: Vec::new(),
        watch,
    };
    match session.top(number, 0, &mut header).await {
        Ok(()) => {}
        Err(error)
            if error.kind == ErrorKind::Rejected || error.kind == ErrorKind::NotSupported =>
        {
            header.bytes.clear();
            let wanted = [Wanted { number, size: 0 }];
            session.fetch(&wanted, &mut header, watch).await?;
        }
        Err(error) => return Err(error),
    }
    let mut bytes = header.bytes;
    bytes.truncate(ends(&bytes).unwrap_or(bytes.len()));
    Ok(bytes)
}

/// Where a header ends: behind its last line.
fn ends(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 2)
}

/// Keeps the beginning of a message.
struct Header<'a> {
    bytes: Vec<u8>,
    watch: &'a Watch,
}

impl Sink for Header<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.watch.sign();
        let room = LONGEST_HEADER.saturating_sub(self.bytes.len());
        let taken = bytes.len().min(room);
        self.bytes.extend_from_slice(&bytes[..taken]);
        bytes.clear();
        let put = match taken < room || ends(&self.bytes).is_some() {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::TooLarge, "the header has no end")),
        };
        Box::pin(async { put })
    }
}

impl Messages for Header<'_> {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        Box::pin(async {
            let sink: &mut dyn Sink = self;
            Ok(sink)
        })
    }

    fn end<'a>(&'a mut self, _: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { outcome })
    }
}
