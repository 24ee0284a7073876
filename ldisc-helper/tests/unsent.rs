//! What a daemon died without having been sent is not lost, and comes once.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{Pair, open, read_exactly, write_all};
use common::{Helper, command, pattern};
use hayes_ldisc::discipline::{Cause, Data, Ends, Mode};
use hayes_ldisc::record::{Flags, FromHelper, Owed, Role, ToHelper};
use std::thread;

#[test]
fn what_waited_for_a_daemon_goes_to_the_next() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let first = helper.claimed(&pair.name, Role::Dte);
    let bytes = pattern(1024 * 1024);
    thread::scope(|scope| {
        scope.spawn(|| write_all(&pair.master, &bytes));
        let read = helper.stalled();
        first.stop_listening();
        // Each of them is taken out of the socket, so the helper finds room, and nobody there.
        let sent = first.rest();
        assert!(sent.len() < read, "nothing waited");
        assert!(sent == bytes[..sent.len()]);
        let (second, claimed) = helper.take_over(&pair.name, Role::Dte);
        assert!(claimed.kept);
        assert!(second.data(bytes.len() - sent.len()) == bytes[sent.len()..]);
        second.assert_quiet();
    });
    helper.assert_idle();
}

#[test]
fn what_was_read_when_nobody_was_there_any_more_goes_to_the_next() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut client = helper.claimed(&pair.name, Role::Dte);
    for round in 0..20 {
        client.stop_listening();
        let urc = format!("+QSMTPPUT: 0,{round}\r\n");
        write_all(&pair.master, urc.as_bytes());
        // It is read for this one, and cannot be sent to it.
        let (next, claimed) = helper.take_over(&pair.name, Role::Dte);
        assert!(claimed.kept);
        assert_eq!(next.data(urc.len()), urc.as_bytes());
        next.assert_quiet();
        client = next;
    }
}

#[test]
fn a_line_that_could_not_be_told_is_owed_and_is_not_told_to_the_next() {
    let helper = Helper::start(&[]);
    let mut first = helper.claimed("pty:panel", Role::Dce);
    let mode = |answers| ToHelper::Mode {
        answers,
        mode: command(),
    };
    first.send(&mode(0));
    let peer = open(&helper.pty("panel"));
    first.expect_ready(true);
    first.stop_listening();
    write_all(&peer, b"AT+QSMTPPUT=300\rAT+CSQ\r");
    let (mut second, claimed) = helper.take_over("pty:panel", Role::Dce);
    assert_eq!(claimed.owed, Owed::Line);
    assert_ne!(claimed.unanswered, 0);
    second.assert_quiet();
    let result = Flags {
        result: true,
        ..Flags::default()
    };
    second.send_flagged(result, &ToHelper::Write(b"\r\nERROR\r\n"));
    second.send(&mode(claimed.unanswered));
    assert_eq!(read_exactly(&peer, 9), b"\r\nERROR\r\n");
    second.expect_line("AT+CSQ");
}

#[test]
fn a_body_that_could_not_be_told_is_discarded_to_its_end() {
    let helper = Helper::start(&[]);
    let mut first = helper.claimed("pty:panel", Role::Dce);
    let peer = open(&helper.pty("panel"));
    first.expect_ready(true);
    let ends = Ends {
        length: Some(12),
        ..Ends::default()
    };
    let mode = Mode::Data(Data {
        ends,
        ..Data::default()
    });
    first.send(&ToHelper::Mode { answers: 0, mode });
    first.drain();
    first.stop_listening();
    write_all(&peer, b"ATZ\r");
    let (mut second, claimed) = helper.take_over("pty:panel", Role::Dce);
    assert!(claimed.in_data);
    assert_eq!((claimed.owed, claimed.count), (Owed::Data, 4));
    write_all(&peer, b"ATZ\rATZ\rAT\r");
    let end = second.next();
    let cause = Cause::Length;
    assert_eq!(end.record(), FromHelper::End { cause, count: 12 });
    second.send(&ToHelper::Mode {
        answers: end.header().sequence,
        mode: command(),
    });
    second.expect_line("AT");
}
