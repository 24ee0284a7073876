//! What an attempt means for a job: done, failed, or later. No I/O.

mod asked;

use super::record::{Record, Settled, Work};
use super::request::Summary;
use super::schedule::Schedule;
use super::types::{Delivery, OnUnknown, State};
use crate::service::{Error, ErrorKind, Fault, ServerReply, Verdict};
use std::time::Duration;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// The server has answered the content. One verdict for each recipient that was still pending.
    Delivered {
        verdicts: Vec<Verdict>,
        reply: Option<ServerReply>,
    },
    /// Nothing was delivered. What was learnt of recipients before it failed counts.
    Failed {
        error: Error,
        verdicts: Vec<Verdict>,
    },
    /// Every recipient was refused, so nothing was sent.
    Refused { verdicts: Vec<Verdict> },
    /// A request was carried out; what came back is in its file.
    Answered(Summary),
    /// Somebody cancelled it.
    Cancelled,
    /// The daemon was restarted while it was under way, and nobody knows how it ended.
    Interrupted,
}

/// The rules that a job is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) schedule: Schedule,
    pub(super) on_unknown: OnUnknown,
}

/// Writes into the record what has become of the job, at this age of it.
pub(super) fn settle(record: &mut Record, end: End, age: Duration, rules: &Rules) {
    if matches!(record.work, Work::Request(_)) {
        asked::settle(record, end, age, rules);
        return;
    }
    if end == End::Interrupted {
        resume(record, age, rules);
        return;
    }
    let was_committing = record.end_commit();
    match end {
        // Mails are delivered, not answered.
        End::Answered(_) | End::Interrupted => {}
        End::Cancelled => {
            record.keep_taken();
            record.possible_duplicate |= was_committing;
            finish(
                record,
                State::Cancelled,
                Error::new(ErrorKind::Cancelled, "it was cancelled"),
            );
        }
        End::Delivered { verdicts, reply } => {
            record.reply = reply;
            record.error = None;
            record.possible_duplicate |= apply(record, &verdicts, true, rules);
            record.linkless = 0;
            record.attempts += 1;
            go_on(record, age, rules);
        }
        End::Refused { verdicts } => {
            apply(record, &verdicts, false, rules);
            record.linkless = 0;
            record.attempts += 1;
            go_on(record, age, rules);
        }
        End::Failed { error, verdicts } => {
            apply(record, &verdicts, false, rules);
            record.reply.clone_from(&error.reply);
            if is_unknown(&error, was_committing) {
                failed(record, unknown(error), age, rules);
            } else {
                failed(record, error, age, rules);
            }
        }
    }
}

fn failed(record: &mut Record, error: Error, age: Duration, rules: &Rules) {
    if is_missing_link(&error) {
        record.linkless += 1;
    } else {
        record.linkless = 0;
        record.attempts += 1;
    }
    let unknown = error.kind == ErrorKind::Unknown;
    record.possible_duplicate |= unknown;
    // An account that was taken out by mistake may come back.
    let is_temporary = error.is_temporary() || error.kind == ErrorKind::NotFound;
    if !is_temporary || (unknown && rules.on_unknown == OnUnknown::Fail) {
        close(record, &error);
        return;
    }
    for one in record.recipients_mut() {
        if one.settled == Settled::Pending {
            one.error = Some(error.clone());
        }
    }
    record.error = Some(error);
    go_on(record, age, rules);
}

/// The content may have been taken, and no answer of the server says whether.
fn is_unknown(error: &Error, was_committing: bool) -> bool {
    use ErrorKind::{AuthFailed, Internal, Rejected, TemporaryFailure, Unknown};
    // A module may say of a server that fell silent what it says of one that refused.
    let answered = error.reply.is_some()
        || matches!(error.kind, AuthFailed | Rejected)
        || (error.kind == TemporaryFailure && !error.content_sent);
    // Internal: a back that broke off in the middle cannot say what was sent.
    error.kind == Unknown
        || (was_committing && !answered && (error.content_sent || error.kind == Internal))
}

/// The same error, told as what it means.
fn unknown(error: Error) -> Error {
    Error {
        kind: ErrorKind::Unknown,
        content_sent: true,
        ..error
    }
}

/// A link that is missing is waited for, however often; a server that does not want us is not.
fn is_missing_link(error: &Error) -> bool {
    use ErrorKind::{Busy, ClockNotSet, ModemGone, NoModem, NoNetwork, NotFound, PortBusy};
    error.fault != Fault::Server
        && error.reply.is_none()
        && !error.content_sent
        && matches!(
            error.kind,
            NoNetwork | NoModem | ModemGone | PortBusy | Busy | ClockNotSet | NotFound
        )
}

/// Takes the verdicts on the recipients that were pending, in their order. Whether somebody may have got
/// the mail although nothing says so: a module sends several, and each has a result of its own.
fn apply(record: &mut Record, verdicts: &[Verdict], delivered: bool, rules: &Rules) -> bool {
    let mut doubtful = false;
    for (one, verdict) in record.asked().zip(verdicts) {
        match verdict {
            _ if one.settled == Settled::Taken => {}
            Verdict::Accepted(_) if delivered => {
                one.settled = Settled::Delivered;
                one.error = None;
            }
            Verdict::Accepted(_) => {}
            Verdict::Refused(error) => {
                let unknown = delivered && is_unknown(error, true);
                doubtful |= unknown;
                let for_good = !error.is_temporary() && !unknown;
                if for_good || (unknown && rules.on_unknown == OnUnknown::Fail) {
                    one.settled = Settled::Refused;
                }
                one.error = Some(if unknown {
                    self::unknown(error.clone())
                } else {
                    error.clone()
                });
            }
        }
    }
    record.keep_taken();
    doubtful
}

/// Later, if somebody is still pending and there is time.
fn go_on(record: &mut Record, age: Duration, rules: &Rules) {
    let pending = || {
        record
            .recipients()
            .iter()
            .filter(|one| one.settled == Settled::Pending)
    };
    if pending().next().is_none() {
        let none = Error::new(ErrorKind::Internal, "nobody is left to deliver to");
        close(record, &none);
        return;
    }
    let reason = pending().find_map(|one| one.error.clone());
    let next = match record.delivery {
        Delivery::Queue if record.linkless > 0 => rules.schedule.next(age, record.linkless),
        Delivery::Queue => rules.schedule.next(age, record.attempts),
        Delivery::Through => None,
    };
    let over = record.deadline().is_some_and(|deadline| age >= deadline);
    match next {
        Some(due) if !over => {
            record.state = State::Deferred;
            record.due = record.deadline().map_or(due, |deadline| due.min(deadline));
            record.error = reason;
        }
        _ => {
            let error = record.error.clone().or(reason).unwrap_or_else(|| {
                Error::new(ErrorKind::Timeout, "it could not be delivered in time")
            });
            close(record, &error);
        }
    }
}

/// The end: whoever is pending is refused for this reason. Done, if anybody got it.
pub(super) fn close(record: &mut Record, reason: &Error) {
    record.end_commit();
    for one in record.recipients_mut() {
        if one.settled == Settled::Pending {
            one.settled = Settled::Refused;
            if one.error.is_none() || !reason.is_temporary() {
                one.error = Some(reason.clone());
            }
        }
    }
    if record
        .recipients()
        .iter()
        .any(|one| one.settled == Settled::Delivered)
    {
        record.state = State::Done;
        record.error = None;
        return;
    }
    let first = record.recipients().iter().find_map(|one| one.error.clone());
    record.state = State::Failed;
    record.error = Some(first.unwrap_or_else(|| reason.clone()));
}

fn finish(record: &mut Record, state: State, error: Error) {
    record.state = state;
    record.error = Some(error);
}

/// What a restart of the daemon means for a job that was not finished. Done twice it gives the same: so it
/// does no harm if the daemon dies before it is saved.
pub(super) fn resume(record: &mut Record, age: Duration, rules: &Rules) {
    if matches!(record.work, Work::Request(_)) {
        asked::resume(record, age, rules);
        return;
    }
    let was_committing = record.end_commit();
    record.keep_taken();
    record.possible_duplicate |= was_committing;
    let soon = age.saturating_add(rules.schedule.after_restart());
    if !record
        .recipients()
        .iter()
        .any(|one| one.settled == Settled::Pending)
    {
        close(record, &interrupted());
        return;
    }
    match record.delivery {
        Delivery::Through if was_committing => close(record, &interrupted()),
        Delivery::Through => {
            let error = Error::new(
                ErrorKind::Cancelled,
                "hayesd was restarted before the message was sent",
            )
            .by(Fault::Us);
            close(record, &error);
        }
        Delivery::Queue if was_committing => {
            // It counts, and the next one waits: a daemon that dies of this mail must not send it for ever.
            record.attempts += 1;
            if rules.on_unknown == OnUnknown::Fail {
                close(record, &interrupted());
            } else {
                record.state = State::Deferred;
                record.error = Some(interrupted());
                record.due = soon;
            }
        }
        Delivery::Queue => {
            if record.state == State::Running {
                record.state = State::Queued;
            }
            record.due = record.due.min(soon);
        }
    }
}

fn interrupted() -> Error {
    Error::new(
        ErrorKind::Unknown,
        "hayesd was restarted while the message was being sent; its result is not known",
    )
    .by(Fault::Us)
    .after_content()
}

#[cfg(test)]
mod tests;
