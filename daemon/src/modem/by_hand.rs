//! Commands that people send by `Modem.Command`.

use super::chat::{Answer, Chat};
use super::drive::Drive;
use super::expect::Expect;
use super::line::FORBIDDEN;
use crate::at::line;
use crate::at::{Form, Name};
use crate::service::{Error, ErrorKind, Fault, Result};
use core::time::Duration;

/// The longest time that a person's command may take: `busctl` gives up after 25 s.
pub(super) const LONGEST: Duration = Duration::from_secs(20);

/// The longest command, in bytes. V.250 section 5.2.1 asks for 40 at least; modules take some hundreds.
const MOST_BYTES: usize = 512;

/// Refuses what is no command line, or what would take the module out of our hands.
pub(super) fn check(text: &str, drive: &dyn Drive) -> Result<()> {
    let invalid = |why: String| Error::new(ErrorKind::InvalidArgument, why);
    if text.len() > MOST_BYTES {
        return Err(invalid(format!("longer than {MOST_BYTES} bytes")));
    }
    if let Some(c) = text
        .chars()
        .find(|&c| c != '"' && (FORBIDDEN.contains(&c) || c.is_control()))
    {
        return Err(invalid(format!("a command cannot hold {c:?}")));
    }
    let mut rest = line::body(text.as_bytes()).map_err(|error| invalid(error.to_string()))?;
    while let Some((command, after)) =
        line::next(rest).map_err(|error| invalid(error.to_string()))?
    {
        rest = after;
        // Asking never does any harm.
        if matches!(command.form, Form::Test | Form::Read) {
            continue;
        }
        let name = match command.name {
            Name::Basic(name) | Name::Extended(name) => name,
            Name::Register(_) => b"S",
        };
        if drive
            .facts()
            .refused_by_hand
            .iter()
            .any(|refused| refused.as_bytes().eq_ignore_ascii_case(name))
        {
            let text = format!(
                "{} ends in data mode or takes the modem out of the driver's hands",
                name.escape_ascii()
            );
            return Err(Error::new(ErrorKind::NotSupported, text).by(Fault::Caller));
        }
    }
    Ok(())
}

/// The answer's lines as text, the result last.
pub(super) fn lines(answer: &Answer) -> Vec<String> {
    let mut lines: Vec<String> = answer
        .lines
        .iter()
        .map(|line| {
            String::from_utf8_lossy(line)
                .chars()
                .filter(|c| !c.is_control())
                .collect()
        })
        .collect();
    lines.push(answer.result.to_string());
    lines
}

/// Sends it and waits for the answer.
pub(super) async fn ask(chat: &mut Chat, text: &str, within: Duration) -> Result<Vec<String>> {
    let line = super::line::Line::by_hand(text);
    let answer = chat
        .ask(&line, Expect::any().within(within.min(LONGEST)))
        .await?;
    Ok(lines(&answer))
}
