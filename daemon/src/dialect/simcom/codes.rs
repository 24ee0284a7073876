//! The words behind `+SMTP:` and `+POP3:`, and the numbers behind `+CME ERROR:` and in result lines.

use crate::dialect::Code;
use crate::service::ErrorKind::{
    self, AuthFailed, Busy, InvalidArgument, ModemGone, NameNotFound, NoModem, NoNetwork, NotFound,
    Protocol, Rejected, SpoolFull, TemporaryFailure, Timeout, TooLarge, Unknown,
};

/// A word in a result line, and what it means in our own taxonomy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As the module prints it.
    pub text: &'static str,
    /// What it means.
    pub kind: ErrorKind,
}

impl Word {
    const fn new(text: &'static str, kind: ErrorKind) -> Self {
        Self { text, kind }
    }

    /// The row of a word in `table`; case and blanks do not matter (some firmware prints `AUTHERROR`).
    pub fn find(table: &'static [Self], text: &[u8]) -> Option<&'static Self> {
        fn solid(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
            let bytes = text.iter().filter(|byte| !byte.is_ascii_whitespace());
            bytes.map(u8::to_ascii_uppercase)
        }
        let same = |row: &&Self| solid(row.text.as_bytes()).eq(solid(text));
        table.iter().find(same)
    }
}

/// `+SMTP: OK`: the server has greeted, the mail is being sent.
pub const OK: &str = "OK";
/// It is done.
pub const SUCCESS: &str = "SUCCESS";

/// What a sending can fail with (section SMTPSEND), and an attachment (SMTPFILE).
pub const SMTP: &[Word] = &[
    Word::new("ONGOING", Busy),
    Word::new("PARAM ERROR", InvalidArgument),
    Word::new("NETWORK ERROR", NoNetwork),
    // The server closed, said something else than it should, or nothing in time: which is not told.
    Word::new("SERVER ERROR", TemporaryFailure),
    Word::new("AUTH REQUIRED", AuthFailed),
    Word::new("AUTH ERROR", AuthFailed),
    Word::new("OVERSIZE", TooLarge),
];

/// What a step of a mailbox session can fail with.
pub const POP3: &[Word] = &[
    Word::new("ONGOING", Busy),
    Word::new("NETWORK ERROR", NoNetwork),
    Word::new("SERVER ERROR", TemporaryFailure),
    Word::new("INVALID UN", AuthFailed),
    Word::new("INVALID UNPWD", AuthFailed),
    Word::new("FILE SYSTEM ERROR", SpoolFull),
    Word::new("FAILURE", TemporaryFailure),
];

/// `<err>` of the FTP commands; from 215 on later firmware.
pub const FTP: &[Code] = &[
    Code::new(201, "Unknown error for FTP", Unknown),
    Code::new(202, "FTP task is busy", Busy),
    Code::new(203, "Failed to resolve server address", NameNotFound),
    Code::new(204, "FTP timeout", Timeout),
    Code::new(205, "Failed to read file", NotFound),
    Code::new(206, "Failed to write file", SpoolFull),
    Code::new(207, "Not allowed in current state", Busy),
    Code::new(208, "Failed to login", AuthFailed),
    Code::new(209, "Failed to logout", Protocol),
    Code::new(210, "Failed to transfer data", NoNetwork),
    Code::new(211, "FTP command rejected by server", Rejected),
    Code::new(212, "Memory error", TooLarge),
    Code::new(213, "Invalid parameter", InvalidArgument),
    Code::new(214, "Network error", NoNetwork),
    Code::new(215, "Failed to connect socket", NoNetwork),
    Code::new(216, "Failed to send by socket", NoNetwork),
    Code::new(217, "Failed to receive by socket", NoNetwork),
    Code::new(218, "Failed to verify user and password", AuthFailed),
    Code::new(219, "Socket connect timeout", Timeout),
];

/// `<err>` of `+CHTTPACT`.
pub const HTTP: &[Code] = &[
    Code::new(220, "Unknown error for HTTP", Unknown),
    Code::new(221, "HTTP task is busy", Busy),
    Code::new(222, "Failed to resolve server address", NameNotFound),
    Code::new(223, "HTTP timeout", Timeout),
    Code::new(224, "Failed to transfer data", NoNetwork),
    Code::new(225, "Memory error", TooLarge),
    Code::new(226, "Invalid parameter", InvalidArgument),
    Code::new(227, "Network error", NoNetwork),
];

/// General numbers (3GPP TS 27.007 section 9.2).
pub const CME: &[Code] = &[
    Code::new(0, "phone failure", ModemGone),
    Code::new(1, "no connection to phone", ModemGone),
    Code::new(3, "operation not allowed", InvalidArgument),
    Code::new(4, "operation not supported", ErrorKind::NotSupported),
    Code::new(10, "SIM not inserted", NoModem),
    Code::new(11, "SIM PIN required", NoModem),
    Code::new(12, "SIM PUK required", NoModem),
    Code::new(13, "SIM failure", NoModem),
    Code::new(14, "SIM busy", Busy),
    Code::new(15, "SIM wrong", NoModem),
    Code::new(16, "incorrect password", AuthFailed),
    Code::new(20, "memory full", TooLarge),
    Code::new(21, "invalid index", InvalidArgument),
    Code::new(22, "not found", NotFound),
    Code::new(23, "memory failure", ModemGone),
    Code::new(24, "text string too long", TooLarge),
    Code::new(25, "invalid characters in text string", InvalidArgument),
    Code::new(30, "no network service", NoNetwork),
    Code::new(31, "network timeout", Timeout),
    Code::new(32, "network not allowed - emergency calls only", NoNetwork),
    Code::new(100, "unknown", Unknown),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// 16-A6: the authentication error with and without its blank.
    #[test]
    fn words_are_found_without_their_blanks() {
        for text in ["AUTH ERROR", "AUTHERROR", "auth error"] {
            let word = Word::find(SMTP, text.as_bytes()).unwrap();
            assert_eq!((word.text, word.kind), ("AUTH ERROR", AuthFailed));
        }
        assert_eq!(Word::find(SMTP, b"OK"), None);
        assert_eq!(Word::find(POP3, b"INVALID UN").unwrap().text, "INVALID UN");
    }

    #[test]
    fn no_number_stands_twice() {
        let mut numbers: Vec<u16> = [FTP, HTTP, CME]
            .concat()
            .iter()
            .map(|code| code.number)
            .collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
