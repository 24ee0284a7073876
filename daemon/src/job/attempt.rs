//! One attempt at a job: over each way out in turn, until one answers.

use super::oneshot::{self, Inquiry};
use super::progress::Doing;
use super::settle::End;
use super::types::{Backs, Via};
use crate::service::{
    Content, Error, ErrorKind, MailOpen, MailSession, RecipientPolicy, Result, Verdict,
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A back that gives no sign of life for so long is given up. RFC 5321 section 4.5.3.2.6 lets a server think
/// about a message for 10 minutes.
const SILENCE: Duration = Duration::from_secs(15 * 60);
/// The slowest link that is worth it, in bytes a second: a quarter of what 9600 bit/s carry.
const SLOWEST: u64 = 240;
/// A session that ends without a mail has so long to say goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

/// What an attempt needs of a job.
pub(super) struct Task {
    pub(super) errand: Errand,
    pub(super) via: Vec<Via>,
}

/// What is to be done over each way out.
pub(super) enum Errand {
    /// A mail is to be sent.
    Mail(MailOpen, Content),
    /// Something is to be asked.
    Inquiry(Inquiry),
}

impl Errand {
    /// How long it may take at most; where nobody knows how much there is, silence alone bounds it.
    fn most(&self) -> Duration {
        match self {
            Self::Mail(_, content) => SILENCE + Duration::from_secs(content.size / SLOWEST),
            Self::Inquiry(_) => Duration::MAX,
        }
    }
}

/// Tries each way out. The next one only where the way failed, not the server, and nothing was sent. None
/// left: the first reason that is temporary, else the first.
pub(super) async fn attempt(task: &Task, backs: &dyn Backs, doing: &Doing) -> End {
    let mut reasons: Vec<Error> = Vec::new();
    for via in &task.via {
        doing.chosen(via);
        match over(task, via, backs, doing).await {
            Ok(end) => return end,
            Err(error) => {
                tracing::debug!(%via, %error, "a way out failed");
                reasons.push(error);
            }
        }
    }
    let temporary = reasons.iter().position(Error::is_temporary).unwrap_or(0);
    let error = if temporary < reasons.len() {
        reasons.swap_remove(temporary)
    } else {
        Error::new(
            ErrorKind::InvalidArgument,
            "there is no way out: via is empty",
        )
    };
    failed(error)
}

/// Over one way, within its bounds. An error: the next may be tried.
async fn over(task: &Task, via: &Via, backs: &dyn Backs, doing: &Doing) -> Result<End> {
    let most = task.errand.most();
    let why = tokio::select! {
        // A result that is there counts, whatever else happens at the same time.
        biased;
        end = errand(task, via, backs, doing) => return end,
        () = doing.silent_for(SILENCE) => "the back gave no sign of life for 15 minutes",
        () = sleep(most) => "it took too long",
    };
    // The session was dropped with the rest of the select, and sends nothing any more.
    if doing.is_committed() {
        return Ok(failed(Error::new(ErrorKind::Unknown, why).after_content()));
    }
    Err(Error::new(ErrorKind::Timeout, why))
}

async fn errand(task: &Task, via: &Via, backs: &dyn Backs, doing: &Doing) -> Result<End> {
    match &task.errand {
        Errand::Mail(open, content) => mail(open, content, via, backs, doing).await,
        Errand::Inquiry(inquiry) => match oneshot::carry_out(inquiry, via, backs, doing).await {
            Ok(summary) => Ok(End::Answered(summary)),
            Err(error) if error.try_next() => Err(error),
            Err(error) => Ok(failed(error)),
        },
    }
}

async fn mail(
    open: &MailOpen,
    content: &Content,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<End> {
    let Some(back) = backs.mail(via) else {
        return Err(Error::new(
            ErrorKind::NoModem,
            format!("there is no {via} for mail"),
        ));
    };
    if let Via::Modem(_) = via {
        // Its addresses are its own affair; what the name says is not.
        let server = &open.server;
        if let Err(error) = open.reach.check_name(&server.host, server.port) {
            return Ok(failed(error));
        }
    }
    let mut session = match back.open(open, doing).await {
        Ok(session) => session,
        Err(error) if error.try_next() => return Err(error),
        Err(error) => return Ok(failed(error)),
    };
    let verdicts = session.recipients().to_vec();
    if let Some(end) = nobody_left(&verdicts, open.policy) {
        // Politely, but nobody waits for it.
        give_up(session);
        return Ok(end);
    }
    match session.finish(content, doing).await {
        Ok(delivered) => {
            doing.hold(session);
            Ok(End::Delivered {
                verdicts: delivered.recipients,
                reply: delivered.reply,
            })
        }
        Err(error) if error.try_next() => Err(error),
        Err(error) => Ok(End::Failed { error, verdicts }),
    }
}

fn failed(error: Error) -> End {
    End::Failed {
        error,
        verdicts: Vec::new(),
    }
}

fn give_up(session: Box<dyn MailSession>) {
    tokio::spawn(timeout(GOODBYE, session.abort()));
}

/// How it ends before the message is sent, if the verdicts and the policy want that.
fn nobody_left(verdicts: &[Verdict], policy: RecipientPolicy) -> Option<End> {
    let mut refusals = verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Refused(error) => Some(error),
        Verdict::Accepted(_) => None,
    });
    let first = refusals.clone().next()?;
    match policy {
        RecipientPolicy::AnyAccepted if refusals.clone().count() < verdicts.len() => None,
        RecipientPolicy::AnyAccepted => Some(End::Refused {
            verdicts: verdicts.to_vec(),
        }),
        RecipientPolicy::AllOrNone => Some(match refusals.find(|error| !error.is_temporary()) {
            // It is over: each recipient keeps its own reason.
            Some(error) => End::Failed {
                error: error.clone(),
                verdicts: verdicts.to_vec(),
            },
            // All of them are tried again: nothing is settled about anybody.
            None => failed(first.clone()),
        }),
    }
}
