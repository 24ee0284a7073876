//! SMTP (manual, chapter SMTP): the rows and the states.

use super::{body, compose, send};
use crate::dialect::row::{Parameter, Read, Row, Test, Write};
use crate::dialect::simcom::names::{
    SMTPAUTH, SMTPBODY, SMTPFILE, SMTPFROM, SMTPRCPT, SMTPSEND, SMTPSRV, SMTPSTOP, SMTPSUB,
};
use crate::dialect::state::{Activity, Event, Guard, Step};
use crate::emulator::Refusal;

/// Sending a mail (reference section 10).
pub(super) const SENDING: Activity = Activity {
    name: "smtp",
    steps: &[
        step("idle", Event::Accepted, "connecting", ""),
        step("connecting", Event::Begun, "sending", ""),
        // The command itself tells that.
        step("connecting", Event::Failed, "idle", ""),
        step("connecting", Event::Stopped, "idle", ""),
        // It was so quick that nobody had seen the greeting yet.
        step("connecting", Event::Finished, "idle", "+SMTP: {code}"),
        step("sending", Event::Finished, "idle", "+SMTP: {code}"),
        step("sending", Event::Stopped, "idle", ""),
    ],
};

pub(super) const fn step(
    from: &'static str,
    on: Event,
    to: &'static str,
    say: &'static str,
) -> Step {
    Step { from, on, to, say }
}

/// While a mail is being sent nothing about it may be changed.
const IDLE: Guard = Guard {
    activity: &SENDING,
    states: &["idle"],
    otherwise: Refusal::Error,
};

/// The longest body of the write form (16-A4).
const LONGEST_BODY: u16 = 512;

const fn setter(name: &'static str, parameters: &'static [Parameter]) -> Row {
    Row {
        parameters,
        separator: ", ",
        test: Test::Ok,
        read: Read::Values,
        write: Write::Store,
        execute: Write::Clear,
        guard: Some(IDLE),
        ..Row::named(name)
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        // 16-A1: not the printed `+SMTPINFO:`.
        test: Test::Text("(1-65535)"),
        cleared_by: &[SMTPSRV],
        ..setter(
            SMTPSRV,
            &[
                Parameter::text("server", 1, 128),
                Parameter::number("port", &[(1, 65535)], 25).or_initial(),
            ],
        )
    },
    Row {
        test: Test::Text("(0,1)"),
        write: Write::Act(compose::set_login),
        cleared_by: &[SMTPAUTH],
        ..setter(
            SMTPAUTH,
            &[
                Parameter::number("flag", &[(0, 1)], 0),
                Parameter::text("user", 1, 128).optional(),
                Parameter::text("pwd", 0, 128).optional().hidden(),
            ],
        )
    },
    Row {
        cleared_by: &[SMTPFROM],
        ..setter(
            SMTPFROM,
            &[
                Parameter::text("saddr", 1, 128),
                // A new address with an old name is never wanted.
                Parameter::text("sname", 0, 64).or_initial(),
            ],
        )
    },
    Row {
        test: Test::Text("(0-2), (0-4)"),
        read: Read::Act(compose::recipients),
        write: Write::Act(compose::change_recipients),
        cleared_by: &[SMTPRCPT],
        ..setter(
            SMTPRCPT,
            &[
                Parameter::number("kind", &[(0, 2)], 0),
                Parameter::number("index", &[(0, 4)], 0).optional(),
                Parameter::text("raddr", 1, 128).optional(),
                Parameter::text("rname", 0, 64).optional(),
            ],
        )
    },
    Row {
        cleared_by: &[SMTPSUB],
        ..setter(SMTPSUB, &[Parameter::text("subject", 0, 512)])
    },
    Row {
        read: Read::Act(body::read),
        execute: Write::Act(body::enter),
        ..setter(SMTPBODY, &[Parameter::text("body", 0, LONGEST_BODY)])
    },
    Row {
        test: Test::Text("(1-10)"),
        read: Read::Act(compose::attachments),
        write: Write::Act(compose::change_attachments),
        cleared_by: &[SMTPFILE],
        ..setter(
            SMTPFILE,
            &[
                Parameter::number("index", &[(1, 10)], 1),
                Parameter::free("filename", 1, 1024).optional(),
            ],
        )
    },
    Row {
        test: Test::Ok,
        read: Read::Act(send::is_sending),
        execute: Write::Act(send::send),
        ..Row::named(SMTPSEND)
    },
    Row {
        test: Test::Ok,
        execute: Write::Act(send::stop),
        ..Row::named(SMTPSTOP)
    },
];
