//! Files between equipment and module by XMODEM: `CTXFILE`, `CRXFILE` (reference section 8.6, as the SIM5215 and
//! SIM5218 have them).

use super::path;
use crate::at::ResultCode;
use crate::dialect::row::{Parameter, Row, Test, Write};
use crate::dialect::simcom::names::{CRXFILE, CTXFILE};
use crate::dialect::volume::FileName;
use crate::emulator::xmodem::{BLOCK, Came, Next, Receiver, Sender};
use crate::emulator::{Call, Collected, DataMode, Done, Exchange, Into, Op, Outcome, Refusal, Run};
use hayes_ldisc::discipline::{Cause, Echo, Ends};

const PATH: Parameter = Parameter::free("FILEPATH", 1, 1024);

const ERROR: Outcome = Outcome::Refused(Refusal::Error);

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[PATH],
        test: Test::Text("\"FILEPATH\""),
        write: Write::Act(|run, call| look(run, call, give)),
        ..Row::named(CTXFILE)
    },
    Row {
        parameters: &[PATH],
        test: Test::Text("\"FILEPATH\""),
        write: Write::Act(|run, call| look(run, call, take)),
        ..Row::named(CRXFILE)
    },
];

fn named(run: &Run<'_>, call: &Call) -> Option<FileName> {
    path::file(run, &call.text(0)?)
}

fn look(run: &mut Run<'_>, call: &Call, then: crate::emulator::Resume) -> Outcome {
    match named(run, call) {
        Some(name) => Outcome::Wait(Op::Look(name), then),
        None => ERROR,
    }
}

/// `AT+CTXFILE="<name>"`: `OK`, then the equipment asks for the packets.
fn give(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Found { folder: false, .. } = done else {
        run.say("FILE NOT EXISTING");
        return ERROR;
    };
    let (sender, next) = Sender::begin();
    begin(run, call, Exchange::Sending(sender), next)
}

/// `AT+CRXFILE="<name>"`: `OK`, then the equipment is asked for them.
fn take(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let (Some(name), Done::Failed(_)) = (named(run, call), done) else {
        run.say("FILE IS EXISTING");
        return ERROR;
    };
    let (size, replace) = (0, false);
    let create = Op::Create {
        name,
        size,
        replace,
    };
    Outcome::Wait(create, |run, call, done| {
        if done != Done::Fine {
            return ERROR;
        }
        let (receiver, next) = Receiver::begin();
        begin(run, call, Exchange::Receiving(receiver), next)
    })
}

/// The result code comes before the packets, and none behind them.
fn begin(run: &mut Run<'_>, call: &Call, exchange: Exchange, next: Next) -> Outcome {
    run.say_result(ResultCode::Ok);
    run.if_interrupted("", None);
    *run.exchange() = Some(exchange);
    go_on(run, call, next)
}

fn go_on(run: &mut Run<'_>, call: &Call, next: Next) -> Outcome {
    let receives = matches!(run.exchange(), Some(Exchange::Receiving(_)));
    match next {
        Next::Await {
            say,
            count,
            silence,
        } => {
            run.say_raw(&say);
            Outcome::Data(Box::new(DataMode {
                ends: Ends {
                    length: u64::try_from(count).ok(),
                    idle: Some(silence),
                    escape: None,
                    ..run.ends()
                },
                into: Into::Memory(count),
                echo: Echo::None,
                then: came,
            }))
        }
        Next::Read(offset) => read(run, call, offset),
        Next::Store(content) => Outcome::Wait(Op::Append(content), stored),
        Next::Whole if receives => Outcome::Wait(Op::Finish, finished),
        Next::Whole => Outcome::Said,
        Next::Over(say) => {
            run.say_raw(say);
            over(run)
        }
    }
}

/// It was given up: half of a file is none.
fn over(run: &mut Run<'_>) -> Outcome {
    match run.exchange() {
        Some(Exchange::Receiving(_)) => Outcome::Wait(Op::Abandon, |_, _, _| Outcome::Said),
        _ => Outcome::Said,
    }
}

fn came(run: &mut Run<'_>, call: &Call, collected: &Collected) -> Outcome {
    let came = match collected.cause {
        Cause::Length => Came::Bytes(&collected.bytes),
        Cause::Idle => Came::Silence,
        // The equipment went away.
        _ => return over(run),
    };
    let next = match run.exchange() {
        Some(Exchange::Sending(sender)) => sender.came(came),
        Some(Exchange::Receiving(receiver)) => receiver.came(came),
        None => return ERROR,
    };
    go_on(run, call, next)
}

fn read(run: &Run<'_>, call: &Call, offset: u64) -> Outcome {
    let Some(name) = named(run, call) else {
        return ERROR;
    };
    let length = u32::try_from(BLOCK).unwrap_or(0);
    Outcome::Wait(
        Op::Read {
            name,
            offset,
            length,
        },
        content,
    )
}

fn content(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let next = match (run.exchange(), done) {
        (Some(Exchange::Sending(sender)), Done::Bytes(bytes)) => sender.content(&bytes),
        // It was deleted meanwhile, or the disk fails.
        _ => Next::Over(Receiver::give_up()),
    };
    go_on(run, call, next)
}

fn stored(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let next = match (run.exchange(), done) {
        (Some(Exchange::Receiving(receiver)), Done::Fine) => receiver.stored(),
        _ => Next::Over(Receiver::give_up()),
    };
    go_on(run, call, next)
}

fn finished(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    run.say_raw(Receiver::finished(done == Done::Fine));
    Outcome::Said
}
