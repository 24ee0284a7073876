//! The result of a mail that was being sent when the daemon died: the module tells it all the same, to
//! whoever has the port by then.

use super::chat::Chat;
use super::drive::{Drive, Sent};
use crate::dialect;
use crate::service::ErrorKind;
use core::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How often a module that is still sending is asked again whether it is.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A module that has ended a sending may be a little slower to say how.
const AFTERTHOUGHT: Duration = Duration::from_secs(2);

/// Somebody wants to know how a sending ended that an earlier daemon began.
#[derive(Debug)]
pub(super) struct Sought {
    begun: Begun,
    answer: oneshot::Sender<Sent>,
}

/// When a sending began, before this daemon did.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// So long before `asked`.
    since: Duration,
    asked: Instant,
}

impl Begun {
    fn left(self, sending: Duration) -> Duration {
        sending.saturating_sub(self.since + self.asked.elapsed())
    }
}

impl Sought {
    /// And where it is told; dropped when nobody can tell.
    pub(super) fn new(since: Duration) -> (Self, oneshot::Receiver<Sent>) {
        let (answer, told) = oneshot::channel();
        let asked = Instant::now();
        let begun = Begun { since, asked };
        (Self { begun, answer }, told)
    }

    /// How long the result may still take, where it takes so long at most. Zero when nobody waits any more.
    pub(super) fn left(&self, sending: Duration) -> Duration {
        if self.answer.is_closed() {
            return Duration::ZERO;
        }
        self.begun.left(sending)
    }

    /// Tells what is known by now, if it is.
    pub(super) fn tell(self, sent: Option<Sent>) {
        if let Some(sent) = sent {
            let _ = self.answer.send(sent);
        }
    }
}

/// The longest time that any dialect's sending takes to its result.
pub(super) fn longest_sending() -> Duration {
    let each = dialect::ALL.iter();
    let times = each.map(|dialect| dialect.drive.facts().sending);
    times.max().unwrap_or_default()
}

/// Waits for the result of the sending, and tells it. The module is up, and was asked for no mail yet.
pub(super) async fn find(chat: &mut Chat, drive: &'static dyn Drive, mut sought: Sought) {
    let found = tokio::select! {
        biased;
        found = search(chat, drive, sought.begun) => found,
        () = sought.answer.closed() => None,
    };
    chat.note(match &found {
        Some(Ok(_)) => "the mail of an earlier daemon: taken",
        Some(Err(_)) => "the mail of an earlier daemon: not taken",
        None => "the mail of an earlier daemon: nobody can tell",
    });
    sought.tell(found);
}

async fn search(chat: &mut Chat, drive: &'static dyn Drive, begun: Begun) -> Option<Sent> {
    loop {
        if chat.has_result() {
            return chat.result(drive);
        }
        let left = begun.left(drive.facts().sending);
        if left.is_zero() {
            return None;
        }
        match drive.is_sending(chat).await {
            Ok(true) => {
                if chat.until_result(left.min(ASK_AGAIN)).await.is_err() {
                    return chat.result(drive);
                }
            }
            Ok(false) => {
                // If the module goes away now, it has said what it had to say.
                let _ = chat.until_result(AFTERTHOUGHT).await;
                return chat.result(drive);
            }
            // It has time for one thing only, as it seems.
            Err(error) if error.kind == ErrorKind::Timeout => {}
            Err(_) => return chat.result(drive),
        }
    }
}
