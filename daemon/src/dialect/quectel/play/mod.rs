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
        session::ROWS,
        identity::ROWS,
    ],
    registers: &[
        Register::new(0, &[(0, 255)], 0),
        Register::unsaved(3, &[(0, 127)], 13),
        Register::unsaved(4, &[(0, 127)], 10),
        Register::unsaved(5, &[(0, 127)], 8),
        Register::unsaved(6, &[(2, 10)], 2),
        Register::new(7, &[(0, 255)], 0),
        Register::unsaved(8, &[(1, 255)], 2),
        Register::new(10, &[(1, 254)], 15),
        Register::new(12, &[(10, 250)], 50),
    ],
    ignored: v250::IGNORED,
    volumes: VOLUMES,
    // The longest line of the reference is a QICSGP of about 400 bytes.
    max_line: 1024,
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
