//! Plays a SIM5320: its commands as tables, and the code of those that no table can say.

mod body;
mod compose;
mod copy;
mod files;
mod ftp;
mod http;
mod identity;
mod mailbox;
mod network;
mod path;
mod pop3;
mod reading;
mod send;
mod serial;
mod session;
mod smtp;
mod stream;
#[cfg(test)]
mod tests;
mod told;
mod transfer;
mod xmodem;

use crate::dialect::{Identity, Played, Quirk, Volume, v250};
use crate::emulator::Run;
use hayes_ldisc::discipline::stuffing;
use std::borrow::Cow;
use std::time::Duration;

/// How long a data mode waits for a byte (reference section 9.1).
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a server of files or pages may be silent (reference section 11).
const SERVER_PATIENCE: Duration = Duration::from_secs(120);
/// How long a server of mail or mailboxes may (the same).
const MAIL_PATIENCE: Duration = Duration::from_secs(60);

/// The module. Names without drive are on `C:`.
pub(super) const PLAYED: Played = Played {
    rows: &[
        smtp::ROWS,
        pop3::ROWS,
        ftp::ROWS,
        http::ROWS,
        files::ROWS,
        copy::ROWS,
        serial::ROWS,
        xmodem::ROWS,
        network::ROWS,
        v250::ROWS,
        session::ROWS,
        identity::ROWS,
    ],
    registers: &[v250::REGISTERS],
    ignored: v250::IGNORED,
    volumes: VOLUMES,
    // A subject of 512 characters, or a path in hexadecimal digits.
    max_line: 1200,
    // The manual says CR; equipment in the field ends lines with CR, LF or both.
    line_feed: true,
    started: &[
        "START",
        "+CPIN: READY",
        "OPL UPDATING",
        "PNN UPDATING",
        "SMS DONE",
        "CALL READY",
        "PB DONE",
    ],
    mail_ended: send::ended,
    interrupted,
    quirks: &[
        LOWERCASE_HTTP_HEADERS,
        STUFF_RESPONSES,
        FORCE_PASSIVE,
        NON_ASCII,
    ],
    identity: Identity {
        manufacturer: Cow::Borrowed("SIMCOM INCORPORATED"),
        model: Cow::Borrowed("SIMCOM_SIM5320E"),
        revision: Cow::Borrowed("SIM5320E_V1.5"),
        serial: Cow::Borrowed("014682001954535"),
        imei: Cow::Borrowed("014682001954535"),
    },
};

/// The real firmware prints HTTP headers so, and equipment may look for them.
const LOWERCASE_HTTP_HEADERS: Quirk = Quirk::switch(
    "lowercase_http_headers",
    "CHTTPACT puts status line and header of a response into lower case",
);
/// 16-A11.
const STUFF_RESPONSES: Quirk = Quirk::switch(
    "stuff_responses",
    "Data of CFTPGET, CFTPLIST and CHTTPACT has an ETX before each ETX and Ctrl-Z; lengths do not count it",
);
/// 16-A35.
const FORCE_PASSIVE: Quirk = Quirk::switch(
    "force_passive",
    "FTP connects to the server for data whatever CFTPMODE says, since it has 0 until it is set",
);
/// 16-A19.
const NON_ASCII: Quirk = Quirk::word(
    "non_ascii",
    &["gbk", "utf-8"],
    "The charset of the digits behind {non-ascii}",
);

const FOLDERS: &[&str] = &["Audio", "Email", "Picture", "Video", "VideoCall"];

const VOLUMES: &[Volume] = &[
    Volume {
        name: "c",
        prefix: "C:",
        lasts: true,
        size: 11_348_480,
        folders: Some(FOLDERS),
    },
    Volume {
        name: "d",
        prefix: "D:",
        lasts: true,
        size: 255_533_056,
        folders: Some(FOLDERS),
    },
];

/// Bytes of data in a block, as later firmware has it.
const BLOCK: usize = 1024;

/// The daemon was restarted.
fn interrupted(run: &mut Run<'_>) {
    send::interrupted(run);
    mailbox::interrupted(run);
    transfer::interrupted(run);
}

/// Says data in blocks, as a server gave it.
fn blocks(run: &mut Run<'_>, name: &str, bytes: &[u8]) {
    let stuffed = run.quirk(&STUFF_RESPONSES) == 1;
    for data in bytes.chunks(BLOCK) {
        if stuffed {
            head(run, name, data.len());
            let mut wire = Vec::with_capacity(data.len() + 16);
            stuffing::encode(data, &mut wire);
            run.say_raw(&wire);
        } else {
            block(run, name, data);
        }
    }
}

/// Says one block: 16-A10, no blank before the length and no comma behind it.
fn block(run: &mut Run<'_>, name: &str, data: &[u8]) {
    head(run, name, data.len());
    run.say_raw(data);
}

fn head(run: &mut Run<'_>, name: &str, length: usize) {
    run.say(format!("{name}: DATA,{length}"));
}
