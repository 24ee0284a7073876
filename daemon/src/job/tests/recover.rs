//! The daemon dies while a module is sending; the module knows how that ended.

use super::world::*;
use crate::job::*;
use crate::service::{Certainty, Delivered, ErrorKind, Interrupted, Phase, Verdict};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const YES: Verdict = Verdict::Accepted(Certainty::Inferred);

fn by_modem() -> MailSubmission {
    MailSubmission {
        via: vec![Via::Modem("lte".into())],
        ..mail()
    }
}

/// Until this mail is in flight, for the recipients at these places; then five seconds pass.
async fn in_flight(world: &World, jobs: &Jobs, mail: MailSubmission, places: &[usize]) -> JobId {
    world.modem.play([Play::SilencePiece(places.to_vec())]);
    let id = jobs.submit_mail(mail).await.unwrap();
    let mut view = jobs.watch(id).unwrap();
    view.wait_for(|seen| seen.phase == Phase::Confirming)
        .await
        .unwrap();
    sleep(Duration::from_secs(5)).await;
    id
}

fn knows(world: &World, outcome: Result<Delivered>) {
    *world.modem.knows.lock().unwrap() = Some(outcome);
}

fn all_took_it() -> Delivered {
    Delivered {
        recipients: vec![YES, YES],
        reply: None,
    }
}

fn asked_about(world: &World) -> Vec<Interrupted> {
    world.modem.asked_about.lock().unwrap().clone()
}

/// How often the modem was asked to send.
fn sent(world: &World) -> usize {
    world.modem.asked().len()
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_done_and_no_duplicate() {
    for mail in [
        by_modem(),
        MailSubmission {
            via: by_modem().via,
            ..through()
        },
    ] {
        let world = World::new();
        let jobs = world.start().await;
        let id = in_flight(&world, &jobs, mail, &[0, 1]).await;
        knows(&world, Ok(all_took_it()));
        *world.modem.slow.lock().unwrap() = Duration::from_secs(100);
        let jobs = world.start().await;
        let seen = jobs.get(id).unwrap();
        assert_eq!(seen.state, State::Running);
        assert_eq!(seen.via, Some(Via::Modem("lte".into())));
        let seen = jobs.wait(id).await.unwrap();
        assert_eq!(seen.state, State::Done);
        assert!(!seen.possible_duplicate && seen.error.is_none());
        assert_eq!(seen.attempts, 1);
        let expected = Interrupted {
            recipients: 2,
            taken: Vec::new(),
            piece: vec![0, 1],
            policy: by_modem().policy,
            since: Duration::from_secs(5),
        };
        assert_eq!(asked_about(&world), [expected]);
        // Nor is it asked about again.
        let jobs = world.start().await;
        assert_eq!(jobs.get(id).unwrap().state, State::Done);
        sleep(Duration::from_secs(86_400)).await;
        assert_eq!((sent(&world), asked_about(&world).len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_a_failure_is_tried_again() {
    let world = World::new();
    let jobs = world.start().await;
    let id = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
    knows(&world, Err(reply(550)));
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.state, State::Failed);
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Rejected);
    assert!(!seen.possible_duplicate);

    for (content_sent, kind) in [(false, ErrorKind::NoNetwork), (true, ErrorKind::Unknown)] {
        let world = World::new();
        let jobs = world.start().await;
        let id = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
        let mut lost = error(ErrorKind::NoNetwork);
        lost.content_sent = content_sent;
        knows(&world, Err(lost));
        let jobs = world.start().await;
        let mut view = jobs.watch(id).unwrap();
        let deferred = view.wait_for(|seen| seen.state == State::Deferred);
        assert_eq!(deferred.await.unwrap().error.as_ref().unwrap().kind, kind);
        let seen = jobs.wait(id).await.unwrap();
        assert_eq!(seen.state, State::Done);
        assert_eq!(seen.possible_duplicate, content_sent);
    }
}

#[tokio::test(start_paused = true)]
async fn only_those_of_the_piece_have_it() {
    let world = World::new();
    let jobs = world.start().await;
    let four = MailSubmission {
        recipients: ["a", "b", "c", "d"]
            .map(|name| format!("{name}@example.org"))
            .into(),
        ..by_modem()
    };
    let id = in_flight(&world, &jobs, four, &[1, 2]).await;
    let later = Verdict::Refused(error(ErrorKind::TemporaryFailure));
    knows(
        &world,
        Ok(Delivered {
            recipients: vec![YES, YES, YES, later],
            reply: None,
        }),
    );
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert!(seen.state == State::Done && !seen.possible_duplicate);
    let about = asked_about(&world);
    assert_eq!((about[0].recipients, &about[0].piece), (4, &vec![1, 2]));
    assert_eq!(about[0].taken, [0]);
    let last = world.modem.asked().pop().unwrap();
    assert_eq!(last.open.recipients, ["d@example.org"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_retried_or_fails_as_ever() {
    for on_unknown in [OnUnknown::Retry, OnUnknown::Fail] {
        let mut world = World::new();
        world.settings.on_unknown = on_unknown;
        let jobs = world.start().await;
        let id = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
        let jobs = world.start().await;
        let seen = jobs.wait(id).await.unwrap();
        assert_eq!(asked_about(&world).len(), 1);
        assert!(seen.possible_duplicate);
        match on_unknown {
            OnUnknown::Retry => assert_eq!((seen.state, sent(&world)), (State::Done, 2)),
            OnUnknown::Fail => {
                assert_eq!((seen.state, sent(&world)), (State::Failed, 1));
                assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_in_flight_none_is_asked_about() {
    let world = World::new();
    let jobs = world.start().await;
    let first = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
    let through = MailSubmission {
        via: by_modem().via,
        ..through()
    };
    let second = in_flight(&world, &jobs, through, &[0, 1]).await;
    knows(&world, Ok(all_took_it()));
    let jobs = world.start().await;
    let seen = jobs.wait(first).await.unwrap();
    assert!(seen.state == State::Done && seen.possible_duplicate);
    let seen = jobs.wait(second).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
    assert_eq!(asked_about(&world), []);
}

#[tokio::test(start_paused = true)]
async fn a_second_death_changes_nothing() {
    let world = World::new();
    let jobs = world.start().await;
    let id = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
    *world.modem.slow.lock().unwrap() = Duration::from_secs(100);
    let _ = world.start().await;
    sleep(Duration::from_secs(20)).await;
    knows(&world, Ok(all_took_it()));
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert!(seen.state == State::Done && !seen.possible_duplicate);
    let ages: Vec<u64> = asked_about(&world)
        .iter()
        .map(|about| about.since.as_secs())
        .collect();
    assert_eq!(ages, [5, 25]);
    assert_eq!(sent(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_cancelled_and_runs_out_of_time() {
    let world = World::new();
    *world.modem.slow.lock().unwrap() = Duration::from_secs(300);
    let jobs = world.start().await;
    let id = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
    let jobs = world.start().await;
    assert_eq!(jobs.retry(id).unwrap_err().kind, ErrorKind::Busy);
    jobs.cancel(id).await.unwrap();
    let seen = jobs.get(id).unwrap();
    assert!(seen.state == State::Cancelled && seen.possible_duplicate);

    let short = MailSubmission {
        timeout: Some(Duration::from_secs(6)),
        ..by_modem()
    };
    let id = in_flight(&world, &jobs, short, &[0, 1]).await;
    let jobs = world.start().await;
    let begun = Instant::now();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
    // What had been told in time was heard out.
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(sent(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn a_way_out_that_is_gone_is_not_asked() {
    let world = World::new();
    let jobs = world.start().await;
    let id = in_flight(&world, &jobs, by_modem(), &[0, 1]).await;
    let header = world.settings.spool.join(format!("jobs/{id}/header.json"));
    jobs.stop();
    let text = std::fs::read_to_string(&header).unwrap();
    assert!(text.contains("\"in_flight\":[0,1]"));
    // Another name, and places that there are not.
    for (from, to) in [("modem:lte", "modem:old"), ("[0,1]", "[0,2]")] {
        std::fs::write(&header, text.replace(from, to)).unwrap();
        let jobs = world.start().await;
        assert_eq!(jobs.get(id).unwrap().state, State::Deferred, "{to}");
        assert!(jobs.get(id).unwrap().possible_duplicate);
        jobs.stop();
    }
    assert_eq!(asked_about(&world), []);
}
