//! Files in the module's memory (FILE manual: `QFUPL`, `QFDEL`).

use super::super::codes::FILE;
use super::super::names::{QFDEL, QFUPL};
use super::steps::refusal;
use crate::at::response::named;
use crate::modem::{Chat, Expect, Line, Prompt, Report, TRIES, was_silent};
use crate::service::{Error, ErrorKind, Fault, Result};
use core::time::Duration;

/// What "it exists already" is called: by the manual, and by later firmware.
const EXISTS: [u32; 2] = [407, 424];

/// How long the module waits for the next byte, in seconds, and how long we wait for its sum.
const GAP: u32 = 60;
const SUM: Duration = Duration::from_secs(30);

/// A name may have so many bytes; the manual says 80 with the drive.
const MOST_NAME: usize = 60;

/// Names that are tried before an upload is given up.
const NAMES: u32 = 20;

/// How an upload ended.
#[derive(Debug, PartialEq, Eq)]
enum Upload {
    Done,
    Exists,
}

/// Uploads under a name that is free, as like the wanted one as can be. Returns the name.
pub(super) async fn upload(
    chat: &mut Chat,
    wanted: &str,
    bytes: &[u8],
    report: &Report,
) -> Result<String> {
    for nth in 1..=NAMES {
        let name = name_of(wanted, nth);
        let mut tries = 1;
        loop {
            report.proceed()?;
            match put(chat, &name, bytes, Some(report)).await {
                Ok(Upload::Done) => return Ok(name),
                Ok(Upload::Exists) => break,
                Err(error) => {
                    // Half a file, or one that did not arrive as it was sent.
                    delete(chat, &name).await?;
                    if tries == TRIES || !(was_silent(&error) || is_damage(&error)) {
                        return Err(error);
                    }
                    tries += 1;
                }
            }
        }
    }
    Err(Error::new(
        ErrorKind::TooLarge,
        format!("modem, attachment: the names like {wanted:?} are all taken"),
    )
    .by(Fault::Module))
}

/// Uploads under this very name, which is ours alone.
pub(super) async fn replace(chat: &mut Chat, name: &str, bytes: &[u8]) -> Result<()> {
    delete(chat, name).await?;
    match put(chat, name, bytes, None).await? {
        Upload::Done => Ok(()),
        Upload::Exists => Err(Error::new(
            ErrorKind::Protocol,
            format!("modem, file: {name} cannot be deleted"),
        )
        .by(Fault::Module)),
    }
}

/// Deletes a file; that there is none is as good.
pub(super) async fn delete(chat: &mut Chat, name: &str) -> Result<()> {
    let line = Line::new(QFDEL).text(name)?;
    chat.ask(&line, Expect::result()).await?;
    Ok(())
}

async fn put(chat: &mut Chat, name: &str, bytes: &[u8], report: Option<&Report>) -> Result<Upload> {
    let line = Line::new(QFUPL)
        .text(name)?
        .number(bytes.len() as u64)
        .number(GAP)
        .number(0_u32);
    let expect = Expect::line(QFUPL, &["nv"]).taking(Prompt::Connect, SUM);
    let answer = chat.ask_with(&line, expect, bytes, report).await?;
    if answer
        .result
        .number()
        .is_some_and(|number| EXISTS.contains(&number))
    {
        return Ok(Upload::Exists);
    }
    if !answer.result.is_ok() {
        return Err(refusal(&answer.result, FILE, "attachment"));
    }
    let mut values = answer
        .lines
        .first()
        .and_then(|line| named(line, QFUPL))
        .into_iter()
        .flatten();
    let size = values.next().and_then(|size| size.number());
    let sum = values.next().and_then(|sum| sum.hex());
    if size.map(u64::from) == Some(bytes.len() as u64) && sum == Some(checksum(bytes)) {
        return Ok(Upload::Done);
    }
    Err(Error::new(ErrorKind::Protocol, format!("modem, attachment: {DAMAGED}")).by(Fault::Module))
}

const DAMAGED: &str = "it did not arrive as it was sent";

fn is_damage(error: &Error) -> bool {
    error.kind == ErrorKind::Protocol && error.text.ends_with(DAMAGED)
}

/// XOR over the bytes taken in pairs, the high one first; an odd last one is a high one.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).fold(0, |sum, pair| {
        let low = pair.get(1).copied().unwrap_or(0);
        sum ^ u32::from(u16::from_be_bytes([pair[0], low]))
    })
}

/// The name of the nth try: `RAM:` and letters, digits, dots, dashes, underscores. The receiver sees it,
/// so it stays as like the wanted one as can be.
fn name_of(wanted: &str, nth: u32) -> String {
    let safe: String = wanted
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let safe = safe.trim_start_matches('.');
    let (stem, ending) = match safe.rfind('.') {
        Some(dot) if safe.len() - dot <= 8 => safe.split_at(dot),
        _ => (safe, ""),
    };
    let number = if nth == 1 {
        String::new()
    } else {
        format!("-{nth}")
    };
    let room = MOST_NAME - ending.len() - number.len();
    let stem = if stem.is_empty() { "file" } else { stem };
    let stem = &stem[..stem.len().min(room)];
    format!("RAM:{stem}{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_pairs_bytes() {
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum(&[0x12]), 0x1200);
        assert_eq!(checksum(&[0x12, 0x34, 0x01, 0x01]), 0x1335);
        assert_eq!(checksum(&[0x12, 0x34, 0xff]), 0xed34);
    }

    #[test]
    fn names_are_safe_short_and_unlike() {
        assert_eq!(name_of("report.txt", 1), "RAM:report.txt");
        assert_eq!(name_of("report.txt", 2), "RAM:report-2.txt");
        assert_eq!(name_of("../../etc/passwd", 1), "RAM:_.._etc_passwd");
        assert_eq!(name_of("Füll\"stand\r.csv", 1), "RAM:F_ll_stand_.csv");
        assert_eq!(name_of("", 3), "RAM:file-3");
        assert_eq!(name_of(".txt", 1), "RAM:txt");
        let long = name_of(&"x".repeat(300), 20);
        assert_eq!(long.len(), MOST_NAME + 4);
        assert!(long.ends_with("x-20"));
    }
}
