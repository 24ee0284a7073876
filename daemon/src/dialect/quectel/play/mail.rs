//! SMTP (SMTP AT Commands Manual V1.0): the rows.

use super::{compose, send};
use crate::dialect::quectel::names::{
    QSMTPATT, QSMTPBODY, QSMTPCFG, QSMTPCLR, QSMTPDST, QSMTPPUT, QSMTPSUB,
};
use crate::dialect::row::{Key, Parameter, Read, Row, Test, Write};
use crate::dialect::state::{Activity, Event, Guard, Step};
use crate::emulator::Refusal;

/// Wrong parameter.
pub(super) const WRONG: Refusal = Refusal::Cme(664);
/// Not enough memory, or too many of something.
pub(super) const NO_MEMORY: Refusal = Refusal::Cme(662);
/// No recipient.
pub(super) const NO_RECIPIENT: Refusal = Refusal::Cme(659);

/// Sending a mail.
pub(super) const SENDING: Activity = Activity {
    name: "smtp",
    steps: &[
        Step {
            from: "idle",
            on: Event::Accepted,
            to: "sending",
            say: "",
        },
        Step {
            from: "sending",
            on: Event::Finished,
            to: "idle",
            say: "+QSMTPPUT: {err},{protocol_error}",
        },
    ],
};

/// SMTP busy, unless nothing is being sent.
const IDLE: Guard = Guard {
    activity: &SENDING,
    states: &["idle"],
    otherwise: Refusal::Cme(652),
};

const CHARSET: Parameter = Parameter::number("charset", &[(0, 3)], 0);

/// The longest subject, in characters of the command line: two hexadecimal digits for each of its 100
/// bytes.
const SUBJECT: Parameter = Parameter::text("subject", 0, 200);

const fn row(name: &'static str) -> Row {
    Row {
        test: Test::Derived,
        invalid: WRONG,
        guard: Some(IDLE),
        ..Row::named(name)
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        write: Write::Keys(&[
            Key::new(
                "account",
                &[
                    Parameter::text("username", 0, 50),
                    Parameter::text("password", 0, 50).masked(),
                ],
            ),
            Key::new(
                "sender",
                &[
                    Parameter::text("sender_name", 0, 50),
                    Parameter::text("sender_email", 0, 50),
                ],
            ),
            Key::new(
                "smtpserver",
                &[
                    Parameter::text("srvaddr", 0, 50),
                    Parameter::number("srvport", &[(1, 65535)], 25)
                        .or_initial()
                        .by_name(),
                ],
            ),
            Key::new(
                "contextid",
                &[Parameter::number("contextID", &[(1, 16)], 1)],
            ),
            Key::new("sslctxid", &[Parameter::number("sslctxID", &[(0, 5)], 1)]),
            Key::new("ssltype", &[Parameter::number("ssltype", &[(0, 2)], 0)]),
        ]),
        ..row(QSMTPCFG)
    },
    Row {
        parameters: &[
            Parameter::number("mode", &[(0, 1)], 0),
            Parameter::number("type", &[(1, 3)], 1).optional(),
            Parameter::text("emailaddr", 1, 50).optional(),
        ],
        read: Read::Act(compose::recipients),
        write: Write::Act(compose::change_recipients),
        cleared_by: &[QSMTPCLR],
        ..row(QSMTPDST)
    },
    Row {
        parameters: &[CHARSET, SUBJECT],
        read: Read::Act(compose::subject),
        write: Write::Act(compose::set_subject),
        cleared_by: &[QSMTPCLR],
        ..row(QSMTPSUB)
    },
    Row {
        parameters: &[
            CHARSET,
            Parameter::number("body_length", &[(1, 10240)], 10240),
            Parameter::number("input_time", &[(1, 65535)], 90).or_initial(),
        ],
        write: Write::Act(compose::enter_body),
        cleared_by: &[QSMTPCLR],
        ..row(QSMTPBODY)
    },
    Row {
        parameters: &[
            Parameter::number("mode", &[(0, 1)], 0),
            Parameter::number("index", &[(1, 10)], 1).optional(),
            Parameter::text("file_name", 1, 139).optional(),
        ],
        read: Read::Act(compose::attachments),
        write: Write::Act(compose::change_attachments),
        cleared_by: &[QSMTPCLR],
        ..row(QSMTPATT)
    },
    Row {
        test: Test::Ok,
        execute: Write::Clear,
        ..row(QSMTPCLR)
    },
    Row {
        parameters: &[Parameter::number("timeout", &[(60, 65535)], 300).or_initial()],
        write: Write::Act(send::put),
        execute: Write::Act(send::put),
        ..row(QSMTPPUT)
    },
];
