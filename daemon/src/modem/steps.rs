//! Steps of a procedure: one command each, sent again where that is harmless, its refusal turned into an
//! error.

use super::chat::{Answer, Chat, ChatError};
use super::expect::Expect;
use super::line::Line;
use crate::at::response::FinalResult;
use crate::dialect::Code;
use crate::service::{Error, ErrorKind, Fault, Result};

/// How many times a command that was not answered, or a procedure that met silence, is tried: field logs show
/// commands that were simply lost.
pub const TRIES: u32 = 3;

/// Sends a command that may be sent twice without harm, until it is answered, whatever the answer is.
pub async fn until_answered(chat: &mut Chat, line: &Line, expect: Expect) -> Result<Answer> {
    let mut left = TRIES;
    loop {
        left -= 1;
        match chat.ask(line, expect).await {
            Err(ChatError::TimedOut(_)) if left > 0 => {}
            outcome => return outcome.map_err(Error::from),
        }
    }
}

/// Whether all of a procedure may be tried again after this: the module was silent, nothing else.
pub fn was_silent(error: &Error) -> bool {
    error.kind == ErrorKind::Timeout && error.fault == Fault::Module
}

/// The error for a command that the module refused, its number looked up in these tables in turn. `doing` says
/// what it was for.
pub fn refused(result: &FinalResult, tables: &[&'static [Code]], doing: &str) -> Error {
    let (kind, words) = match code_of(result, tables) {
        Some(code) => (code.kind, format!(" ({})", code.text)),
        None => (ErrorKind::Protocol, String::new()),
    };
    let (kind, fault) = to_driver(kind);
    Error::new(kind, format!("modem, {doing}: {result}{words}")).by(fault)
}

/// The row of a result, by its number or its words (`AT+CMEE=2`).
pub fn code_of(result: &FinalResult, tables: &[&'static [Code]]) -> Option<&'static Code> {
    let number = result
        .number()
        .and_then(|number| u16::try_from(number).ok());
    match number {
        Some(number) => tables.iter().find_map(|table| Code::find(table, number)),
        None => {
            let words = result.words()?;
            let mut rows = tables.iter().flat_map(|table| table.iter());
            rows.find(|row| row.text.eq_ignore_ascii_case(words))
        }
    }
}

/// The tables say what a number means to whoever sent the command. That was us: what the module calls
/// a wrong parameter is something that it does not support, a full drive is content too large for it.
pub fn to_driver(kind: ErrorKind) -> (ErrorKind, Fault) {
    match kind {
        ErrorKind::InvalidArgument => (ErrorKind::NotSupported, Fault::Module),
        ErrorKind::NotFound | ErrorKind::Unknown | ErrorKind::AuthFailed => {
            (ErrorKind::Protocol, Fault::Module)
        }
        ErrorKind::SpoolFull => (ErrorKind::TooLarge, Fault::Module),
        ErrorKind::NoNetwork | ErrorKind::NameNotFound | ErrorKind::Timeout => (kind, Fault::Link),
        ErrorKind::TlsFailed | ErrorKind::Rejected | ErrorKind::TemporaryFailure => {
            (kind, Fault::Server)
        }
        kind => (kind, Fault::Module),
    }
}
