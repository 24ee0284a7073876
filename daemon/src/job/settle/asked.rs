//! The same for requests: nobody refuses a part of one, and most may be done twice.

use super::{End, Rules, finish, is_missing_link, is_unknown, unknown};
use crate::job::record::{Record, Work};
use crate::job::request::Request;
use crate::job::types::State;
use crate::service::{Error, ErrorKind, Fault};
use std::time::Duration;

pub(super) fn settle(record: &mut Record, end: End, age: Duration, rules: &Rules) {
    let was_committing = record.end_commit();
    match end {
        End::Answered(summary) => {
            record.attempts += 1;
            record.linkless = 0;
            record.state = State::Done;
            record.error = None;
            if let Work::Request(asked) = &mut record.work {
                asked.summary = Some(summary);
            }
        }
        End::Cancelled => {
            record.possible_duplicate |= was_committing;
            let error = Error::new(ErrorKind::Cancelled, "it was cancelled");
            finish(record, State::Cancelled, error);
        }
        End::Failed { error, .. } => {
            record.reply.clone_from(&error.reply);
            let error = if is_unknown(&error, was_committing) {
                unknown(error)
            } else {
                error
            };
            failed(record, error, age, rules);
        }
        // Mails end so, requests never.
        End::Delivered { .. } | End::Refused { .. } | End::Interrupted => {
            let error = Error::new(ErrorKind::Internal, "a request ended as a mail does");
            finish(record, State::Failed, error);
        }
    }
}

fn failed(record: &mut Record, error: Error, age: Duration, rules: &Rules) {
    // NotFound is the server's word on a file, or an account that is gone: neither comes back by waiting.
    if is_missing_link(&error) && error.kind != ErrorKind::NotFound {
        record.linkless += 1;
    } else {
        record.linkless = 0;
        record.attempts += 1;
    }
    let unknown = error.kind == ErrorKind::Unknown;
    record.possible_duplicate |= unknown;
    let may_go_on = error.is_temporary()
        && is_tried_again(record)
        && (!unknown || request(record).is_some_and(Request::is_repeatable));
    let failures = if record.linkless > 0 {
        record.linkless
    } else {
        record.attempts
    };
    let next = rules.schedule.next(age, failures).filter(|_| may_go_on);
    let over = record.deadline().is_some_and(|deadline| age >= deadline);
    match next {
        Some(due) if !over => {
            record.state = State::Deferred;
            record.due = record.deadline().map_or(due, |deadline| due.min(deadline));
            record.error = Some(error);
        }
        _ => finish(record, State::Failed, error),
    }
}

fn request(record: &Record) -> Option<&Request> {
    match &record.work {
        Work::Request(asked) => Some(&asked.request),
        Work::Mail(_) => None,
    }
}

/// A test tells what is so now.
fn is_tried_again(record: &Record) -> bool {
    !matches!(request(record), Some(Request::AccountTest))
}

/// What a restart of the daemon means for a request that was not finished.
pub(super) fn resume(record: &mut Record, age: Duration, rules: &Rules) {
    let was_committing = record.end_commit();
    record.possible_duplicate |= was_committing;
    let lost = match request(record) {
        Some(Request::FtpDownload {
            to_caller: true, ..
        }) => Some(Error::new(
            ErrorKind::Cancelled,
            "hayesd was restarted, and the descriptor to write to is lost since then",
        )),
        Some(Request::AccountTest) => Some(Error::new(
            ErrorKind::Cancelled,
            "hayesd was restarted during the test",
        )),
        Some(request) if was_committing && !request.is_repeatable() => Some(
            Error::new(
                ErrorKind::Unknown,
                "hayesd was restarted during the transfer; how much the server has is not known",
            )
            .after_content(),
        ),
        _ => None,
    };
    if let Some(error) = lost {
        finish(record, State::Failed, error.by(Fault::Us));
        return;
    }
    if was_committing {
        // A daemon that dies of this request must not try it for ever without a pause.
        record.attempts += 1;
    }
    if record.state == State::Running {
        record.state = State::Queued;
    }
    let soon = age.saturating_add(rules.schedule.after_restart());
    record.due = if was_committing {
        soon
    } else {
        record.due.min(soon)
    };
}

#[cfg(test)]
mod tests {
    use super::super::{resume, settle};
    use super::*;
    use crate::job::record::tests::asking;
    use crate::job::request::Summary;
    use crate::job::schedule::Schedule;
    use crate::job::types::OnUnknown;
    use crate::service::Placing;

    const NOW: Duration = Duration::from_secs(10);
    const RULES: Rules = Rules {
        schedule: Schedule {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(3600),
            expiry: Duration::from_secs(100_000),
        },
        on_unknown: OnUnknown::Retry,
    };

    fn ended(request: Request, committing: bool, end: End) -> Record {
        let mut record = asking(request);
        record.committing = committing;
        settle(&mut record, end, NOW, &RULES);
        assert!(!record.committing);
        record
    }

    fn fails(kind: ErrorKind) -> End {
        End::Failed {
            error: Error::new(kind, "as told"),
            verdicts: Vec::new(),
        }
    }

    fn upload(placing: Placing) -> Request {
        Request::FtpUpload {
            remote: "x".into(),
            placing,
        }
    }

    #[test]
    fn what_was_answered_is_done() {
        let summary = Summary { count: 2, bytes: 3 };
        let record = ended(Request::Pop3Check, false, End::Answered(summary));
        assert_eq!((record.state, record.attempts), (State::Done, 1));
        assert!(matches!(record.work, Work::Request(asked) if asked.summary == Some(summary)));
    }

    #[test]
    fn temporary_errors_are_deferred_and_permanent_ones_fail_at_once() {
        for (kind, state, attempts) in [
            (ErrorKind::TemporaryFailure, State::Deferred, 1),
            (ErrorKind::NoNetwork, State::Deferred, 0),
            (ErrorKind::NotFound, State::Failed, 1),
            (ErrorKind::AuthFailed, State::Failed, 1),
        ] {
            let record = ended(Request::Pop3Check, false, fails(kind));
            assert_eq!(
                (record.state, record.attempts),
                (state, attempts),
                "{kind:?}"
            );
        }
        let record = ended(Request::AccountTest, false, fails(ErrorKind::NoNetwork));
        assert_eq!(record.state, State::Failed, "a test is not repeated");
    }

    #[test]
    fn what_may_not_be_done_twice_is_not() {
        let lost = || End::Failed {
            error: Error::new(ErrorKind::NoNetwork, "lost").after_content(),
            verdicts: Vec::new(),
        };
        let record = ended(upload(Placing::Append), true, lost());
        assert_eq!(record.state, State::Failed);
        assert_eq!(record.error.unwrap().kind, ErrorKind::Unknown);
        let record = ended(upload(Placing::Replace), true, lost());
        assert_eq!(record.state, State::Deferred);
    }

    #[test]
    fn after_a_restart_what_needs_its_caller_fails_and_the_rest_goes_on() {
        let resumed = |request, committing| {
            let mut record = asking(request);
            record.state = State::Running;
            record.committing = committing;
            resume(&mut record, NOW, &RULES);
            let again = record.clone();
            resume(&mut record, NOW, &RULES);
            assert_eq!(record, again, "done twice it gives the same");
            record.state
        };
        let download = |to_caller| Request::FtpDownload {
            remote: "x".into(),
            from: 0,
            to_caller,
        };
        assert_eq!(resumed(download(true), false), State::Failed);
        assert_eq!(resumed(download(false), false), State::Queued);
        assert_eq!(resumed(upload(Placing::Append), true), State::Failed);
        assert_eq!(resumed(upload(Placing::Append), false), State::Queued);
        assert_eq!(resumed(upload(Placing::Atomic), true), State::Queued);
        assert_eq!(resumed(Request::AccountTest, false), State::Failed);
    }
}
