//! Files of a server by way of the module's memory (manual, CFTPGETFILE and CFTPPUTFILE): a file in our folder, which
//! is the current one, has the name that it has on the server.

use super::super::names::{CFTPGETFILE, CFTPPUTFILE};
use super::files::{Failed, Tries};
use super::letter::not_supported;
use super::{folder, local_name, store};
use crate::at::response::{Value, named};
use crate::message::Charset;
use crate::modem::{Chat, Expect, Line, Piece};
use crate::service::{Error, ErrorKind, Fault, Result, Sink};
use core::time::Duration;
use tokio::sync::mpsc;

/// From the command to the line that tells how it went (reference 11).
const RESULT: Duration = Duration::from_secs(360);

/// `<dir>`: the current one (16-A17).
const HERE: u32 = 0;

/// Of a file whose length nobody knows so much is kept to learn it: the module wants to know before.
const MOST_KEPT: usize = 1 << 20;

/// The last part of a path, which is what the file is called in the module.
fn name_of(path: &str) -> Result<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match local_name::is_local(name) {
        true => Ok(name),
        false => Err(not_supported(&format!("a file called {name:?}"))),
    }
}

/// Sends what comes; gives how many bytes that were. Our folder is to be removed afterwards.
pub(super) async fn upload(
    chat: &mut Chat,
    path: &str,
    size: Option<u64>,
    charset: Charset,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<u64> {
    let name = name_of(path)?;
    let line = store::path_value(Line::new(CFTPPUTFILE), path, charset)?.number(HERE);
    let (size, kept) = match size {
        Some(size) => (size, None),
        None => {
            let kept = keep(pieces).await?;
            (kept.len() as u64, Some(kept))
        }
    };
    if size == 0 {
        return Err(not_supported("an empty file by way of its memory"));
    }
    folder::enter_ours(chat, size).await?;
    let rx = store::line(&format!("{}/{name}", folder::OURS), size, charset)?;
    match kept {
        None => store::feed(chat, &rx, size, pieces).await?,
        Some(kept) => {
            let (sender, mut again) = mpsc::channel(2);
            // There is room for both.
            let _ = sender.try_send(Piece::Bytes(kept));
            let _ = sender.try_send(Piece::End);
            store::feed(chat, &rx, size, &mut again).await?;
        }
    }
    transfer(chat, CFTPPUTFILE, &line).await?;
    Ok(size)
}

/// All that comes, to its end.
async fn keep(pieces: &mut mpsc::Receiver<Piece>) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    loop {
        match pieces.recv().await {
            Some(Piece::Bytes(bytes)) if kept.len() + bytes.len() <= MOST_KEPT => {
                kept.extend_from_slice(&bytes);
            }
            Some(Piece::Bytes(_)) => {
                let text = format!(
                    "modem, file: it must know the length of more than {MOST_KEPT} bytes before"
                );
                return Err(Error::new(ErrorKind::TooLarge, text).by(Fault::Module));
            }
            Some(Piece::End) => return Ok(kept),
            None => return Err(Error::new(ErrorKind::Cancelled, "the file was broken off")),
        }
    }
}

/// Fetches a file; gives how many bytes it has. Our folder is to be removed afterwards.
pub(super) async fn download(
    chat: &mut Chat,
    path: &str,
    charset: Charset,
    into: &mut dyn Sink,
) -> Result<u64> {
    let name = name_of(path)?;
    let line = store::path_value(Line::new(CFTPGETFILE), path, charset)?.number(HERE);
    folder::enter_ours(chat, 0).await?;
    transfer(chat, CFTPGETFILE, &line).await?;
    store::get(chat, folder::OURS, name, charset, into).await
}

/// The module's own transfer, tried again where that may help (quirk Q12).
async fn transfer(chat: &mut Chat, name: &'static str, line: &Line) -> Result<()> {
    let mut tries = Tries::default();
    loop {
        match once(chat, name, line).await {
            Err(failed) if tries.again(&failed) => {}
            outcome => return outcome.map_err(|failed| failed.error),
        }
    }
}

async fn once(chat: &mut Chat, name: &'static str, line: &Line) -> std::result::Result<(), Failed> {
    // A word of another transfer before is none of this one.
    chat.settle().await?;
    chat.keep(name);
    let told = told(chat, name, line).await;
    chat.forget(name);
    told
}

async fn told(chat: &mut Chat, name: &'static str, line: &Line) -> std::result::Result<(), Failed> {
    let answer = chat
        .ask(line, Expect::result())
        .await
        .map_err(Error::from)?;
    if !answer.result.is_ok() {
        return Err(Failed::result(name, &answer.result, false));
    }
    let line = chat.urc(name, RESULT).await.map_err(Error::from)?;
    let number = line
        .as_deref()
        .and_then(|line| named(line, name)?.next().and_then(Value::number));
    match number {
        Some(0) => Ok(()),
        Some(number) => Err(Failed::by(name, number, false)),
        None => {
            let text = format!("modem, {name}: it never told the result");
            let error = Error::new(ErrorKind::Timeout, text).by(Fault::Module);
            Err(error.after_content().into())
        }
    }
}
