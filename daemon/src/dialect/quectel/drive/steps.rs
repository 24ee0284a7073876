//! One command of a procedure: sent, sent again where that is harmless, its refusal turned into an error.

use super::super::codes::CME;
use crate::at::response::FinalResult;
use crate::dialect::Code;
use crate::modem::{Answer, Chat, Expect, Line, refused, until_answered};
use crate::service::{Error, Result};

/// The error for a command that the module refused; general numbers are looked up as well.
pub(super) fn refusal(result: &FinalResult, table: &'static [Code], doing: &str) -> Error {
    refused(result, &[table, CME], doing)
}

/// Sends a command that may be sent twice without harm, until it is answered.
pub(super) async fn set(
    chat: &mut Chat,
    line: &Line,
    expect: Expect,
    table: &'static [Code],
    doing: &str,
) -> Result<Answer> {
    let answer = until_answered(chat, line, expect).await?;
    if answer.result.is_ok() {
        return Ok(answer);
    }
    Err(refusal(&answer.result, table, doing))
}

/// The same for a command that must not be sent twice by itself.
pub(super) async fn once(
    chat: &mut Chat,
    line: &Line,
    table: &'static [Code],
    doing: &str,
) -> Result<()> {
    let answer = chat.ask(line, Expect::result()).await?;
    if answer.result.is_ok() {
        return Ok(());
    }
    Err(refusal(&answer.result, table, doing))
}
