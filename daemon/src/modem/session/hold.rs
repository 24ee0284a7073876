//! A session in the task that owns the modem: step by step, until it is closed, dropped, or forgotten.

use super::{FileAsk, FileModule, IDLE, MailboxAsk, MailboxModule, Opening, Pipe};
use crate::modem::chat::Chat;
use crate::modem::drive::Drive;
use crate::modem::report::Report;
use crate::modem::settings::Settings;
use crate::service::{FileOpen, MailboxOpen, Phase, Result};
use std::future::Future;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Carries a mailbox session out.
pub(in crate::modem) async fn hold_mailbox(
    chat: &mut Chat,
    drive: &'static dyn Drive,
    settings: &Settings,
    opening: Opening<MailboxOpen, MailboxAsk>,
) {
    let Opening {
        open,
        report,
        mut asks,
        answer,
    } = opening;
    let mut module = match drive.mailbox(settings, &open) {
        Ok(module) => module,
        Err(error) => return drop(answer.send(Err(error))),
    };
    report.phase(Phase::Authenticating);
    let begun = async {
        report.proceed()?;
        module.open(chat).await
    };
    if !answered(begun, answer, &report).await {
        module.abort(chat).await;
        return;
    }
    while let Some(ask) = next(chat, &mut asks, &report).await {
        match mailbox_step(chat, &mut *module, ask, &report).await {
            Step::Goes => {}
            Step::Over => return,
            Step::GivenUp => break,
        }
    }
    module.abort(chat).await;
}

/// What becomes of a session after a step.
enum Step {
    Goes,
    Over,
    /// Nobody waits for it any more.
    GivenUp,
}

fn goes(answered: bool) -> Step {
    if answered { Step::Goes } else { Step::GivenUp }
}

async fn mailbox_step(
    chat: &mut Chat,
    module: &mut dyn MailboxModule,
    ask: MailboxAsk,
    report: &Report,
) -> Step {
    goes(match ask {
        MailboxAsk::Status(answer) => answered(module.status(chat), answer, report).await,
        MailboxAsk::List(answer) => answered(module.list(chat), answer, report).await,
        MailboxAsk::Fetch(wanted, pipe, answer) => {
            let work = async move { module.fetch(chat, wanted, &mut Pipe(pipe)).await };
            answered(work, answer, report).await
        }
        MailboxAsk::Delete(numbers, answer) => {
            answered(module.delete(chat, &numbers), answer, report).await
        }
        MailboxAsk::Close(answer) => {
            // What was marked is deleted even if nobody waits for it.
            let _ = answer.send(module.close(chat).await);
            return Step::Over;
        }
    })
}

/// Carries a session with a file server out.
pub(in crate::modem) async fn hold_files(
    chat: &mut Chat,
    drive: &'static dyn Drive,
    settings: &Settings,
    opening: Opening<FileOpen, FileAsk>,
) {
    let Opening {
        open,
        report,
        mut asks,
        answer,
    } = opening;
    let mut module = match drive.files(settings, &open) {
        Ok(module) => module,
        Err(error) => return drop(answer.send(Err(error))),
    };
    report.phase(Phase::Preparing);
    let begun = async {
        report.proceed()?;
        module.open(chat).await
    };
    let mut closing = None;
    if answered(begun, answer, &report).await {
        while let Some(ask) = next(chat, &mut asks, &report).await {
            if let FileAsk::Close(answer) = ask {
                closing = Some(answer);
                break;
            }
            if !file_step(chat, &mut *module, ask, &report).await {
                break;
            }
        }
    }
    module.close(chat).await;
    if let Some(answer) = closing {
        let _ = answer.send(Ok(()));
    }
}

/// Whether somebody waited for the outcome.
async fn file_step(
    chat: &mut Chat,
    module: &mut dyn FileModule,
    ask: FileAsk,
    report: &Report,
) -> bool {
    match ask {
        FileAsk::Upload(path, representation, size, mut pieces, answer) => {
            let work = module.upload(chat, &path, representation, size, &mut pieces);
            answered(work, answer, report).await
        }
        FileAsk::Download(path, representation, pipe, answer) => {
            let work = async move {
                let into = &mut Pipe(pipe);
                module.download(chat, &path, representation, into).await
            };
            answered(work, answer, report).await
        }
        FileAsk::List(path, pipe, answer) => {
            let work = async move { module.list(chat, &path, &mut Pipe(pipe)).await };
            answered(work, answer, report).await
        }
        FileAsk::Close(_) => false,
    }
}

/// Carries work out and tells what came of it; whether it succeeded or failed in time to be told, and the
/// session goes on. It is given up when nobody waits any more, or the modem is switched off.
async fn answered<T>(
    work: impl Future<Output = Result<T>>,
    mut answer: oneshot::Sender<Result<T>>,
    report: &Report,
) -> bool {
    let outcome = tokio::select! {
        biased;
        outcome = work => outcome,
        () = answer.closed() => return false,
        () = report.stopped() => {
            let _ = answer.send(Err(Report::switched_off()));
            return false;
        }
    };
    answer.send(outcome).is_ok()
}

/// The next step. `None` when the session is over: dropped, forgotten, or its modem gone.
async fn next<A>(chat: &mut Chat, asks: &mut mpsc::Receiver<A>, report: &Report) -> Option<A> {
    let until = Instant::now() + IDLE;
    loop {
        tokio::select! {
            biased;
            ask = asks.recv() => return ask,
            () = report.stopped() => return None,
            heard = chat.listen_once(until.saturating_duration_since(Instant::now())) => {
                if heard.is_err() {
                    return None;
                }
                if Instant::now() >= until {
                    chat.note("a session asked for nothing for too long");
                    return None;
                }
            }
        }
    }
}
