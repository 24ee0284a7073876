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
            apply(record, &verdicts, true);
            record.attempts += 1;
            go_on(record, age, rules);
        }
        End::Refused { verdicts } => {
            apply(record, &verdicts, false);
            record.attempts += 1;
            go_on(record, age, rules);
        }
        End::Failed { error, verdicts } => {
            apply(record, &verdicts, false);
            record.reply.clone_from(&error.reply);
            failed(record, error, age, rules);
        }
    }
}

fn failed(record: &mut Record, error: Error, age: Duration, rules: &Rules) {
    if !is_missing_link(&error) {
        record.attempts += 1;
    }
    let unknown = error.kind == ErrorKind::Unknown;
    record.possible_duplicate |= unknown;
    if !error.is_temporary() || (unknown && rules.on_unknown == OnUnknown::Fail) {
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

/// A link that is missing is waited for, however often; a server that does not want us is not.
fn is_missing_link(error: &Error) -> bool {
    use ErrorKind::{ClockNotSet, ModemGone, NoModem, NoNetwork, PortBusy};
    error.fault != Fault::Server
        && !error.content_sent
        && matches!(
            error.kind,
            NoNetwork | NoModem | ModemGone | PortBusy | ClockNotSet
        )
}

/// Takes the verdicts on the recipients that were pending, in their order.
fn apply(record: &mut Record, verdicts: &[Verdict], delivered: bool) {
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
                if !error.is_temporary() {
                    one.settled = Settled::Refused;
                }
                one.error = Some(error.clone());
            }
        }
    }
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

/// What a restart of the daemon means for a job that was not finished.
pub(super) fn resume(record: &mut Record, on_unknown: OnUnknown) {
    let was_committing = std::mem::take(&mut record.committing);
    if was_committing {
        record.possible_duplicate = true;
    }
    let unknown = || {
        Error::new(
            ErrorKind::Unknown,
            "hayesd was restarted while the message was being sent; its result is not known",
        )
        .by(Fault::Us)
        .after_content()
    };
    match (record.delivery, was_committing) {
        (Delivery::Through, true) => close(record, &unknown()),
        (Delivery::Through, false) => {
            let error = Error::new(
                ErrorKind::Cancelled,
                "hayesd was restarted before the message was sent",
            )
            .by(Fault::Us);
            close(record, &error);
        }
        (Delivery::Queue, true) if on_unknown == OnUnknown::Fail => close(record, &unknown()),
        (Delivery::Queue, _) => {
            if record.state == State::Running {
                record.state = State::Queued;
            }
        }
    }
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
    fn a_restart() {
        let after = |delivery, committing, on_unknown| {
            let mut job = record(1);
            job.delivery = delivery;
            job.committing = committing;
            resume(&mut job, on_unknown);
            assert!(!job.committing);
            assert_eq!(job.possible_duplicate, committing);
            (job.state, job.error.map(|error| error.kind))
        };
        use {Delivery::*, OnUnknown::*};
        assert_eq!(after(Queue, false, Fail), (State::Queued, None));
        assert_eq!(after(Queue, true, Retry), (State::Queued, None));
        assert_eq!(
            after(Queue, true, Fail),
            (State::Failed, Some(ErrorKind::Unknown))
        );
        assert_eq!(
            after(Through, true, Retry),
            (State::Failed, Some(ErrorKind::Unknown))
        );
        assert_eq!(
            after(Through, false, Retry),
            (State::Failed, Some(ErrorKind::Cancelled))
        );
    }
}
