use super::*;

const STUFFED: InBand = InBand::CtrlZStuffed;
const BODY: InBand = InBand::CtrlZ { cancel: true };

/// Payload and how it goes on the wire (SIMCom).
const VECTORS: [(&[u8], &[u8]); 6] = [
    (b"", b"\x1A"),
    (b"\x1A", b"\x03\x1A\x1A"),
    (b"\x03", b"\x03\x03\x1A"),
    (b"\x03\x1A", b"\x03\x03\x03\x1A\x1A"),
    (b"\x1A\x03", b"\x03\x1A\x03\x03\x1A"),
    (
        b"A\x1AB\x03C\x03\x1A",
        b"A\x03\x1AB\x03\x03C\x03\x03\x03\x1A\x1A",
    ),
];

fn with(in_band: InBand, echo: Echo) -> Mode {
    Mode::Data(Data {
        ends: Ends {
            in_band: Some(in_band),
            ..Ends::default()
        },
        echo,
        discard: false,
    })
}

/// What a data mode makes of this in one read, in two at any place, and byte by byte; and its echo.
fn read(mode: &Mode, wire: &[u8]) -> (Vec<Found>, Vec<u8>) {
    let run = |pieces: &[&[u8]]| {
        let mut rig = Rig::new(mode.clone());
        let taken: usize = pieces.iter().map(|piece| rig.read(piece)).sum();
        (rig.found(), core::mem::take(&mut rig.log.echo), taken)
    };
    let whole = run(&[wire]);
    for place in 0..=wire.len() {
        let (one, two) = wire.split_at(place);
        assert_eq!(run(&[one, two]), whole, "cut at {place}");
    }
    let bytes: Vec<_> = wire.chunks(1).collect();
    assert_eq!(run(&bytes), whole);
    (whole.0, whole.1)
}

fn ended(payload: &[u8], cause: Cause) -> Vec<Found> {
    let end = Found::End(cause, payload.len() as u64);
    match payload {
        [] => vec![end],
        _ => vec![Found::Data(payload.to_vec()), end],
    }
}

#[test]
fn the_vectors_both_ways() {
    for (payload, wire) in VECTORS {
        let mut coded = Vec::new();
        stuffing::encode(payload, &mut coded);
        coded.push(stuffing::END);
        assert_eq!(coded, wire);
        let expected = ended(payload, Cause::CtrlZ);
        assert_eq!(read(&with(STUFFED, Echo::None), wire).0, expected);
    }
}

#[test]
fn a_lead_before_any_other_byte_is_payload() {
    let mode = with(STUFFED, Echo::None);
    let found = ended(b"\x03A\x1B\x08\r\n\x11\x13\x03B", Cause::CtrlZ);
    let wire = b"\x03A\x1B\x08\r\n\x11\x13\x03B\x1A";
    assert_eq!(read(&mode, wire).0, found);
}

#[test]
fn what_follows_the_end_is_left_unread() {
    for (mode, end) in [(STUFFED, Cause::CtrlZ), (BODY, Cause::CtrlZ)] {
        let mut rig = Rig::new(with(mode, Echo::None));
        assert_eq!(rig.read(b"abc\x1A\r\nAT\r"), 4);
        assert_eq!(rig.found(), ended(b"abc", end));
        assert_eq!(rig.read(b"\r\n"), 0);
    }
}

#[test]
fn a_body_ends_by_ctrl_z_and_holds_all_else() {
    let mode = with(InBand::CtrlZ { cancel: false }, Echo::None);
    let found = ended(b"a\x08\x03\x03\r\n\x1Bb", Cause::CtrlZ);
    assert_eq!(read(&mode, b"a\x08\x03\x03\r\n\x1Bb\x1A").0, found);
}

#[test]
fn esc_cancels_where_asked() {
    let mode = with(BODY, Echo::None);
    assert_eq!(read(&mode, b"ab\x1B").0, ended(b"ab", Cause::Cancelled));
    assert_eq!(read(&mode, b"\x1B").0, ended(b"", Cause::Cancelled));
    let mut rig = Rig::new(mode);
    assert_eq!(rig.read(b"a\x1B\x1A"), 2);
    assert_eq!(rig.found(), ended(b"a", Cause::Cancelled));
}

#[test]
fn the_echo_is_what_was_typed() {
    let stuffed: &[u8] = b"a\x03\x1Ab\x03\x03\x03c";
    for (in_band, wire) in [(STUFFED, stuffed), (BODY, b"a\x08b")] {
        let ended = [wire, b"\x1A"].concat();
        assert_eq!(read(&with(in_band, Echo::All), &ended).1, wire);
        assert_eq!(read(&with(in_band, Echo::End), &ended).1, b"\x1A");
        assert_eq!(read(&with(in_band, Echo::None), &ended).1, b"");
    }
}

#[test]
fn what_is_discarded_is_echoed_and_counted() {
    let mut rig = Rig::new(Mode::Data(Data {
        ends: Ends {
            in_band: Some(STUFFED),
            ..Ends::default()
        },
        echo: Echo::All,
        discard: true,
    }));
    assert_eq!(rig.read(b"\x03\x1Aab\x1Ac"), 5);
    assert_eq!(rig.found(), [Found::End(Cause::CtrlZ, 3)]);
    assert_eq!(rig.log.echo, b"\x03\x1Aab");
}

/// A lead is held back; and then the data ends otherwise.
fn held_back(ends: Ends, end: impl Fn(&mut Rig)) -> Vec<Found> {
    let mut rig = Rig::data(Ends {
        in_band: Some(STUFFED),
        ..ends
    });
    rig.read(b"ab\x03");
    assert_eq!(rig.found(), [data("ab")]);
    end(&mut rig);
    rig.found()
}

#[test]
fn a_lead_held_back_is_payload_of_every_other_end() {
    let second = Some(Duration::from_secs(1));
    let payload = |cause| vec![data("\x03"), Found::End(cause, 3)];
    let idle = Ends {
        idle: second,
        ..Ends::default()
    };
    assert_eq!(held_back(idle, |rig| rig.wait(1000)), payload(Cause::Idle));
    let deadline = Ends {
        deadline: second,
        ..Ends::default()
    };
    let found = held_back(deadline, |rig| rig.wait(1000));
    assert_eq!(found, payload(Cause::Deadline));
    let dtr = Ends {
        dtr: true,
        ..Ends::default()
    };
    let drop_dtr = |rig: &mut Rig| {
        let now = rig.time();
        rig.discipline
            .ready(false, Duration::ZERO, now, &mut rig.log);
    };
    assert_eq!(held_back(dtr, drop_dtr), payload(Cause::Dtr));
    let hang_up = |rig: &mut Rig| {
        let now = rig.time();
        rig.discipline.hangup(now, &mut rig.log);
    };
    let found = held_back(Ends::default(), hang_up);
    assert_eq!(found, payload(Cause::Hangup));
    let found = held_back(Ends::default(), |rig| rig.mode(Mode::Raw(Raw::default())));
    assert_eq!(found, [data("\x03")]);
}

#[test]
fn an_escape_releases_the_lead_before_it_and_what_is_none_is_in_order() {
    let escape = Some(Escape {
        character: b'+',
        guard: Duration::from_secs(1),
    });
    let ends = Ends {
        escape,
        ..Ends::default()
    };
    let found = held_back(ends.clone(), |rig| {
        rig.wait(1000);
        rig.read(b"+++");
        rig.wait(1000);
    });
    assert_eq!(found, [data("\x03"), Found::End(Cause::Escape, 3)]);
    let found = held_back(ends.clone(), |rig| {
        rig.wait(1000);
        rig.read(b"++");
        rig.read(b"\x1A");
    });
    assert_eq!(found, [data("\x03++"), Found::End(Cause::CtrlZ, 5)]);
    let found = held_back(ends, |rig| {
        rig.wait(1000);
        rig.read(b"++");
        rig.wait(1000);
    });
    assert_eq!(found, [data("\x03++")]);
}

#[test]
fn a_byte_that_ends_data_is_no_escape_character() {
    for (in_band, character) in [(STUFFED, 0x1A), (STUFFED, 0x03), (BODY, 0x1B)] {
        let guard = Duration::from_millis(10);
        let mut rig = Rig::data(Ends {
            in_band: Some(in_band),
            escape: Some(Escape { character, guard }),
            ..Ends::default()
        });
        rig.wait(10);
        rig.read(&[character, b'x', 0x1A]);
        rig.wait(1000);
        let end = rig.found().pop();
        assert!(
            matches!(
                end,
                Some(Found::End(Cause::CtrlZ | Cause::Cancelled, 0 | 2))
            ),
            "{end:?}"
        );
    }
}

#[test]
fn a_length_counts_payload_not_what_it_is_coded_as() {
    for length in 1..=5_usize {
        let payload = &b"\x1Aa\x03\x03b"[..length];
        let mode = Mode::Data(Data {
            ends: Ends {
                length: Some(length as u64),
                in_band: Some(STUFFED),
                ..Ends::default()
            },
            ..Data::default()
        });
        let found = read(&mode, b"\x03\x1Aa\x03\x03\x03b!").0;
        // The second lead of "\x03b" is payload by itself.
        assert_eq!(found, ended(payload, Cause::Length));
    }
}

#[test]
fn a_parity_bit_hides_neither_lead_nor_end() {
    for (in_band, wire, payload) in [
        (STUFFED, &b"\xC1\x83\x9A\x9Ax"[..], &b"\xC1\x9A"[..]),
        (BODY, b"\xC1\x83\x9Ax", b"\xC1\x83"),
    ] {
        let mut rig = Rig::default();
        rig.discipline.set_line(true, Duration::ZERO);
        rig.mode(with(in_band, Echo::None));
        assert_eq!(rig.read(wire), wire.len() - 1);
        assert_eq!(rig.found(), ended(payload, Cause::CtrlZ));
    }
}

/// A data mode whose prompt has not begun to leave.
fn unasked(in_band: InBand) -> Rig {
    let mut rig = Rig::default();
    rig.mode(with(in_band, Echo::All));
    rig
}

#[test]
fn a_ctrl_z_that_was_there_before_the_prompt_ends_nothing() {
    let mut rig = unasked(STUFFED);
    assert_eq!(rig.read(b"\x1Aab\x1A"), 4);
    assert_eq!(rig.found(), ended(b"ab", Cause::CtrlZ));
    assert_eq!(rig.echo(), "ab");
    // The first of all bytes only, and one.
    let mut rig = unasked(STUFFED);
    rig.read(b"a\x1A");
    assert_eq!(rig.found(), ended(b"a", Cause::CtrlZ));
    let mut rig = unasked(STUFFED);
    rig.read(b"\x1A\x1A");
    assert_eq!(rig.found(), ended(b"", Cause::CtrlZ));
    // Once the prompt is out, it is meant.
    let mut rig = unasked(STUFFED);
    rig.discipline.prompt_out();
    rig.read(b"\x1A");
    assert_eq!(rig.found(), ended(b"", Cause::CtrlZ));
    // A body that is typed ahead may be empty.
    let mut rig = unasked(BODY);
    rig.read(b"\x1A");
    assert_eq!(rig.found(), ended(b"", Cause::CtrlZ));
}
