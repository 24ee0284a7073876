//! Nothing is allocated for a record once the queues have grown to what a port needs: neither by the port nor
//! by the server around it.

#[cfg(feature = "server")]
#[cfg(test)]
mod common;

use hayes_ldisc::discipline::{Command, Data, Ends, Escape, Keys, Mode};
use hayes_ldisc::port::{Action, Output, Port};
use hayes_ldisc::record::{
    Claim, Failure, Flags, FromHelper, Header, LineSettings, Role, ToHelper, VERSION, Wiring,
};
use hayes_ldisc::time::Time;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// This thread is the server's.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// Of the server's thread.
static SERVERS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        if WATCHED.with(Cell::get) {
            SERVERS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A daemon's end that keeps nothing but what it has to answer.
#[derive(Default)]
struct Daemon {
    packet: Vec<u8>,
    unanswered: u32,
    payload: usize,
}

impl Output for Daemon {
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>) {
        let header = Header {
            sequence,
            flags: Flags::default(),
        };
        match record {
            FromHelper::CommandLine { .. } | FromHelper::End { .. } => self.unanswered = sequence,
            FromHelper::Data { bytes, .. } => self.payload += bytes.len(),
            _ => {}
        }
        record.encode(header, &mut self.packet);
        assert!(FromHelper::decode(&self.packet).is_ok());
    }

    fn perform(&mut self, _: Action) -> Result<(), Failure> {
        Ok(())
    }
}

/// Those of a round: command mode, and the data mode of a body of 64 KiB.
fn modes() -> (Mode, Mode) {
    let command = Mode::Command(Command {
        echo: true,
        s3: 13,
        line_feed: false,
        s5: 8,
        max_line: 600,
        keys: Keys::None,
    });
    let body = Mode::Data(Data {
        ends: Ends {
            length: Some(64 * 1024),
            deadline: Some(Duration::from_secs(90)),
            escape: Some(Escape {
                character: b'+',
                guard: Duration::from_secs(1),
            }),
            ..Ends::default()
        },
        ..Data::default()
    });
    (command, body)
}

struct Rig {
    port: Port,
    daemon: Daemon,
    now: Time,
    sequence: u32,
}

impl Rig {
    fn send(&mut self, flags: Flags, record: &ToHelper<'_>) {
        self.sequence += 1;
        let header = Header {
            sequence: self.sequence,
            flags,
        };
        self.port.record(header, record, self.now, &mut self.daemon);
        let n = self.port.output().len();
        self.port.sent(n, self.now, &mut self.daemon);
    }

    fn mode(&mut self, mode: Mode) {
        let answers = self.daemon.unanswered;
        self.send(Flags::default(), &ToHelper::Mode { answers, mode });
    }

    /// A command, a body of 64 KiB behind it, unsolicited result codes, a command typed ahead.
    fn round(&mut self) {
        let (command, body) = modes();
        let ack = Flags {
            ack: true,
            ..Flags::default()
        };
        let urc = Flags { urc: true, ..ack };
        self.mode(command.clone());
        let typed = b"AT+QSMTPBODY=0,65536\rsome of the body";
        self.port.received(typed, self.now, &mut self.daemon);
        self.send(urc, &ToHelper::Write(b"\r\nRING\r\n"));
        let prompt = Flags {
            prompt: true,
            ..ack
        };
        self.send(prompt, &ToHelper::Write(b"\r\nCONNECT\r\n"));
        self.mode(body);
        for _ in 0..16 {
            self.now = self.now + Duration::from_millis(5);
            self.port
                .received(&[b'x'; 4096], self.now, &mut self.daemon);
        }
        self.send(ack, &ToHelper::Write(b"\r\nOK\r\n"));
        self.mode(command);
        self.daemon.unanswered = 0;
    }
}

#[test]
fn a_port_at_work_allocates_nothing() {
    let claim = Claim {
        version: VERSION,
        device: "/dev/ttyS0",
        line: LineSettings::default(),
        role: Role::Dce,
        wiring: Wiring::default(),
    };
    let now = Time::from_millis(1);
    let mut rig = Rig {
        port: Port::new(&claim, now),
        daemon: Daemon::default(),
        now,
        sequence: 0,
    };
    for _ in 0..3 {
        rig.round();
    }
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..100 {
        rig.round();
    }
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
    assert_eq!(rig.daemon.payload, 103 * 64 * 1024);
}

#[cfg(feature = "server")]
#[test]
fn nor_does_the_server_around_it() {
    use common::client::Client;
    use common::equipment::{open, read_exactly, write_all};
    use common::folder::Folder;
    use hayes_ldisc::server::{Options, run};
    use std::os::fd::OwnedFd;

    let folder = Folder::new();
    let socket = folder.path().join("ldisc.sock");
    let (spawned, parent) = std::io::pipe().unwrap();
    let options = Options {
        socket: Some(socket.clone()),
        // It ends when we close ours.
        spawned: Some(OwnedFd::from(spawned)),
        ..Options::default()
    };
    let server = std::thread::spawn(|| {
        WATCHED.with(|it| it.set(true));
        run(options)
    });
    common::until("the socket", || Client::try_connect(&socket).is_ok());
    let mut client = Client::connect(&socket);
    client.claim(&common::claim("pty:panel", Role::Dce));
    client.expect_claimed();
    let peer = open(&folder.path().join("pty/panel"));
    client.expect_ready(true);

    let (command, body) = modes();
    let flags = Flags::default();
    let prompt = Flags {
        prompt: true,
        ..flags
    };
    let result = Flags {
        result: true,
        ..flags
    };
    let mode = |answers, mode: &Mode| ToHelper::Mode {
        answers,
        mode: mode.clone(),
    };
    let mut answers = 0;
    let mut round = || {
        client.send(&mode(answers, &command));
        write_all(&peer, b"AT+QSMTPBODY=0,65536\r");
        let line = client.expect_line("AT+QSMTPBODY=0,65536");
        client.send_flagged(prompt, &ToHelper::Write(b"CONNECT\r\n"));
        client.send(&mode(line, &body));
        assert_eq!(read_exactly(&peer, 21 + 9)[21..], *b"CONNECT\r\n");
        for _ in 0..16 {
            write_all(&peer, &[b'x'; 4096]);
            client.data(4096);
        }
        answers = client.next().header().sequence;
        client.send_flagged(result, &ToHelper::Write(b"OK\r\n"));
        assert_eq!(read_exactly(&peer, 4), b"OK\r\n");
        client.drain();
    };
    for _ in 0..3 {
        round();
    }
    let before = SERVERS.load(Ordering::Relaxed);
    assert!(before > 0, "nothing is counted");
    for _ in 0..50 {
        round();
    }
    assert_eq!(SERVERS.load(Ordering::Relaxed), before);
    drop(parent);
    assert!(server.join().unwrap().is_ok());
}
