//! Plays an EC25: its commands as tables, and the code of those that no table can say.

mod bearer;
mod compose;
mod files;
mod identity;
mod mail;
mod send;
mod session;
mod tls;
mod transfer;

use crate::dialect::row::Register;
use crate::dialect::{Identity, Played, Volume, v250};
use std::borrow::Cow;

/// The module. Names without prefix are on `UFS:`.
pub(super) const PLAYED: Played = Played {
    rows: &[
        mail::ROWS,
        bearer::ROWS,
        tls::ROWS,
        files::ROWS,
        v250::ROWS,
        session::ROWS,
        identity::ROWS,
    ],
    registers: &[v250::REGISTERS, &[GUARD_TIME]],
    ignored: v250::IGNORED,
    volumes: VOLUMES,
    // The longest line of the reference is a QICSGP of about 400 bytes.
    max_line: 1024,
    line_feed: false,
    started: &[
        "RDY",
        "+CFUN: 1",
        "+CPIN: READY",
        "+QUSIM: 1",
        "+QIND: SMS DONE",
        "+QIND: PB DONE",
    ],
    mail_ended: send::ended,
    // Nothing but a mail goes on behind its line.
    interrupted: |_| {},
    quirks: &[],
    identity: Identity {
        manufacturer: Cow::Borrowed("Quectel"),
        model: Cow::Borrowed("EC25"),
        revision: Cow::Borrowed("EC25EFAR02A09M4G"),
        serial: Cow::Borrowed("MPA000000000001"),
        imei: Cow::Borrowed("860000000000004"),
    },
};

/// S12: the silence around `+++`, in fiftieths of a second.
const GUARD_TIME: Register = Register::new(12, &[(10, 250)], 50);

const VOLUMES: &[Volume] = &[
    Volume {
        name: "ufs",
        prefix: "UFS:",
        lasts: true,
        size: 14_483_456,
        folders: None,
    },
    Volume {
        name: "ram",
        prefix: "RAM:",
        lasts: false,
        size: 4 << 20,
        folders: None,
    },
];
