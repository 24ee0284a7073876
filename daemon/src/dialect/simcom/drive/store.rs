//! Files into the module's memory and out of it (reference 8.4, 8.5).

use super::super::codes::CME;
use super::super::names::{CFTRANRX, CFTRANTX, FSATTRI, FSDEL};
use super::folder::{OURS, no_room};
use super::letter::not_supported;
use super::steps::FILES;
use crate::at::response::{FinalResult, named};
use crate::message::Charset;
use crate::modem::{
    Chat, Expect, Leave, Line, Payload, Piece, Prompt, Report, StreamEnd, Streamed, TRIES, refused,
    to_hex, until_answered, was_silent,
};
use crate::service::{BoxFuture, Error, ErrorKind, Fault, Result, Sink};
use core::time::Duration;
use tokio::sync::mpsc;

/// Time from the last byte of a file to the module's `OK`, and between two blocks of one that it gives.
const STORED: Duration = Duration::from_secs(60);
const BLOCK: Duration = Duration::from_secs(60);

/// It cannot be broken off: the module counts.
fn expect(bytes: u64) -> Expect {
    Expect::any()
        .within(FILES)
        .taking(Prompt::Bytes(b">"), STORED)
        .left_by(Leave::Fill(bytes))
}

/// Path and length are right: what it refuses it has no room for.
fn refusal(result: &FinalResult, lines: &[Vec<u8>]) -> Error {
    match result {
        FinalResult::Error => {
            let said = lines.iter().map(|line| String::from_utf8_lossy(line));
            let said: Vec<_> = said.collect();
            no_room(&format!("it takes none: {}", said.join(", ")))
        }
        result => refused(result, &[CME], "storing a file"),
    }
}

/// Puts a file into our folder.
pub(super) async fn put(chat: &mut Chat, name: &str, bytes: &[u8], report: &Report) -> Result<()> {
    let path = format!("{OURS}/{name}");
    let line = Line::new(CFTRANRX).text(&path)?.number(bytes.len() as u64);
    let mut tries = 1;
    loop {
        report.proceed()?;
        let asked = chat.ask_with(&line, expect(bytes.len() as u64), bytes, None);
        let outcome = match asked.await {
            Ok(answer) if answer.result.is_ok() => return Ok(()),
            Ok(answer) => return Err(refusal(&answer.result, &answer.lines)),
            Err(error) => Error::from(error),
        };
        if tries == TRIES || !was_silent(&outcome) {
            return Err(outcome);
        }
        // Half of it may be there.
        let delete = Line::new(FSDEL).plain(name)?;
        until_answered(chat, &delete, Expect::result().within(FILES)).await?;
        tries += 1;
    }
}

/// The same with content that comes in pieces, so many bytes in all.
pub(super) async fn feed(
    chat: &mut Chat,
    line: &Line,
    bytes: u64,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<()> {
    let mut payload = Payload {
        pieces,
        encode: |bytes, out| out.extend_from_slice(bytes),
        end: b"",
        most: Some(bytes),
        begun: false,
        written: 0,
    };
    let answer = chat.ask_feeding(line, expect(bytes), &mut payload).await?;
    if answer.result.is_ok() {
        return Ok(());
    }
    Err(refusal(&answer.result, &answer.lines))
}

/// A file's line for [`feed`], whole path.
pub(super) fn line(path: &str, bytes: u64, charset: Charset) -> Result<Line> {
    Ok(path_value(Line::new(CFTRANRX), path, charset)?.number(bytes))
}

/// Counts what passes.
struct Counted<'a> {
    into: &'a mut dyn Sink,
    count: u64,
}

impl Sink for Counted<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.count += bytes.len() as u64;
        self.into.put(bytes)
    }
}

/// Takes a file out of the folder that was entered, whose path this is; gives how many bytes it has.
pub(super) async fn get(
    chat: &mut Chat,
    folder: &str,
    name: &str,
    charset: Charset,
    into: &mut dyn Sink,
) -> Result<u64> {
    let size = size(chat, name).await?;
    let path = format!("{}/{name}", folder.trim_end_matches('/'));
    let line = path_value(Line::new(CFTRANTX), &path, charset)?;
    let expect = Expect::result().within(BLOCK);
    chat.stream(&line, CFTRANTX, StreamEnd::Result, expect)
        .await?;
    let mut into = Counted { into, count: 0 };
    let outcome = drain(chat, &mut into).await;
    chat.end_stream();
    outcome?;
    match size {
        Some(size) if size != into.count => {
            let text = format!(
                "modem, reading its file: of {size} bytes {} came",
                into.count
            );
            Err(Error::new(ErrorKind::Protocol, text).by(Fault::Link))
        }
        _ => Ok(into.count),
    }
}

/// The size of a file in the folder that was entered; `None` where nobody says, or its name can't be said.
async fn size(chat: &mut Chat, name: &str) -> Result<Option<u64>> {
    let Ok(line) = Line::new(FSATTRI).plain(name) else {
        return Ok(None);
    };
    let expect = Expect::line(FSATTRI, &["n*"]).within(FILES);
    let answer = until_answered(chat, &line, expect).await?;
    let lines = answer.lines.iter().filter_map(|line| named(line, FSATTRI));
    Ok(lines
        .filter_map(|mut values| values.next()?.number())
        .map(u64::from)
        .next())
}

async fn drain(chat: &mut Chat, into: &mut dyn Sink) -> Result<()> {
    loop {
        match chat.streamed(BLOCK).await? {
            Some(Streamed::Bytes(mut bytes)) => into.put(&mut bytes).await?,
            Some(Streamed::Line(line)) => {
                let first = named(&line, CFTRANTX).and_then(|mut values| values.next()?.number());
                if let Some(number) = first.filter(|number| *number != 0) {
                    let text = format!("modem, reading its file: {CFTRANTX}: {number}");
                    return Err(Error::new(ErrorKind::Protocol, text).by(Fault::Module));
                }
            }
            Some(Streamed::Result(result)) if result.is_ok() => return Ok(()),
            Some(Streamed::Result(result)) => {
                return Err(refused(&result, &[CME], "reading its file"));
            }
            None => {
                let text = "modem, reading its file: it stopped in the middle";
                return Err(Error::new(ErrorKind::Timeout, text).by(Fault::Module));
            }
        }
    }
}

/// A path as the next value, in quotes. One that is not ASCII goes as the digits of its bytes in this charset, slashes
/// and all in one run (reference 6.6, 16-A18, 16-A19). NotSupported where that cannot be.
pub(super) fn path_value(line: Line, path: &str, charset: Charset) -> Result<Line> {
    if path.is_ascii() {
        return line.text(path);
    }
    let bytes = charset
        .encode(path)
        .ok_or_else(|| not_supported(&format!("the path {path:?}")))?;
    Ok(line.digits("{non-ascii}", &to_hex(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16-A18, 16-A19: one run of digits, of GBK or as it is configured (reference 6.6).
    #[test]
    fn a18_a19_paths_that_are_not_ascii() {
        let line = |path| path_value(Line::new("+X"), path, Charset::Gbk);
        assert_eq!(line("/a b").unwrap().sent(), b"AT+X=\"/a b\"");
        let path = "/testdir/\u{6d4b}\u{8bd5}.txt";
        assert_eq!(
            line(path).unwrap().sent(),
            b"AT+X={non-ascii}\"2F746573746469722FB2E2CAD42E747874\""
        );
        let utf8 = path_value(Line::new("+X"), path, Charset::Utf8).unwrap();
        assert_eq!(
            utf8.sent(),
            b"AT+X={non-ascii}\"2F746573746469722FE6B58BE8AF952E747874\""
        );
        for path in ["a\"b", "a\rb", "\u{1f600}"] {
            assert_eq!(line(path).unwrap_err().kind, ErrorKind::NotSupported);
        }
    }
}
