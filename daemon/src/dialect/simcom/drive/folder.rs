//! Files in the module's memory (reference 8): a folder of our own for attachments, and what was fetched.

use super::super::codes::CME;
use super::super::names::{CFTRANRX, CFTRANTX, FSCD, FSDEL, FSLS, FSMKDIR, FSRMDIR};
use super::letter::not_supported;
use super::steps::{FILES, named_line, refusal};
use crate::message::Charset;
use crate::modem::{
    Chat, Expect, Leave, Line, Prompt, Report, Streamed, TRIES, refused, to_hex, until_answered,
    was_silent,
};
use crate::service::{Error, ErrorKind, Fault, Result, Sink};
use core::time::Duration;

/// Where attachments lie while a mail is sent: nothing else is in there.
pub(super) const OURS: &str = "C:/hayesd";

/// A name may have so many bytes; a whole path 254 (reference 8.1).
const MOST_NAME: usize = 60;

/// Time from the last byte of a file to the module's `OK`, and between two blocks of one that it gives.
const STORED: Duration = Duration::from_secs(60);
const BLOCK: Duration = Duration::from_secs(60);

/// Goes to a folder, whole path. Whether it is there.
pub(super) async fn enter(chat: &mut Chat, path: &str) -> Result<bool> {
    let line = Line::new(FSCD).plain(path)?;
    let expect = Expect::line(FSCD, &["v*"]).within(FILES);
    let answer = until_answered(chat, &line, expect).await?;
    if !answer.result.is_ok() {
        return Ok(false);
    }
    // Some firmware says where it is now; then it must be there.
    let said = named_line(&answer, FSCD).and_then(|mut values| values.next());
    let same = |said: &[u8]| {
        let said = said.strip_suffix(b"/").unwrap_or(said);
        said.eq_ignore_ascii_case(path.trim_end_matches('/').as_bytes())
    };
    Ok(said.is_none_or(|value| same(value.text)))
}

/// Makes our folder, empty, and goes there.
pub(super) async fn enter_ours(chat: &mut Chat) -> Result<()> {
    // That it is there already is as good.
    let line = Line::new(FSMKDIR).plain("hayesd")?;
    enter(chat, "C:/").await?;
    until_answered(chat, &line, Expect::result().within(FILES)).await?;
    if !enter(chat, OURS).await? {
        let text = "modem, attachments: it makes no folder for them";
        return Err(Error::new(ErrorKind::TooLarge, text).by(Fault::Module));
    }
    empty(chat).await
}

/// Deletes every file in the folder that was entered.
async fn empty(chat: &mut Chat) -> Result<()> {
    let line = Line::new(FSDEL).plain("*.*")?;
    until_answered(chat, &line, Expect::result().within(FILES)).await?;
    Ok(())
}

/// Removes a folder and the files in it, if it is there.
pub(super) async fn remove(chat: &mut Chat, path: &str) -> Result<()> {
    let path = path.trim_end_matches('/');
    let Some((above, name)) = path.rsplit_once('/') else {
        return Ok(());
    };
    if !enter(chat, path).await? {
        return Ok(());
    }
    empty(chat).await?;
    enter(chat, &format!("{above}/")).await?;
    let line = Line::new(FSRMDIR).plain(name)?;
    until_answered(chat, &line, Expect::result().within(FILES)).await?;
    Ok(())
}

/// The files in the folder that was entered.
pub(super) async fn files(chat: &mut Chat) -> Result<Vec<String>> {
    let line = Line::new(FSLS).number(2_u32);
    let answer = until_answered(chat, &line, Expect::any().within(FILES)).await?;
    if !answer.result.is_ok() {
        return Err(refusal(&answer, "listing its files"));
    }
    let names = answer
        .lines
        .iter()
        .filter(|line| !line.starts_with(b"+FSLS"));
    Ok(names.map(|name| text_of(name.trim_ascii())).collect())
}

/// A name that the module prints: UTF-8, or what it uses itself.
fn text_of(name: &[u8]) -> String {
    let utf8 = std::str::from_utf8(name).ok().map(str::to_owned);
    utf8.or_else(|| Charset::Gbk.decode(name))
        .unwrap_or_else(|| String::from_utf8_lossy(name).into_owned())
}

/// Puts a file into our folder. It cannot be broken off: the module counts.
pub(super) async fn put(chat: &mut Chat, name: &str, bytes: &[u8], report: &Report) -> Result<()> {
    let path = format!("{OURS}/{name}");
    let line = Line::new(CFTRANRX).text(&path)?.number(bytes.len() as u64);
    let expect = Expect::result()
        .within(FILES)
        .taking(Prompt::Bytes(b">"), STORED)
        .left_by(Leave::Fill);
    let mut tries = 1;
    loop {
        report.proceed()?;
        let outcome = match chat.ask_with(&line, expect, bytes, None).await {
            Ok(answer) if answer.result.is_ok() => return Ok(()),
            Ok(answer) => return Err(refused(&answer.result, &[CME], "attachment")),
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

/// Takes a file out of the module, whole path.
pub(super) async fn get(chat: &mut Chat, path: &str, into: &mut dyn Sink) -> Result<()> {
    let line = path_value(Line::new(CFTRANTX), path)?;
    chat.stream(&line, CFTRANTX, Expect::result().within(BLOCK))
        .await?;
    let outcome = drain(chat, into).await;
    chat.end_stream();
    outcome
}

async fn drain(chat: &mut Chat, into: &mut dyn Sink) -> Result<()> {
    loop {
        match chat.streamed(BLOCK).await? {
            Some(Streamed::Bytes(mut bytes)) => into.put(&mut bytes).await?,
            Some(Streamed::Line(_)) => {}
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

/// A path as the next value, in quotes. One that is not ASCII goes as the digits of its GBK bytes, slashes and
/// all in one run (reference 6.6, 16-A18, 16-A19). NotSupported where that cannot be.
pub(super) fn path_value(line: Line, path: &str) -> Result<Line> {
    if path.is_ascii() {
        return line.text(path);
    }
    let bytes = Charset::Gbk
        .encode(path)
        .ok_or_else(|| not_supported(&format!("the path {path:?}")))?;
    Ok(line.digits("{non-ascii}", &to_hex(&bytes)))
}

/// Names for files in our folder, as like the wanted ones as can be and no two alike: letters, digits, dots,
/// dashes and underscores, the first no dot or dash, the last no dot (reference 8.1).
pub(super) fn clean_names<'a>(wanted: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for wanted in wanted {
        let taken = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let mut nth = 1_u32;
        let mut name = clean(wanted, nth);
        while taken(&name) {
            nth += 1;
            name = clean(wanted, nth);
        }
        names.push(name);
    }
    names
}

fn clean(wanted: &str, nth: u32) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let safe: String = wanted
        .chars()
        .map(|c| if good(c) { c } else { '_' })
        .collect();
    let safe = safe.trim_start_matches(['.', '-']).trim_end_matches('.');
    let (stem, ending) = match safe.rfind('.') {
        Some(dot) if safe.len() - dot <= 8 => safe.split_at(dot),
        _ => (safe, ""),
    };
    let number = match nth {
        1 => String::new(),
        nth => format!("-{nth}"),
    };
    let room = MOST_NAME - ending.len() - number.len();
    let stem = if stem.is_empty() { "file" } else { stem };
    format!("{}{number}{ending}", &stem[..stem.len().min(room)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16-A18, 16-A19: one run of GBK digits (reference 6.6).
    #[test]
    fn a18_paths_that_are_not_ascii() {
        let line = |path| path_value(Line::new("+X"), path);
        assert_eq!(line("/a b").unwrap().sent(), b"AT+X=\"/a b\"");
        assert_eq!(
            line("/testdir/\u{6d4b}\u{8bd5}.txt").unwrap().sent(),
            b"AT+X={non-ascii}\"2F746573746469722FB2E2CAD42E747874\""
        );
        for path in ["a\"b", "a\rb", "\u{1f600}"] {
            assert_eq!(line(path).unwrap_err().kind, ErrorKind::NotSupported);
        }
    }

    #[test]
    fn names_are_safe_short_and_unlike() {
        let wanted = [
            "report.txt",
            "Report.TXT",
            "../../etc/passwd",
            "F\u{fc}ll\"stand,1.csv",
            "",
            ".txt",
            "a.",
            "C:\\x;y",
        ];
        assert_eq!(
            clean_names(wanted.into_iter()),
            [
                "report.txt",
                "Report-2.TXT",
                "_.._etc_passwd",
                "F_ll_stand_1.csv",
                "file",
                "txt",
                "a",
                "C__x_y",
            ]
        );
        let long = "x".repeat(300);
        let names = clean_names([&long[..], &long].into_iter());
        assert_eq!(names[0].len(), MOST_NAME);
        assert!(names[1].ends_with("x-2") && names[1].len() == MOST_NAME);
    }
}
