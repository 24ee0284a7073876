//! Files between server and equipment, over the line: `CFTPGET`, `CFTPLIST`, `CFTPPUT`.

use super::ftp::remote;
use super::told::{self, Phase};
use super::{PATIENCE, STUFF_RESPONSES, blocks, network};
use crate::at::ResultCode;
use crate::dialect::simcom::names::CFTPPUT;
use crate::emulator::{
    Call, Client, Collected, DataMode, Done, Into, Op, Outcome, Refusal, Remote, Run,
};
use hayes_ldisc::discipline::{Cause, Ends, InBand};

/// Bytes that are asked for at once: whole blocks that fit into one record to the port, so that none is left
/// half said if the daemon dies. Stuffed they may be twice as long.
pub(super) fn piece(run: &Run<'_>) -> u32 {
    match run.quirk(&STUFF_RESPONSES) {
        1 => 15 * 1024,
        _ => 30 * 1024,
    }
}

const NETWORK_ERROR: u16 = 214;
const TIMEOUT: u16 = 204;
const BROKEN_OFF: u16 = 210;

fn cme(code: u16) -> Outcome {
    Outcome::Refused(Refusal::Cme(code))
}

/// The number for what a client answered that is no success.
fn code(done: Done, phase: Phase) -> u16 {
    match done {
        Done::Refused(error) | Done::Lost(error) => told::of_transfer(&error, phase),
        _ => 201,
    }
}

fn begin(
    run: &mut Run<'_>,
    call: &Call,
    op: fn(Box<Remote>) -> Op,
    then: crate::emulator::Resume,
) -> Outcome {
    let remote = match remote(run, call) {
        Ok(remote) => remote,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    if !network::is_attached(run) {
        return cme(NETWORK_ERROR);
    }
    run.if_interrupted("", Some(Refusal::Cme(NETWORK_ERROR)));
    Outcome::Wait(op(Box::new(remote)), then)
}

/// `AT+CFTPGET="<filepath>"`: `OK`, blocks of data, `+CFTPGET: <err>`.
pub(super) fn get(run: &mut Run<'_>, call: &Call) -> Outcome {
    begin(run, call, Op::FilesGet, begun)
}

/// `AT+CFTPLIST="<path>"`: the listing as the server writes it, in the same way.
pub(super) fn list(run: &mut Run<'_>, call: &Call) -> Outcome {
    begin(run, call, Op::FilesList, begun)
}

fn begun(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Fine = done else {
        return cme(code(done, Phase::Opening));
    };
    // 16-A13: it has begun, and what goes wrong from here is told behind this.
    run.say_result(ResultCode::Ok);
    let name = call.row.name;
    run.if_interrupted(format!("{name}: {NETWORK_ERROR}"), None);
    pull(run)
}

fn pull(run: &Run<'_>) -> Outcome {
    Outcome::Wait(Op::Pull(Client::Files, piece(run)), pulled)
}

fn pulled(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let name = call.row.name;
    match done {
        Done::Bytes(bytes) if !bytes.is_empty() => {
            blocks(run, name, &bytes);
            return pull(run);
        }
        Done::Bytes(_) => run.say(format!("{name}: 0")),
        done => {
            let code = code(done, Phase::Moving);
            run.say(format!("{name}: {code}"));
        }
    }
    Outcome::Said
}

/// `AT+CFTPPUT="<filepath>"`: `+CFTPPUT: BEGIN`, the data, and the result once the server has them.
pub(super) fn put(run: &mut Run<'_>, call: &Call) -> Outcome {
    begin(run, call, Op::FilesPut, accepted)
}

fn accepted(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    let Done::Fine = done else {
        return cme(code(done, Phase::Opening));
    };
    run.say(format!("{CFTPPUT}: BEGIN"));
    Outcome::Data(Box::new(DataMode {
        ends: stuffed(run),
        into: Into::Peer(Client::Files),
        echo: run.echo(),
        then: put_ended,
    }))
}

/// How a stuffed data mode ends; nothing cancels it.
pub(super) fn stuffed(run: &Run<'_>) -> Ends {
    Ends {
        in_band: Some(InBand::CtrlZStuffed),
        idle: Some(PATIENCE),
        escape: None,
        ..run.ends()
    }
}

fn put_ended(_: &mut Run<'_>, _: &Call, collected: &Collected) -> Outcome {
    match collected.cause {
        Cause::CtrlZ => Outcome::Wait(Op::Settle(Client::Files), settled),
        Cause::Idle => cme(TIMEOUT),
        _ => cme(BROKEN_OFF),
    }
}

fn settled(_: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => Outcome::Ok,
        done => cme(code(done, Phase::Moving)),
    }
}
