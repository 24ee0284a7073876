//! A mailbox (manual, chapter POP3; reference 5, 13.2).

use super::super::codes::{POP3 as WORDS, SUCCESS};
use super::super::names::{
    POP3, POP3DEL, POP3GET, POP3HDR, POP3IN, POP3LIST, POP3NUM, POP3OUT, POP3SRV, POP3STOP,
};
use super::folder::Kind;
use super::message::{self, Frame};
use super::steps::{of_word, refusal, word_of};
use super::told::{place_of, told, two_numbers};
use super::{bearer, folder, quirks, store};
use crate::at::response::{named, split_name};
use crate::message::{Charset, Fingerprints};
use crate::modem::{
    Answer, Chat, Expect, Line, ListedMail, MailboxModule, Settings, until_answered,
};
use crate::service::{
    BoxFuture, Error, ErrorKind, Fault, MailboxOpen, MailboxStatus, Result, Sink, Wanted,
};
use core::time::Duration;

/// Time for everything that asks the server, and for a whole mail, which has so many bytes a second more
/// (reference 11).
const STEP: Duration = Duration::from_secs(60);
const MAIL: Duration = Duration::from_secs(300);
const SPEED: u64 = 5000;

/// An operation that was stopped may say so a little later (16-A33).
const LATE: Duration = Duration::from_secs(10);

/// Where the module puts mails, each into a folder of its own that has so many digits.
const MAILS: &str = "C:/Email";
const DIGITS: usize = 12;

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
    /// The folders that were there before the first fetch; none: nothing was fetched yet.
    before: Option<Vec<String>>,
    /// A fetch was begun that has not told its place.
    fetching: bool,
    /// Something was marked.
    marked: bool,
}

impl<'a> Mailbox<'a> {
    pub(super) fn new(settings: &'a Settings, open: &'a MailboxOpen) -> Self {
        Self {
            settings,
            open,
            place: None,
            before: None,
            fetching: false,
            marked: false,
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
            chat.listen_for(LATE).await?;
            answer = until_answered(chat, &line, Expect::result()).await?;
        }
        if !answer.result.is_ok() {
            return Err(refusal(&answer, "server and account"));
        }
        step(chat, &Line::new(POP3IN), "login").await.map(drop)
    }

    async fn read(&mut self, chat: &mut Chat, wanted: Wanted, into: &mut dyn Sink) -> Result<()> {
        if self.before.is_none() {
            self.before = Some(mails(chat).await?);
        }
        chat.keep(POP3);
        chat.keep_where(PLACE, |line| place_of(line).is_some());
        self.fetching = true;
        let told = fetch(chat, wanted).await;
        chat.forget(POP3);
        chat.forget(PLACE);
        let (place, file) = match told {
            Ok(told) => told,
            Err(error) => {
                // The session goes on; what ends it comes to the same in the end.
                if error.fault == Fault::Server {
                    self.tidy(chat).await;
                }
                return Err(error);
            }
        };
        self.place = Some(place.clone());
        let charset = quirks::charset(self.settings);
        let outcome = take_out(chat, &place, &file, charset, into).await;
        self.tidy(chat).await;
        outcome
    }

    /// Removes what was fetched, or half so: the module never does.
    async fn tidy(&mut self, chat: &mut Chat) {
        let begun = std::mem::take(&mut self.fetching);
        let outcome = match self.place.take() {
            Some(place) => folder::remove(chat, &place).await,
            None if begun => self.remove_new(chat).await,
            None => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::debug!(port = %self.settings.name, %error, "cleaning up after a mail");
        }
    }

    /// Removes the folders that a fetch has left behind which never said where.
    async fn remove_new(&self, chat: &mut Chat) -> Result<()> {
        let before = self.before.as_deref().unwrap_or_default();
        for name in mails(chat).await? {
            if !before.contains(&name) {
                folder::remove(chat, &format!("{MAILS}/{name}")).await?;
            }
        }
        Ok(())
    }
}

/// The folders of mails that are there.
async fn mails(chat: &mut Chat) -> Result<Vec<String>> {
    if !folder::enter(chat, MAILS).await? {
        return Ok(Vec::new());
    }
    let mut names = folder::entries(chat, Kind::Folders).await?;
    names.retain(|name| name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(names)
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
async fn fetch(chat: &mut Chat, wanted: Wanted) -> Result<(String, String)> {
    let line = Line::new(POP3GET).number(wanted.number);
    let answer = step(chat, &line, "fetching").await?;
    let early = word_of(&answer, POP3).filter(|word| word.eq_ignore_ascii_case(SUCCESS));
    // Where its result overtook its `OK`, the place did so, too.
    let place = early.as_ref().and_then(|_| chat.kept(PLACE));
    if let Some(told) = place.as_deref().and_then(place_of) {
        return Ok(told);
    }
    let within = MAIL + Duration::from_secs(wanted.size / SPEED);
    let line = chat.urc(POP3, within).await?.ok_or_else(|| {
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

/// Text and files of a mail in the module, put together.
async fn take_out(
    chat: &mut Chat,
    place: &str,
    text_file: &str,
    charset: Charset,
    into: &mut dyn Sink,
) -> Result<()> {
    if !folder::enter(chat, place.trim_end_matches('/')).await? {
        let text = format!("modem, reading the mail: there is no {place}");
        return Err(Error::new(ErrorKind::Protocol, text).by(Fault::Module));
    }
    let files = folder::entries(chat, Kind::Files).await?;
    let mut text = message::Kept::default();
    store::get(chat, place, text_file, charset, &mut text).await?;
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
        store::get(chat, place, file, charset, &mut lines).await?;
        lines.end().await?;
    }
    into.put(&mut message::end(&boundary)).await
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
                self.marked = true;
                step(chat, &line, "marking").await?;
            }
            Ok(())
        })
    }

    fn close<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, Result<()>> {
        Box::pin(async move {
            let outcome = step(chat, &Line::new(POP3OUT), "logout").await;
            self.tidy(chat).await;
            forget(chat).await;
            match outcome {
                Err(error) if self.marked => Err(unknown(error)),
                // Nothing was to be deleted, and the session is over either way.
                _ => Ok(()),
            }
        })
    }

    fn abort<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            // In a module that is gone there is nothing to stop.
            if stop(chat).await.is_ok() && self.fetching {
                let _ = chat.listen_for(LATE).await;
            }
            self.tidy(chat).await;
            forget(chat).await;
        })
    }
}

/// Without the server's word nobody knows what it deleted.
fn unknown(error: Error) -> Error {
    use ErrorKind::{ModemGone, NoNetwork, TemporaryFailure, Timeout, Unknown};
    let kind = match error.kind {
        ModemGone | NoNetwork | TemporaryFailure | Timeout => Unknown,
        kind => kind,
    };
    Error { kind, ..error }
}

/// Forgets server and password.
async fn forget(chat: &mut Chat) {
    let _ = chat.ask(&Line::new(POP3SRV), Expect::result()).await;
}
