//! A dialect with one command for each thing that the engine can do.

use crate::at::ResultCode;
use crate::dialect::row::{Parameter, Read, Row, Write};
use crate::dialect::state::{Activity, Event, Step};
use crate::dialect::volume::FileName;
use crate::dialect::{Dialect, Identity, Played, Volume, quectel, v250};
use crate::emulator::{
    Call, Client, Collected, DataMode, Done, FileServer, Host, Into, Mailbox, Op, Outcome, Refusal,
    Remote, Run,
};
use crate::service::{Credentials, Error, Mechanism, Representation, Secret, Server, Tls};
use hayes_ldisc::discipline::{Cause, Ends};
use std::borrow::Cow;
use std::time::Duration;

pub(super) const DIALECT: Dialect = Dialect {
    name: "toy",
    codes: &[],
    played: &PLAYED,
    ..quectel::DIALECT
};

const PLAYED: Played = Played {
    rows: &[ROWS],
    volumes: &[Volume {
        name: "c",
        prefix: "C:/",
        lasts: true,
        size: 1 << 20,
        folders: Some(&["Email"]),
    }],
    registers: quectel::DIALECT.played.registers,
    ignored: &[],
    max_line: 100,
    line_feed: false,
    started: &["START"],
    mail_ended: |_, _| {},
    interrupted,
    quirks: &[],
    identity: Identity {
        manufacturer: Cow::Borrowed("Toys"),
        model: Cow::Borrowed("T1"),
        revision: Cow::Borrowed("1"),
        serial: Cow::Borrowed("1"),
        imei: Cow::Borrowed("1"),
    },
};

/// A transfer behind its line.
pub(super) const COPYING: Activity = Activity {
    name: "copying",
    steps: &[
        Step {
            from: "idle",
            on: Event::Accepted,
            to: "copying",
            say: "",
        },
        Step {
            from: "copying",
            on: Event::Finished,
            to: "idle",
            say: "+COPY: {result}",
        },
    ],
};

const ROWS: &[Row] = &[
    v250::ECHO,
    v250::VERBOSE,
    Row::setting("+CMEE", &[Parameter::number("n", &[(0, 2)], 1)]),
    execute("+GET", get),
    execute("+PUT", put),
    execute("+HTTP", http),
    Row {
        read: Read::Act(|run, _| {
            let state = run.state(&COPYING);
            run.say(format!("+COPY: {state}"));
            Outcome::Ok
        }),
        ..execute("+COPY", copy)
    },
    execute("+STOP", |run, _| match run.stop(&COPYING) {
        true => {
            run.forgets(&COPYING);
            Outcome::Ok
        }
        false => Outcome::Refused(Refusal::Error),
    }),
    execute("+OPEN", |_, _| {
        Outcome::Wait(Op::MailboxOpen(mailbox()), plainly)
    }),
    execute("+NUM", |_, _| Outcome::Wait(Op::MailboxStatus, plainly)),
    execute("+CLOSE", |_, _| Outcome::Wait(Op::MailboxClose, plainly)),
    execute("+DROP", |run, _| {
        run.abort(Client::Mailbox);
        Outcome::Ok
    }),
    execute("+RESTART", |_, _| Outcome::Restart {
        silence: Duration::from_secs(1),
        last_word: "",
    }),
];

const fn execute(name: &'static str, act: crate::dialect::row::Act) -> Row {
    Row {
        execute: Write::Act(act),
        ..Row::named(name)
    }
}

pub(super) fn server() -> Server {
    Server {
        host: "server.example.org".into(),
        port: 21,
        tls: Tls::None,
    }
}

pub(super) const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn mailbox() -> Box<Mailbox> {
    Box::new(Mailbox {
        server: server(),
        credentials: Credentials {
            user: "pump7".into(),
            password: Secret::new("secret".into()),
            mechanism: Mechanism::Password,
            plain_auth: true,
        },
        patience: PATIENCE,
    })
}

pub(super) fn remote() -> Box<Remote> {
    Box::new(Remote {
        on: FileServer {
            server: server(),
            credentials: None,
            active: false,
            patience: PATIENCE,
        },
        path: "file".into(),
        representation: Representation::Image,
    })
}

pub(super) fn host() -> Box<Host> {
    Box::new(Host {
        server: server(),
        patience: PATIENCE,
    })
}

pub(super) fn file(name: &str) -> FileName {
    FileName::new("c", name.as_bytes())
}

fn interrupted(run: &mut Run<'_>) {
    if run.state(&COPYING) != COPYING.first() {
        copied(run, Done::Refused(error("interrupted")));
    }
}

pub(super) fn error(text: &str) -> Error {
    Error::new(crate::service::ErrorKind::NoNetwork, text)
}

fn plainly(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Fine => Outcome::Ok,
        Done::Status { count, bytes } => {
            run.say(format!("+NUM: {count},{bytes}"));
            Outcome::Ok
        }
        _ => Outcome::Refused(Refusal::Error),
    }
}

fn get(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.if_interrupted("", Some(Refusal::Cme(214)));
    Outcome::Wait(Op::FilesGet(remote()), |run, _, done| match done {
        Done::Fine => {
            run.if_interrupted("+GET: 214", None);
            run.say_result(ResultCode::Ok);
            Outcome::Wait(Op::Pull(Client::Files, 64), got)
        }
        _ => Outcome::Refused(Refusal::Cme(214)),
    })
}

fn got(run: &mut Run<'_>, _: &Call, done: Done) -> Outcome {
    match done {
        Done::Bytes(bytes) if bytes.is_empty() => run.say("+GET: 0"),
        Done::Bytes(bytes) => {
            run.say_raw(&bytes);
            return Outcome::Wait(Op::Pull(Client::Files, 64), got);
        }
        _ => run.say("+GET: 210"),
    }
    Outcome::Said
}

fn put(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.if_interrupted("", Some(Refusal::Cme(214)));
    Outcome::Wait(Op::FilesPut(remote()), begin)
}

fn http(_: &mut Run<'_>, _: &Call) -> Outcome {
    Outcome::Wait(Op::Connect(host()), begin)
}

fn begin(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    if done != Done::Fine {
        return Outcome::Refused(Refusal::Cme(208));
    }
    run.say("+PUT: BEGIN");
    let client = match call.row.name {
        "+HTTP" => Client::Socket,
        _ => Client::Files,
    };
    Outcome::Data(Box::new(DataMode {
        ends: Ends {
            length: Some(10),
            idle: Some(Duration::from_secs(300)),
            ..run.ends()
        },
        into: Into::Peer(client),
        echo: hayes_ldisc::discipline::Echo::None,
        then: sent,
    }))
}

fn sent(_: &mut Run<'_>, _: &Call, collected: &Collected) -> Outcome {
    match collected.cause {
        Cause::Length => Outcome::Wait(Op::Settle(Client::Files), plainly),
        _ => Outcome::Refused(Refusal::Cme(204)),
    }
}

fn copy(run: &mut Run<'_>, _: &Call) -> Outcome {
    run.happens(&COPYING, Event::Accepted, &[]);
    run.begin(&COPYING, Op::FilesToModule(remote(), file("copy")), copied);
    Outcome::Ok
}

fn copied(run: &mut Run<'_>, done: Done) {
    let result = match done {
        Done::Fine => "0".to_owned(),
        Done::Refused(error) | Done::Lost(error) => error.text,
        other => format!("{other:?}"),
    };
    run.happens(&COPYING, Event::Finished, &[("{result}", result)]);
}
