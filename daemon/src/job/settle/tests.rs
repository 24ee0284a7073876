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
    record.recipients().iter().map(|one| one.settled).collect()
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
        let kind = record.recipients()[1]
            .error
            .as_ref()
            .map(|error| error.kind);
        assert_eq!(kind, Some(ErrorKind::Unknown));
        (record.state, record.recipients()[1].settled)
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
    // Some modules say the same of a server that refused and of one that fell silent.
    let said = Error::new(ErrorKind::TemporaryFailure, "SERVER ERROR").after_content();
    assert!(failed_with(said).possible_duplicate);
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
