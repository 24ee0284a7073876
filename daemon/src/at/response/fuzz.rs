//! What a fuzzer feeds a driver's parser.

use super::{Announce, Urc};
use crate::modem::{Engine, Event, Expect, Prompt, Raw, Syntax};
use core::time::Duration;
use hayes_ldisc::time::Time;

const SYNTAX: Syntax = Syntax {
    urcs: &[Urc {
        name: "+CREG",
        shapes: &["n", "ns*"],
        distinct: true,
    }],
    announces: &[Announce {
        name: "+CFTPGET",
        keyword: "DATA",
    }],
    probe: "+CMEE?",
};

/// Feeds `data` to the engine as a module's bytes, cut and timed as its first bytes say, with commands
/// of every kind in flight. Returns how many bytes events carried, which is never more than came in.
pub fn fuzz_response(data: &[u8]) -> usize {
    let (plan, stream) = data.split_at(data.len().min(8));
    let mut engine = Engine::new(SYNTAX);
    let mut now = Time::default();
    let mut carried = 0;
    let mut tell = |event: Event<'_>| {
        carried += match event {
            Event::Info(bytes) | Event::Data(bytes) | Event::Urc(bytes) | Event::Late(bytes) => {
                bytes.len()
            }
            _ => 0,
        }
    };
    for (nth, piece) in stream
        .chunks(1 + plan.first().map_or(0, |n| usize::from(*n)))
        .enumerate()
    {
        let choice = plan.get(nth % 8).copied().unwrap_or(0);
        let expect = expectation(choice);
        if engine.start(b"AT+CREG?", expect, now).is_err() && choice & 0x40 != 0 {
            let _ = engine.start_out_of_step(b"AT+CREG?", expect.or_numeric(), now);
        }
        engine.received(piece, now, &mut tell);
        now = now + Duration::from_millis(u64::from(choice) * 8);
        engine.timer(now, &mut tell);
        if choice & 0x80 != 0 {
            engine.resync(now);
        }
        engine.payload_written(now);
        let _ = engine.take_output();
    }
    assert!(carried <= stream.len(), "events carry more than came in");
    carried
}

fn expectation(choice: u8) -> Expect {
    let mut expect = match choice % 4 {
        0 => Expect::result(),
        1 => Expect::line("+CREG", &["nn*"]),
        _ => Expect::any(),
    };
    expect.prompt = match choice / 4 % 4 {
        0 => Prompt::None,
        1 => Prompt::Connect,
        2 => Prompt::Bytes(b">>"),
        _ => Prompt::Line("+CFTPPUT: BEGIN"),
    };
    if choice & 0x10 != 0 {
        expect.raw = Raw::Connect(u64::from(choice));
    }
    expect
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_stream_upsets_the_parser(
            plan in any::<[u8; 8]>(),
            stream in proptest::collection::vec(
                prop::sample::select(vec![
                    "\r\nOK\r\n", "CONNECT 5\r\n", "+CREG: 1\r\n", "+CFTPGET: DATA,7\r\n", ">> ",
                    "+CMEE: 1\r\n", "\u{ff}\0", "AT+CREG?\r", "+CME ERROR: 3\r\n",
                ]), 0..30),
        ) {
            let mut data = plan.to_vec();
            data.extend(stream.concat().into_bytes());
            super::fuzz_response(&data);
        }
    }
}
