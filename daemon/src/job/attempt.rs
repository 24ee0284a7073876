//! One attempt at a mail: over each way out in turn, until one answers.

use super::settle::End;
use super::types::{Backs, Via};
use crate::service::{
    Content, Error, ErrorKind, MailOpen, MailSession, Progress, RecipientPolicy, Result, Verdict,
};

/// What an attempt needs of a job.
pub(super) struct Task {
    pub(super) open: MailOpen,
    pub(super) content: Content,
    pub(super) via: Vec<Via>,
}

/// Tries each way out. The next one only where the way failed, not the server, and nothing was sent. None
/// left: the first reason that is temporary, else the first.
pub(super) async fn attempt(
    task: &Task,
    backs: &dyn Backs,
    progress: &dyn Progress,
    chosen: &(dyn Fn(&Via) + Send + Sync),
) -> End {
    let mut reasons: Vec<Error> = Vec::new();
    for via in &task.via {
        chosen(via);
        match over(task, via, backs, progress).await {
            Ok(end) => return end,
            Err(error) => reasons.push(error),
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
    End::Failed {
        error,
        verdicts: Vec::new(),
    }
}

/// Over one way. An error: the next may be tried.
async fn over(task: &Task, via: &Via, backs: &dyn Backs, progress: &dyn Progress) -> Result<End> {
    let Some(back) = backs.mail(via) else {
        return Err(Error::new(
            ErrorKind::NoModem,
            format!("there is no {via} for mail"),
        ));
    };
    let mut session = match back.open(&task.open, progress).await {
        Ok(session) => session,
        Err(error) if error.try_next() => return Err(error),
        Err(error) => {
            return Ok(End::Failed {
                error,
                verdicts: Vec::new(),
            });
        }
    };
    let verdicts = session.recipients().to_vec();
    if let Some(end) = nobody_left(&verdicts, task.open.policy) {
        // Politely, but nobody waits for it.
        give_up(session);
        return Ok(end);
    }
    match session.finish(&task.content, progress).await {
        Ok(delivered) => Ok(End::Delivered {
            verdicts: delivered.recipients,
            reply: delivered.reply,
        }),
        Err(error) if error.try_next() => Err(error),
        Err(error) => Ok(End::Failed { error, verdicts }),
    }
}

fn give_up(session: Box<dyn MailSession>) {
    tokio::spawn(session.abort());
}

fn nobody_left(verdicts: &[Verdict], policy: RecipientPolicy) -> Option<End> {
    let refused = |verdict: &&Verdict| matches!(verdict, Verdict::Refused(_));
    if verdicts.iter().all(|verdict| refused(&verdict)) {
        return Some(End::Refused {
            verdicts: verdicts.to_vec(),
        });
    }
    let refusal = verdicts.iter().find(refused)?;
    match (refusal, policy) {
        (Verdict::Refused(error), RecipientPolicy::AllOrNone) => Some(End::Failed {
            error: error.clone(),
            verdicts: Vec::new(),
        }),
        _ => None,
    }
}
