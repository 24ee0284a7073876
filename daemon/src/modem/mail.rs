//! Mail through a module: what every vendor's modules have in common.
//!
//! A module takes one envelope and builds the headers from it, so every Bcc recipient gets a mail of
//! his own (real firmware prints a `Bcc:` header), and a mail that one of several recipients was refused
//! for is sent again to each alone. Nobody is sent the same mail twice unless that is marked as possible.

use super::chat::Chat;
use super::drive::{Drive, MailJob, Sent};
use super::report::Report;
use super::settings::Settings;
use crate::message::{Mailbox, Plain};
use crate::service::{
    Certainty, Credentials, Delivered, Error, ErrorKind, Fault, Interrupted, MailOpen, Mechanism,
    Phase, RecipientPolicy, Result, ServerReply, Verdict,
};
use std::collections::VecDeque;

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Server, account, envelope.
    pub open: MailOpen,
    /// The message.
    pub plain: Plain,
    /// Its size, for progress.
    pub size: u64,
}

/// Recipients that one mail goes to, as places in [`MailOpen::recipients`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Shown as main recipients.
    pub to: Vec<usize>,
    /// Shown as recipients of a copy.
    pub cc: Vec<usize>,
}

impl Batch {
    /// Just this one, as the main recipient.
    fn alone(recipient: usize) -> Self {
        Self {
            to: vec![recipient],
            cc: Vec::new(),
        }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.to.len() + self.cc.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.to.iter().chain(&self.cc).copied()
    }
}

/// Who gets which mail: those whom a header names one mail together, every other one his own.
pub fn batches(open: &MailOpen, plain: &Plain) -> Vec<Batch> {
    let mut shown = Batch::default();
    let mut alone = Vec::new();
    for (place, recipient) in open.recipients.iter().enumerate() {
        if names(&plain.to, recipient) {
            shown.to.push(place);
        } else if names(&plain.cc, recipient) {
            shown.cc.push(place);
        } else {
            alone.push(Batch::alone(place));
        }
    }
    let mut batches = Vec::new();
    if !shown.is_empty() {
        batches.push(shown);
    }
    batches.append(&mut alone);
    batches
}

fn names(mailboxes: &[Mailbox], address: &str) -> bool {
    mailboxes
        .iter()
        .any(|mailbox| mailbox.address.eq_ignore_ascii_case(address))
}

/// What no module can carry, whoever made it: an envelope sender that the header does not name.
pub(super) fn check(mail: &Outgoing) -> Result<()> {
    if mail.open.sender.is_empty() {
        return Err(not_supported("a mail without envelope sender"));
    }
    if !mail
        .plain
        .from
        .address
        .eq_ignore_ascii_case(&mail.open.sender)
    {
        return Err(not_supported(
            "an envelope sender other than the one in the message",
        ));
    }
    let is_token = |who: &Credentials| who.mechanism == Mechanism::XOAuth2;
    if mail.open.credentials.as_ref().is_some_and(is_token) {
        return Err(not_supported("a token in the place of a password"));
    }
    Ok(())
}

fn not_supported(what: &str) -> Error {
    Error::new(
        ErrorKind::NotSupported,
        format!("a modem cannot carry {what}"),
    )
    .by(Fault::Module)
}

/// Sends a mail; the module is left clean however that ends.
pub(super) async fn deliver(
    chat: &mut Chat,
    drive: &'static dyn Drive,
    settings: &Settings,
    mail: &Outgoing,
    report: &Report,
) -> Result<Delivered> {
    let mut job = drive.mail(settings, mail)?;
    let outcome = carry_out(chat, &mut *job, mail, report).await;
    job.clean(chat).await;
    outcome
}

async fn carry_out(
    chat: &mut Chat,
    job: &mut dyn MailJob,
    mail: &Outgoing,
    report: &Report,
) -> Result<Delivered> {
    // It may have been given up while it stood in the queue.
    report.proceed()?;
    report.phase(Phase::Preparing);
    report.bytes(0, mail.size);
    job.prepare(chat, report)
        .await
        .map_err(|error| report.explain(error))?;
    let mut round = Round::new(mail);
    while let Some(batch) = round.queue.pop_front() {
        match one(chat, job, &batch, mail, report).await {
            Ok(reply) => {
                round.accepted(&batch, reply);
                if !round.queue.is_empty() {
                    report.accepted(batch.all().collect()).await;
                }
            }
            Err(error) => {
                let error = report.explain(error);
                let splits = round.splits(&batch, &error)
                    && (!is_doubtful(&error) || report.repeating().await.is_ok());
                round.refused(&batch, error, splits);
            }
        }
    }
    round.end()
}

/// Composes and sends one mail.
async fn one(
    chat: &mut Chat,
    job: &mut dyn MailJob,
    batch: &Batch,
    mail: &Outgoing,
    report: &Report,
) -> Result<Option<ServerReply>> {
    report.proceed()?;
    report.phase(Phase::Transferring);
    job.compose(chat, batch, report).await?;
    report.proceed()?;
    report.committing(batch.all().collect()).await?;
    report.bytes(mail.size, mail.size);
    report.phase(Phase::Confirming);
    job.send(chat, report).await
}

/// How a mail ended whose piece in flight came to this after a restart of the daemon.
pub(super) fn resumed(mail: &Interrupted, sent: Sent) -> Result<Delivered> {
    let mut round = Round::resumed(mail);
    let piece = Batch {
        to: mail.piece.clone(),
        cc: Vec::new(),
    };
    let mut later = Error::new(
        ErrorKind::TemporaryFailure,
        "hayesd was restarted before it was this recipient's turn",
    )
    .by(Fault::Us);
    match sent {
        Ok(reply) => round.accepted(&piece, reply),
        Err(error) => {
            later.text = format!("{}; one of several was refused: {error}", later.text);
            // Each is sent it alone when it is the others' turn, but for what nobody knows.
            let splits = round.splits(&piece, &error) && !is_doubtful(&error);
            round.refused(&piece, error, splits);
        }
    }
    if round.end.is_none() {
        // The others are sent theirs next time.
        for verdict in round.verdicts.iter_mut().filter(|one| one.is_none()) {
            *verdict = Some(Verdict::Refused(later.clone()));
        }
    }
    round.end()
}

/// What became of whom so far.
#[derive(Debug)]
struct Round {
    queue: VecDeque<Batch>,
    verdicts: Vec<Option<Verdict>>,
    reply: Option<ServerReply>,
    policy: RecipientPolicy,
    /// What ended it before everybody had his turn.
    end: Option<Error>,
}

impl Round {
    fn new(mail: &Outgoing) -> Self {
        Self {
            queue: batches(&mail.open, &mail.plain).into(),
            verdicts: vec![None; mail.open.recipients.len()],
            reply: None,
            policy: mail.open.policy,
            end: None,
        }
    }

    /// As it stood when the daemon died.
    fn resumed(mail: &Interrupted) -> Self {
        let mut round = Self {
            queue: VecDeque::new(),
            verdicts: vec![None; mail.recipients],
            reply: None,
            policy: mail.policy,
            end: None,
        };
        for place in &mail.taken {
            round.accepted(&Batch::alone(*place), None);
        }
        round
    }

    fn accepted(&mut self, batch: &Batch, reply: Option<ServerReply>) {
        self.settle(batch, &Verdict::Accepted(Certainty::Inferred));
        self.reply = reply.or(self.reply.take());
    }

    /// Whether each recipient is to be sent the mail alone after it was refused to all of them together.
    fn splits(&self, batch: &Batch, error: &Error) -> bool {
        is_about_recipient(error) && batch.len() > 1 && self.policy == RecipientPolicy::AnyAccepted
    }

    fn refused(&mut self, batch: &Batch, error: Error, splits: bool) {
        if splits {
            let alone: Vec<_> = batch.all().map(Batch::alone).collect();
            for batch in alone.into_iter().rev() {
                self.queue.push_front(batch);
            }
            return;
        }
        self.settle(batch, &Verdict::Refused(error.clone()));
        if !is_about_recipient(&error) || self.policy == RecipientPolicy::AllOrNone {
            self.queue.clear();
            self.end = Some(error);
        }
    }

    fn settle(&mut self, batch: &Batch, verdict: &Verdict) {
        for place in batch.all() {
            if let Some(own) = self.verdicts.get_mut(place) {
                *own = Some(verdict.clone());
            }
        }
    }

    /// The outcome: an error where nobody got the mail and that was nobody's own fault.
    fn end(self) -> Result<Delivered> {
        let anyone = self
            .verdicts
            .iter()
            .any(|verdict| matches!(verdict, Some(Verdict::Accepted(_))));
        if let (Some(error), false) = (&self.end, anyone) {
            return Err(error.clone());
        }
        let missed = || {
            let mut error = self.end.clone().unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Internal,
                    "a recipient was left out of every mail",
                )
            });
            // Whatever happened to the mail before, this recipient's own was never sent.
            error.content_sent = false;
            if error.kind == ErrorKind::Unknown {
                error.kind = ErrorKind::TemporaryFailure;
                error.text = format!("not sent any more after another: {}", error.text);
            }
            Verdict::Refused(error)
        };
        Ok(Delivered {
            recipients: self
                .verdicts
                .iter()
                .map(|verdict| verdict.clone().unwrap_or_else(missed))
                .collect(),
            reply: self.reply.clone(),
        })
    }
}

/// Whether a server said this of the recipients, so that another mail may fare better: 55x (RFC 5321
/// section 4.2.2), and 450, 451 and 452, with which servers put one of them off. Some modules say no more than
/// that the server refused: then it may have been one of them.
fn is_about_recipient(error: &Error) -> bool {
    match &error.reply {
        Some(reply) => matches!(reply.code, 450..=452 | 550..=559),
        None => error.kind == ErrorKind::TemporaryFailure && error.fault == Fault::Server,
    }
}

/// Whether the server may have taken the mail all the same: nothing shows that it was the server who spoke.
fn is_doubtful(error: &Error) -> bool {
    error.content_sent && error.reply.is_none()
}

#[cfg(test)]
mod tests;
