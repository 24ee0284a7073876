use super::*;
use crate::discipline::{Echo, Escape, InBand};
use crate::record::Owed;

fn again(owed: Owed) -> Claimed {
    Claimed {
        kept: true,
        owed,
        circuits: Circuits {
            ready: true,
            ..Circuits::default()
        },
        ..Claimed::default()
    }
}

#[test]
fn a_line_is_never_delivered_twice_and_stays_owed_until_its_result() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+CMD\rAT\r");
    let claimed = rig.restart(100);
    assert_eq!(claimed.owed, Owed::Line);
    assert_ne!(claimed.unanswered, 0);
    rig.events();
    rig.mode(0, Mode::Command(command())); // not the answer
    assert_eq!(rig.events(), []);
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT")]);
    assert_eq!(rig.restart(1).owed, Owed::Line);
    rig.result("ERROR\r");
    assert_eq!(rig.restart(1).owed, Owed::Nothing);
}

#[test]
fn an_idle_port_owes_nothing_and_keeps_what_is_typed() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT");
    rig.port.detach(rig.now);
    rig.host(b"I\rAT\r");
    rig.wait(10_000);
    assert_eq!(rig.both(), (vec![], "AT".into()));
    assert_eq!(rig.attach(), again(Owed::Nothing));
    assert_eq!(rig.events(), []);
    rig.mode(0, Mode::Command(command()));
    assert_eq!(rig.both(), (vec![line("ATI")], "I\r".into()));
}

#[test]
fn input_without_a_daemon_is_bounded() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.port.detach(rig.now);
    rig.host(&[b'x'; 32 * 1024]);
    assert!(!rig.port.wants_input());
    rig.attach();
    rig.mode(0, Mode::Command(command()));
    assert!(rig.port.wants_input());
}

#[test]
fn a_data_mode_goes_on_discarding_to_its_own_end() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.answer(length(10));
    rig.host(b"abc");
    rig.events();
    rig.port.detach(rig.now);
    rig.host(b"de");
    let claimed = rig.attach();
    let in_data = Claimed {
        in_data: true,
        count: 5,
        ..again(Owed::Data)
    };
    assert_eq!(claimed, in_data);
    rig.host(b"fghijAT\r");
    assert_eq!(rig.events(), [Event::End(Cause::Length, 10)]);
    rig.result("ERROR\r");
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT")]);
}

/// A data mode with this end, in which this has come.
fn in_band(end: InBand, came: &[u8]) -> Rig {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.answer(until(Ends {
        in_band: Some(end),
        ..Ends::default()
    }));
    rig.host(came);
    rig.events();
    rig
}

#[test]
fn what_is_discarded_is_still_read_as_it_is_coded() {
    let mut rig = in_band(InBand::CtrlZStuffed, b"a\x03");
    rig.port.detach(rig.now);
    // The lead came before.
    rig.host(b"\x1AATZ\r\x03\x1A");
    let claimed = rig.attach();
    let in_data = Claimed {
        in_data: true,
        count: 7,
        ..again(Owed::Data)
    };
    assert_eq!(claimed, in_data);
    rig.host(b"ATZ\r\x1A\r\nAT\r");
    assert_eq!(rig.events(), [Event::End(Cause::CtrlZ, 11)]);
    rig.result("ERROR\r");
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT")]);
}

#[test]
fn a_byte_that_ends_data_ends_it_while_no_daemon_is_there() {
    for (cancel, end, count) in [(true, b"\x1B", 5), (false, b"\x1A", 5)] {
        let mut rig = in_band(InBand::CtrlZ { cancel }, b"a");
        rig.port.detach(rig.now);
        rig.host(b"ATZ\r");
        rig.host(end);
        rig.host(b"\r\nAT\r");
        let claimed = rig.attach();
        assert_eq!((claimed.in_data, claimed.count), (false, count));
        assert_eq!(claimed.owed, Owed::Data);
        rig.result("ERROR\r");
        rig.answer(Mode::Command(command()));
        assert_eq!(rig.events(), [line("AT")]);
    }
}

#[test]
fn the_rest_of_a_body_is_no_command_even_if_the_body_ended_meanwhile() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.answer(Mode::Data(Data {
        ends: Ends {
            length: Some(8),
            ..Ends::default()
        },
        echo: Echo::None,
        discard: false,
    }));
    rig.events();
    rig.port.detach(rig.now);
    rig.host(b"ATH\rATZ\rAT\r");
    let claimed = rig.attach();
    assert_eq!((claimed.in_data, claimed.count), (false, 8));
    assert_eq!(claimed.owed, Owed::Data);
    rig.result("ERROR\r");
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), [line("AT")]);
}

#[test]
fn a_data_mode_that_only_the_daemon_could_end_ends_with_it() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.answer(until(Ends::default()));
    rig.host(b"abc");
    let claimed = rig.restart(1);
    assert_eq!((claimed.in_data, claimed.count), (false, 3));
    assert_ne!(claimed.unanswered, 0);
}

#[test]
fn an_escape_that_is_off_ends_no_data_mode_without_its_daemon() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    let escape = Escape {
        character: 255,
        guard: Duration::from_secs(1),
    };
    rig.answer(until(Ends {
        escape: Some(escape),
        ..Ends::default()
    }));
    rig.host(b"abc");
    let claimed = rig.restart(1);
    assert_eq!((claimed.in_data, claimed.count), (false, 3));
}

#[test]
fn a_running_command_stays_owed() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"ATD1\r");
    rig.answer(Mode::Wait(Default::default()));
    assert_eq!(rig.restart(1), again(Owed::Line));
}

#[test]
fn answers_are_given_only_to_who_asked() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    let ack = Flags {
        ack: true,
        ..Flags::default()
    };
    rig.send(ack, &ToHelper::Write(b"abc"));
    rig.send(ack, &ToHelper::Drain);
    rig.host(b"A");
    rig.send(Flags { urc: true, ..ack }, &ToHelper::Write(b"RING"));
    rig.restart(1);
    rig.mode(0, Mode::Command(command()));
    rig.flowing = true;
    rig.flow();
    rig.wait(6000);
    assert_eq!(rig.both(), (vec![], "abcARING".into()));
}

#[test]
fn what_a_module_sent_meanwhile_is_read_first() {
    let mut rig = Rig::with(claim("/dev/ttyUSB2", Role::Dte));
    rig.host(b"one");
    rig.port.detach(rig.now);
    rig.host(b"+QSMTPPUT: ");
    rig.host(b"0\r\n");
    rig.attach();
    assert_eq!(rig.events(), [data("one")]);
    rig.wait(0);
    rig.host(b"two");
    assert_eq!(rig.events(), [data("+QSMTPPUT: 0\r\n"), data("two")]);
}

/// What the next connection is told first of a module whose daemon died, had not been sent these records, and
/// that goes on with "later".
fn after(device: &str, unsent: &[FromHelper<'_>]) -> Vec<Event> {
    let mut rig = Rig::with(claim(device, Role::Dte));
    rig.circuits(true);
    rig.events();
    rig.port.detach(rig.now);
    for record in unsent {
        rig.port.unsent(record);
    }
    rig.host(b"later");
    rig.attach();
    rig.wait(0);
    rig.events()
}

#[test]
fn what_a_module_said_and_nobody_was_sent_is_read_before_all_else() {
    let at = Time::from_millis(1);
    let data = |bytes| FromHelper::Data { at, bytes };
    let (one, two) = (data(b"one"), data(b"two"));
    let closed = FromHelper::Circuits(Circuits::default());
    let opened = FromHelper::Circuits(Circuits {
        ready: true,
        ..Circuits::default()
    });
    let tty = "/dev/ttyUSB2";
    let seen = [super::data("onetwolater")];
    assert_eq!(after(tty, &[one.clone(), two.clone()]), seen);
    let drops = [one.clone(), closed, opened, two.clone()];
    assert_eq!(after(tty, &drops), seen);
    // Not what was said before it went away, or by who closed the pty.
    let seen = [super::data("twolater")];
    assert_eq!(after("pty:panel", &drops), seen);
    assert_eq!(after(tty, &[one, FromHelper::Hangup, two]), seen);
}

#[test]
fn what_is_kept_for_the_next_bounds_what_is_read_for_it() {
    let mut rig = Rig::with(claim("/dev/ttyUSB2", Role::Dte));
    rig.port.detach(rig.now);
    let bytes = &[b'x'; 32 * 1024 - 1];
    let at = rig.now;
    rig.port.unsent(&FromHelper::Data { at, bytes });
    assert_eq!(rig.port.input_room(), 1);
    rig.port.unsent(&FromHelper::Data { at, bytes });
    assert!(!rig.port.wants_input());
    rig.attach();
    rig.wait(0);
    assert!(rig.port.wants_input());
}

#[test]
fn payload_that_nobody_was_sent_is_no_command() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\r");
    rig.answer(length(8));
    rig.host(b"ATZ\r");
    rig.events();
    rig.port.detach(rig.now);
    let at = rig.now;
    let bytes = b"ATZ\r";
    rig.port.unsent(&FromHelper::Data { at, bytes });
    assert_eq!(rig.attach().count, 4);
    rig.host(b"ATZ\r");
    assert_eq!(rig.events(), [Event::End(Cause::Length, 8)]);
    rig.answer(Mode::Command(command()));
    assert_eq!(rig.events(), []);
}

#[test]
fn the_last_to_close_a_pty_drops_dtr_and_what_was_not_finished() {
    let mut rig = Rig::new("pty:panel");
    rig.host(b"AT\rAT+KEPT\r");
    rig.circuits(false);
    rig.circuits(true);
    rig.answer(Mode::Command(command()));
    rig.host(b"AT+HALF");
    rig.circuits(false);
    rig.circuits(true);
    rig.host(b"ATI\r");
    let seen = [
        line("AT"),
        Event::Circuits(false),
        Event::Circuits(true),
        Event::Circuits(false),
        Event::Circuits(true),
        line("ATI"),
    ];
    assert_eq!(rig.events(), seen);
}

#[test]
fn data_ends_with_dtr_where_asked() {
    let ends = Ends {
        dtr: true,
        ..Ends::default()
    };
    let mut pty = Rig::new("pty:panel");
    pty.mode(0, until(ends.clone()));
    pty.host(b"abc");
    pty.circuits(false);
    let end = Event::End(Cause::Dtr, 3);
    assert_eq!(
        pty.events(),
        [data("abc"), Event::Circuits(false), end.clone()]
    );

    let mut line = Rig::new("/dev/ttyS0");
    line.mode(0, until(ends));
    line.host(b"abc");
    line.circuits(false);
    line.wait(49);
    line.circuits(true); // it bounced
    line.wait(100);
    line.circuits(false);
    line.wait(49);
    assert!(!line.events().contains(&end));
    line.wait(1);
    assert_eq!(line.events(), [end]);
}

#[test]
fn a_hangup_ends_data_and_drops_what_was_queued() {
    let mut rig = Rig::new("/dev/ttyUSB0");
    rig.mode(0, length(100));
    rig.host(b"abc");
    rig.flowing = false;
    let ack = Flags {
        ack: true,
        ..Flags::default()
    };
    let gone = |of, dropped| Event::Done {
        of,
        dropped,
        failed: Some(Failure::Gone),
    };
    let write = rig.send(ack, &ToHelper::Write(b"xy"));
    let drain = rig.send(ack, &ToHelper::Drain);
    rig.hangup();
    let late = rig.send(ack, &ToHelper::Write(b"z"));
    let seen = [
        data("abc"),
        Event::End(Cause::Hangup, 3),
        gone(write, 2),
        Event::Hangup,
        gone(drain, 0),
        gone(late, 1),
    ];
    assert_eq!(rig.events(), seen);
    assert!(!rig.port.wants_input());
    assert!(rig.returned().kept);
    rig.answer(Mode::Command(command()));
    rig.flowing = true;
    rig.host(b"AT\r");
    assert_eq!(rig.both(), (vec![line("AT")], "AT\r".into()));
}

#[test]
fn bulk_data_goes_on_and_little_rests() {
    let mut rig = Rig::new("/dev/ttyS0");
    assert_eq!(rig.port.rest(), None);
    rig.mode(0, length(1 << 40));
    rig.host(b"x");
    assert_eq!(rig.port.rest(), Some(Duration::from_millis(5)));
    rig.wait(5);
    rig.host(&[0; 4095]);
    assert_eq!(rig.port.rest(), Some(Duration::from_millis(5)));
    rig.host(&[0; 1]);
    assert_eq!(rig.port.rest(), None);
    rig.wait(5);
    rig.host(&[0; 1]);
    assert_eq!(rig.port.rest(), None);
    rig.wait(10);
    rig.host(&[0; 1]);
    assert_eq!(rig.port.rest(), Some(Duration::from_millis(5)));
}

#[test]
fn a_short_guard_shortens_the_rest() {
    let mut rig = Rig::new("/dev/ttyS0");
    let escape = Escape {
        character: b'+',
        guard: Duration::from_millis(20),
    };
    rig.mode(
        0,
        until(Ends {
            escape: Some(escape),
            ..Ends::default()
        }),
    );
    assert_eq!(rig.port.rest(), Some(Duration::from_millis(1)));
}

#[test]
fn a_mode_that_still_waits_when_its_daemon_dies_holds_for_the_next() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.host(b"AT+B\rabc");
    rig.flowing = false;
    rig.write("CONNECT\r");
    let faster = LineSettings {
        speed: 460_800,
        ..LineSettings::default()
    };
    rig.send(Flags::default(), &ToHelper::Configure(faster));
    rig.answer(length(5));
    let claimed = rig.restart(1);
    let in_data = Claimed {
        in_data: true,
        count: 3,
        ..again(Owed::Data)
    };
    assert_eq!(claimed, in_data);
    rig.host(b"deAT\r");
    assert_eq!(rig.events().last(), Some(&Event::End(Cause::Length, 5)));
}

#[test]
fn data_that_is_asked_of_nobody_ends_at_once() {
    let mut gone = Rig::new("/dev/ttyUSB0");
    gone.host(b"AT+B\r");
    gone.hangup();
    gone.answer(length(5));
    let end = |cause| Event::End(cause, 0);
    assert_eq!(gone.events()[1..], [Event::Hangup, end(Cause::Hangup)]);

    for dtr in [false, true] {
        let mut pty = Rig::new("pty:panel");
        pty.host(b"AT+B\r");
        pty.circuits(false);
        pty.answer(until(Ends {
            dtr,
            length: Some(5),
            ..Ends::default()
        }));
        pty.circuits(true);
        assert_eq!(pty.events().contains(&end(Cause::Dtr)), dtr);
    }
}

#[test]
fn the_next_daemon_is_told_as_well_that_output_stands_still() {
    let mut rig = Rig::new("/dev/ttyS0");
    rig.flowing = false;
    rig.write("OK\r");
    rig.wait(30_000);
    assert_eq!(rig.events(), [Event::Stopped(true)]);
    rig.restart(1);
    rig.wait(1);
    assert_eq!(rig.events(), [Event::Stopped(true)]);
}
