//! HTTP (manual, chapter HTTP): the equipment writes the request, the module passes both ways.

use super::stream::{piece, stuffed};
use super::told::{self, Phase};
use super::{SERVER_PATIENCE, network};
use crate::at::ResultCode;
use crate::dialect::row::{Parameter, Row, Test, Write};
use crate::dialect::simcom::names::CHTTPACT;
use crate::emulator::{
    Call, Client, Collected, DataMode, Done, Host, Into, Op, Outcome, Refusal, Run, Tally,
};
use crate::service::{Server, Tls};
use hayes_ldisc::discipline::Cause;

const NETWORK_ERROR: u16 = 227;
const TIMEOUT: u16 = 223;
const BROKEN_OFF: u16 = 224;

pub(super) const ROWS: &[Row] = &[Row {
    parameters: &[
        Parameter::text("ADDRESS", 1, 128),
        Parameter::number("port", &[(1, 65535)], 80),
    ],
    test: Test::Text("\"ADDRESS\",(1-65535)"),
    write: Write::Act(connect),
    invalid: Refusal::Cme(226),
    ..Row::named(CHTTPACT)
}];

fn cme(code: u16) -> Outcome {
    Outcome::Refused(Refusal::Cme(code))
}

fn code(done: Done, phase: Phase) -> u16 {
    match done {
        Done::Refused(error) | Done::Lost(error) => told::of_http(&error, phase),
        _ => 220,
    }
}

/// `AT+CHTTPACT="<address>",<port>`.
fn connect(run: &mut Run<'_>, call: &Call) -> Outcome {
    *run.tally() = Tally::default();
    let host = call.text(0).and_then(|host| String::from_utf8(host).ok());
    let port = call.number(1).and_then(|port| u16::try_from(port).ok());
    let (Some(host), Some(port)) = (host, port) else {
        return cme(226);
    };
    if !network::is_attached(run) {
        return cme(NETWORK_ERROR);
    }
    run.if_interrupted("", Some(Refusal::Cme(NETWORK_ERROR)));
    let tls = Tls::None;
    let host = Host {
        server: Server { host, port, tls },
        patience: SERVER_PATIENCE,
    };
    Outcome::Wait(Op::Connect(Box::new(host)), connected)
}

fn connected(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Fine = done else {
        return cme(code(done, Phase::Opening));
    };
    run.say(format!("{CHTTPACT}: REQUEST"));
    Outcome::Data(Box::new(DataMode {
        ends: stuffed(run),
        into: Into::Peer(Client::Socket),
        echo: run.echo(),
        then: asked,
    }))
}

fn asked(_: &mut Run<'_>, _: &Call, collected: &Collected) -> Outcome {
    match collected.cause {
        Cause::CtrlZ => Outcome::Wait(Op::Settle(Client::Socket), settled),
        Cause::Idle => cme(TIMEOUT),
        _ => cme(BROKEN_OFF),
    }
}

fn settled(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Fine = done else {
        return cme(code(done, Phase::Moving));
    };
    // 16-A12.
    run.say_result(ResultCode::Ok);
    run.if_interrupted(format!("{CHTTPACT}: {NETWORK_ERROR}"), None);
    pull(run)
}

fn pull(run: &Run<'_>) -> Outcome {
    Outcome::Wait(Op::Pull(Client::Socket, piece(run)), pulled)
}

fn pulled(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Bytes(mut bytes) if !bytes.is_empty() => {
            if run.quirk(&super::LOWERCASE_HTTP_HEADERS) == 1 {
                // The sum says where in the header we are.
                let tally = run.tally();
                tally.sum = lower_header(tally.sum, &mut bytes);
            }
            super::blocks(run, CHTTPACT, &bytes);
            return pull(run);
        }
        Done::Bytes(_) => run.say(format!("{CHTTPACT}: 0")),
        done => {
            let code = code(done, Phase::Moving);
            run.say(format!("{CHTTPACT}: {code}"));
        }
    }
    Outcome::Said
}

/// Where in a header: in its status line before the status, at its first digit, or behind it.
const BEFORE: u16 = 0;
const AT: u16 = 1;
const FINAL: u16 = 2;
/// Behind the status of a header that another follows (RFC 9110 section 15.2: 1xx).
const INTERIM: u16 = 3;

/// Puts headers into lower case, as the real firmware does, up to the empty line of the last; `state` is 0 at
/// first, then what was given back.
fn lower_header(state: u16, bytes: &mut [u8]) -> u16 {
    // Line ends in a row: two of them end a header.
    let (mut ends, mut place) = (state & 3, state >> 2);
    for byte in bytes {
        if ends == 2 && place == INTERIM {
            (ends, place) = (0, BEFORE);
        }
        match *byte {
            _ if ends == 2 => break,
            b'\n' => ends += 1,
            b'\r' => {}
            other => {
                ends = 0;
                place = match (place, other) {
                    (BEFORE, b' ') => AT,
                    (AT, b'1') => INTERIM,
                    (AT, _) => FINAL,
                    (place, _) => place,
                };
                byte.make_ascii_lowercase();
            }
        }
    }
    ends | place << 2
}

#[cfg(test)]
mod tests {
    use super::lower_header;

    #[test]
    fn only_the_header_is_put_into_lower_case() {
        let response = "HTTP/1.1 200 OK\r\nServer: NGINX\r\n\r\n2E\r\nBody\r\n\r\nX: Y";
        let lowered = "http/1.1 200 ok\r\nserver: nginx\r\n\r\n2E\r\nBody\r\n\r\nX: Y";
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        for before in ["", interim, "HTTP/1.1 103 Early\r\nLink: A\r\n\r\n"] {
            let response = [before, response].concat();
            let lowered = [&before.to_ascii_lowercase(), lowered].concat();
            for at in 0..response.len() {
                let mut bytes = response.clone().into_bytes();
                let (first, second) = bytes.split_at_mut(at);
                let state = lower_header(0, first);
                lower_header(state, second);
                assert_eq!(String::from_utf8(bytes).unwrap(), lowered, "{at}");
            }
        }
    }
}
