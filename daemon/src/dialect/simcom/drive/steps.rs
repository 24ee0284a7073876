//! One command of a procedure, and what the module's words and numbers mean to whoever asked.

use super::super::codes::{CME, FTP, POP3 as POP3_WORDS, SMTP as SMTP_WORDS, Word};
use super::super::names::{POP3, SMTP};
use crate::at::response::{Values, named};
use crate::dialect::Code;
use crate::modem::{Answer, Chat, Expect, Line, refused, to_driver, until_answered};
use crate::service::{Error, ErrorKind, Fault, Result};
use core::time::Duration;

/// Time for a command about files.
pub(super) const FILES: Duration = Duration::from_secs(10);

/// Sends a command that may be sent twice without harm, until it is answered.
pub(super) async fn set(chat: &mut Chat, line: &Line, doing: &str) -> Result<()> {
    let answer = until_answered(chat, line, Expect::result()).await?;
    if answer.result.is_ok() {
        return Ok(());
    }
    Err(refusal(&answer, doing))
}

/// The values of the first line of this name in an answer.
pub(super) fn named_line<'a>(answer: &'a Answer, name: &str) -> Option<Values<'a>> {
    answer.lines.iter().find_map(|line| named(line, name))
}

/// What the last line of this name in an answer says.
pub(super) fn word_of(answer: &Answer, name: &str) -> Option<String> {
    let mut lines = answer.lines.iter().rev();
    lines.find_map(|line| Some(named(line, name)?.next()?.to_text()))
}

/// The error for a command that was refused: by the word that it said before, else by its number.
pub(super) fn refusal(answer: &Answer, doing: &str) -> Error {
    for (name, table) in [(SMTP, SMTP_WORDS), (POP3, POP3_WORDS)] {
        if let Some(text) = word_of(answer, name) {
            return of_word(name, table, &text, doing);
        }
    }
    refused(&answer.result, &[FTP, CME], doing)
}

/// The error for a word of a result line.
pub(super) fn of_word(name: &str, table: &'static [Word], text: &str, doing: &str) -> Error {
    let kind = Word::find(table, text.as_bytes()).map_or(ErrorKind::Protocol, |word| word.kind);
    let (kind, fault) = match kind {
        // Of the server, not of the SIM.
        ErrorKind::AuthFailed => (kind, Fault::Server),
        // It was set, and the module has lost it.
        ErrorKind::InvalidArgument => (ErrorKind::Protocol, Fault::Module),
        kind => to_driver(kind),
    };
    Error::new(kind, format!("modem, {doing}: {name}: {text}")).by(fault)
}

/// The error for a number of a transfer; `name` is the command's.
pub(super) fn of_ftp(name: &str, number: u32) -> Error {
    let code = u16::try_from(number).ok().and_then(|n| Code::find(FTP, n));
    let words = code.map_or("a number that the manual does not know", |code| code.text);
    let kind = code.map_or(ErrorKind::Protocol, |code| code.kind);
    let (kind, fault) = match kind {
        ErrorKind::AuthFailed => (kind, Fault::Server),
        kind => to_driver(kind),
    };
    Error::new(kind, format!("modem, {name}: {number} ({words})")).by(fault)
}
