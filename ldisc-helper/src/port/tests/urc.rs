use super::*;

const RING: &str = "\r\nRING\r\n";

#[test]
fn between_lines_it_goes_at_once() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.urc(RING);
    assert_eq!(rig.wire(), RING);
}

#[test]
fn it_waits_for_the_answer_and_goes_before_what_was_typed_ahead() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\rATI\r");
    rig.urc(RING);
    rig.result("OK\r");
    assert_eq!(rig.wire(), "AT\rOK\r");
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.wire(), format!("{RING}ATI\r"));
}

#[test]
fn it_never_overtakes_a_write_sent_before_it() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    rig.write("first");
    rig.urc(RING);
    rig.flowing = true;
    assert_eq!(rig.wire(), format!("first{RING}"));
}

#[test]
fn it_stays_out_of_a_line_being_typed_until_that_ends() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+C");
    rig.urc(RING);
    rig.wait(4999);
    rig.host(b"S");
    rig.wait(4999);
    rig.host(b"Q\r");
    assert_eq!(rig.wire(), "AT+CSQ\r");
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.wire(), RING);
}

#[test]
fn it_waits_five_seconds_for_a_line_that_is_not_finished() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+C");
    rig.urc(RING);
    rig.urc("two\r\nlines");
    rig.wait(4999);
    assert_eq!(rig.wire(), "AT+C");
    rig.wait(1);
    assert_eq!(rig.wire(), format!("{RING}two\r\nlines"));
    rig.host(b"SQ\r");
    assert_eq!(rig.events(), [line("AT+CSQ")]);
}

#[test]
fn the_first_letter_of_a_prefix_holds_it_up_and_rubbish_does_not() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"xyz");
    rig.urc(RING);
    assert_eq!(rig.wire(), format!("xyz{RING}"));
    rig.host(b"a");
    rig.urc(RING);
    assert_eq!(rig.wire(), "a");
    rig.host(b"x");
    assert_eq!(rig.wire(), format!("x{RING}"));
}

#[test]
fn it_waits_for_the_end_of_data_and_of_a_running_command() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.answer(length(2));
    rig.urc(RING);
    rig.host(b"xy");
    rig.answer(Mode::Wait(Default::default()));
    rig.wait(60_000);
    assert_eq!(rig.wire(), "AT+B\r");
    rig.mode(0, Mode::Command(command()));
    assert_eq!(rig.wire(), RING);
}

#[test]
fn its_answer_comes_when_it_has_been_sent() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT\r");
    let flags = Flags {
        urc: true,
        ack: true,
        result: false,
        ..Flags::default()
    };
    let of = rig.send(flags, &ToHelper::Write(RING.as_bytes()));
    assert_eq!(rig.events(), [line("AT")]);
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [done(of)]);
}

#[test]
fn on_a_modules_port_it_is_a_write_like_any_other() {
    let mut rig = Rig::with(claim("/dev/ttyUSB2", Role::Dte));
    rig.urc(RING);
    assert_eq!(rig.wire(), RING);
}

#[test]
fn it_is_not_for_who_opens_the_pty_next() {
    let mut rig = Rig::new("pty:panel");
    rig.host(b"AT\r");
    let flags = Flags {
        urc: true,
        ack: true,
        result: false,
        ..Flags::default()
    };
    let first = rig.send(flags, &ToHelper::Write(b"RING"));
    rig.circuits(false);
    let second = rig.send(flags, &ToHelper::Write(b"RING"));
    rig.circuits(true);
    rig.answer(Mode::Command(command()));
    let dropped = |of| Event::Done {
        of,
        dropped: 4,
        failed: None,
    };
    let (events, wire) = rig.both();
    assert_eq!(wire, "AT\r");
    assert_eq!(events[2..4], [dropped(first), dropped(second)]);
}
