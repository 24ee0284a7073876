//! How the one thread shares itself out: no port waits for another for long, and little data wakes it seldom.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{Pair, open, readable, write_all};
use common::{Helper, until};
use hayes_ldisc::discipline::{Mode, Raw};
use hayes_ldisc::record::{FromHelper, Role, ToHelper};
use hayes_ldisc::time::Time;
use nix::time::{ClockId, clock_gettime};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// As the helper stamps data.
fn clock() -> Option<Time> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).ok()?;
    Some(Time(
        now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64,
    ))
}

#[test]
fn a_flooded_port_gives_way() {
    const ROUNDS: usize = 200;
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let flooded = helper.claimed("pty:flooded", Role::Dte);
    let flood = open(&helper.pty("flooded"));
    flooded.expect_ready(true);
    let pair = Pair::new();
    let quiet = helper.claimed(&pair.name, Role::Dte);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                write_all(&flood, &[b'x'; 16 * 1024]);
            }
            // For whoever waits for data.
            write_all(&flood, b"!");
        });
        let reader = scope.spawn(|| {
            let mut reads = Vec::new();
            loop {
                let packet = flooded.next();
                let FromHelper::Data { at, bytes } = packet.record() else {
                    return reads;
                };
                reads.push((at, bytes.len()));
                if bytes.ends_with(b"!") {
                    return reads;
                }
            }
        });
        until("the flood", || helper.stats().bytes_in > 1024 * 1024);
        // Each byte of the quiet port: since when it could be read, and when it was.
        let mut waits = Vec::new();
        for _ in 0..ROUNDS {
            write_all(&pair.master, b"q");
            // A byte that was written can be read only when the kernel has brought it over.
            readable(&[pair.slave.as_fd(), quiet.fd.as_fd()]);
            let since = clock();
            if let FromHelper::Data { at, .. } = quiet.next().record() {
                waits.push((since.unwrap_or_default(), at));
            }
        }
        over.store(true, Ordering::Relaxed);
        let reads = reader.join().unwrap_or_default();
        assert_eq!(waits.len(), ROUNDS);
        for (since, end) in waits {
            let meanwhile = reads.iter().filter(|(at, _)| *at > since && *at <= end);
            let bytes: usize = meanwhile.map(|(_, length)| length).sum();
            // What is left of a turn, and a whole one; the last read of a turn may exceed it.
            assert!(bytes <= 2 * (64 + 32) * 1024, "{bytes} bytes came first");
        }
    });
}

#[test]
fn little_data_wakes_it_as_seldom_as_it_may_rest() {
    const PIECES: usize = 1000;
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    let mode = Mode::Raw(Raw { gather: true });
    client.send(&ToHelper::Mode { answers: 0, mode });
    client.drain();
    let before = helper.stats();
    let begin = Instant::now();
    let records = thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..PIECES {
                write_all(&peer, &[b'x'; 16]);
                thread::sleep(Duration::from_micros(200));
            }
        });
        let (mut records, mut bytes) = (0, 0);
        while bytes < PIECES * 16 {
            bytes += client.data(1).len();
            records += 1;
        }
        records
    });
    // At the end of each rest of 5 ms one wake-up, and one for the first byte after a silence.
    let rests = 1 + begin.elapsed().as_millis() as usize / 5;
    let after = helper.stats();
    let wake_ups = after.wake_ups - before.wake_ups;
    let reads = after.reads - before.reads;
    assert!(wake_ups <= 2 * rests + 2, "{wake_ups} in {rests} rests");
    assert!(reads <= 2 * rests + 2, "{reads} in {rests} rests");
    assert!(records <= 2 * rests, "{records} in {rests} rests");
    helper.assert_idle();
}
