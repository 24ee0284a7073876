//! A mail on its way: settings, files, composing, sending, cleaning up (manual, chapter SMTP; reference 13.1).

use super::super::codes::{OK, SMTP as WORDS, SUCCESS, Word};
use super::super::names::{
    CCLK, SMTP, SMTPAUTH, SMTPBODY, SMTPFILE, SMTPFROM, SMTPRCPT, SMTPSEND, SMTPSRV, SMTPSTOP,
    SMTPSUB,
};
use super::clock::clock;
use super::letter::{Letter, name_of};
use super::steps::{named_line, of_word, refusal, set, word_of};
use super::{bearer, folder, store};
use crate::at::response::named;
use crate::modem::{
    Batch, Chat, ChatError, Expect, Leave, Line, MailJob, Outgoing, Prompt, Report, Sent, Settings,
    TRIES, until_answered, was_silent,
};
use crate::service::{BoxFuture, Error, ErrorKind, Fault, Phase, Result};
use core::time::Duration;
use tokio::time::Instant;

/// From `SMTPSEND` to its `OK`: name, connection and greeting (reference 11).
const GREETING: Duration = Duration::from_secs(90);

/// From there to the result, and so many bytes a second more.
const RESULT: Duration = Duration::from_secs(300);
const SPEED: u64 = 5000;

/// The most bytes of a mail: 10 MB of files, as base64, and a text.
const LARGEST: u64 = 15 << 20;

/// The longest time from the command to the result.
pub(super) const WATCHDOG: Duration =
    Duration::from_secs(GREETING.as_secs() + RESULT.as_secs() + LARGEST / SPEED);

/// How often a module is asked whether it is still sending.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A sending that was broken off may say so a little later (16-A33), and one that is over how it ended.
const LATE: Duration = Duration::from_secs(10);

/// `<kind>` of `SMTPRCPT`.
const TO: u32 = 0;
const CC: u32 = 1;

/// Ends a text, and forgets it.
const CTRL_Z: u8 = 0x1a;
const ESC: &[u8] = &[0x1b];

/// One mail.
pub(super) struct Job<'a> {
    settings: &'a Settings,
    mail: &'a Outgoing,
    letter: Letter<'a>,
    /// Files were put into the module.
    stored: bool,
}

impl<'a> Job<'a> {
    pub(super) fn new(settings: &'a Settings, mail: &'a Outgoing, letter: Letter<'a>) -> Self {
        Self {
            settings,
            mail,
            letter,
            stored: false,
        }
    }

    /// Waits for the end of a sending that somebody began who died or gave up: until then the module takes no
    /// settings.
    async fn until_free(&self, chat: &mut Chat, report: &Report) -> Result<()> {
        let until = Instant::now() + WATCHDOG;
        while is_sending(chat).await? {
            if Instant::now() >= until {
                // It will not come to an end by itself any more.
                let line = Line::new(SMTPSTOP);
                let stopped = chat.ask(&line, Expect::result().within(GREETING)).await?;
                if !stopped.result.is_ok() {
                    let text = "modem, settings: it is still sending another mail";
                    return Err(Error::new(ErrorKind::Busy, text).by(Fault::Module));
                }
                let _ = chat.urc(SMTP, LATE).await?;
                continue;
            }
            tokio::select! {
                biased;
                line = chat.urc(SMTP, ASK_AGAIN) => drop(line?),
                () = report.cancelled() => {}
            }
            report.proceed()?;
        }
        Ok(())
    }

    async fn configure(&self, chat: &mut Chat) -> Result<()> {
        if let Some(date) = &self.mail.plain.date {
            // The module writes the mail's date by its own clock. One that does not take it has another.
            let line = Line::new(CCLK).text(&clock(date))?;
            until_answered(chat, &line, Expect::result()).await?;
        }
        let server = &self.mail.open.server;
        let line = Line::new(SMTPSRV).text(&server.host)?.number(server.port);
        set(chat, &line, "server").await?;
        let line = match &self.mail.open.credentials {
            Some(who) => Line::new(SMTPAUTH)
                .number(1_u32)
                .text(&who.user)?
                .secret(&who.password)?,
            None => Line::new(SMTPAUTH),
        };
        set(chat, &line, "account").await?;
        let line = Line::new(SMTPFROM).text(&self.mail.open.sender)?;
        let line = if self.letter.sender_name.is_empty() {
            // Without it some firmware would keep an older one.
            set(chat, &Line::new(SMTPFROM), "sender").await?;
            line
        } else {
            line.text(&self.letter.sender_name)?
        };
        set(chat, &line, "sender").await
    }

    async fn store(&mut self, chat: &mut Chat, report: &Report) -> Result<()> {
        if self.letter.files.is_empty() {
            return Ok(());
        }
        self.stored = true;
        let files = self.letter.files.iter();
        let bytes = files.map(|file| file.bytes.len() as u64).sum();
        folder::enter_ours(chat, bytes).await?;
        let mut done = 0;
        for (file, name) in self.letter.files.iter().zip(&self.letter.names) {
            store::put(chat, name, &file.bytes, report).await?;
            done += file.bytes.len() as u64;
            report.bytes(done.min(self.mail.size), self.mail.size);
        }
        Ok(())
    }

    /// Composes from the beginning; on silence, again: nobody knows what was taken.
    async fn compose_all(&self, chat: &mut Chat, batch: &Batch, report: &Report) -> Result<()> {
        let mut tries = 1;
        loop {
            report.proceed()?;
            match self.compose_once(chat, batch, report).await {
                Err(error) if tries < TRIES && was_silent(&error) => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn compose_once(&self, chat: &mut Chat, batch: &Batch, report: &Report) -> Result<()> {
        set(chat, &Line::new(SMTPRCPT), "recipients").await?;
        let plain = &self.mail.plain;
        for (kind, places, mailboxes) in [(TO, &batch.to, &plain.to), (CC, &batch.cc, &plain.cc)] {
            for (index, place) in (0_u32..).zip(places) {
                let Some(address) = self.mail.open.recipients.get(*place) else {
                    continue;
                };
                let line = Line::new(SMTPRCPT).number(kind).number(index);
                let line = line.text(address)?;
                let line = match name_of(mailboxes, address) {
                    name if name.is_empty() => line,
                    name => line.text(&name)?,
                };
                set(chat, &line, "recipient").await?;
            }
        }
        let line = match &self.letter.subject[..] {
            "" => Line::new(SMTPSUB),
            subject => Line::new(SMTPSUB).text(subject)?,
        };
        set(chat, &line, "subject").await?;
        self.body(chat, &self.letter.body, Some(report)).await?;
        set(chat, &Line::new(SMTPFILE), "attachments").await?;
        if self.stored && !folder::enter(chat, folder::OURS).await? {
            let text = "modem, attachments: their folder is gone";
            return Err(Error::new(ErrorKind::Protocol, text).by(Fault::Module));
        }
        for (index, name) in (1_u32..).zip(&self.letter.names) {
            let line = Line::new(SMTPFILE).number(index).text(name)?;
            // Of one that is too large it says so before.
            let expect = Expect::lines(SMTP, &["s"], 1);
            let answer = until_answered(chat, &line, expect).await?;
            if !answer.result.is_ok() {
                return Err(refusal(&answer, "attachment"));
            }
        }
        Ok(())
    }

    /// In data mode, whatever its length is (16-A4, 16-A26); an empty one is what ESC leaves.
    async fn body(&self, chat: &mut Chat, body: &[u8], report: Option<&Report>) -> Result<()> {
        let payload = match body {
            [] => ESC.to_vec(),
            body => [body, &[CTRL_Z]].concat(),
        };
        let expect = Expect::result()
            .within(Duration::from_secs(15))
            .taking(Prompt::Bytes(b">>"), Duration::from_secs(15))
            .left_by(Leave::Bytes(ESC));
        let line = Line::new(SMTPBODY);
        let answer = chat.ask_with(&line, expect, &payload, report).await?;
        if !answer.result.is_ok() {
            return Err(refusal(&answer, "text"));
        }
        Ok(())
    }

    /// Waits for the result of a sending that has begun, or may have.
    async fn result(&self, chat: &mut Chat, report: &Report) -> Sent {
        let until = Instant::now() + RESULT + Duration::from_secs(self.mail.size / SPEED);
        loop {
            let waited = tokio::select! {
                biased;
                line = next_result(chat, until.min(Instant::now() + ASK_AGAIN)) => line,
                () = report.cancelled() => return break_off(chat).await,
            };
            match waited {
                Ok(Some(sent)) => return sent,
                Ok(None) if Instant::now() < until => {}
                Ok(None) => return Err(unknown("the modem never told the result")),
                Err(error) => return Err(unknown(&error.to_string())),
            }
            match is_sending(chat).await {
                Ok(true) => {}
                // It is over, and has said how, or will in a moment.
                Ok(false) => {
                    let told = next_result(chat, Instant::now() + LATE).await;
                    return told.ok().flatten().unwrap_or_else(|| {
                        Err(unknown("the modem is no longer sending, and says no more"))
                    });
                }
                Err(error) if error.kind == ErrorKind::Timeout => {}
                Err(error) => return Err(unknown(&error.to_string())),
            }
        }
    }
}

/// The result that was kept, or comes in time.
async fn next_result(
    chat: &mut Chat,
    until: Instant,
) -> std::result::Result<Option<Sent>, ChatError> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Some(line) = chat.urc(SMTP, left).await? else {
            return Ok(None);
        };
        if let Some(sent) = verdict(&line) {
            return Ok(Some(sent));
        }
    }
}

/// Nobody waits any more. What it said before it was stopped counts.
async fn break_off(chat: &mut Chat) -> Sent {
    let line = Line::new(SMTPSTOP);
    let stopped = chat.ask(&line, Expect::result().within(GREETING)).await;
    stopped.map_err(|error| Error::from(error).after_content())?;
    match next_result(chat, Instant::now() + LATE).await {
        Ok(Some(sent)) => sent,
        _ => Err(unknown("given up while the modem was sending")),
    }
}

/// Whether a mail is being sent.
pub(super) async fn is_sending(chat: &mut Chat) -> Result<bool> {
    let line = Line::new("+SMTPSEND?");
    let answer = until_answered(chat, &line, Expect::line(SMTPSEND, &["n"])).await?;
    if !answer.result.is_ok() {
        return Err(refusal(&answer, "asking whether it is sending"));
    }
    let ongoing = named_line(&answer, SMTPSEND).and_then(|mut values| values.next()?.number());
    Ok(ongoing == Some(1))
}

/// What `+SMTP: <code>` says of a sending that was accepted; `None` for a line that says nothing of its end.
///
/// Once the server has greeted, the link may have been lost after the last dot as well as before, and so may
/// the server's answer: only a refused login was certainly before.
pub(super) fn verdict(line: &[u8]) -> Option<Sent> {
    let text = named(line, SMTP)?.next()?.to_text();
    if text.eq_ignore_ascii_case(SUCCESS) {
        return Some(Ok(None));
    }
    let word = Word::find(WORDS, text.as_bytes())?;
    match word.kind {
        ErrorKind::NoNetwork | ErrorKind::TemporaryFailure => {
            Some(Err(of_word(SMTP, WORDS, &text, "sending").after_content()))
        }
        ErrorKind::AuthFailed => Some(Err(of_word(SMTP, WORDS, &text, "sending"))),
        // They refuse a command.
        _ => None,
    }
}

fn unknown(why: &str) -> Error {
    let text = format!("sent, but the result is not known: {why}");
    Error::new(ErrorKind::Unknown, text).after_content()
}

impl MailJob for Job<'_> {
    fn prepare<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        report: &'s Report,
    ) -> BoxFuture<'s, Result<()>> {
        Box::pin(async move {
            bearer::up(chat, self.settings).await?;
            report.proceed()?;
            chat.keep(SMTP);
            let free = self.until_free(chat, report).await;
            chat.forget(SMTP);
            free?;
            self.configure(chat).await?;
            report.phase(Phase::Transferring);
            self.store(chat, report).await
        })
    }

    fn compose<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        batch: &'s Batch,
        report: &'s Report,
    ) -> BoxFuture<'s, Result<()>> {
        Box::pin(self.compose_all(chat, batch, report))
    }

    fn send<'s>(&'s mut self, chat: &'s mut Chat, report: &'s Report) -> BoxFuture<'s, Sent> {
        Box::pin(async move {
            // What fails before the command is out has sent nothing.
            chat.settle().await?;
            chat.keep(SMTP);
            let line = Line::new(SMTPSEND);
            // A late word of a sending before this one may come first (16-A33).
            let expect = Expect::lines(SMTP, &["s"], 4).within(GREETING);
            let outcome = match chat.ask(&line, expect).await {
                Ok(answer) if !answer.result.is_ok() => Err(refusal(&answer, "sending")),
                Ok(answer) => match word_of(&answer, SMTP) {
                    // Its result overtook its `OK`.
                    Some(word) if !word.eq_ignore_ascii_case(OK) => {
                        let lines = answer.lines.iter().rev();
                        let told = lines.filter_map(|line| verdict(line)).next();
                        told.unwrap_or_else(|| Err(refusal(&answer, "sending")))
                    }
                    _ => self.result(chat, report).await,
                },
                // It may have been lost, or its OK was: only the result can tell. Sending it again
                // could send the mail twice.
                Err(ChatError::TimedOut(_)) => self.result(chat, report).await,
                Err(error) => Err(unknown(&error.to_string())),
            };
            chat.forget(SMTP);
            outcome
        })
    }

    fn clean<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            // Each on its own: a module that refuses one may well do the others. One that is gone has
            // forgotten all but its files.
            for name in [SMTPRCPT, SMTPSUB, SMTPFILE, SMTPFROM, SMTPAUTH, SMTPSRV] {
                if let Err(error) = chat.ask(&Line::new(name), Expect::result()).await {
                    tracing::debug!(port = %self.settings.name, %error, "cleaning up after a mail");
                }
            }
            let text = self.body(chat, &[], None).await;
            let files = match self.stored {
                true => folder::remove(chat, folder::OURS).await,
                false => Ok(()),
            };
            for error in [text, files].into_iter().filter_map(Result::err) {
                tracing::debug!(port = %self.settings.name, %error, "cleaning up after a mail");
            }
        })
    }
}
