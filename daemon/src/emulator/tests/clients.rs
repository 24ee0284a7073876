//! The clients, with servers in memory: what they answer, and what the servers see of it.

use super::servers::{Nobody, Server, Step, no};
use super::toy::{self, PATIENCE, error, file, host, mailbox, remote};
use crate::clock::SystemClock;
use crate::disk::Disk;
use crate::emulator::clients::Clients;
use crate::emulator::op::FileError;
use crate::emulator::world::World;
use crate::emulator::{Client, Done, Op, OpId, Plainly, Settings};
use crate::job::{self, Jobs, Via};
use crate::service::ErrorKind;
use hayes_ldisc::record::{LineSettings, Wiring};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{Instant, timeout};

/// Longer than anything takes, on a clock that need not be waited for.
const LONG: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// A module's clients, the server that they talk to, and their files.
pub(super) struct Bench {
    clients: Clients,
    world: World,
    pub(super) server: Server,
    folder: PathBuf,
    count: u32,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Bench {
    pub(super) async fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hayesd-clients-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let (disk, server) = (Disk::inline(), Server::default());
        let jobs = Jobs::start(
            job::Settings::new(folder.join("spool")),
            disk.clone(),
            Arc::new(SystemClock),
            Arc::new(Nobody),
            Arc::new(server.clone()),
        );
        let settings = Settings {
            name: "panel".into(),
            device: "/dev/ttyS1".into(),
            line: LineSettings::default(),
            wiring: Wiring::default(),
            dialect: &toy::DIALECT,
            identity: toy::DIALECT.played.identity.clone(),
            quirks: crate::dialect::Quirks::default(),
            policy: Arc::new(Plainly(vec![Via::Ip])),
            memory_dir: folder.join("memory"),
            files_dir: folder.join("files"),
        };
        let opened = World::open(&settings, disk, jobs.await.unwrap()).await;
        let (world, _) = opened.unwrap();
        Self {
            clients: Clients::new(world.clone()),
            world,
            server,
            folder,
            count: 0,
        }
    }

    pub(super) fn start(&mut self, op: Op) -> OpId {
        self.count += 1;
        let id = OpId(self.count);
        self.clients.start(id, op);
        id
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, op: Op) -> Done {
        let id = self.start(op);
        let (of, done) = timeout(LONG, self.clients.next()).await.unwrap();
        assert_eq!(of, id);
        done
    }

    /// The next answer, whatever it is to.
    pub(super) async fn next(&mut self) -> (OpId, Done) {
        timeout(LONG, self.clients.next()).await.unwrap()
    }

    pub(super) fn abort(&mut self, client: Client) {
        self.clients.abort(client);
    }

    /// Does something with the module's files.
    pub(super) async fn files(&self, op: Op) -> Done {
        self.world.perform(op).await
    }

    /// For a session.
    pub(super) fn parts(&mut self) -> (&World, &mut Clients) {
        (&self.world, &mut self.clients)
    }

    /// What can happen without time has happened.
    pub(super) async fn rest(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    async fn pulled(&mut self, most: u32) -> (Vec<u8>, Done) {
        let mut all = Vec::new();
        loop {
            match self.ask(Op::Pull(Client::Files, most)).await {
                Done::Bytes(bytes) if !bytes.is_empty() => {
                    assert!(bytes.len() <= most as usize);
                    all.extend(bytes);
                }
                end => return (all, end),
            }
        }
    }

    pub(super) async fn read(&self, name: &str) -> Done {
        let (name, offset, length) = (file(name), 0, 1 << 20);
        let read = Op::Read {
            name,
            offset,
            length,
        };
        self.world.perform(read).await
    }
}

pub(super) fn is_lost(done: &Done, kind: ErrorKind) -> bool {
    matches!(done, Done::Lost(error) if error.kind == kind)
}

#[tokio::test(start_paused = true)]
async fn a_file_is_pulled_to_its_end_and_the_server_hears_goodbye() {
    let mut bench = Bench::new().await;
    let sent: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
    bench
        .server
        .does(sent.chunks(4096).map(|it| Step::Send(it.to_vec())));
    assert_eq!(bench.ask(Op::FilesGet(remote())).await, Done::Fine);
    let (all, end) = bench.pulled(10_000).await;
    assert!(all == sent);
    assert_eq!(end, Done::Bytes(Vec::new()));
    bench.rest().await;
    assert_eq!(bench.server.seen().goodbyes, 1);
    // The session is over.
    let more = bench.ask(Op::Pull(Client::Files, 1)).await;
    assert!(is_lost(&more, ErrorKind::NoNetwork), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn what_came_before_a_break_is_given_then_the_reason() {
    let mut bench = Bench::new().await;
    bench
        .server
        .does([Step::Send(b"abc".to_vec()), Step::Fail(error("gone"))]);
    assert_eq!(bench.ask(Op::FilesList(remote())).await, Done::Fine);
    let (all, end) = bench.pulled(100).await;
    assert_eq!((&all[..], end), (&b"abc"[..], Done::Lost(error("gone"))));
    bench.rest().await;
    assert_eq!(bench.server.ends(), (0, 1));
}

/// What the server does not begin is refused; what it breaks off is lost.
#[tokio::test(start_paused = true)]
async fn a_file_that_there_is_not_is_refused_before_anything_is_told() {
    let mut bench = Bench::new().await;
    bench.server.does([Step::Fail(no("550 no such file"))]);
    let refused = bench.ask(Op::FilesGet(remote())).await;
    assert_eq!(refused, Done::Refused(no("550 no such file")));
    bench.rest().await;
    assert_eq!(bench.server.seen().gone, 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_fetched_than_the_equipment_takes() {
    let mut bench = Bench::new().await;
    bench.server.does([Step::Flood(10_000)]);
    assert_eq!(bench.ask(Op::FilesGet(remote())).await, Done::Fine);
    let mut taken = 0;
    for _ in 0..20 {
        tokio::time::sleep(PATIENCE * 2).await;
        let went = bench.server.seen().went;
        assert!(went <= taken + (128 << 10) + 10_000, "{went} of {taken}");
        let Done::Bytes(bytes) = bench.ask(Op::Pull(Client::Files, 16_384)).await else {
            panic!("slow equipment is no silence of the server");
        };
        taken += bytes.len();
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_aborted_leaves_at_once_and_answers_no_more() {
    for op in [
        Op::FilesGet(remote()),
        Op::FilesPut(remote()),
        Op::MailboxOpen(mailbox()),
        Op::Connect(host()),
    ] {
        let mut bench = Bench::new().await;
        bench.server.does([Step::Silence]);
        let client = op.client().unwrap();
        assert_eq!(bench.ask(op).await, Done::Fine, "{client:?}");
        let waits = match client {
            Client::Files => Op::Pull(client, 10),
            Client::Mailbox => Op::MailboxStatus,
            _ => Op::Settle(client),
        };
        bench.start(waits);
        bench.rest().await;
        assert_eq!(bench.server.seen().gone, 0, "{client:?}");
        bench.clients.abort(client);
        bench.rest().await;
        assert_eq!(bench.server.seen().gone, 1, "{client:?}");
        assert_eq!(bench.server.seen().goodbyes, 0, "{client:?}");
        assert!(
            timeout(LONG, bench.clients.next()).await.is_err(),
            "{client:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn all_connections_go_with_their_module() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    bench.server.does([Step::Silence]);
    bench.start(Op::FilesToModule(remote(), file("a")));
    bench.rest().await;
    assert_eq!(bench.server.connections(), (2, 0));
    bench.clients.abort_all();
    bench.rest().await;
    assert_eq!(bench.server.seen().gone, 2);
    assert_eq!(bench.read("a").await, Done::Failed(FileError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_arrives_and_a_slow_peer_holds_it_up() {
    let mut bench = Bench::new().await;
    bench.server.does([Step::Wait]);
    assert_eq!(bench.ask(Op::FilesPut(remote())).await, Done::Fine);
    let sent: Vec<u8> = (0..400_000_u32).map(|at| (at / 7) as u8).collect();
    let (mut pushed, mut held_up) = (0, 0);
    for piece in sent.chunks(10_000) {
        if let Some(pipe) = bench.clients.full() {
            held_up += 1;
            assert!(pushed <= bench.server.seen().came.len() + (128 << 10) + 64 * 1024 + 10_000);
            bench.server.go_on();
            timeout(LONG, pipe.room()).await.unwrap();
        }
        bench.start(Op::Push(Client::Files, piece.to_vec()));
        pushed += piece.len();
    }
    assert!(held_up > 0);
    assert_eq!(bench.ask(Op::Settle(Client::Files)).await, Done::Fine);
    bench.rest().await;
    let seen = bench.server.seen();
    assert!(seen.came == sent);
    assert_eq!((seen.goodbyes, seen.gone), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_dies_in_data_mode_is_told_at_its_end() {
    let mut bench = Bench::new().await;
    bench
        .server
        .does([Step::Take(1), Step::Fail(error("gone"))]);
    assert_eq!(bench.ask(Op::FilesPut(remote())).await, Done::Fine);
    for _ in 0..100 {
        bench.start(Op::Push(Client::Files, vec![7; 10_000]));
        bench.rest().await;
        assert!(
            bench.clients.full().is_none(),
            "the equipment is not held up"
        );
    }
    let end = bench.ask(Op::Settle(Client::Files)).await;
    assert_eq!(end, Done::Lost(error("gone")));
    assert!(bench.server.seen().came.len() <= 64 << 10);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_given_up_in_time() {
    for (op, then) in [
        (Op::FilesGet(remote()), Op::Pull(Client::Files, 10)),
        (Op::FilesPut(remote()), Op::Settle(Client::Files)),
        (Op::MailboxOpen(mailbox()), Op::MailboxStatus),
    ] {
        let mut bench = Bench::new().await;
        bench.server.does([Step::Silence]);
        assert_eq!(bench.ask(op).await, Done::Fine);
        let began = Instant::now();
        let end = bench.ask(then).await;
        assert!(is_lost(&end, ErrorKind::Timeout), "{end:?}");
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
        bench.rest().await;
        assert_eq!(bench.server.seen().gone, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_let_us_in_is_a_refusal() {
    let mut bench = Bench::new().await;
    for op in [
        Op::FilesGet(remote()),
        Op::FilesPut(remote()),
        Op::FilesToModule(remote(), file("a")),
        Op::MailboxOpen(mailbox()),
        Op::Connect(host()),
    ] {
        bench.server.seen().refuses = Some(no("go away"));
        assert_eq!(bench.ask(op).await, Done::Refused(no("go away")));
    }
}

#[tokio::test(start_paused = true)]
async fn files_come_and_go() {
    let mut bench = Bench::new().await;
    let send = |bytes: &[u8]| [Step::Send(bytes.to_vec())];
    bench.server.does(send(b"first"));
    let fetch = || Op::FilesToModule(remote(), file("Email/a.txt"));
    assert_eq!(bench.ask(fetch()).await, Done::Fine);
    assert_eq!(
        bench.read("email/A.TXT").await,
        Done::Bytes(b"first".to_vec())
    );
    // One that breaks off leaves what was there.
    bench
        .server
        .does([Step::Send(b"half".to_vec()), Step::Fail(error("gone"))]);
    assert_eq!(bench.ask(fetch()).await, Done::Lost(error("gone")));
    assert_eq!(
        bench.read("Email/a.txt").await,
        Done::Bytes(b"first".to_vec())
    );
    bench.server.does(send(&[7; 1 << 20]));
    assert_eq!(bench.ask(fetch()).await, Done::Failed(FileError::NoSpace));
    bench.server.does(send(b"second"));
    assert_eq!(bench.ask(fetch()).await, Done::Fine);
    let names = std::fs::read_dir(bench.folder.join("files/c"))
        .unwrap()
        .count();
    assert_eq!(names, 1, "nothing half-written is left");

    bench.server.seen().came.clear();
    let put = |name| Op::FilesFromModule(remote(), file(name));
    assert_eq!(bench.ask(put("Email/a.txt")).await, Done::Fine);
    assert_eq!(bench.server.seen().came, b"second");
    let missing = bench.ask(put("Email/b.txt")).await;
    assert_eq!(missing, Done::Failed(FileError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn http_goes_out_and_comes_back_untouched() {
    let mut bench = Bench::new().await;
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\x03\x1aabc";
    let (first, second) = response.split_at(20);
    let beyond = [second, b"more"].concat();
    bench
        .server
        .does([Step::Send(first.to_vec()), Step::Send(beyond)]);
    assert_eq!(bench.ask(Op::Connect(host())).await, Done::Fine);
    bench.start(Op::Push(Client::Socket, b"GET / ".to_vec()));
    bench.start(Op::Push(Client::Socket, b"HTTP/1.1\r\n\r\n".to_vec()));
    assert_eq!(bench.ask(Op::Settle(Client::Socket)).await, Done::Fine);
    assert_eq!(bench.server.seen().came, b"GET / HTTP/1.1\r\n\r\n");
    let mut came = Vec::new();
    while let Done::Bytes(bytes) = bench.ask(Op::Pull(Client::Socket, 4096)).await {
        if bytes.is_empty() {
            break;
        }
        came.extend(bytes);
    }
    assert_eq!(came, response);
    bench.rest().await;
    assert_eq!(bench.server.seen().gone, 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_breaks_off_is_lost() {
    let mut bench = Bench::new().await;
    bench.server.does([Step::Send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab".to_vec(),
    )]);
    assert_eq!(bench.ask(Op::Connect(host())).await, Done::Fine);
    assert_eq!(bench.ask(Op::Settle(Client::Socket)).await, Done::Fine);
    let first = bench.ask(Op::Pull(Client::Socket, 4096)).await;
    assert!(matches!(first, Done::Bytes(bytes) if bytes.ends_with(b"ab")));
    let end = bench.ask(Op::Pull(Client::Socket, 4096)).await;
    assert!(is_lost(&end, ErrorKind::NoNetwork), "{end:?}");
}
