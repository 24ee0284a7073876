//! The session with a mailbox: it lives over many commands.

use super::Desk;
use super::fetching;
use super::patience::Watch;
use crate::emulator::client::Mailbox;
use crate::emulator::op::{Done, Op, OpId};
use crate::emulator::world::World;
use crate::service::{BoxFuture, Error, ErrorKind, MailboxSession, Messages, Result, Sink, Wanted};
use std::time::Duration;
use tokio::time::timeout;

/// A session in which nothing is asked for so long is over, as a server would end it (RFC 1939 section 3:
/// not before 10 minutes): the mailbox is free for others again, and nothing that was marked is deleted.
const IDLE: Duration = Duration::from_secs(600);

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
    let mut watching = None;
    loop {
        let (id, op) = match timeout(IDLE, desk.asked.recv()).await {
            Ok(Some(asked)) => asked,
            Ok(None) => return,
            Err(_) => {
                let idle = Error::new(ErrorKind::Timeout, "nothing was asked for too long");
                if let Some(id) = watching {
                    desk.answer(id, Done::Lost(idle));
                }
                return;
            }
        };
        if op == Op::MailboxWatch {
            watching = Some(id);
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
    let empty = bytes.windows(4).position(|at| at == b"\r\n\r\n");
    bytes.truncate(empty.map_or(bytes.len(), |at| at + 2));
    Ok(bytes)
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
        Box::pin(async { Ok(()) })
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
