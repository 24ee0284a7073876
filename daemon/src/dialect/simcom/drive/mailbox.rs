//! A mailbox (manual, chapter POP3; reference 5, 13.2).

use super::super::codes::{POP3 as WORDS, SUCCESS};
use super::super::names::{
    POP3, POP3DEL, POP3GET, POP3HDR, POP3IN, POP3LIST, POP3NUM, POP3OUT, POP3SRV, POP3STOP,
};
use super::message::{self, Frame};
use super::steps::{of_word, refusal, word_of};
use super::{bearer, folder};
use crate::at::response::{named, split_name};
use crate::message::Fingerprints;
use crate::modem::{
    Answer, Chat, Expect, Line, ListedMail, MailboxModule, Settings, until_answered,
};
use crate::service::{
    BoxFuture, Error, ErrorKind, Fault, MailboxOpen, MailboxStatus, Result, Sink, Wanted,
};
use core::time::Duration;

/// Time for everything that asks the server, and for a whole mail (reference 11).
const STEP: Duration = Duration::from_secs(60);
const MAIL: Duration = Duration::from_secs(300);

/// The line behind `+POP3: SUCCESS` comes with it.
const NEXT_LINE: Duration = Duration::from_secs(10);

/// What stands for the line that says where a mail was put.
const PLACE: &str = "place of a mail";

/// A mailbox.
pub(super) struct Mailbox<'a> {
    settings: &'a Settings,
    open: &'a MailboxOpen,
    /// Where the module has put the mail that is being fetched.
    place: Option<String>,
}

impl<'a> Mailbox<'a> {
    pub(super) fn new(settings: &'a Settings, open: &'a MailboxOpen) -> Self {
        Self {
            settings,
            open,
            place: None,
        }
    }

    async fn log_in(&self, chat: &mut Chat) -> Result<()> {
        bearer::up(chat, self.settings).await?;
        let (server, who) = (&self.open.server, &self.open.credentials);
        let line = Line::new(POP3SRV)
            .text(&server.host)?
            .text(&who.user)?
            .secret(&who.password)?
            .number(server.port);
        let mut answer = until_answered(chat, &line, Expect::result()).await?;
        if !answer.result.is_ok() {
            // It takes none while a session is open: one of a daemon that died.
            stop(chat).await?;
            answer = until_answered(chat, &line, Expect::result()).await?;
        }
        if !answer.result.is_ok() {
            return Err(refusal(&answer, "server and account"));
        }
        step(chat, &Line::new(POP3IN), "login").await.map(drop)
    }

    async fn read(&mut self, chat: &mut Chat, wanted: Wanted, into: &mut dyn Sink) -> Result<()> {
        chat.keep(POP3);
        chat.keep_where(PLACE, |line| place_of(line).is_some());
        let told = fetch(chat, wanted.number).await;
        chat.forget(POP3);
        chat.forget(PLACE);
        let (place, file) = told?;
        self.place = Some(place.clone());
        let outcome = take_out(chat, &place, &file, into).await;
        self.tidy(chat).await;
        outcome
    }

    /// Removes what was fetched: the module never does.
    async fn tidy(&mut self, chat: &mut Chat) {
        if let Some(place) = self.place.take()
            && let Err(error) = folder::remove(chat, &place).await
        {
            tracing::debug!(port = %self.settings.name, %error, "cleaning up after a mail");
        }
    }
}

/// One step of a session: asked once, since nobody knows whether a lost one was carried out.
async fn step(chat: &mut Chat, line: &Line, doing: &str) -> Result<Answer> {
    // A late word of an operation before may come first (16-A33).
    let expect = Expect::lines(POP3, &["s", "nn*"], 4).within(STEP);
    checked(chat.ask(line, expect).await?, doing)
}

/// Busy modules say so with either result (16-A7).
fn checked(answer: Answer, doing: &str) -> Result<Answer> {
    let busy = word_of(&answer, POP3).filter(|word| word.eq_ignore_ascii_case("ONGOING"));
    if !answer.result.is_ok() || busy.is_some() {
        return Err(refusal(&answer, doing));
    }
    Ok(answer)
}

/// Breaks a session off; that there is none is as good.
async fn stop(chat: &mut Chat) -> Result<()> {
    let expect = Expect::result().within(STEP);
    until_answered(chat, &Line::new(POP3STOP), expect).await?;
    Ok(())
}

/// Has the module fetch a mail; gives its folder and the name of its text.
async fn fetch(chat: &mut Chat, number: u32) -> Result<(String, String)> {
    step(chat, &Line::new(POP3GET).number(number), "fetching").await?;
    let line = chat.urc(POP3, MAIL).await?.ok_or_else(|| {
        let text = "modem, fetching: it never told the result";
        Error::new(ErrorKind::Timeout, text).by(Fault::Module)
    })?;
    let values = named(&line, POP3).and_then(|mut values| values.next());
    let word = values.map(|value| value.to_text()).unwrap_or_default();
    if !word.eq_ignore_ascii_case(SUCCESS) {
        return Err(failed(&word));
    }
    let place = chat.urc(PLACE, NEXT_LINE).await?;
    place.as_deref().and_then(place_of).ok_or_else(|| {
        let text = "modem, fetching: it never told where the mail is";
        Error::new(ErrorKind::Protocol, text).by(Fault::Module)
    })
}

/// `FAILURE` is about this mail; what else it says ends the session.
fn failed(word: &str) -> Error {
    of_word(POP3, WORDS, word, "fetching")
}

/// `C:/Email/090901120000/, EMAIL000.TXT`: the folder, its slash included, and the file.
fn place_of(line: &[u8]) -> Option<(String, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (place, file) = line.rsplit_once("/,")?;
    let is_path = place
        .as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphabetic)
        && place.get(1..3) == Some(":/");
    let file = file.trim();
    let is_name = !file.is_empty() && !file.contains('/');
    (is_path && is_name).then(|| (format!("{place}/"), file.to_owned()))
}

/// Text and files of a mail in the module, put together.
async fn take_out(
    chat: &mut Chat,
    place: &str,
    text_file: &str,
    into: &mut dyn Sink,
) -> Result<()> {
    if !folder::enter(chat, place.trim_end_matches('/')).await? {
        let text = format!("modem, reading the mail: there is no {place}");
        return Err(Error::new(ErrorKind::Protocol, text).by(Fault::Module));
    }
    let files = folder::files(chat).await?;
    let mut text = message::Kept::default();
    folder::get(chat, &format!("{place}{text_file}"), &mut text).await?;
    let others: Vec<&str> = files
        .iter()
        .map(String::as_str)
        .filter(|file| !file.eq_ignore_ascii_case(text_file))
        .collect();
    let Frame { mut head, boundary } = message::frame(&text.into_bytes(), &others);
    into.put(&mut head).await?;
    let Some(boundary) = boundary else {
        return Ok(());
    };
    for file in others {
        into.put(&mut message::part(&boundary, file)).await?;
        let mut lines = message::Lines::new(into);
        folder::get(chat, &format!("{place}{file}"), &mut lines).await?;
        lines.end().await?;
    }
    into.put(&mut message::end(&boundary)).await
}

/// Two numbers, a comma or a blank between them.
fn two_numbers(text: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = text.split([',', ' ']).filter(|part| !part.is_empty());
    let two = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next().is_none().then_some(two)
}

/// The numbers behind `+POP3:`.
fn told(answer: &Answer) -> Option<(u64, u64)> {
    let mut lines = answer.lines.iter().filter_map(|line| split_name(line));
    lines.find_map(|(name, rest)| {
        let own = name.eq_ignore_ascii_case(POP3.as_bytes());
        two_numbers(rest).filter(|_| own)
    })
}

fn odd(doing: &str) -> Error {
    let text = format!("modem, {doing}: its answer is not complete");
    Error::new(ErrorKind::Protocol, text).by(Fault::Module)
}

/// Numbers and sizes; as many as the first line says, since a lost line would hide a mail.
async fn numbers(chat: &mut Chat) -> Result<Vec<(u32, u64)>> {
    let expect = Expect::any().within(STEP);
    let answer = chat.ask(&Line::new(POP3LIST), expect).await?;
    let answer = checked(answer, "listing")?;
    let (count, _) = told(&answer).ok_or_else(|| odd("listing"))?;
    let bare = answer
        .lines
        .iter()
        .filter(|line| split_name(line).is_none());
    let listed: Vec<(u32, u64)> = bare
        .filter_map(|line| {
            let (number, size) = two_numbers(line)?;
            Some((u32::try_from(number).ok()?, size))
        })
        .collect();
    if listed.len() as u64 != count {
        return Err(odd("listing"));
    }
    Ok(listed)
}

/// From, Date and Subject as header lines (16-A20).
async fn header(chat: &mut Chat, number: u32) -> Result<Vec<u8>> {
    let expect = Expect::any().within(STEP);
    let line = Line::new(POP3HDR).number(number);
    let answer = checked(chat.ask(&line, expect).await?, "header")?;
    let mut header = Vec::new();
    for label in ["From:", "Date:", "Subject:"] {
        let is = |line: &&Vec<u8>| {
            let begin = line.get(..label.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(label.as_bytes()))
        };
        if let Some(line) = answer.lines.iter().find(is) {
            header.extend_from_slice(line);
            header.extend_from_slice(b"\r\n");
        }
    }
    Ok(header)
}

impl MailboxModule for Mailbox<'_> {
    fn open<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, Result<()>> {
        Box::pin(self.log_in(chat))
    }

    fn status<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, Result<MailboxStatus>> {
        Box::pin(async move {
            let answer = step(chat, &Line::new(POP3NUM), "status").await?;
            let (count, bytes) = told(&answer).ok_or_else(|| odd("status"))?;
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            Ok(MailboxStatus { count, bytes })
        })
    }

    fn list<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, Result<Vec<ListedMail>>> {
        Box::pin(async move {
            let numbers = numbers(chat).await?;
            let mut ids = Fingerprints::default();
            let mut listed = Vec::with_capacity(numbers.len());
            for (number, size) in numbers {
                let header = header(chat, number).await?;
                listed.push(ListedMail {
                    number,
                    uid: ids.id(size, &header),
                    size,
                });
            }
            Ok(listed)
        })
    }

    fn fetch<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        wanted: Wanted,
        into: &'s mut dyn Sink,
    ) -> BoxFuture<'s, Result<()>> {
        Box::pin(self.read(chat, wanted, into))
    }

    fn delete<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        numbers: &'s [u32],
    ) -> BoxFuture<'s, Result<()>> {
        Box::pin(async move {
            for number in numbers {
                let line = Line::new(POP3DEL).number(*number);
                step(chat, &line, "marking").await?;
            }
            Ok(())
        })
    }

    fn close<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, Result<()>> {
        Box::pin(async move {
            let outcome = step(chat, &Line::new(POP3OUT), "logout").await;
            forget(chat).await;
            outcome.map(drop).map_err(unknown)
        })
    }

    fn abort<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            // In a module that is gone there is nothing to stop.
            let _ = stop(chat).await;
            self.tidy(chat).await;
            forget(chat).await;
        })
    }
}

/// Without the server's word nobody knows what it deleted.
fn unknown(error: Error) -> Error {
    use ErrorKind::{ModemGone, NoNetwork, Timeout, Unknown};
    let kind = match error.kind {
        ModemGone | NoNetwork | Timeout => Unknown,
        kind => kind,
    };
    Error { kind, ..error }
}

/// Forgets server and password.
async fn forget(chat: &mut Chat) {
    let _ = chat.ask(&Line::new(POP3SRV), Expect::result()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16-A21, 16-A22: path and name are the URC's, whatever they are.
    #[test]
    fn a22_places() {
        let place = |line: &str| place_of(line.as_bytes());
        let told = |place: &str, file: &str| Some((place.to_owned(), file.to_owned()));
        for line in [
            "C:/Email/090901120000/, EMAIL000.TXT",
            "C:/Email/090901120000/,EMAIL000.TXT",
        ] {
            assert_eq!(place(line), told("C:/Email/090901120000/", "EMAIL000.TXT"));
        }
        assert_eq!(
            place("D:/Email/1/, EMAIL001.TXT"),
            told("D:/Email/1/", "EMAIL001.TXT")
        );
        for line in ["+POP3: SUCCESS", "C:/x", "C:/x/,", "x/, y", "1:/x/, y"] {
            assert_eq!(place(line), None, "{line}");
        }
    }

    /// 16-A2: a comma, a blank, or both.
    #[test]
    fn a2_numbers() {
        for text in ["1, 3057", "1,3057", "1 3057"] {
            assert_eq!(two_numbers(text.as_bytes()), Some((1, 3057)), "{text}");
        }
        for text in ["1", "1,2,3", "a,1", ""] {
            assert_eq!(two_numbers(text.as_bytes()), None, "{text}");
        }
    }
}
