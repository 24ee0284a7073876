use super::*;
use crate::discipline::{Escape, InBand, Wait};

#[test]
fn commands_typed_ahead_come_out_as_if_typed_one_by_one() {
    let mut one = Rig::new("/dev/ttyS0");
    let mut ahead = Rig::new("/dev/ttyS0");
    ahead.host(b"AT\rATI\rAT+CSQ\r\nATZ\r");
    for (typed, answer) in [
        ("AT\r", "\r\nOK\r\n"),
        ("ATI\r", "\r\nQuectel\r\n\r\nOK\r\n"),
        ("AT+CSQ\r\n", "\r\n+CSQ: 1,99\r\n\r\nOK\r\n"),
        ("ATZ\r", "\r\nOK\r\n"),
    ] {
        one.host(typed.as_bytes());
        for rig in [&mut one, &mut ahead] {
            rig.result(answer);
            rig.answer(Mode::Command(command()));
        }
    }
    let (events, wire) = one.both();
    assert_eq!(
        events,
        [line("AT"), line("ATI"), line("AT+CSQ"), line("ATZ")]
    );
    assert!(wire.starts_with("AT\r\r\nOK\r\nATI\r\r\nQuectel"));
    assert_eq!(ahead.both(), (events, wire));
}

#[test]
fn nothing_is_echoed_or_read_behind_an_unanswered_line() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\rAT");
    rig.host(b"I\r");
    rig.wait(60_000);
    assert_eq!(rig.both(), (vec![line("AT")], "AT\r".into()));
    rig.result("OK\r");
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.both(), (vec![line("ATI")], "OK\rATI\r".into()));
}

#[test]
fn echo_off_holds_from_the_next_byte() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"ATE0\rAT\r");
    rig.result("OK\r");
    rig.answer(Mode::Command(Command {
        echo: false,
        ..command()
    }));
    let seen = vec![line("ATE0"), line("AT")];
    assert_eq!(rig.both(), (seen, "ATE0\rOK\r".into()));
}

#[test]
fn s3_holds_from_the_next_byte() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"ATS3=33\rATI!ATS3=13!ATZ\rAT");
    let settings = |s3| Mode::Command(Command { s3, ..command() });
    for s3 in [b'!', b'!', b'\r', b'\r'] {
        rig.answer(settings(s3));
    }
    let lines = [line("ATS3=33"), line("ATI"), line("ATS3=13"), line("ATZ")];
    assert_eq!(rig.events(), lines);
}

#[test]
fn a_command_and_its_body_in_one_write_lose_nothing() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+QSMTPBODY=0,5\rhelloAT\r");
    rig.write("CONNECT\r");
    rig.answer(length(5));
    rig.result("OK\r");
    rig.answer(Mode::Command(command()));
    let seen = vec![
        line("AT+QSMTPBODY=0,5"),
        data("hello"),
        Event::End(Cause::Length, 5),
        line("AT"),
    ];
    let wire = "AT+QSMTPBODY=0,5\rCONNECT\rOK\rAT\r";
    assert_eq!(rig.both(), (seen, wire.into()));
}

#[test]
fn only_the_answer_that_is_owed_sets_the_mode() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\rAT\r");
    rig.mode(0, length(1));
    rig.mode(77, length(1));
    assert_eq!(rig.events(), [line("AT")]);
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT")]);
    rig.answer(Mode::Command(command()));
    rig.answer(length(1)); // the same answer a second time
    rig.host(b"AT");
    assert_eq!(rig.both(), (vec![], "AT".into()));
    rig.mode(0, length(1)); // unasked, and nothing is owed
    rig.host(b"xy");
    let seen = [data("x"), Event::End(Cause::Length, 1)];
    assert_eq!(rig.events(), seen);
}

#[test]
fn a_line_survives_an_unasked_change_of_command_mode() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+C");
    rig.mode(
        0,
        Mode::Command(Command {
            echo: false,
            ..command()
        }),
    );
    rig.host(b"SQ\r");
    assert_eq!(rig.both(), (vec![line("AT+CSQ")], "AT+C".into()));
}

#[test]
fn kept_bytes_are_bounded_and_then_the_port_is_not_read() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\r");
    rig.host(&[b'x'; 32 * 1024 - 1]);
    assert!(rig.port.wants_input());
    rig.host(b"x");
    assert!(!rig.port.wants_input());
    rig.answer(length(32 * 1024));
    assert!(rig.port.wants_input());
    assert_eq!(
        rig.events().last(),
        Some(&Event::End(Cause::Length, 32 * 1024))
    );
}

#[test]
fn while_a_command_runs_only_keys_come_through_and_only_new_ones() {
    let mut rig = Rig::new("/dev/ttyS0");
    let wait = Mode::Wait(Wait { keys: Keys::Any });
    rig.host(b"ATD1\rATI\r");
    rig.answer(wait.clone());
    assert_eq!(rig.both(), (vec![line("ATD1")], "ATD1\r".into()));
    rig.host(b"xAT+CSQ\r");
    assert_eq!(rig.events(), [Event::Key(b'x')]);
    rig.result("NO CARRIER\r");
    rig.answer(Mode::Command(command()));
    let next = vec![line("ATI")];
    assert_eq!(rig.both(), (next, "NO CARRIER\rATI\r".into()));
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT+CSQ")]);
}

#[test]
fn what_comes_while_a_command_runs_is_bounded_and_none_of_it_is_lost() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"ATD1\r");
    rig.answer(Mode::Wait(Wait::default()));
    rig.host(b"abc");
    assert_eq!(rig.port.input_room(), 32 * 1024 - 3);
    rig.host(&[b'x'; 32 * 1024 - 3]);
    assert!(!rig.port.wants_input());
    rig.events();
    rig.mode(0, length(32 * 1024 + 1));
    assert!(rig.port.wants_input());
    rig.host(b"y");
    assert_eq!(
        rig.events().last(),
        Some(&Event::End(Cause::Length, 32 * 1024 + 1))
    );
}

#[test]
fn a_line_feed_before_the_prompt_is_the_lines() {
    for split in [false, true] {
        let mut rig = Rig::new("/dev/ttyS0");
        if split {
            rig.host(b"AT+B\r");
            rig.host(b"\nbody");
        } else {
            rig.host(b"AT+B\r\nbody");
        }
        rig.write("CONNECT\r");
        rig.answer(length(4));
        let seen = [line("AT+B"), data("body"), Event::End(Cause::Length, 4)];
        assert_eq!(rig.events(), seen);
    }
}

#[test]
fn a_line_feed_after_the_prompt_is_payload_of_a_cr_only_host() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.write("CONNECT\r");
    rig.answer(length(2));
    rig.events();
    rig.wait(1);
    rig.host(b"\nx");
    assert_eq!(rig.events(), [data("\nx"), Event::End(Cause::Length, 2)]);
}

/// The host has sent lines that ended in CR LF; the LF of the last one comes late.
fn late_line_feed(millis: u64) -> Vec<Event> {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\r\n");
    rig.answer(Mode::Command(command()));
    rig.host(b"AT+B\r");
    rig.write("CONNECT\r");
    rig.answer(length(2));
    rig.events();
    rig.wait(millis);
    rig.host(b"\nxy");
    rig.events()
}

#[test]
fn a_line_feed_after_the_prompt_is_the_lines_if_lines_end_so_and_it_comes_soon() {
    // 10 ms and two characters of 86.8 µs.
    assert_eq!(late_line_feed(10)[0], data("xy"));
    assert_eq!(late_line_feed(11)[0], data("\nx"));
}

#[test]
fn a_prompt_that_has_not_left_yet_has_not_been_seen() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.flowing = false;
    rig.write("CONNECT\r");
    rig.answer(length(2));
    rig.wait(50);
    rig.host(b"\nxy");
    rig.flowing = true;
    let seen = [line("AT+B"), data("xy"), Event::End(Cause::Length, 2)];
    assert_eq!(rig.events(), seen);
}

#[test]
fn a_silence_behind_the_barrier_is_no_guard_time() {
    let mut rig = Rig::new("/dev/ttyS0");
    let escape = Escape {
        character: b'+',
        guard: Duration::from_secs(1),
    };
    rig.host(b"AT+B\r");
    rig.wait(1500);
    rig.host(b"+++");
    rig.wait(1500);
    rig.answer(until(Ends {
        escape: Some(escape),
        ..Ends::default()
    }));
    rig.wait(5000);
    assert_eq!(rig.events().last(), Some(&data("+++")));
}

#[test]
fn what_may_be_read_at_once_is_what_may_be_kept() {
    let mut rig = Rig::new("/dev/ttyS0");
    assert_eq!(rig.port.input_room(), 32 * 1024);
    rig.host(b"AT\rabc");
    assert_eq!(rig.port.input_room(), 32 * 1024 - 3);
    rig.host(&[b'x'; 32 * 1024 - 3]);
    assert_eq!(rig.port.input_room(), 0);
}

#[test]
fn a_line_feed_between_an_answer_and_its_mode_is_payload_of_a_cr_only_host() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.write("CONNECT\r");
    rig.host(b"\nx");
    rig.answer(length(2));
    assert_eq!(rig.events()[1], data("\nx"));
}

#[test]
fn a_line_feed_after_the_prompt_of_a_command_that_runs_belongs_to_what_comes_next() {
    let running = || {
        let mut rig = Rig::new("/dev/ttyS0");
        rig.host(b"AT+B\r");
        rig.answer(Mode::Wait(Wait { keys: Keys::Any }));
        rig.write("CONNECT\r");
        rig.host(b"\n");
        rig.events();
        rig
    };
    // Of a host that ends lines by CR alone, it is payload.
    let mut rig = running();
    rig.mode(0, length(2));
    rig.host(b"x");
    let end = Event::End(Cause::Length, 2);
    assert_eq!(rig.events(), [data("\n"), data("x"), end]);
    // Else it is the line's, and aborts nothing in any case.
    let mut rig = running();
    rig.mode(0, Mode::Command(command()));
    rig.host(b"AT\r");
    assert_eq!(rig.both(), (vec![line("AT")], "AT\r".into()));
}

#[test]
fn how_the_line_before_ended_is_what_counts() {
    let mut rig = Rig::new("/dev/ttyS0");
    for typed in [&b"AT\r\n"[..], b"AT\r", b"AT+B\r"] {
        rig.host(typed);
        if typed != b"AT+B\r" {
            rig.answer(Mode::Command(command()));
        }
    }
    rig.write("CONNECT\r");
    rig.answer(length(2));
    rig.events();
    rig.host(b"\nx");
    assert_eq!(rig.events()[0], data("\nx"));
}

#[test]
fn a_line_that_data_interrupts_is_gone() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+C");
    rig.mode(0, length(1));
    rig.host(b"xSQ\rAT\r");
    rig.answer(Mode::Command(command()));
    let seen = [data("x"), Event::End(Cause::Length, 1), line("AT")];
    assert_eq!(rig.events(), seen);
}

/// A host that sends Ctrl-Z behind its line, to be sure that no data mode is left over; then the command runs
/// for a while before it asks for data.
#[test]
fn a_ctrl_z_between_a_line_and_its_prompt_ends_no_data() {
    for typed in [&b"AT+B\r\x1A"[..], b"AT+B\r\n\x1A"] {
        let mut rig = Rig::new("/dev/ttyS0");
        rig.host(typed);
        rig.answer(Mode::Wait(Wait::default()));
        rig.wait(100);
        rig.prompt("REQUEST\r");
        rig.mode(
            0,
            until(Ends {
                in_band: Some(InBand::CtrlZStuffed),
                ..Ends::default()
            }),
        );
        rig.events();
        rig.host(b"x\x1A\r\n");
        assert_eq!(rig.events(), [data("x"), Event::End(Cause::CtrlZ, 1)]);
        rig.result("OK\r");
        rig.answer(Mode::Command(command()));
        rig.host(b"AT\r");
        assert_eq!(rig.events(), [line("AT")]);
    }
}
