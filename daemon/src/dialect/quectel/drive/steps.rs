//! One command of a procedure: sent, sent again where that is harmless, its refusal turned into an error.

use super::errors::refused;
use crate::dialect::Code;
use crate::modem::{Answer, Chat, ChatError, Expect, Line};
use crate::service::{Error, Result};

/// A command that was not answered is sent so many times: field logs show commands that were simply lost.
const TIMES: u32 = 3;

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
    Err(refused(&answer.result, table, doing))
}

/// The same, whatever the answer is.
pub(super) async fn until_answered(chat: &mut Chat, line: &Line, expect: Expect) -> Result<Answer> {
    let mut left = TIMES;
    loop {
        left -= 1;
        match chat.ask(line, expect).await {
            Err(ChatError::TimedOut(_)) if left > 0 => {}
            outcome => return outcome.map_err(Error::from),
        }
    }
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
    Err(refused(&answer.result, table, doing))
}

/// Whether all of a procedure may be tried again after this: the module was silent, nothing else.
pub(super) fn was_silent(error: &Error) -> bool {
    error.kind == crate::service::ErrorKind::Timeout && error.fault == crate::service::Fault::Module
}

/// How many times a procedure is tried.
pub(super) const TRIES: u32 = TIMES;
