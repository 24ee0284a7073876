//! What firmware does one way or the other, and an administrator can say (`modem.NAME.quirks`).

use crate::dialect::Quirk;
use crate::message::Charset;
use crate::modem::Settings;

/// Files of servers go through the module's memory.
const FTP_BY_FILE: Quirk = Quirk::switch(
    "ftp_by_file",
    "FTP goes by files in the module's memory (CFTPGETFILE, CFTPPUTFILE); else that is done only where the \
     module knows no CFTPGET and CFTPPUT",
);

/// The order of CSOCKAUTH's texts (reference 3.3).
const CSOCKAUTH: Quirk = Quirk::word(
    "csockauth",
    &["password-user", "user-password"],
    "The order in which CSOCKAUTH takes who we are to the access point",
);

/// The charset of paths (16-A19).
const NON_ASCII: Quirk = Quirk::word(
    "non_ascii",
    &["gbk", "utf-8"],
    "The charset of the digits behind {non-ascii}",
);

/// All of them.
pub(super) const ALL: &[Quirk] = &[FTP_BY_FILE, CSOCKAUTH, NON_ASCII];

pub(super) fn ftp_by_file(settings: &Settings) -> bool {
    settings.quirks.get(&FTP_BY_FILE) == 1
}

pub(super) fn user_comes_first(settings: &Settings) -> bool {
    settings.quirks.get(&CSOCKAUTH) == 1
}

pub(super) fn charset(settings: &Settings) -> Charset {
    match settings.quirks.get(&NON_ASCII) {
        0 => Charset::Gbk,
        _ => Charset::Utf8,
    }
}
