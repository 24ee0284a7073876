//! What an attempt means for a job: done, failed, or later. No I/O.

use super::record::{Record, Settled};
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
    /// Somebody cancelled it.
    Cancelled,
}

/// The rules that a job is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) schedule: Schedule,
    pub(super) on_unknown: OnUnknown,
}

/// Writes into the record what has become of the job, at this age of it.
pub(super) fn settle(record: &mut Record, end: End, age: Duration, rules: &Rules) {
    let was_committing = std::mem::take(&mut record.committing);
    match end {
        End::Cancelled => {
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
    for one in &mut record.recipients {
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
    let answered =
        error.reply.is_some() || matches!(error.kind, AuthFailed | Rejected | TemporaryFailure);
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
    let pending = record
        .recipients
        .iter_mut()
        .filter(|one| one.settled == Settled::Pending);
    for (one, verdict) in pending.zip(verdicts) {
        match verdict {
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
    doubtful
}

/// Later, if somebody is still pending and there is time.
fn go_on(record: &mut Record, age: Duration, rules: &Rules) {
    let pending = || {
        record
            .recipients
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
    record.committing = false;
    for one in &mut record.recipients {
        if one.settled == Settled::Pending {
            one.settled = Settled::Refused;
            if one.error.is_none() || !reason.is_temporary() {
                one.error = Some(reason.clone());
            }
        }
    }
    if record
        .recipients
        .iter()
        .any(|one| one.settled == Settled::Delivered)
    {
        record.state = State::Done;
        record.error = None;
        return;
    }
    let first = record.recipients.iter().find_map(|one| one.error.clone());
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
    let was_committing = std::mem::take(&mut record.committing);
    record.possible_duplicate |= was_committing;
    let soon = age.saturating_add(rules.schedule.after_restart());
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
mod tests {
    use super::super::record::tests::record;
    use super::*;
    use crate::service::Certainty;

    const RULES: Rules = Rules {
        schedule: Schedule {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(3600),
            expiry: Duration::from_secs(86_400),
        },
        on_unknown: OnUnknown::Retry,
    };

    fn yes() -> Verdict {
        Verdict::Accepted(Certainty::Observed)
    }

    fn reply(code: u16) -> Error {
        let kind = if code < 500 {
            ErrorKind::TemporaryFailure
        } else {
            ErrorKind::Rejected
        };
        Error::new(kind, "refused").with_reply(ServerReply {
            code,
            text: "words".into(),
        })
    }

    fn no(code: u16) -> Verdict {
        Verdict::Refused(reply(code))
    }

    fn settled(end: End) -> Record {
        let mut record = record(1);
        record.timeout = None;
        record.committing = true;
        settle(&mut record, end, Duration::from_secs(10), &RULES);
        assert!(!record.committing);
        record
    }

    fn failed_with(error: Error) -> Record {
        settled(End::Failed {
            error,
            verdicts: Vec::new(),
        })
    }

    fn states(record: &Record) -> Vec<Settled> {
        record.recipients.iter().map(|one| one.settled).collect()
    }

    #[test]
    fn all_taken() {
        let record = settled(End::Delivered {
            verdicts: vec![yes(), yes()],
            reply: None,
        });
        assert_eq!(record.state, State::Done);
        assert_eq!(states(&record), [Settled::Delivered; 2]);
        assert!(record.error.is_none() && !record.possible_duplicate);
    }

    #[test]
    fn one_taken_and_nobody_knows_about_the_other() {
        let lost = Error::new(ErrorKind::NoNetwork, "lost").after_content();
        let verdicts = vec![yes(), Verdict::Refused(lost)];
        let end = |on_unknown| {
            let mut record = record(1);
            record.timeout = None;
            let reply = None;
            let verdicts = verdicts.clone();
            let rules = Rules {
                on_unknown,
                ..RULES
            };
            let end = End::Delivered { verdicts, reply };
            settle(&mut record, end, Duration::from_secs(10), &rules);
            assert!(record.possible_duplicate);
            let kind = record.recipients[1].error.as_ref().map(|error| error.kind);
            assert_eq!(kind, Some(ErrorKind::Unknown));
            (record.state, record.recipients[1].settled)
        };
        assert_eq!(end(OnUnknown::Retry), (State::Deferred, Settled::Pending));
        assert_eq!(end(OnUnknown::Fail), (State::Done, Settled::Refused));
        // One whose turn never came is no doubt at all.
        let busy = Verdict::Refused(Error::new(ErrorKind::TemporaryFailure, "not sent"));
        let record = settled(End::Delivered {
            verdicts: vec![yes(), busy],
            reply: None,
        });
        assert!(!record.possible_duplicate && record.state == State::Deferred);
    }

    #[test]
    fn one_taken_one_refused_is_done() {
        let record = settled(End::Delivered {
            verdicts: vec![no(550), yes()],
            reply: None,
        });
        assert_eq!(record.state, State::Done);
        assert_eq!(states(&record), [Settled::Refused, Settled::Delivered]);
    }

    #[test]
    fn one_taken_one_greylisted_goes_on_with_that_one() {
        let mut record = settled(End::Delivered {
            verdicts: vec![no(451), yes()],
            reply: None,
        });
        assert_eq!(record.state, State::Deferred);
        assert_eq!(record.due, Duration::from_secs(70));
        assert_eq!(states(&record), [Settled::Pending, Settled::Delivered]);
        settle(
            &mut record,
            End::Refused {
                verdicts: vec![no(550)],
            },
            Duration::from_secs(70),
            &RULES,
        );
        assert_eq!(record.state, State::Done);
        assert_eq!(states(&record), [Settled::Refused, Settled::Delivered]);
    }

    #[test]
    fn nobody_taken_fails_with_the_first_reason() {
        let record = settled(End::Refused {
            verdicts: vec![no(550), no(551)],
        });
        assert_eq!(record.state, State::Failed);
        assert_eq!(record.error, Some(reply(550)));
    }

    #[test]
    fn a_refused_recipient_stays_refused_when_the_rest_fails_for_now() {
        let record = settled(End::Failed {
            error: reply(451),
            verdicts: vec![no(550), yes()],
        });
        assert_eq!(record.state, State::Deferred);
        assert_eq!(states(&record), [Settled::Refused, Settled::Pending]);
        assert_eq!(record.attempts, 1);
    }

    #[test]
    fn permanent_errors_fail_at_once() {
        let record = failed_with(Error::new(ErrorKind::AuthFailed, "x"));
        assert_eq!(record.state, State::Failed);
        assert_eq!(record.error.unwrap().kind, ErrorKind::AuthFailed);
    }

    #[test]
    fn a_missing_link_does_not_count() {
        let record = failed_with(Error::new(ErrorKind::NoNetwork, "x"));
        assert_eq!((record.state, record.attempts), (State::Deferred, 0));
        let record = failed_with(Error::new(ErrorKind::NoNetwork, "refused").by(Fault::Server));
        assert_eq!((record.state, record.attempts), (State::Deferred, 1));
        let record = failed_with(Error::new(ErrorKind::Timeout, "x"));
        assert_eq!((record.state, record.attempts), (State::Deferred, 1));
    }

    #[test]
    fn an_unknown_result_is_a_possible_duplicate_or_a_failure() {
        let unknown = Error::new(ErrorKind::Unknown, "x").after_content();
        let again = failed_with(unknown.clone());
        assert!(again.possible_duplicate && again.state == State::Deferred);
        let mut once = record(1);
        let rules = Rules {
            on_unknown: OnUnknown::Fail,
            ..RULES
        };
        let end = End::Failed {
            error: unknown,
            verdicts: vec![],
        };
        settle(&mut once, end, Duration::ZERO, &rules);
        assert_eq!(once.state, State::Failed);
        assert_eq!(once.error.unwrap().kind, ErrorKind::Unknown);
    }

    #[test]
    fn through_has_one_go() {
        let mut through = record(1);
        through.delivery = Delivery::Through;
        let end = End::Failed {
            error: reply(451),
            verdicts: vec![],
        };
        settle(&mut through, end, Duration::ZERO, &RULES);
        assert_eq!(through.state, State::Failed);
        assert_eq!(through.error, Some(reply(451)));
    }

    #[test]
    fn an_expired_mail_fails_with_its_last_reason() {
        let mut old = record(1);
        old.timeout = None;
        let end = End::Failed {
            error: reply(451),
            verdicts: vec![],
        };
        settle(&mut old, end, RULES.schedule.expiry, &RULES);
        assert_eq!((old.state, old.error), (State::Failed, Some(reply(451))));
    }

    #[test]
    fn the_whole_jobs_deadline_bounds_the_next_attempt() {
        let mut job = record(1);
        let end = End::Failed {
            error: reply(451),
            verdicts: vec![],
        };
        settle(&mut job, end.clone(), Duration::from_secs(10), &RULES);
        assert_eq!(job.due, Duration::from_secs(60));
        settle(&mut job, end, Duration::from_secs(60), &RULES);
        assert_eq!(job.state, State::Failed);
    }

    #[test]
    fn cancelled_while_the_server_judged_may_have_been_delivered() {
        let record = settled(End::Cancelled);
        assert_eq!(record.state, State::Cancelled);
        assert!(record.possible_duplicate);
    }

    #[test]
    fn a_content_that_went_without_an_answer_leaves_the_result_unknown() {
        let lost = Error::new(ErrorKind::NoNetwork, "x").after_content();
        let again = failed_with(lost.clone());
        assert!(again.possible_duplicate && again.state == State::Deferred);
        assert_eq!(again.error.unwrap().kind, ErrorKind::Unknown);
        // Before the point of no return nothing can have been taken, though some of it was sent.
        let mut before = record(1);
        let end = End::Failed {
            error: lost,
            verdicts: vec![],
        };
        settle(&mut before, end, Duration::ZERO, &RULES);
        assert!(!before.possible_duplicate && before.attempts == 1);
        // An answer is an answer.
        let answered = failed_with(reply(451).after_content());
        assert!(!answered.possible_duplicate);
    }

    #[test]
    fn a_link_that_stays_away_is_looked_for_ever_less_often() {
        let mut job = record(1);
        job.timeout = None;
        let mut age = Duration::ZERO;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let end = End::Failed {
                error: Error::new(ErrorKind::NoNetwork, "x"),
                verdicts: vec![],
            };
            settle(&mut job, end, age, &RULES);
            pauses.push((job.due - age).as_secs() / 60);
            age = job.due;
        }
        assert_eq!(pauses, [1, 4, 9, 16, 25, 36, 49, 60, 60]);
        assert_eq!(job.attempts, 0);
        let end = End::Failed {
            error: reply(451),
            verdicts: vec![],
        };
        settle(&mut job, end, age, &RULES);
        assert_eq!((job.due - age).as_secs(), 60, "the first that counts");
    }

    #[test]
    fn a_restart() {
        let after = |delivery, committing, on_unknown| {
            let mut job = record(1);
            job.delivery = delivery;
            job.committing = committing;
            job.due = Duration::from_secs(3000);
            let rules = Rules {
                on_unknown,
                ..RULES
            };
            resume(&mut job, Duration::from_secs(100), &rules);
            assert!(!job.committing);
            let again = job.clone();
            resume(&mut job, Duration::from_secs(100), &rules);
            if !again.state.is_final() {
                assert_eq!(job, again);
                assert_eq!(
                    job.due,
                    Duration::from_secs(160),
                    "a restart is a new chance"
                );
            }
            assert_eq!(job.possible_duplicate, committing);
            (job.state, job.error.map(|error| error.kind))
        };
        use {Delivery::*, OnUnknown::*};
        let unknown = Some(ErrorKind::Unknown);
        assert_eq!(after(Queue, false, Fail), (State::Queued, None));
        assert_eq!(after(Queue, true, Retry), (State::Deferred, unknown));
        assert_eq!(after(Queue, true, Fail), (State::Failed, unknown));
        assert_eq!(after(Through, true, Retry), (State::Failed, unknown));
        assert_eq!(
            after(Through, false, Retry),
            (State::Failed, Some(ErrorKind::Cancelled))
        );
    }
}
