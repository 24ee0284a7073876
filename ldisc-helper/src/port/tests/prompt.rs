//! A prompt and the record after it.

use super::*;
use crate::record::{MAX_PAYLOAD, Owed, WINDOW};

const ACK: Flags = Flags {
    ack: true,
    ..PROMPT
};

/// Equipment without echo that has asked to send a body; the TTY takes nothing by itself.
fn asked(device: &str) -> Rig {
    let mut rig = Rig::new(device);
    rig.mode(
        0,
        Mode::Command(Command {
            echo: false,
            ..command()
        }),
    );
    rig.host(b"AT+B\r");
    rig.events();
    rig.flowing = false;
    rig
}

fn dropped(of: u32, dropped: u64, failed: Option<Failure>) -> Event {
    Event::Done {
        of,
        dropped,
        failed,
    }
}

fn cut() -> Event {
    Event::Perform(Action::Disconnect(Violation::Window))
}

#[test]
fn a_prompt_goes_out_with_its_mode() {
    let mut rig = asked("/dev/ttyS0");
    let of = rig.send(ACK, &ToHelper::Write(b"CONNECT\r"));
    rig.wait(100_000);
    assert!(rig.port.output().is_empty());
    assert_eq!(rig.events(), []);
    rig.answer(length(2));
    assert_eq!(rig.port.output(), b"CONNECT\r");
    rig.flowing = true;
    rig.flow();
    rig.host(b"xy");
    let end = Event::End(Cause::Length, 2);
    let seen = vec![done(of), data("xy"), end];
    assert_eq!(rig.both(), (seen, "CONNECT\r".into()));
}

#[test]
fn or_with_whatever_comes_after_it() {
    for record in [
        ToHelper::Write(b""),
        ToHelper::Write(b"> "),
        ToHelper::Drain,
        ToHelper::Configure(LineSettings::default()),
        ToHelper::SetCircuits(Circuits::default()),
    ] {
        let mut rig = asked("/dev/ttyS0");
        rig.prompt("CONNECT\r");
        rig.send(Flags::default(), &record);
        assert!(rig.port.output().starts_with(b"CONNECT\r"), "{record:?}");
    }
}

#[test]
fn a_prompt_releases_the_one_before_it() {
    let mut rig = asked("/dev/ttyS0");
    rig.prompt("one");
    rig.prompt("two");
    assert_eq!(rig.port.output(), b"one");
    rig.answer(length(1));
    assert_eq!(rig.port.output(), b"onetwo");
}

#[test]
fn what_is_no_prompt_waits_for_nothing() {
    let mut rig = asked("/dev/ttyS0");
    rig.write("a long list\r");
    assert_eq!(rig.port.output(), b"a long list\r");
}

#[test]
fn the_prompt_of_a_daemon_that_dies_before_its_mode_is_seen_by_nobody() {
    let mut rig = asked("/dev/ttyS0");
    rig.prompt("CONNECT\r");
    let claimed = rig.restart(1);
    assert_eq!(claimed.owed, Owed::Line);
    assert_ne!(claimed.unanswered, 0);
    rig.result("ERROR\r");
    assert_eq!(rig.port.output(), b"ERROR\r");
    rig.answer(Mode::Command(command()));
    rig.host(b"AT\r");
    assert_eq!(rig.events(), [line("AT")]);
}

#[test]
fn nor_is_that_of_a_second_body() {
    let mut rig = asked("/dev/ttyS0");
    rig.answer(length(1));
    rig.host(b"x");
    rig.prompt("CONNECT\r");
    let claimed = rig.restart(1);
    assert_eq!((claimed.owed, claimed.in_data), (Owed::Data, false));
    assert_eq!(claimed.count, 1);
    assert!(rig.port.output().is_empty());
}

#[test]
fn a_prompt_whose_mode_came_goes_out_though_its_daemon_dies() {
    let mut rig = asked("/dev/ttyS0");
    // New settings stand before both.
    rig.write("wait\r");
    rig.send(
        Flags::default(),
        &ToHelper::Configure(LineSettings::default()),
    );
    rig.prompt("CONNECT\r");
    rig.answer(length(5));
    assert!(rig.restart(1).in_data);
    rig.flowing = true;
    rig.flow();
    rig.wait(1);
    assert_eq!(rig.wire(), "wait\rCONNECT\r");
}

#[test]
fn a_flush_drops_the_prompt_and_says_so() {
    let mut rig = asked("/dev/ttyS0");
    let before = rig.send(
        Flags {
            prompt: false,
            ..ACK
        },
        &ToHelper::Write(b"abc"),
    );
    let prompt = rig.send(ACK, &ToHelper::Write(b"CONNECT"));
    let flush = rig.send(Flags::default(), &ToHelper::Flush);
    let seen = [
        dropped(before, 3, None),
        dropped(prompt, 7, None),
        Event::Perform(Action::FlushOutput),
        dropped(flush, 10, None),
    ];
    assert_eq!(rig.events(), seen);
    rig.answer(length(1));
    assert!(rig.port.output().is_empty());
}

#[test]
fn the_prompt_is_not_for_who_comes_after_a_hangup() {
    let mut rig = asked("/dev/ttyUSB0");
    let of = rig.send(ACK, &ToHelper::Write(b"CONNECT"));
    rig.hangup();
    let gone = Some(Failure::Gone);
    assert_eq!(rig.events(), [dropped(of, 7, gone), Event::Hangup]);
    // With nobody there, it need not wait to be dropped.
    let of = rig.send(ACK, &ToHelper::Write(b"CONNECT"));
    assert_eq!(rig.events(), [dropped(of, 7, gone)]);
    rig.returned();
    rig.result("ERROR\r");
    assert_eq!(rig.port.output(), b"ERROR\r");
}

#[test]
fn nor_for_who_opens_the_pty_next() {
    let mut rig = asked("pty:panel");
    let of = rig.send(ACK, &ToHelper::Write(b"CONNECT"));
    rig.circuits(false);
    let seen = [Event::Circuits(false), dropped(of, 7, None)];
    assert_eq!(rig.events(), seen);
    let of = rig.send(ACK, &ToHelper::Write(b"CONNECT"));
    assert_eq!(rig.events(), [dropped(of, 7, None)]);
    rig.circuits(true);
    rig.result("ERROR\r");
    assert_eq!(rig.port.output(), b"ERROR\r");
}

#[test]
fn a_line_feed_that_comes_while_the_prompt_waits_was_there_before_it() {
    let mut rig = asked("/dev/ttyS0");
    rig.prompt("CONNECT\r");
    rig.host(b"\nxy");
    rig.answer(length(2));
    let end = Event::End(Cause::Length, 2);
    assert_eq!(rig.events(), [data("xy"), end]);
}

#[test]
fn a_line_feed_that_comes_after_its_first_byte_is_payload() {
    let mut rig = asked("/dev/ttyS0");
    rig.prompt("CONNECT\r");
    rig.answer(length(2));
    rig.takes(1);
    rig.host(b"\nx");
    let end = Event::End(Cause::Length, 2);
    assert_eq!(rig.events(), [data("\nx"), end]);
}

#[test]
fn a_deadline_runs_from_when_the_prompt_has_left() {
    let mut rig = asked("pty:panel");
    rig.prompt("CONNECT\r");
    rig.wait(60_000);
    rig.answer(until(Ends {
        deadline: Some(Duration::from_secs(1)),
        ..Ends::default()
    }));
    rig.flowing = true;
    rig.flow();
    rig.wait(999);
    assert_eq!(rig.events(), []);
    rig.wait(1);
    assert_eq!(rig.events(), [Event::End(Cause::Deadline, 0)]);
}

#[test]
fn a_prompt_counts_in_the_window_of_bytes() {
    let mut rig = asked("/dev/ttyS0");
    let piece = [b'x'; MAX_PAYLOAD];
    for _ in 1..2 * WINDOW / MAX_PAYLOAD {
        rig.send(Flags::default(), &ToHelper::Write(&piece));
    }
    rig.send(PROMPT, &ToHelper::Write(&piece));
    assert_eq!(rig.events(), []);
    rig.send(Flags::default(), &ToHelper::Write(b"x"));
    assert_eq!(rig.events(), [cut()]);
    rig.send(PROMPT, &ToHelper::Write(b"x"));
    assert_eq!(rig.events(), [cut()]);
}

#[test]
fn a_prompt_counts_in_the_window_of_records() {
    let mut rig = asked("/dev/ttyS0");
    rig.write("x");
    for _ in 1..4096 {
        rig.send(Flags::default(), &ToHelper::Drain);
    }
    rig.prompt("CONNECT\r");
    assert_eq!(rig.events(), []);
    rig.answer(length(1));
    assert_eq!(rig.events(), [cut()]);
}
