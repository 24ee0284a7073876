//! POP3 (manual, chapter POP3): the rows and the states.

use super::smtp::step;
use super::{mailbox, reading};
use crate::dialect::row::{Parameter, Read, Row, Test, Write};
use crate::dialect::simcom::names::{
    POP3DEL, POP3GET, POP3HDR, POP3IN, POP3LIST, POP3NUM, POP3OUT, POP3READ, POP3SRV, POP3STOP,
};
use crate::dialect::state::{Activity, Event, Guard};
use crate::emulator::Refusal;

/// A session with a mailbox (reference section 5.11). What answers at once is never seen under way: the line
/// waits for it.
pub(super) const SESSION: Activity = Activity {
    name: "pop3",
    steps: &[
        step("closed", Event::Begun, "ready", ""),
        step("ready", Event::Accepted, "busy", ""),
        step("ready", Event::Finished, "closed", ""),
        step("ready", Event::Stopped, "closed", ""),
        step("ready", Event::Lost, "lost", ""),
        step("busy", Event::Finished, "ready", "+POP3: {code}"),
        step("busy", Event::Failed, "closed", "+POP3: {code}"),
        step("busy", Event::Stopped, "closed", ""),
        step("busy", Event::Lost, "closed", "+POP3: {code}"),
        // The session is gone, and the equipment has not heard of it.
        step("lost", Event::Begun, "ready", ""),
        step("lost", Event::Stopped, "closed", ""),
        step("lost", Event::Finished, "closed", ""),
    ],
};

/// A session that nobody asks for anything. It ends when the server is gone, or after a long time.
pub(super) const UNUSED: Activity = Activity {
    name: "pop3-unused",
    steps: &[],
};

/// The account may be changed while there is no session.
const CLOSED: Guard = Guard {
    activity: &SESSION,
    states: &["closed", "lost"],
    otherwise: Refusal::Error,
};

const ID: Parameter = Parameter::number("msg_id", &[(1, u32::MAX)], 1);

const fn plain(name: &'static str) -> Row {
    Row {
        test: Test::Ok,
        ..Row::named(name)
    }
}

pub(super) const ROWS: &[Row] = &[
    Row {
        parameters: &[
            Parameter::text("server", 1, 128),
            Parameter::text("user", 1, 128),
            Parameter::text("pwd", 1, 128).hidden(),
            Parameter::number("port", &[(1, 65535)], 110).or_initial(),
        ],
        separator: ", ",
        test: Test::Text("(1-65535)"),
        read: Read::Values,
        write: Write::Store,
        execute: Write::Clear,
        cleared_by: &[POP3SRV],
        guard: Some(CLOSED),
        ..Row::named(POP3SRV)
    },
    Row {
        execute: Write::Act(mailbox::open),
        ..plain(POP3IN)
    },
    Row {
        execute: Write::Act(mailbox::count),
        ..plain(POP3NUM)
    },
    Row {
        parameters: &[ID.optional()],
        write: Write::Act(mailbox::list_one),
        execute: Write::Act(mailbox::list),
        ..plain(POP3LIST)
    },
    Row {
        parameters: &[ID],
        write: Write::Act(mailbox::header),
        ..plain(POP3HDR)
    },
    Row {
        // A second number is seen in the field, and means nothing that is known.
        parameters: &[
            ID,
            Parameter::number("more", &[(0, u32::MAX)], 0).optional(),
        ],
        write: Write::Act(mailbox::fetch),
        ..plain(POP3GET)
    },
    Row {
        parameters: &[ID],
        write: Write::Act(mailbox::delete),
        ..plain(POP3DEL)
    },
    Row {
        execute: Write::Act(mailbox::close),
        ..plain(POP3OUT)
    },
    Row {
        execute: Write::Act(mailbox::stop),
        ..plain(POP3STOP)
    },
    Row {
        parameters: &[
            Parameter::number("location", &[(0, 1)], 0).optional(),
            Parameter::free("mail_file", 1, 1024).optional(),
        ],
        write: Write::Act(reading::read),
        execute: Write::Act(reading::read),
        ..plain(POP3READ)
    },
];
