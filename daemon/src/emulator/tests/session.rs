//! A session: a helper driven by hand, and what the engine makes of what it tells.

use super::clients::Bench;
use super::servers::Step;
use super::toy;
use crate::dialect::Quirks;
use crate::emulator::Engine;
use crate::emulator::handle::{Order, Snapshot, State};
use crate::emulator::session::{Over, Session};
use crate::port::over;
use crate::trace::Trace;
use hayes_ldisc::discipline::{Cause, Mode};
use hayes_ldisc::record::{Claimed, Flags, FromHelper, Header, LineSettings, ToHelper, WINDOW};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::cell::Cell;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// Far longer than anything takes.
const LONG: Duration = Duration::from_secs(60);

/// The helper's end.
struct Helper {
    socket: OwnedFd,
    sequence: Cell<u32>,
}

/// A record that came.
#[derive(Debug, PartialEq)]
enum Heard {
    /// Bytes; whether they wait for a moment between lines, and whether they are a result.
    Write(String, bool, bool),
    Mode(Mode),
    Hold(bool),
    Flush,
    Release,
}

impl Helper {
    fn tell(&self, record: &FromHelper<'_>) {
        let sequence = self.sequence.get() + 1;
        self.sequence.set(sequence);
        let mut packet = Vec::new();
        let flags = Flags::default();
        record.encode(Header { sequence, flags }, &mut packet);
        send(self.socket.as_raw_fd(), &packet, MsgFlags::empty()).unwrap();
    }

    /// The next record, whatever it is.
    async fn record(&self) -> Vec<u8> {
        loop {
            match self.now() {
                Some(packet) => return packet,
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// A record that is there.
    fn now(&self) -> Option<Vec<u8>> {
        let mut packet = vec![0; 65536];
        let length = recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty()).ok()?;
        packet.truncate(length);
        Some(packet)
    }

    /// The next record that has to do with the dialogue; what asks for an answer has it at once.
    async fn hear(&self) -> Heard {
        loop {
            let packet = self.record().await;
            let (header, record) = ToHelper::decode(&packet).unwrap();
            if header.flags.ack {
                self.done(header.sequence);
            }
            let Flags { urc, result, .. } = header.flags;
            return match record {
                ToHelper::Write(bytes) => {
                    let text = String::from_utf8_lossy(bytes).replace("\r\n", "|");
                    Heard::Write(text, urc, result)
                }
                ToHelper::Mode { mode, .. } => Heard::Mode(mode),
                ToHelper::Hold(held) => Heard::Hold(held),
                ToHelper::Flush => Heard::Flush,
                ToHelper::Release => Heard::Release,
                _ => continue,
            };
        }
    }

    fn done(&self, of: u32) {
        self.tell(&FromHelper::Done {
            of,
            dropped: 0,
            failed: None,
        });
    }

    async fn hears(&self, text: &str, urc: bool, result: bool) {
        assert_eq!(self.hear().await, Heard::Write(text.into(), urc, result));
    }

    async fn in_command_mode(&self) {
        let heard = self.hear().await;
        assert!(matches!(heard, Heard::Mode(Mode::Command(_))), "{heard:?}");
    }

    fn line(&self, line: &str) {
        let line = line.as_bytes();
        let too_long = false;
        self.tell(&FromHelper::CommandLine { line, too_long });
    }

    fn data(&self, bytes: &[u8]) {
        let at = hayes_ldisc::time::Time::default();
        self.tell(&FromHelper::Data { bytes, at });
    }

    fn end(&self, cause: Cause) {
        self.tell(&FromHelper::End { cause, count: 0 });
    }

    /// The port is claimed, and the module says what it says then.
    async fn claims(&self) {
        self.tell(&FromHelper::Claimed(Claimed::default()));
        while !matches!(self.hear().await, Heard::Mode(Mode::Command(_))) {}
    }
}

/// What a test gives orders with, and sees.
struct Outside {
    orders: mpsc::Sender<(Order, oneshot::Sender<()>)>,
    view: watch::Receiver<Snapshot>,
}

impl Outside {
    async fn order(&self, order: Order) {
        let (done, carried_out) = oneshot::channel();
        self.orders.send((order, done)).await.unwrap();
        carried_out.await.unwrap();
    }
}

/// Runs a session beside a script of the other end; what ended it, if anything did.
async fn beside(bench: &mut Bench, script: impl AsyncFnOnce(Helper, Outside)) -> Option<bool> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags).unwrap();
    let (reader, writer) = over(ours).unwrap();
    let (view, seen) = watch::channel(Snapshot::default());
    let (orders, mut told) = mpsc::channel(8);
    let identity = toy::DIALECT.played.identity.clone();
    let line = LineSettings::default();
    let memory = crate::emulator::Memory::default();
    let mut engine =
        Engine::new(&toy::DIALECT, identity, line, None, memory).with_quirks(Quirks::default());
    let (world, clients) = bench.parts();
    let session = Session {
        name: "panel",
        reader,
        writer,
        engine: &mut engine,
        world,
        clients,
        view: &view,
        trace: &Trace::default(),
        taken: 0,
        here: false,
        held: false,
    };
    let helper = Helper {
        socket: theirs,
        sequence: Cell::new(0),
    };
    let outside = Outside { orders, view: seen };
    let both = async {
        tokio::select! {
            biased;
            () = script(helper, outside) => None,
            over = session.run(&mut told) => Some(matches!(over, Ok(Over::Stopped))),
        }
    };
    timeout(LONG, both).await.unwrap()
}

/// What falls due while data is taken is handed over at once, marked: the helper knows when its moment is.
#[tokio::test]
async fn what_falls_due_in_a_data_mode_is_marked_as_that() {
    let mut bench = Bench::new().await;
    let server = bench.server.clone();
    server.does([Step::Wait]);
    beside(&mut bench, async |helper, _| {
        helper.claims().await;
        helper.line("AT+COPY");
        helper.hears("|OK|", false, true).await;
        helper.in_command_mode().await;
        helper.line("AT+HTTP");
        helper.hears("|+PUT: BEGIN|", false, false).await;
        let mode = helper.hear().await;
        assert!(matches!(mode, Heard::Mode(Mode::Data(_))), "{mode:?}");
        server.go_on();
        helper.hears("|+COPY: 0|", true, false).await;
        // The data mode has not noticed.
        helper.data(b"GET /");
        helper.end(Cause::Length);
        loop {
            if let Heard::Write(_, false, true) = helper.hear().await {
                break;
            }
        }
    })
    .await;
}

/// The device goes away while a server is awaited: the line is over, nobody waits any longer.
#[tokio::test]
async fn a_hang_up_breaks_off_what_a_line_waits_for() {
    let mut bench = Bench::new().await;
    let server = bench.server.clone();
    server.does([Step::Silence]);
    beside(&mut bench, async |helper, mut outside| {
        helper.claims().await;
        helper.line("AT+GET");
        helper.hears("|OK|", false, false).await;
        helper.tell(&FromHelper::Hangup);
        let seen = outside.view.wait_for(|view| view.state == State::Absent);
        seen.await.unwrap();
        while server.seen().gone == 0 {
            tokio::task::yield_now().await;
        }
        // It comes back, and is served.
        helper.claims().await;
        helper.line("AT");
        loop {
            if helper.hear().await == Heard::Write("|OK|".into(), false, true) {
                break;
            }
        }
    })
    .await;
}

/// A device that goes away is noticed though its peer takes nothing: no data stands in front of that.
#[tokio::test]
async fn a_hang_up_is_noticed_while_a_peer_takes_nothing() {
    let mut bench = Bench::new().await;
    let server = bench.server.clone();
    server.does([Step::Silence]);
    beside(&mut bench, async |helper, mut outside| {
        puts(&helper).await;
        assert_eq!(helper.hear().await, Heard::Hold(true));
        // What was on its way already.
        helper.data(&[b'x'; 30_000]);
        helper.end(Cause::Hangup);
        helper.tell(&FromHelper::Hangup);
        let seen = outside.view.wait_for(|view| view.state == State::Absent);
        seen.await.unwrap();
        while server.seen().gone == 0 {
            tokio::task::yield_now().await;
        }
        while helper.hear().await != Heard::Hold(false) {}
    })
    .await;
}

/// Where the peer goes on, so does the equipment.
#[tokio::test]
async fn equipment_that_is_held_up_goes_on_with_its_peer() {
    let mut bench = Bench::new().await;
    let server = bench.server.clone();
    server.does([Step::Wait]);
    beside(&mut bench, async |helper, _| {
        puts(&helper).await;
        assert_eq!(helper.hear().await, Heard::Hold(true));
        server.go_on();
        assert_eq!(helper.hear().await, Heard::Hold(false));
        helper.end(Cause::Length);
        helper.hears("|OK|", false, true).await;
        assert_eq!(server.seen().came.len(), 5 * 30_000);
    })
    .await;
}

/// A data mode that feeds a server gets more than is kept for it.
async fn puts(helper: &Helper) {
    helper.claims().await;
    helper.line("AT+PUT");
    helper.hears("|+PUT: BEGIN|", false, false).await;
    let mode = helper.hear().await;
    assert!(matches!(mode, Heard::Mode(Mode::Data(_))), "{mode:?}");
    for _ in 0..5 {
        helper.data(&[b'x'; 30_000]);
    }
}

/// Equipment that takes no output cannot keep anybody from stopping the emulator.
#[tokio::test]
async fn an_order_is_carried_out_though_the_equipment_takes_nothing() {
    for order in [Order::Stop, Order::Leave, Order::Reset] {
        let mut bench = Bench::new().await;
        bench.server.does([Step::Flood(30_000)]);
        let over = beside(&mut bench, async |helper, outside| {
            helper.claims().await;
            helper.line("AT+GET");
            // It is sent as much as may be on its way unanswered, and then nothing.
            let (mut taken, mut silent, mut owed) = (0, 0, Vec::new());
            while taken + 1024 < WINDOW || silent < 2000 {
                let Some(packet) = helper.now() else {
                    silent += 1;
                    tokio::task::yield_now().await;
                    continue;
                };
                silent = 0;
                let (header, record) = ToHelper::decode(&packet).unwrap();
                owed.extend(header.flags.ack.then_some(header.sequence));
                if let ToHelper::Write(bytes) = record {
                    taken += bytes.len();
                }
            }
            let flushed = Cell::new(false);
            let listen = async {
                loop {
                    let packet = helper.record().await;
                    let (header, record) = ToHelper::decode(&packet).unwrap();
                    owed.extend(header.flags.ack.then_some(header.sequence));
                    if record == ToHelper::Flush {
                        flushed.set(true);
                    }
                    if flushed.get() {
                        // What it drops is answered as everything is.
                        owed.drain(..).for_each(|of| helper.done(of));
                    }
                }
            };
            tokio::select! {
                biased;
                () = listen => {}
                () = outside.order(order) => {}
            }
            assert!(flushed.get());
            if order != Order::Reset {
                std::future::pending::<()>().await;
            }
        })
        .await;
        assert_eq!(over, (order != Order::Reset).then_some(true), "{order:?}");
    }
}
