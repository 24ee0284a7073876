use super::*;
use crate::discipline::{Command, Data, Echo, Ends, Escape, InBand, Keys, Raw, Wait};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn header() -> impl Strategy<Value = Header> {
    (any::<u32>(), any::<[bool; 3]>()).prop_map(|(sequence, [ack, urc, result])| Header {
        sequence,
        flags: Flags {
            ack,
            urc,
            result,
            prompt: false,
        },
    })
}

fn duration() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_nanos)
}

fn silence() -> impl Strategy<Value = Duration> {
    (1..=60_000_000_000_u64).prop_map(Duration::from_nanos)
}

fn line() -> impl Strategy<Value = LineSettings> {
    (
        1..=u32::MAX,
        7..=8_u8,
        select(&[Parity::None, Parity::Odd, Parity::Even][..]),
        1..=2_u8,
        select(&[Flow::None, Flow::RtsCts, Flow::XonXoff][..]),
    )
        .prop_map(|(speed, data_bits, parity, stop_bits, flow)| LineSettings {
            speed,
            data_bits,
            parity,
            stop_bits,
            flow,
        })
}

fn circuits() -> impl Strategy<Value = Circuits> {
    any::<[bool; 3]>().prop_map(|[ready, carrier, ring]| Circuits {
        ready,
        carrier,
        ring,
    })
}

fn keys() -> impl Strategy<Value = Keys> {
    prop_oneof![
        Just(Keys::None),
        Just(Keys::Any),
        any::<[u8; 4]>().prop_map(Keys::Of),
    ]
}

fn ends() -> impl Strategy<Value = Ends> {
    let escape =
        (any::<u8>(), silence()).prop_map(|(character, guard)| Escape { character, guard });
    let in_band = select(&[
        InBand::CtrlZ { cancel: false },
        InBand::CtrlZ { cancel: true },
        InBand::CtrlZStuffed,
    ]);
    (
        option::of(any::<u64>()),
        option::of(duration()),
        option::of(duration()),
        option::of(escape),
        option::of(in_band),
        any::<bool>(),
    )
        .prop_map(|(length, deadline, idle, escape, in_band, dtr)| Ends {
            length,
            deadline,
            idle,
            escape,
            in_band,
            dtr,
        })
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        (
            any::<[bool; 2]>(),
            0..128_u8,
            0..128_u8,
            0..=32_766_u16,
            keys()
        )
            .prop_map(|([echo, line_feed], s3, s5, max_line, keys)| Mode::Command(
                Command {
                    echo,
                    s3,
                    line_feed,
                    s5,
                    max_line,
                    keys
                }
            )),
        keys().prop_map(|keys| Mode::Wait(Wait { keys })),
        (
            ends(),
            select(&[Echo::None, Echo::All, Echo::End][..]),
            any::<bool>()
        )
            .prop_map(|(ends, echo, discard)| Mode::Data(Data {
                ends,
                echo,
                discard
            })),
        any::<bool>().prop_map(|gather| Mode::Raw(Raw { gather })),
    ]
}

fn there_and_back(header: Header, record: &ToHelper<'_>) -> Vec<u8> {
    let mut packet = b"left over".to_vec();
    record.encode(header, &mut packet);
    assert_eq!(ToHelper::decode(&packet), Ok((header, record.clone())));
    packet
}

fn back_and_there(header: Header, record: &FromHelper<'_>) -> Vec<u8> {
    let mut packet = b"left over".to_vec();
    record.encode(header, &mut packet);
    assert_eq!(FromHelper::decode(&packet), Ok((header, record.clone())));
    packet
}

proptest! {
    #[test]
    fn to_the_helper_and_back(
        header in header(), line in line(), circuits in circuits(), mode in mode(),
        answers: u32, bytes in vec(any::<u8>(), 0..200), length in silence(), character: u8,
        device in "[^\0]{1,40}", role in select(&[Role::Dce, Role::Dte][..]),
        dtr in select(&[DtrInput::None, DtrInput::Dsr, DtrInput::Dcd][..]), carrier: bool,
    ) {
        let claim = Claim {
            version: VERSION, device: &device, line, role, wiring: Wiring { dtr, carrier },
        };
        for record in [
            ToHelper::Claim(claim),
            ToHelper::Mode { answers, mode },
            ToHelper::Write(&bytes),
            ToHelper::Flush,
            ToHelper::Hold(dtr == DtrInput::None),
            ToHelper::Configure(line),
            ToHelper::SetCircuits(circuits),
            ToHelper::Drain,
            ToHelper::Break(length),
            ToHelper::SendEscape { character, guard: length },
            ToHelper::Release,
        ] {
            let packet = there_and_back(header, &record);
            prop_assert_eq!(FromHelper::decode(&packet), Err(Malformed::Kind(packet[0])));
            if !matches!(record, ToHelper::Write(_) | ToHelper::Claim(_)) {
                let cut = ToHelper::decode(&packet[..packet.len() - 1]);
                prop_assert!(matches!(cut, Err(Malformed::Short(_))), "{:?}", cut);
                let longer = [&packet[..], b"x"].concat();
                prop_assert_eq!(ToHelper::decode(&longer), Err(Malformed::Trailing(1)));
            }
        }
    }

    #[test]
    fn from_the_helper_and_back(
        header in header(), circuits in circuits(), kept: bool, in_data: bool, count: u64,
        owed in select(&[Owed::Nothing, Owed::Line, Owed::Data][..]), unanswered: u32,
        why in select(&[Refusal::NotAllowed, Refusal::Busy, Refusal::Absent, Refusal::Settings,
            Refusal::Protocol, Refusal::Taken][..]),
        cause in select(&[Cause::Length, Cause::Deadline, Cause::Idle, Cause::Escape, Cause::CtrlZ,
            Cause::Cancelled, Cause::Dtr, Cause::Hangup][..]),
        text in ".{0,40}", bytes in vec(any::<u8>(), 0..200), key: u8, time: u64,
        failed in prop_oneof![Just(None), Just(Some(Failure::TimedOut)), Just(Some(Failure::Gone)),
            any::<i32>().prop_map(|errno| Some(Failure::Device(errno)))],
    ) {
        let at = Time(time);
        for record in [
            FromHelper::Claimed(Claimed { kept, in_data, count, owed, unanswered, circuits }),
            FromHelper::Refused { why, text: &text },
            FromHelper::CommandLine { line: &bytes, too_long: kept },
            FromHelper::Key(key),
            FromHelper::Data { at, bytes: &bytes },
            FromHelper::End { cause, count },
            FromHelper::Circuits(circuits),
            FromHelper::Overrun,
            FromHelper::Hangup,
            FromHelper::Done { of: unanswered, dropped: count, failed },
            FromHelper::OutputStopped(kept),
        ] {
            let packet = back_and_there(header, &record);
            prop_assert_eq!(ToHelper::decode(&packet), Err(Malformed::Kind(packet[0])));
        }
        let head = FromHelper::data_head(header, at);
        let whole = back_and_there(header, &FromHelper::Data { at, bytes: &bytes });
        prop_assert_eq!([&head[..], &bytes].concat(), whole);
    }

    #[test]
    fn no_packet_is_too_strange(packet in vec(any::<u8>(), 0..64), kind in 0..32_u8) {
        let mut packet = packet;
        if let Some(first) = packet.first_mut() {
            *first = (kind % 16) | ((kind / 16) << 7);
        }
        crate::fuzzing::fuzz_records(&packet);
    }
}

/// `packet` with the byte at `place` (counted from the payload) set to `value`.
fn spoilt(record: &ToHelper<'_>, place: usize, value: u8) -> Result<Header, Malformed> {
    let mut packet = Vec::new();
    record.encode(Header::default(), &mut packet);
    packet[codec::HEADER + place] = value;
    ToHelper::decode(&packet).map(|(header, _)| header)
}

#[test]
fn values_out_of_range_are_named() {
    let command = ToHelper::Mode {
        answers: 0,
        mode: Mode::Command(Command {
            echo: true,
            s3: 13,
            line_feed: false,
            s5: 8,
            max_line: 100,
            keys: Keys::None,
        }),
    };
    let wrong = |field, value| Err(Malformed::Value { field, value });
    assert_eq!(spoilt(&command, 4, 9), wrong("mode", 9));
    assert_eq!(spoilt(&command, 5, 2), wrong("echo", 2));
    assert_eq!(spoilt(&command, 6, 128), wrong("S3", 128));
    assert_eq!(spoilt(&command, 7, 2), wrong("LF", 2));
    assert_eq!(spoilt(&command, 8, 255), wrong("S5", 255));
    assert_eq!(spoilt(&command, 11, 3), wrong("keys", 3));

    let configure = ToHelper::Configure(LineSettings {
        speed: 1,
        ..LineSettings::default()
    });
    assert_eq!(spoilt(&configure, 0, 0), wrong("speed", 0));
    assert_eq!(spoilt(&configure, 4, 6), wrong("data bits", 6));
    assert_eq!(spoilt(&configure, 5, 3), wrong("parity", 3));
    assert_eq!(spoilt(&configure, 6, 0), wrong("stop bits", 0));
    assert_eq!(spoilt(&configure, 7, 3), wrong("flow control", 3));
}

#[test]
fn only_a_write_that_pays_nothing_and_was_asked_for_is_a_prompt() {
    let prompt = Flags {
        prompt: true,
        ..Flags::default()
    };
    let header = |flags| Header { sequence: 7, flags };
    let write = ToHelper::Write(b"CONNECT\r\n");
    there_and_back(header(prompt), &write);
    there_and_back(
        header(Flags {
            ack: true,
            ..prompt
        }),
        &write,
    );

    let refused = |packet: &[u8]| {
        let refused = Malformed::Value {
            field: "flags",
            value: packet[1].into(),
        };
        ToHelper::decode(packet) == Err(refused) || FromHelper::decode(packet) == Err(refused)
    };
    let mut packet = Vec::new();
    for flags in [
        Flags {
            urc: true,
            ..prompt
        },
        Flags {
            result: true,
            ..prompt
        },
    ] {
        write.encode(header(flags), &mut packet);
        assert!(refused(&packet), "{flags:?}");
    }
    for record in [ToHelper::Flush, ToHelper::Drain, ToHelper::Release] {
        record.encode(header(prompt), &mut packet);
        assert!(refused(&packet), "{record:?}");
    }
    for record in [FromHelper::Hangup, FromHelper::Key(3)] {
        record.encode(header(prompt), &mut packet);
        assert!(refused(&packet), "{record:?}");
    }
}

#[test]
fn a_guard_of_zero_is_refused() {
    let ends = Ends {
        escape: Some(Escape {
            character: b'+',
            guard: Duration::ZERO,
        }),
        ..Ends::default()
    };
    let mode = Mode::Data(Data {
        ends,
        ..Data::default()
    });
    let mut packet = Vec::new();
    ToHelper::Mode { answers: 0, mode }.encode(Header::default(), &mut packet);
    let refused = Malformed::Value {
        field: "guard",
        value: 0,
    };
    assert_eq!(ToHelper::decode(&packet), Err(refused));
}

#[test]
fn what_is_too_long_is_refused() {
    let mut packet = Vec::new();
    let bytes = vec![0; MAX_PAYLOAD + 1];
    ToHelper::Write(&bytes).encode(Header::default(), &mut packet);
    assert!(ToHelper::decode(&packet).is_err());
    ToHelper::Write(&bytes[1..]).encode(Header::default(), &mut packet);
    assert!(ToHelper::decode(&packet).is_ok());
    let too_long = MAX_SILENCE + Duration::from_nanos(1);
    ToHelper::Break(too_long).encode(Header::default(), &mut packet);
    assert!(ToHelper::decode(&packet).is_err());
}

#[test]
fn another_version_is_told_before_the_rest_is_read() {
    let mut packet = vec![codec::kind::CLAIM, 0, 1, 0, 0, 0];
    packet.extend_from_slice(&(VERSION + 1).to_le_bytes());
    let refused = Err(Malformed::Version(VERSION + 1));
    assert_eq!(ToHelper::decode(&packet), refused);
}

#[test]
fn a_device_is_a_path_without_nul() {
    for device in ["", "/dev/tty\0S0"] {
        let claim = Claim {
            version: VERSION,
            device,
            line: LineSettings::default(),
            role: Role::Dce,
            wiring: Wiring::default(),
        };
        let mut packet = Vec::new();
        ToHelper::Claim(claim).encode(Header::default(), &mut packet);
        assert_eq!(ToHelper::decode(&packet), Err(Malformed::Text("device")));
    }
}
