//! A mail on its way: files, composing, sending, cleaning up (SMTP manual, chapter 2).

use super::super::codes::MAIL;
use super::super::names::{QSMTPATT, QSMTPBODY, QSMTPCLR, QSMTPDST, QSMTPPUT, QSMTPSUB};
use super::errors::of_put;
use super::letter::Letter;
use super::steps::{once, refusal};
use super::{bearer, files, server};
use crate::at::response::{Value, named};
use crate::modem::{
    Batch, Chat, ChatError, Expect, Line, MailJob, Outgoing, Prompt, Report, Sent, Settings, TRIES,
    was_silent,
};
use crate::service::{BoxFuture, Error, ErrorKind, Fault, Phase, Result};
use core::time::Duration;
use tokio::time::Instant;

/// `<timeout>` of `QSMTPPUT`, in seconds: what the manual's users send.
const TIMEOUT: u32 = 300;

/// How long the result is waited for beyond that.
pub(super) const WATCHDOG: Duration = Duration::from_secs(TIMEOUT as u64 + 30);

/// How often a module that is busy is asked again whether it still is.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How long a broken-off sending may take to say so.
const BROKEN_OFF: Duration = Duration::from_secs(30);

/// `QSMTPPUT` only checks whether another mail is under way.
const ACCEPTING: Duration = Duration::from_secs(15);

/// `<input_time>` of `QSMTPBODY`: at least its default, in seconds.
const INPUT_TIME: u64 = 90;

/// `<type>` of `QSMTPDST`.
const TO: u32 = 1;
const CC: u32 = 2;

/// One mail.
pub(super) struct Job<'a> {
    settings: &'a Settings,
    mail: &'a Outgoing,
    letter: Letter<'a>,
    /// Files in the module, by name, in the order of the attachments.
    files: Vec<String>,
    /// The network failed: the bearer may be up in name only.
    doubts_bearer: bool,
}

impl<'a> Job<'a> {
    pub(super) fn new(settings: &'a Settings, mail: &'a Outgoing, letter: Letter<'a>) -> Self {
        Self {
            settings,
            mail,
            letter,
            files: Vec::new(),
            doubts_bearer: false,
        }
    }

    /// Configures the module. One that is still sending, for a daemon that died or somebody who gave up,
    /// takes no settings: its result is waited for.
    async fn configure(&self, chat: &mut Chat, report: &Report) -> Result<()> {
        let until = Instant::now() + WATCHDOG;
        loop {
            match server::configure(chat, self.settings, self.mail, &self.letter).await {
                Err(error) if error.kind == ErrorKind::Busy && Instant::now() < until => {}
                outcome => return outcome,
            }
            tokio::select! {
                biased;
                line = chat.urc(QSMTPPUT, ASK_AGAIN) => drop(line?),
                () = report.cancelled() => {}
            }
            report.proceed()?;
        }
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
        once(chat, &Line::new(QSMTPCLR), MAIL, "clearing").await?;
        let to = batch.to.iter().map(|place| (TO, place));
        let cc = batch.cc.iter().map(|place| (CC, place));
        for (kind, place) in to.chain(cc) {
            let Some(address) = self.mail.open.recipients.get(*place) else {
                continue;
            };
            let line = Line::new(QSMTPDST).number(1_u32).number(kind);
            once(chat, &line.text(address)?, MAIL, "recipient").await?;
        }
        if !self.letter.subject.is_empty() {
            let line = Line::new(QSMTPSUB).number(self.letter.charset as u32);
            once(chat, &line.text(&self.letter.subject)?, MAIL, "subject").await?;
        }
        if !self.letter.body.is_empty() {
            self.body(chat, report).await?;
        }
        for (index, name) in (1_u32..).zip(&self.files) {
            let line = Line::new(QSMTPATT).number(1_u32).number(index);
            once(chat, &line.text(name)?, MAIL, "attachment").await?;
        }
        Ok(())
    }

    async fn body(&self, chat: &mut Chat, report: &Report) -> Result<()> {
        let body = &self.letter.body[..];
        let speed = u64::from(self.settings.line.speed.max(1));
        let time = INPUT_TIME.max(body.len() as u64 * 30 / speed);
        let line = Line::new(QSMTPBODY)
            .number(self.letter.body_charset as u32)
            .number(body.len() as u64)
            .number(time);
        let expect =
            Expect::line(QSMTPBODY, &["n"]).taking(Prompt::Connect, Duration::from_secs(15));
        let answer = chat.ask_with(&line, expect, body, Some(report)).await?;
        if !answer.result.is_ok() {
            return Err(refusal(&answer.result, MAIL, "text"));
        }
        let taken = answer
            .lines
            .first()
            .and_then(|line| named(line, QSMTPBODY)?.next()?.number());
        // Some firmware prints no length; one that is printed must be right.
        if taken.is_some_and(|taken| u64::from(taken) != body.len() as u64) {
            let text = "modem, text: it took another length than was sent";
            return Err(Error::new(ErrorKind::Timeout, text).by(Fault::Module));
        }
        Ok(())
    }

    /// Waits for the result of a sending that has begun.
    async fn result(&self, chat: &mut Chat, report: &Report) -> Sent {
        let waited = tokio::select! {
            biased;
            line = chat.urc(QSMTPPUT, WATCHDOG) => line,
            () = report.cancelled() => return self.break_off(chat).await,
        };
        match waited {
            Ok(Some(line)) => verdict(&line),
            Ok(None) => {
                // The module may be gone, or only the line. Whoever comes next must find it in step.
                let _ = chat.probe().await;
                Err(unknown("the modem never told the result"))
            }
            Err(error) => Err(unknown(&error.to_string())),
        }
    }

    /// Nobody waits any more: taking the bearer down is the only way to stop it.
    async fn break_off(&self, chat: &mut Chat) -> Sent {
        bearer::down(chat).await.map_err(|e| e.after_content())?;
        match chat.urc(QSMTPPUT, BROKEN_OFF).await {
            Ok(Some(line)) => verdict(&line),
            _ => Err(unknown("given up while the modem was sending")),
        }
    }
}

/// What `+QSMTPPUT: err,protocol` says.
pub(super) fn verdict(line: &[u8]) -> Sent {
    let mut values = named(line, QSMTPPUT)
        .into_iter()
        .flatten()
        .map(Value::number);
    match (values.next().flatten(), values.next().flatten()) {
        (Some(err), protocol) => match of_put(err, protocol.unwrap_or(0)) {
            Some(error) => Err(error),
            // It was taken, in words that the module keeps to itself.
            None => Ok(None),
        },
        (None, _) => Err(unknown("the modem's result has no number")),
    }
}

fn unknown(why: &str) -> Error {
    Error::new(
        ErrorKind::Unknown,
        format!("sent, but the result is not known: {why}"),
    )
    .after_content()
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
            chat.keep(QSMTPPUT);
            let configured = self.configure(chat, report).await;
            chat.forget(QSMTPPUT);
            configured?;
            report.phase(Phase::Transferring);
            let mut done = 0;
            for file in self.letter.files {
                let name = files::upload(chat, &file.name, &file.bytes, report).await?;
                self.files.push(name);
                done += file.bytes.len() as u64;
                report.bytes(done.min(self.mail.size), self.mail.size);
            }
            Ok(())
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
            chat.keep(QSMTPPUT);
            let line = Line::new(QSMTPPUT).number(TIMEOUT);
            let expect = Expect::result().within(ACCEPTING);
            let outcome = match chat.ask(&line, expect).await {
                Ok(answer) if !answer.result.is_ok() => {
                    Err(refusal(&answer.result, MAIL, "sending"))
                }
                // It may have been lost, or its OK was: only the result can tell. Sending it again
                // could send the mail twice.
                Ok(_) | Err(ChatError::TimedOut(_)) => self.result(chat, report).await,
                Err(error) => Err(unknown(&error.to_string())),
            };
            chat.forget(QSMTPPUT);
            self.doubts_bearer = matches!(
                &outcome,
                Err(error) if matches!(error.kind, ErrorKind::NoNetwork | ErrorKind::NameNotFound)
            );
            outcome
        })
    }

    fn clean<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            // Each on its own: a module that refuses one may well do the others. One that is gone has
            // forgotten what lay in its memory.
            let clear = Line::new(QSMTPCLR);
            if let Err(error) = chat.ask(&clear, Expect::result()).await {
                tracing::debug!(port = %self.settings.name, %error, "cleaning up after a mail");
            }
            if self.doubts_bearer {
                // The manual's way out of failed mails: deactivate, and activate for the next one.
                let _ = bearer::down(chat).await;
            }
            for name in self.files.drain(..) {
                if let Err(error) = files::delete(chat, &name).await {
                    tracing::debug!(port = %self.settings.name, %error, file = name, "cleaning up after a mail");
                }
            }
        })
    }
}
