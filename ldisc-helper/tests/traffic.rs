//! Bytes both ways, in pieces of every size, with and without anybody who reads them.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::client::Client;
use common::equipment::{Pair, leave_exclusive, open, read_exactly, write_all};
use common::folder::Folder;
use common::{Helper, NOBODY, claim, is_root, pattern};
use hayes_ldisc::discipline::{Data, Echo, Ends, Mode, Raw};
use hayes_ldisc::record::{FromHelper, Role, ToHelper};
use nix::sys::signal::Signal;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

const PIECES: [usize; 7] = [16, 63, 256, 1024, 4096, 16 * 1024, 64 * 1024];

fn gather(client: &mut Client) {
    let mode = Mode::Raw(Raw { gather: true });
    client.send(&ToHelper::Mode { answers: 0, mode });
    client.drain();
}

/// So much from the equipment to the daemon.
fn in_pieces(client: &Client, peer: impl AsFd + Sync, piece: usize, total: usize) {
    let bytes = pattern(total);
    thread::scope(|scope| {
        scope.spawn(|| {
            for piece in bytes.chunks(piece) {
                write_all(&peer, piece);
            }
        });
        assert!(client.data(total) == bytes, "pieces of {piece} bytes");
    });
}

/// So much from the daemon to the equipment.
fn out_pieces(client: &mut Client, peer: impl AsFd + Sync, piece: usize, total: usize) {
    let bytes = pattern(total);
    thread::scope(|scope| {
        let reader = scope.spawn(|| read_exactly(&peer, total));
        client.write_all(&bytes, piece);
        #[allow(clippy::unwrap_used, reason = "a thread of a test")]
        let read = reader.join().unwrap();
        assert!(read == bytes, "pieces of {piece} bytes");
    });
}

#[test]
fn everything_arrives_both_ways() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut tty = helper.connect();
    let mut fast = claim(&pair.name, Role::Dte);
    // What was written counts as gone after the time that it takes on the wire.
    fast.line.speed = 1_000_000_000;
    tty.claim(&fast);
    tty.expect_claimed();
    let mut pty = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    pty.expect_ready(true);
    for gathers in [false, true] {
        if gathers {
            gather(&mut tty);
            gather(&mut pty);
        }
        for piece in PIECES {
            let total = (piece * 64).min(1024 * 1024);
            in_pieces(&tty, &pair.master, piece, total);
            in_pieces(&pty, &peer, piece, total);
            out_pieces(&mut tty, &pair.master, piece.min(32 * 1024), total);
            out_pieces(&mut pty, &peer, piece.min(32 * 1024), total);
        }
    }
}

#[test]
fn a_daemon_that_does_not_read_stops_the_equipment_and_nothing_else() {
    let helper = Helper::start(&[]);
    let client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    let bytes = pattern(2 * 1024 * 1024);
    thread::scope(|scope| {
        scope.spawn(|| write_all(&peer, &bytes));
        // Until it waits for the daemon.
        let before = helper.stalled();
        assert!(before < bytes.len());
        helper.assert_idle();
        // Other ports go on.
        let other = helper.claimed("pty:other", Role::Dte);
        let second = open(&helper.pty("other"));
        other.expect_ready(true);
        write_all(&second, b"here");
        assert_eq!(other.data(4), b"here");
        // And all of it comes.
        assert!(client.data(bytes.len()) == bytes);
    });
}

#[test]
fn what_is_held_is_read_once_it_may_be() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    client.send(&ToHelper::Hold(true));
    client.drain();
    write_all(&peer, b"later");
    helper.assert_idle();
    // It counts, though it was closed meanwhile.
    drop(peer);
    helper.assert_idle();
    client.send(&ToHelper::Hold(false));
    assert_eq!(client.data(5), b"later");
    client.expect_ready(false);
    // One that comes after a daemon that had held it is not held.
    client.send(&ToHelper::Hold(true));
    client.drain();
    drop(client);
    let (client, _) = helper.take_over("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    write_all(&peer, b"again");
    client.expect_ready(true);
    assert_eq!(client.data(5), b"again");
}

#[test]
fn equipment_that_does_not_read_stops_its_port_and_nothing_else() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    let bytes = pattern(200 * 1024);
    for piece in bytes.chunks(32 * 1024) {
        client.send(&ToHelper::Write(piece));
    }
    helper.assert_idle();
    // The other way goes on.
    write_all(&peer, b"still talking");
    assert_eq!(client.data(13), b"still talking");
    assert!(read_exactly(&peer, bytes.len()) == bytes);
    client.drain();
    helper.assert_idle();
}

#[test]
fn a_prompt_that_was_read_is_not_looked_for_behind_output_that_is_not() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dce);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    // Stopped, so that it finds all of it at once.
    helper.signal(Signal::SIGSTOP);
    client.send(&ToHelper::Write(b"CONNECT"));
    let ends = Ends {
        idle: Some(Duration::from_secs(3600)),
        ..Ends::default()
    };
    let mode = Mode::Data(Data {
        ends,
        ..Data::default()
    });
    client.send(&ToHelper::Mode { answers: 0, mode });
    let bytes = pattern(100 * 1024);
    for piece in bytes.chunks(32 * 1024) {
        client.send(&ToHelper::Write(piece));
    }
    helper.signal(Signal::SIGCONT);
    helper.assert_idle();
    assert_eq!(read_exactly(&peer, 7), b"CONNECT");
    assert!(read_exactly(&peer, bytes.len()) == bytes);
}

#[test]
fn commands_typed_ahead_beyond_all_measure_lose_nothing() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dce);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    let bytes = pattern(200 * 1024);
    thread::scope(|scope| {
        scope.spawn(|| write_all(&peer, &bytes));
        // Nobody says yet what they are: no more is read than is kept.
        let before = helper.stalled();
        assert!(before <= 32 * 1024, "{before}");
        helper.assert_idle();
        let ends = Ends {
            length: Some(bytes.len() as u64),
            ..Ends::default()
        };
        let mode = Mode::Data(Data {
            ends,
            ..Data::default()
        });
        client.send(&ToHelper::Mode { answers: 0, mode });
        assert!(client.data(bytes.len()) == bytes);
    });
}

#[test]
fn a_closed_pty_is_read_to_its_end_even_through_a_full_socket() {
    let helper = Helper::start(&[]);
    let client = helper.claimed("pty:panel", Role::Dte);
    let path = helper.pty("panel");
    let peer = open(&path);
    client.expect_ready(true);
    // More than the socket holds; the rest waits in the pty when its writer is gone.
    let bytes = pattern(512 * 1024);
    let writer = {
        let bytes = bytes.clone();
        thread::spawn(move || {
            write_all(&peer, &bytes);
            drop(peer);
        })
    };
    helper.stalled();
    assert!(client.data(bytes.len()) == bytes);
    client.expect_ready(false);
    assert!(writer.join().is_ok());
    helper.assert_idle();
}

#[test]
fn a_pty_that_was_opened_again_before_it_was_read_to_its_end_was_closed() {
    // Root would be let in whatever the next one sets.
    let user = is_root("a helper that TIOCEXCL stops").then_some(NOBODY);
    let helper = Helper::start_as(user, Folder::new(), &[]);
    let client = helper.claimed("pty:panel", Role::Dte);
    let path = helper.pty("panel");
    let peer = open(&path);
    client.expect_ready(true);
    let bytes = pattern(512 * 1024);
    let mut taken = 0;
    // Until the socket and the pty are full.
    let mut before = usize::MAX;
    common::until("a full pty", || {
        taken += nix::unistd::write(&peer, &bytes[taken..]).unwrap_or(0);
        let now = helper.stats().bytes_in;
        thread::sleep(common::IDLE);
        std::mem::replace(&mut before, now) == now
    });
    drop(peer);
    helper.assert_idle();
    let next = open(&path);
    leave_exclusive(&next);
    assert!(client.data(taken) == bytes[..taken]);
    client.expect_ready(false);
    client.expect_ready(true);
    write_all(&next, b"here");
    assert_eq!(client.data(4), b"here");
    helper.assert_idle();
}

#[test]
fn nobody_at_a_pty_that_was_full_stops_nothing() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    for piece in pattern(100 * 1024).chunks(32 * 1024) {
        client.send(&ToHelper::Write(piece));
    }
    helper.assert_idle();
    drop(peer);
    client.expect_ready(false);
    client.send(&ToHelper::SendEscape {
        character: b'+',
        guard: Duration::from_millis(1),
    });
    client.drain();
    helper.assert_idle();
}

#[test]
fn data_mode_ends_where_it_should() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dce);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    let total = 300_000;
    let ends = Ends {
        length: Some(total as u64),
        ..Ends::default()
    };
    client.send(&ToHelper::Write(b"\r\nCONNECT\r\n"));
    let mode = Mode::Data(Data {
        ends,
        echo: Echo::None,
        discard: false,
    });
    client.send(&ToHelper::Mode { answers: 0, mode });
    assert_eq!(read_exactly(&peer, 11), b"\r\nCONNECT\r\n");
    let bytes = pattern(total);
    thread::scope(|scope| {
        scope.spawn(|| {
            write_all(&peer, &bytes);
            // Typed ahead: none of it is data.
            write_all(&peer, b"AT\r");
        });
        assert!(client.data(total) == bytes);
    });
    let end = client.next();
    assert!(
        matches!(end.record(), FromHelper::End { count, .. } if count == total as u64),
        "{:?}",
        end.record()
    );
    let mode = common::command();
    let answers = end.header().sequence;
    client.send(&ToHelper::Mode { answers, mode });
    client.expect_line("AT");
}
