use super::*;
use crate::record::WINDOW;

const ACK: Flags = Flags {
    ack: true,
    urc: false,
    result: false,
    prompt: false,
};

fn faster() -> LineSettings {
    LineSettings {
        speed: 460_800,
        ..LineSettings::default()
    }
}

#[test]
fn a_write_is_done_when_its_last_byte_is_sent() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    let first = rig.send(ACK, &ToHelper::Write(b"ab"));
    rig.write("cd");
    let second = rig.send(ACK, &ToHelper::Write(b"ef"));
    rig.takes(1);
    assert_eq!(rig.events(), []);
    rig.takes(1);
    assert_eq!(rig.events(), [done(first)]);
    rig.takes(3);
    assert_eq!(rig.events(), []);
    rig.takes(1);
    assert_eq!(rig.events(), [done(second)]);
    let empty = rig.send(ACK, &ToHelper::Write(b""));
    assert_eq!(rig.events(), [done(empty)]);
}

#[test]
fn new_settings_come_after_what_was_before_them_has_drained() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.write("OK\r");
    let of = rig.send(ACK, &ToHelper::Configure(faster()));
    rig.write("fast");
    rig.answer(length(4));
    assert_eq!(rig.story(), [sent("OK\r")]);
    assert!(rig.port.wants_drain());
    rig.wait(1); // three characters of 86.8 µs
    let configured = Event::Perform(Action::Configure(faster()));
    assert_eq!(rig.story(), [configured, done(of), sent("fast")]);
}

#[test]
fn a_mode_behind_new_settings_waits_with_them() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+IPR\rAT\r");
    rig.flowing = false;
    rig.result("OK\r");
    rig.send(Flags::default(), &ToHelper::Configure(faster()));
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT+IPR")]);
    rig.flowing = true;
    rig.flow();
    rig.wait(1);
    let configured = Event::Perform(Action::Configure(faster()));
    assert_eq!(rig.events(), [configured, line("AT")]);
}

#[test]
fn what_the_device_refuses_is_told() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.refuse(Failure::Device(22));
    let of = rig.send(ACK, &ToHelper::Configure(faster()));
    let refused = Event::Done {
        of,
        dropped: 0,
        failed: Some(Failure::Device(22)),
    };
    assert_eq!(rig.events()[1..], [refused]);
}

#[test]
fn draining_and_settings_are_given_up_when_output_stands_still() {
    for record in [ToHelper::Drain, ToHelper::Configure(faster())] {
        let mut rig = Rig::new("/dev/ttyS0");
        rig.flowing = false;
        rig.write("OK\r");
        let of = rig.send(ACK, &record);
        rig.wait(29_999);
        assert_eq!(rig.events(), []);
        rig.wait(1);
        let given_up = Event::Done {
            of,
            dropped: 0,
            failed: Some(Failure::TimedOut),
        };
        assert_eq!(rig.events(), [Event::Stopped(true), given_up]);
    }
}

#[test]
fn slow_output_is_not_still() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    rig.write("slow");
    let of = rig.send(ACK, &ToHelper::Drain);
    for _ in 0..4 {
        rig.wait(29_999);
        rig.takes(1);
    }
    for left in [3, 2] {
        rig.wait(29_000);
        rig.in_tty = left;
    }
    rig.wait(29_000);
    rig.flowing = true;
    rig.wait(256);
    assert_eq!(rig.events(), [done(of)]);
}

#[test]
fn output_that_stands_still_is_told_once_and_so_is_its_going_on() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    rig.write("OK\r");
    rig.wait(29_999);
    assert_eq!(rig.events(), []);
    rig.wait(120_000);
    assert_eq!(rig.events(), [Event::Stopped(true)]);
    rig.takes(1);
    assert_eq!(rig.events(), [Event::Stopped(false)]);
}

#[test]
fn a_break_lasts_and_stands_between_what_is_around_it() {
    let mut rig = Rig::new("/dev/ttyS0");
    let length = Duration::from_millis(250);
    let of = rig.send(ACK, &ToHelper::Break(length));
    rig.write("after");
    rig.wait(249);
    assert_eq!(rig.story(), [Event::Perform(Action::BreakOn)]);
    rig.wait(1);
    let seen = [Event::Perform(Action::BreakOff), done(of), sent("after")];
    assert_eq!(rig.story(), seen);
}

#[test]
fn an_escape_goes_out_between_two_silences() {
    let mut rig = Rig::with(claim("/dev/ttyUSB2", Role::Dte));
    rig.write("data");
    let guard = Duration::from_secs(1);
    let of = rig.send(
        ACK,
        &ToHelper::SendEscape {
            character: b'+',
            guard,
        },
    );
    rig.write("ATH\r");
    rig.wait(1000);
    assert_eq!(rig.story(), [sent("data")]);
    rig.wait(1); // four characters had to leave first
    assert_eq!(rig.story(), [sent("+++")]);
    rig.wait(999);
    assert_eq!(rig.story(), []);
    rig.wait(1); // and the escape's own
    assert_eq!(rig.story(), [done(of), sent("ATH\r")]);
}

#[test]
fn a_flush_drops_what_has_not_been_sent_and_says_how_much() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\r");
    rig.events();
    rig.flowing = false;
    let write = rig.send(ACK, &ToHelper::Write(b"abcd"));
    rig.urc("RING");
    rig.takes(1);
    let of = rig.send(Flags::default(), &ToHelper::Flush);
    let dropped = |of, dropped| Event::Done {
        of,
        dropped,
        failed: None,
    };
    let flush = Event::Perform(Action::FlushOutput);
    assert_eq!(rig.events(), [dropped(write, 3), flush, dropped(of, 7)]);
    assert!(rig.port.output().is_empty());
    rig.write("next");
    assert_eq!(rig.port.output(), b"next");
}

#[test]
fn a_flush_leaves_settings_and_modes_in_their_place() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\r");
    rig.flowing = false;
    rig.write("lost");
    rig.send(Flags::default(), &ToHelper::Configure(faster()));
    rig.write("lost as well");
    rig.answer(length(1));
    rig.send(Flags::default(), &ToHelper::Flush);
    rig.write("kept");
    rig.flowing = true;
    rig.flow();
    rig.wait(10);
    assert!(
        rig.story()
            .ends_with(&[Event::Perform(Action::Configure(faster())), sent("kept")])
    );
    rig.host(b"x");
    assert_eq!(rig.events()[0], data("x"));
}

#[test]
fn nobody_at_a_pty_drops_output_and_stops_nothing() {
    let mut rig = Rig::new("pty:panel");
    rig.flowing = false;
    let left = rig.send(ACK, &ToHelper::Write(b"abc"));
    rig.circuits(false);
    let lost = rig.send(ACK, &ToHelper::Write(b"de"));
    let drain = rig.send(ACK, &ToHelper::Drain);
    let dropped = |of, dropped| Event::Done {
        of,
        dropped,
        failed: None,
    };
    let seen = [
        Event::Circuits(false),
        dropped(left, 3),
        dropped(lost, 2),
        done(drain),
    ];
    assert_eq!(rig.events(), seen);
    assert!(rig.port.output().is_empty());
    rig.circuits(true);
    rig.write("x");
    assert_eq!(rig.port.output(), b"x");
}

#[test]
fn a_daemon_that_overruns_its_window_is_cut_off() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    let piece = [b'x'; 32 * 1024];
    for _ in 0..2 * WINDOW / piece.len() {
        rig.send(Flags::default(), &ToHelper::Write(&piece));
    }
    assert_eq!(rig.events(), []);
    rig.send(Flags::default(), &ToHelper::Write(b"x"));
    let cut = Event::Perform(Action::Disconnect(Violation::Window));
    assert_eq!(rig.events(), [cut]);
}

#[test]
fn records_out_of_place_end_the_connection() {
    let mut rig = Rig::with(claim("/dev/ttyUSB2", Role::Dte));
    rig.mode(0, Mode::Command(command()));
    rig.send(Flags::default(), &ToHelper::Release);
    let cut = |violation| Event::Perform(Action::Disconnect(violation));
    let seen = [cut(Violation::NotRaw), cut(Violation::OutOfPlace)];
    assert_eq!(rig.events(), seen);
}

#[test]
fn an_echo_that_nobody_reads_does_not_grow() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    for _ in 0..1000 {
        rig.host(&[b'x'; 1000]);
    }
    assert!(rig.port.output().len() <= 64 * 1024);
}

#[test]
fn an_escape_that_cannot_go_out_is_given_up() {
    let mut rig = Rig::with(claim("/dev/ttyUSB2", Role::Dte));
    let of = rig.send(
        ACK,
        &ToHelper::SendEscape {
            character: b'+',
            guard: Duration::from_secs(1),
        },
    );
    rig.flowing = false;
    rig.wait(31_000);
    let given_up = Event::Done {
        of,
        dropped: 3,
        failed: Some(Failure::TimedOut),
    };
    assert_eq!(rig.events(), [Event::Stopped(true), given_up]);
}

#[test]
fn an_echo_behind_the_prompt_does_not_put_off_the_deadline() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.write("CONNECT\r");
    rig.answer(Mode::Data(Data {
        ends: Ends {
            deadline: Some(Duration::from_millis(100)),
            ..Ends::default()
        },
        echo: crate::discipline::Echo::All,
        discard: false,
    }));
    rig.events();
    // More than the line carries, so the TTY is never empty.
    rig.in_tty = 200;
    for _ in 0..150 {
        rig.host(&[b'x'; 20]);
        rig.flowing = false;
        rig.wait(1);
        rig.flowing = true;
    }
    let events = rig.events();
    assert!(matches!(
        events.last(),
        Some(Event::End(Cause::Deadline, _))
    ));
}

#[test]
fn nothing_is_done_before_what_stands_before_it() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    rig.write("OK\r");
    rig.takes(3);
    let drain = rig.send(ACK, &ToHelper::Drain);
    let empty = rig.send(ACK, &ToHelper::Write(b""));
    assert_eq!(rig.events(), []);
    rig.flowing = true;
    rig.wait(10);
    assert_eq!(rig.events(), [done(drain), done(empty)]);
}
