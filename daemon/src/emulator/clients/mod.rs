//! What a module's clients do: each session is a task of its own, so that nothing waits for a server but
//! what asked for it.

mod fetching;
mod files;
mod greeting;
mod http;
mod mailbox;
mod module_file;
mod naming;
mod patience;
mod pipe;
mod socket;

use super::client::Client;
use super::op::{Done, Op, OpId};
use super::world::World;
use crate::service::{Error, ErrorKind};
use pipe::Pipe;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Requests that may wait for a client. The engine has one at a time.
const ASKED: usize = 4;

/// The clients of one module. Dropping it closes all connections, without a good-bye.
pub(super) struct Clients {
    world: World,
    sessions: BTreeMap<Client, Session>,
    /// Sessions so far.
    count: u32,
    told: mpsc::UnboundedSender<Answer>,
    heard: mpsc::UnboundedReceiver<Answer>,
}

/// What a session answers, and which session it is of: nobody hears of one that was aborted.
struct Answer {
    session: u32,
    id: OpId,
    done: Done,
}

/// A session, as others see it.
struct Session {
    number: u32,
    task: AbortHandle,
    asked: mpsc::Sender<(OpId, Op)>,
    /// What goes to its peer.
    pipe: Arc<Pipe>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A session, as its own task sees it.
struct Desk {
    number: u32,
    told: mpsc::UnboundedSender<Answer>,
    asked: mpsc::Receiver<(OpId, Op)>,
    pipe: Arc<Pipe>,
}

impl Desk {
    fn answer(&self, id: OpId, done: Done) {
        let session = self.number;
        // Nobody need listen.
        let _ = self.told.send(Answer { session, id, done });
    }
}

impl Clients {
    pub(super) fn new(world: World) -> Self {
        let (told, heard) = mpsc::unbounded_channel();
        Self {
            world,
            sessions: BTreeMap::new(),
            count: 0,
            told,
            heard,
        }
    }

    /// Begins what an operation asks for. Its answer comes by [`Clients::next`], but for [`Op::Push`].
    pub(super) fn start(&mut self, id: OpId, op: Op) {
        let Some(client) = op.client() else {
            return;
        };
        let world = self.world.clone();
        match op {
            Op::Push(_, bytes) => {
                if let Some(session) = self.sessions.get(&client) {
                    session.pipe.push(bytes);
                }
            }
            Op::Greeted(mail) => self.open(client, |desk| greeting::wait(world, mail, id, desk)),
            Op::MailboxOpen(mailbox) => {
                self.open(client, |desk| mailbox::run(world, mailbox, id, desk));
            }
            Op::FilesGet(remote) => self.open(client, |desk| {
                files::fetch(world, remote, files::What::File, id, desk)
            }),
            Op::FilesList(remote) => self.open(client, |desk| {
                files::fetch(world, remote, files::What::Listing, id, desk)
            }),
            Op::FilesPut(remote) => self.open(client, |desk| files::send(world, remote, id, desk)),
            Op::FilesToModule(remote, name) => self.open(client, |desk| {
                files::to_module(world, remote, name, id, desk)
            }),
            Op::FilesFromModule(remote, name) => self.open(client, |desk| {
                files::from_module(world, remote, name, id, desk)
            }),
            Op::Connect(host) => self.open(client, |desk| socket::run(world, host, id, desk)),
            op => self.ask(client, id, op),
        }
    }

    /// Asks the session that there is.
    fn ask(&mut self, client: Client, id: OpId, op: Op) {
        let session = self.sessions.get(&client);
        let asked = session.is_some_and(|session| session.asked.try_send((id, op)).is_ok());
        if !asked {
            let lost = Error::new(ErrorKind::NoNetwork, "there is no session any more");
            self.answer(client, id, Done::Lost(lost));
        }
    }

    fn answer(&mut self, client: Client, id: OpId, done: Done) {
        let session = self.sessions.get(&client).map_or(0, |it| it.number);
        let _ = self.told.send(Answer { session, id, done });
    }

    /// Begins a session in the place of the one before.
    fn open<F>(&mut self, client: Client, session: impl FnOnce(Desk) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.count += 1;
        let number = self.count;
        let (asked, asks) = mpsc::channel(ASKED);
        let pipe = Arc::new(Pipe::default());
        let desk = Desk {
            number,
            told: self.told.clone(),
            asked: asks,
            pipe: Arc::clone(&pipe),
        };
        // The old one first: some servers allow one of each user.
        self.sessions.remove(&client);
        let task = tokio::spawn(session(desk)).abort_handle();
        let session = Session {
            number,
            task,
            asked,
            pipe,
        };
        self.sessions.insert(client, session);
    }

    /// Breaks a session off.
    pub(super) fn abort(&mut self, client: Client) {
        self.sessions.remove(&client);
    }

    /// Breaks all sessions off.
    pub(super) fn abort_all(&mut self) {
        self.sessions.clear();
    }

    /// The next answer. Dropped before it is ready, it has taken nothing.
    pub(super) async fn next(&mut self) -> (OpId, Done) {
        loop {
            // It never ends: we have a sender ourselves.
            let Some(Answer { session, id, done }) = self.heard.recv().await else {
                return std::future::pending().await;
            };
            let known = |it: &Session| it.number == session;
            if session == 0 || self.sessions.values().any(known) {
                return (id, done);
            }
        }
    }

    /// What goes to a peer that is slower than the equipment.
    pub(super) fn full(&self) -> Option<Arc<Pipe>> {
        let mut pipes = self.sessions.values().map(|session| &session.pipe);
        pipes.find(|pipe| pipe.is_full()).cloned()
    }
}
