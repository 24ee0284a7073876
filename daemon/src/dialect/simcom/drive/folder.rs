//! Folders in the module's memory (reference 8): one of our own for files that pass through, and those that it
//! makes for mails.

use super::super::names::{FSCD, FSDEL, FSLS, FSMEM, FSMKDIR, FSRMDIR};
use super::steps::{FILES, named_line, refusal};
use crate::at::response::named;
use crate::message::Charset;
use crate::modem::{Answer, Chat, ChatError, Expect, Line, until_answered};
use crate::service::{Error, ErrorKind, Fault, Result};

/// Where files lie that pass through: nothing else is in there.
pub(super) const OURS: &str = "C:/hayesd";

/// What is left free of the module's memory: it has its own files there.
const SPARE: u64 = 16 << 10;

/// Which of a folder's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Folders = 1,
    Files = 2,
}

/// Goes to a folder, whole path. Whether it is there.
pub(super) async fn enter(chat: &mut Chat, path: &str) -> Result<bool> {
    let line = Line::new(FSCD).plain(path)?;
    let expect = Expect::line(FSCD, &["v*"]).within(FILES);
    let answer = until_answered(chat, &line, expect).await?;
    if answer.result.is_ok() {
        // Some firmware says where it is now; then it must be there.
        return Ok(is_at(&answer, path).unwrap_or(true));
    }
    // Some refuses to go where it is already (8.2).
    let answer = until_answered(chat, &Line::new("+FSCD?"), expect).await?;
    Ok(is_at(&answer, path).unwrap_or(false))
}

/// Whether the answer says that this is the current folder; `None` where it says nothing of that.
fn is_at(answer: &Answer, path: &str) -> Option<bool> {
    let said = named_line(answer, FSCD)?.next()?.text;
    let said = said.strip_suffix(b"/").unwrap_or(said);
    Some(said.eq_ignore_ascii_case(path.trim_end_matches('/').as_bytes()))
}

/// Makes our folder, empty, and goes there. TooLarge where so many bytes have no room in it.
pub(super) async fn enter_ours(chat: &mut Chat, bytes: u64) -> Result<()> {
    // That it is there already is as good.
    let line = Line::new(FSMKDIR).plain("hayesd")?;
    enter(chat, "C:/").await?;
    until_answered(chat, &line, Expect::result().within(FILES)).await?;
    if !enter(chat, OURS).await? {
        return Err(no_room("it makes no folder for them"));
    }
    empty(chat).await?;
    match free(chat).await? {
        Some(free) if free < bytes.saturating_add(SPARE) => Err(no_room(&format!(
            "{free} bytes are free in its memory, {bytes} are needed"
        ))),
        _ => Ok(()),
    }
}

/// There is no room for files in the module.
pub(super) fn no_room(how: &str) -> Error {
    let text = format!("modem, files: {how}");
    Error::new(ErrorKind::TooLarge, text).by(Fault::Module)
}

/// How many bytes are free on the drive of our folder; `None` where the module does not say.
async fn free(chat: &mut Chat) -> Result<Option<u64>> {
    let expect = Expect::line(FSMEM, &["*"]).within(FILES);
    let answer = until_answered(chat, &Line::new(FSMEM), expect).await?;
    let lines = answer
        .lines
        .iter()
        .filter(|line| named(line, FSMEM).is_some());
    Ok(lines.filter_map(|line| free_of(line)).next())
}

/// `+FSMEM: C:(<total>, <used>)`, perhaps with other drives behind.
fn free_of(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let (_, rest) = text.split_once("C:(")?;
    let (total, used) = rest.split_once(')')?.0.split_once(',')?;
    let (total, used): (u64, u64) = (total.trim().parse().ok()?, used.trim().parse().ok()?);
    total.checked_sub(used)
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

/// The entries of the folder that was entered. A file may be called as anything is that a module says: as many lines
/// are names as it counts.
pub(super) async fn entries(chat: &mut Chat, kind: Kind) -> Result<Vec<String>> {
    let line = Line::new(FSLS).number(kind as u32);
    let Some(count) = count(chat, kind).await? else {
        return listing(chat, &line, Expect::any()).await;
    };
    match listing(chat, &line, Expect::names(FSLS, count)).await {
        // It counts others, too, as it seems.
        Err(error) if error.kind == ErrorKind::Timeout => {
            let names = listing(chat, &line, Expect::any()).await?;
            match names.len() > count {
                true => Ok(names),
                false => Err(error),
            }
        }
        outcome => outcome,
    }
}

async fn listing(chat: &mut Chat, line: &Line, expect: Expect) -> Result<Vec<String>> {
    let answer = chat.ask(line, expect.within(FILES)).await?;
    if !answer.result.is_ok() {
        return Err(refusal(&answer, "listing its files"));
    }
    let names = answer
        .lines
        .iter()
        .filter(|line| !line.starts_with(b"+FSLS"));
    Ok(names.map(|name| text_of(name.trim_ascii())).collect())
}

/// `+FSLS: SUBDIRECTORIES:2,FILES:3`; `None` where the module does not count.
async fn count(chat: &mut Chat, kind: Kind) -> std::result::Result<Option<usize>, ChatError> {
    let expect = Expect::line(FSLS, &["*"]).within(FILES);
    let answer = chat.ask(&Line::new("+FSLS?"), expect).await?;
    let label = match kind {
        Kind::Folders => "SUBDIRECTORIES:",
        Kind::Files => "FILES:",
    };
    let said = answer.lines.iter().find_map(|line| {
        let text = std::str::from_utf8(line).ok()?;
        let (_, rest) = text.split_once(label)?;
        let digits = rest
            .trim_start()
            .split(|c: char| !c.is_ascii_digit())
            .next()?;
        digits.parse().ok()
    });
    Ok(said.filter(|_| answer.result.is_ok()))
}

/// A name that the module prints: UTF-8, or what it uses itself.
fn text_of(name: &[u8]) -> String {
    let utf8 = std::str::from_utf8(name).ok().map(str::to_owned);
    utf8.or_else(|| Charset::Gbk.decode(name))
        .unwrap_or_else(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::free_of;

    #[test]
    fn room_of_the_first_drive() {
        let one = b"+FSMEM: C:(11348480, 2201600)";
        let two = b"+FSMEM: C:(100,40), D:(255533056, 42754048)";
        assert_eq!(free_of(one), Some(9_146_880));
        assert_eq!(free_of(two), Some(60));
        for odd in [
            "+FSMEM: D:(1, 0)",
            "+FSMEM: C:(1, 2)",
            "+FSMEM: C:(a, 2)",
            "x",
        ] {
            assert_eq!(free_of(odd.as_bytes()), None, "{odd}");
        }
    }
}
