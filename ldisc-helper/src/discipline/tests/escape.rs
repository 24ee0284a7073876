//! The rules of the escape, each at its edge. The guard is one second.

use super::*;

const GUARD: u64 = 1000;

fn with(character: u8) -> Rig {
    Rig::data(Ends {
        escape: Some(Escape {
            character,
            guard: Duration::from_millis(GUARD),
        }),
        ..Ends::default()
    })
}

fn rig() -> Rig {
    with(b'+')
}

/// Ended by the escape, after this payload.
fn escaped(rig: &mut Rig, payload: &str) {
    let mut found = vec![Found::End(Cause::Escape, payload.len() as u64)];
    if !payload.is_empty() {
        found.insert(0, data(payload));
    }
    assert_eq!(rig.found(), found);
}

/// Not ended; this payload has been delivered by now.
fn payload(rig: &mut Rig, payload: &str) {
    assert_eq!(rig.found(), [data(payload)]);
    assert!(!rig.discipline.is_stopped());
}

#[test]
fn rule_1_silence_before() {
    let mut short = rig();
    short.read(b"x");
    short.wait(GUARD - 1);
    short.read(b"+++");
    short.wait(10 * GUARD);
    payload(&mut short, "x+++");
    for long in [GUARD, GUARD + 1] {
        let mut long_enough = rig();
        long_enough.read(b"x");
        long_enough.wait(long);
        long_enough.read(b"+++");
        long_enough.wait(GUARD);
        escaped(&mut long_enough, "x");
    }
}

#[test]
fn rule_1_counts_from_the_start_of_data_mode() {
    for (before, ends) in [(GUARD - 1, false), (GUARD, true), (GUARD + 1, true)] {
        let mut rig = rig();
        rig.wait(before);
        rig.read(b"+++");
        rig.wait(GUARD);
        assert_eq!(rig.discipline.is_stopped(), ends);
    }
}

#[test]
fn rule_2_exactly_three() {
    for (text, ends) in [("+", false), ("++", false), ("+++", true), ("++++", false)] {
        let mut rig = rig();
        rig.wait(GUARD);
        for byte in text.bytes() {
            rig.wait(1);
            rig.read(&[byte]);
        }
        rig.wait(GUARD);
        match ends {
            true => escaped(&mut rig, ""),
            false => payload(&mut rig, text),
        }
    }
}

#[test]
fn rule_3_gaps_shorter_than_the_guard() {
    for gap in 0..2 {
        let mut near = rig();
        let mut wide = rig();
        for index in 0..3 {
            let slow = index == gap + 1;
            near.wait(if slow {
                GUARD - 1
            } else {
                GUARD * u64::from(index == 0)
            });
            near.read(b"+");
            wide.wait(if slow || index == 0 { GUARD } else { 0 });
            wide.read(b"+");
        }
        near.wait(GUARD);
        escaped(&mut near, "");
        wide.wait(GUARD);
        payload(&mut wide, "+++");
    }
}

#[test]
fn rule_3_what_a_gap_parts_may_begin_anew() {
    let mut rig = rig();
    rig.wait(GUARD);
    rig.read(b"++");
    rig.wait(GUARD);
    payload(&mut rig, "++");
    rig.read(b"+++");
    rig.wait(GUARD);
    assert_eq!(rig.found(), [Found::End(Cause::Escape, 2)]);
}

#[test]
fn rule_4_silence_after() {
    let mut rig = rig();
    rig.wait(GUARD);
    rig.read(b"+++");
    rig.wait(GUARD - 1);
    assert_eq!(rig.found(), []);
    rig.wait(1);
    escaped(&mut rig, "");

    for (pause, ends) in [(GUARD - 1, false), (GUARD, true)] {
        let mut rig = with(b'+');
        rig.wait(GUARD);
        rig.read(b"+++");
        rig.wait(pause);
        rig.read(b"x");
        assert_eq!(rig.discipline.is_stopped(), ends);
    }
}

#[test]
fn rule_5_anything_else_makes_them_data() {
    for text in [
        "x+++", "+++x", "+x++", "++x+", "++++", "+++\r", "++", "+++++++",
    ] {
        for whole in [true, false] {
            let mut rig = rig();
            rig.wait(GUARD);
            let size = if whole { text.len() } else { 1 };
            for read in text.as_bytes().chunks(size) {
                rig.read(read);
            }
            rig.wait(GUARD);
            payload(&mut rig, text);
        }
    }
}

#[test]
fn rule_6_in_order_none_lost_none_twice() {
    let mut rig = rig();
    rig.wait(GUARD);
    rig.read(b"+");
    rig.read(b"++");
    rig.read(b"abc");
    rig.wait(GUARD);
    rig.read(b"++");
    rig.wait(GUARD);
    rig.read(b"+");
    rig.wait(GUARD);
    payload(&mut rig, "+++abc+++");
    assert_eq!(rig.discipline.count(), 9);
}

#[test]
fn rule_7_above_127_there_is_none() {
    for (character, ends) in [(0, true), (127, true), (128, false), (255, false)] {
        let mut rig = with(character);
        rig.wait(GUARD);
        rig.read(&[character; 3]);
        rig.wait(10 * GUARD);
        assert_eq!(rig.discipline.is_stopped(), ends, "{character}");
    }
}

#[test]
fn rule_8_the_guard_is_s12() {
    for s12 in [1, 10, 50, 250] {
        let guard = s12 * 20;
        let mut rig = Rig::data(Ends {
            escape: Some(Escape {
                character: b'+',
                guard: Duration::from_millis(guard),
            }),
            ..Ends::default()
        });
        rig.wait(guard - 1);
        rig.read(b"+++");
        rig.wait(guard);
        payload(&mut rig, "+++");
        rig.read(b"+++");
        rig.wait(guard - 1);
        assert!(!rig.discipline.is_stopped());
        rig.wait(1);
        assert!(rig.discipline.is_stopped());
    }
}

#[test]
fn rule_8_no_guard_is_no_escape() {
    let mut rig = Rig::data(Ends {
        escape: Some(Escape {
            character: b'+',
            guard: Duration::ZERO,
        }),
        ..Ends::default()
    });
    rig.wait(GUARD);
    rig.read(b"+++");
    rig.wait(GUARD);
    payload(&mut rig, "+++");
}

// Rule 9, carrier loss while bytes are held, is with the other ends.

#[test]
fn the_parity_bit_is_ignored_and_kept() {
    for (text, ends) in [(&b"\xAB+\xAB"[..], true), (b"\xAB+\xABx", false)] {
        let mut rig = rig();
        rig.discipline.set_line(true, Duration::ZERO);
        rig.wait(GUARD);
        rig.read(text);
        rig.wait(GUARD);
        assert_eq!(rig.discipline.is_stopped(), ends);
        if !ends {
            assert_eq!(rig.found(), [Found::Data(text.to_vec())]);
        }
    }
}

#[test]
fn silence_that_nobody_saw_is_none_before() {
    let mut rig = rig();
    rig.read(b"x");
    rig.stall(5 * GUARD);
    rig.read(b"+++");
    rig.wait(5 * GUARD);
    payload(&mut rig, "x+++");
}

#[test]
fn silence_that_nobody_saw_is_none_in_a_gap() {
    let mut rig = rig();
    rig.wait(GUARD);
    rig.read(b"+");
    rig.stall(5 * GUARD);
    rig.read(b"++");
    rig.wait(GUARD - 1);
    assert_eq!(rig.found(), []);
    rig.wait(1);
    escaped(&mut rig, "");
}

#[test]
fn silence_that_nobody_saw_is_none_after() {
    let mut rig = rig();
    rig.wait(GUARD);
    rig.read(b"+++");
    rig.stall(5 * GUARD);
    assert_eq!(rig.found(), []);
    rig.read(b"x");
    payload(&mut rig, "+++x");

    rig.wait(GUARD);
    rig.read(b"+++");
    rig.stall(5 * GUARD);
    rig.look();
    assert_eq!(rig.found(), [Found::End(Cause::Escape, 4)]);
}

#[test]
fn a_look_too_early_proves_too_little() {
    let mut rig = rig();
    rig.read(b"x");
    rig.stall(GUARD - 1);
    rig.look();
    rig.stall(2);
    rig.read(b"+++");
    rig.wait(GUARD);
    payload(&mut rig, "x+++");
}

/// 4095 bytes, `+++`, 4000 bytes of one payload, however it is read, with a pause of 1.1 s between any two
/// reads because the port could not be looked at.
#[test]
fn back_pressure_makes_no_escape_of_payload() {
    let text = [&[b'a'; 4095][..], b"+++", &[b'b'; 4000]].concat();
    let cuts: [&[usize]; 8] = [
        &[4095, 4098],
        &[4095, 4096, 4097, 4098],
        &[4095, 4096, 4098],
        &[4094, 4095, 4098, 4099],
        &[1, 4095, 4098],
        &[4096],
        &[4098],
        &[],
    ];
    for cuts in cuts {
        for prompt_pause in [0, 1100] {
            let mut rig = rig();
            rig.stall(prompt_pause);
            let mut from = 0;
            for to in cuts.iter().copied().chain([text.len()]) {
                rig.read(&text[from..to]);
                rig.stall(1100);
                from = to;
            }
            rig.look();
            rig.wait(10 * GUARD);
            assert_eq!(rig.found(), [Found::Data(text.clone())]);
            assert!(!rig.discipline.is_stopped());
        }
    }
}
