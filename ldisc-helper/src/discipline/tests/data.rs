use super::*;

fn escape() -> Option<Escape> {
    Some(Escape {
        character: b'+',
        guard: Duration::from_millis(1000),
    })
}

fn seconds(n: u64) -> Option<Duration> {
    Some(Duration::from_secs(n))
}

#[test]
fn length_ends_after_so_many_bytes() {
    let mut rig = Rig::data(Ends {
        length: Some(5),
        ..Ends::default()
    });
    assert_eq!(rig.read(b"abc"), 3);
    assert_eq!(rig.read(b"defg"), 2);
    assert_eq!(rig.found(), [data("abcde"), Found::End(Cause::Length, 5)]);
}

#[test]
fn no_length_ends_at_once() {
    let mut rig = Rig::data(Ends {
        length: Some(0),
        ..Ends::default()
    });
    assert_eq!(rig.read(b"abc"), 0);
    assert_eq!(rig.found(), [Found::End(Cause::Length, 0)]);
}

#[test]
fn held_bytes_count_for_the_length() {
    let mut rig = Rig::data(Ends {
        length: Some(5),
        escape: escape(),
        ..Ends::default()
    });
    rig.read(b"ab");
    rig.wait(1000);
    rig.read(b"++");
    assert_eq!(rig.found(), [data("ab")]);
    rig.read(b"+");
    assert_eq!(rig.found(), [data("+++"), Found::End(Cause::Length, 5)]);
}

#[test]
fn the_deadline_counts_from_the_prompt_whatever_comes() {
    let mut rig = Rig::data(Ends {
        deadline: seconds(90),
        ..Ends::default()
    });
    for _ in 0..89 {
        rig.wait(1000);
        rig.read(b"x");
    }
    rig.wait(999);
    assert!(!rig.discipline.is_stopped());
    rig.wait(1);
    let end = Found::End(Cause::Deadline, 89);
    assert_eq!(rig.found().last(), Some(&end));
}

#[test]
fn no_clock_runs_before_the_prompt_has_drained() {
    let ends = Ends {
        deadline: seconds(10),
        idle: seconds(5),
        ..Ends::default()
    };
    let mut rig = Rig::new(Mode::Data(Data {
        ends: Ends::default(),
        ..Data::default()
    }));
    rig.mode(Mode::Data(Data {
        ends,
        ..Data::default()
    }));
    rig.wait(60_000);
    assert_eq!(rig.found(), []);
    rig.discipline.drained(Time::from_millis(rig.now));
    rig.wait(4999);
    assert_eq!(rig.found(), []);
    rig.wait(1);
    assert_eq!(rig.found(), [Found::End(Cause::Idle, 0)]);
}

#[test]
fn idle_counts_from_the_last_byte() {
    let mut rig = Rig::data(Ends {
        idle: seconds(5),
        ..Ends::default()
    });
    rig.wait(4999);
    rig.read(b"a");
    rig.wait(4999);
    rig.read(b"b");
    rig.wait(4999);
    assert_eq!(rig.found(), [data("ab")]);
    rig.wait(1);
    assert_eq!(rig.found(), [Found::End(Cause::Idle, 2)]);
}

#[test]
fn idle_counts_from_the_look_that_found_the_byte() {
    let mut rig = Rig::data(Ends {
        idle: seconds(5),
        ..Ends::default()
    });
    rig.read(b"a");
    rig.stall(20_000);
    assert_eq!(rig.found(), [data("a")]);
    rig.read(b"b");
    rig.wait(4999);
    assert_eq!(rig.found(), [data("b")]);
    rig.wait(1);
    assert_eq!(rig.found(), [Found::End(Cause::Idle, 2)]);
}

#[test]
fn the_deadline_takes_what_a_last_look_finds() {
    let mut rig = Rig::data(Ends {
        deadline: seconds(10),
        ..Ends::default()
    });
    rig.stall(12_000);
    assert_eq!(rig.found(), []);
    rig.read(b"late");
    let found = [data("late"), Found::End(Cause::Deadline, 4)];
    assert_eq!(rig.found(), found);
}

#[test]
fn the_first_end_wins_even_when_all_are_seen_late() {
    let ends = Ends {
        deadline: Some(Duration::from_millis(2500)),
        idle: seconds(2),
        escape: escape(),
        ..Ends::default()
    };
    let mut rig = Rig::data(ends.clone());
    rig.wait(1000);
    rig.read(b"+++");
    rig.stall(60_000);
    rig.look();
    assert_eq!(rig.found(), [Found::End(Cause::Escape, 0)]);

    let mut rig = Rig::data(ends);
    rig.wait(1600);
    rig.read(b"+++");
    rig.stall(60_000);
    rig.look();
    let found = [data("+++"), Found::End(Cause::Deadline, 3)];
    assert_eq!(rig.found(), found);
}

#[test]
fn carrier_loss_while_bytes_are_held_is_carrier_loss() {
    let mut rig = Rig::data(Ends {
        escape: escape(),
        ..Ends::default()
    });
    rig.wait(1000);
    rig.read(b"+++");
    rig.wait(999);
    let now = Time::from_millis(rig.now);
    rig.discipline.hangup(now, &mut rig.log);
    assert_eq!(rig.found(), [data("+++"), Found::End(Cause::Hangup, 3)]);
}

#[test]
fn what_is_discarded_is_counted_and_ends_all_the_same() {
    let mut rig = Rig::new(Mode::Data(Data {
        ends: Ends {
            length: Some(3),
            ..Ends::default()
        },
        echo: Echo::None,
        discard: true,
    }));
    assert_eq!(rig.read(b"abcd"), 3);
    assert_eq!(rig.found(), [Found::End(Cause::Length, 3)]);
}

#[test]
fn echo_is_what_was_delivered() {
    for (echo, wire) in [(Echo::All, "a+++"), (Echo::None, ""), (Echo::End, "")] {
        let mut rig = Rig::new(Mode::Data(Data {
            ends: Ends {
                length: Some(4),
                escape: escape(),
                ..Ends::default()
            },
            echo,
            discard: false,
        }));
        rig.read(b"a");
        rig.wait(1000);
        rig.read(b"+++");
        assert_eq!(rig.echo(), wire);
    }
}

#[test]
fn a_change_of_mode_delivers_what_was_held() {
    let mut rig = Rig::data(Ends {
        escape: escape(),
        ..Ends::default()
    });
    rig.wait(1000);
    rig.read(b"++");
    rig.mode(Mode::Raw(Raw::default()));
    assert_eq!(rig.found(), [data("++")]);
}

#[test]
fn a_quiet_port_is_left_alone() {
    let mut rig = Rig::data(Ends {
        escape: escape(),
        length: Some(1000),
        dtr: true,
        ..Ends::default()
    });
    rig.read(b"abc");
    rig.wait(1000);
    assert_eq!(rig.discipline.next_deadline(), None);
}
