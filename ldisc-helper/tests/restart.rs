//! The daemon's connection goes and comes back, or does not.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{Pair, open, read_exactly, settings, write_all};
use common::{Helper, claim, command, pattern, until};
use hayes_ldisc::discipline::{Cause, Data, Echo, Ends, Mode};
use hayes_ldisc::record::{Flags, FromHelper, Owed, Refusal, Role, ToHelper};

fn mode(answers: u32) -> ToHelper<'static> {
    let mode = command();
    ToHelper::Mode { answers, mode }
}

#[test]
fn a_line_that_was_told_is_owed_and_not_told_again() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let mut first = helper.claimed("pty:panel", Role::Dce);
    first.send(&mode(0));
    let peer = open(&path);
    first.expect_ready(true);
    write_all(&peer, b"AT+QSMTPPUT=300\r");
    let sequence = first.expect_line("AT+QSMTPPUT=300");
    drop(first);
    // Typed while nobody listens.
    write_all(&peer, b"AT+CSQ\r");

    let second = helper.claim("pty:panel", Role::Dce);
    let claimed = second.expect_claimed();
    assert!(claimed.kept && claimed.circuits.ready && !claimed.in_data);
    assert_eq!(claimed.owed, Owed::Line);
    assert_eq!(claimed.unanswered, sequence);
    let mut second = second;
    second.assert_quiet();
    let flags = Flags {
        result: true,
        ..Flags::default()
    };
    second.send_flagged(flags, &ToHelper::Write(b"\r\nERROR\r\n"));
    second.send(&mode(claimed.unanswered));
    assert_eq!(read_exactly(&peer, 9), b"\r\nERROR\r\n");
    second.expect_line("AT+CSQ");
    drop(second);

    // The debt was paid; the next is the new one's.
    let third = helper.claim("pty:panel", Role::Dce);
    assert_eq!(third.expect_claimed().owed, Owed::Line);
}

#[test]
fn a_data_mode_goes_on_to_its_end_without_a_daemon() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let mut first = helper.claimed("pty:panel", Role::Dce);
    first.send(&mode(0));
    let peer = open(&path);
    first.expect_ready(true);
    write_all(&peer, b"AT+QSMTPBODY=0,300000\r");
    let answers = first.expect_line("AT+QSMTPBODY=0,300000");
    first.send(&ToHelper::Write(b"\r\nCONNECT\r\n"));
    let total: usize = 300_000;
    let ends = Ends {
        length: Some(total as u64),
        ..Ends::default()
    };
    let data = Mode::Data(Data {
        ends,
        echo: Echo::None,
        discard: false,
    });
    first.send(&ToHelper::Mode {
        answers,
        mode: data,
    });
    assert_eq!(read_exactly(&peer, 11), b"\r\nCONNECT\r\n");
    // A body that looks like commands, wherever it is cut.
    let body = b"ATZ\r".repeat(total / 4);
    write_all(&peer, &body[..100_000]);
    first.data(50_000);
    drop(first);
    write_all(&peer, &body[100_000..200_000]);
    until("the body to be read", || helper.stats().bytes_in >= 200_000);

    let mut second = helper.claim("pty:panel", Role::Dce);
    let claimed = second.expect_claimed();
    assert!(claimed.kept && claimed.in_data);
    assert_eq!(claimed.owed, Owed::Data);
    assert!(claimed.count >= 200_000, "{}", claimed.count);
    second.assert_quiet();
    write_all(&peer, &body[200_000..]);
    write_all(&peer, b"AT\r");
    let end = second.next();
    let count = total as u64;
    let cause = Cause::Length;
    assert_eq!(end.record(), FromHelper::End { cause, count });
    let flags = Flags {
        result: true,
        ..Flags::default()
    };
    second.send_flagged(flags, &ToHelper::Write(b"\r\nERROR\r\n"));
    second.send(&mode(end.header().sequence));
    assert_eq!(read_exactly(&peer, 9), b"\r\nERROR\r\n");
    // Nothing of the body was run.
    second.expect_line("AT");
}

#[test]
fn a_daemon_that_comes_back_at_once_finds_its_port() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    drop(helper.claimed(&pair.name, Role::Dte));
    for _ in 0..200 {
        let client = helper.claim(&pair.name, Role::Dte);
        assert!(client.expect_claimed().kept);
    }
    // A port that speaks meanwhile is heard afterwards.
    write_all(&pair.master, b"+QSMTPPUT: 0,0");
    let client = helper.claim(&pair.name, Role::Dte);
    client.expect_claimed();
    assert_eq!(client.data(14), b"+QSMTPPUT: 0,0");
}

#[test]
fn what_a_daemon_sent_before_it_went_is_done() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let mut first = helper.claimed("pty:panel", Role::Dce);
    first.send(&mode(0));
    let peer = open(&path);
    first.expect_ready(true);
    write_all(&peer, b"AT\r");
    let answers = first.expect_line("AT");
    // Records of the helper wait unread, so that its next read is ECONNRESET.
    let ack = Flags {
        ack: true,
        ..Flags::default()
    };
    for _ in 0..20 {
        first.send_flagged(ack, &ToHelper::Drain);
    }
    let result = Flags {
        result: true,
        ..Flags::default()
    };
    first.send_flagged(result, &ToHelper::Write(b"\r\nOK\r\n"));
    first.send(&mode(answers));
    drop(first);
    assert_eq!(read_exactly(&peer, 6), b"\r\nOK\r\n");
    let second = helper.claim("pty:panel", Role::Dce);
    assert_eq!(second.expect_claimed().owed, Owed::Nothing);
}

#[test]
fn a_port_that_nobody_claims_again_is_given_back() {
    let helper = Helper::start(&["--orphan", "1", "--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let before = settings(&pair.slave);
    let path = helper.pty("panel");
    let tty = helper.claimed(&pair.name, Role::Dte);
    let pty = helper.claimed("pty:panel", Role::Dce);
    assert_ne!(settings(&pair.slave), before);
    drop((tty, pty));
    until("both to be given back", || {
        settings(&pair.slave) == before && !path.exists()
    });
    helper.assert_idle();
    // And is new to the next who claims it.
    let client = helper.claim(&pair.name, Role::Dte);
    assert!(!client.expect_claimed().kept);
}

#[test]
fn a_port_that_the_daemon_wants_no_more_is_given_back_too() {
    let helper = Helper::start(&["--orphan", "1", "--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let before = settings(&pair.slave);
    drop(helper.claimed(&pair.name, Role::Dte));
    // It is back, for another port.
    let _other = helper.claimed("pty:panel", Role::Dce);
    until("it to be given back", || settings(&pair.slave) == before);
}

#[test]
fn nothing_is_kept_of_a_device_that_was_never_had() {
    let helper = Helper::start(&["--allow", "/nonexistent/tty"]);
    helper.assert_idle();
    let before = helper.descriptors();
    let client = helper.claim("/nonexistent/tty", Role::Dte);
    client.expect_refused(Refusal::Absent);
    assert!(helper.descriptors() > before);
    drop(client);
    until("it to be forgotten", || helper.descriptors() == before);
}

#[test]
fn another_role_begins_anew() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    drop(helper.claimed(&pair.name, Role::Dce));
    let client = helper.claim(&pair.name, Role::Dte);
    assert!(!client.expect_claimed().kept);
    write_all(&pair.master, &pattern(100));
    assert_eq!(client.data(100), pattern(100));
}

#[test]
fn other_settings_are_taken_over() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    drop(helper.claimed(&pair.name, Role::Dte));
    let mut client = helper.connect();
    let mut asked = claim(&pair.name, Role::Dte);
    asked.line.speed = 19_200;
    client.claim(&asked);
    assert!(client.expect_claimed().kept);
    client.drain();
    assert_eq!(common::equipment::speed(&pair.slave), 19_200);
}
