//! Other settings while jobs wait and run.

use super::world::*;
use crate::job::*;
use crate::service::ErrorKind;
use std::time::Duration;
use tokio::time::Instant;

/// A mail of the queue that names its server and no way out.
fn direct() -> MailSubmission {
    MailSubmission {
        route: through().route,
        ..mail()
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_shortened_to_what_it_would_be_now() {
    let world = World::new();
    world
        .ip
        .play([Play::Fail(reply(451)), Play::Fail(reply(451)), Play::Take]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let before = deferred(&jobs, id).await;
    let began = Instant::now();
    let mut settings = world.settings.clone();
    settings.schedule.first = Duration::from_secs(2);
    jobs.configure(settings.clone());
    let after = jobs.get(id).unwrap();
    assert!(after.next_attempt.unwrap() < before.next_attempt.unwrap());
    // A longer one holds from the next failure on.
    settings.schedule.first = Duration::from_secs(100);
    jobs.configure(settings);
    assert_eq!(jobs.wait(id).await.unwrap().state, State::Done);
    assert_eq!(began.elapsed().as_secs(), 2 + 400);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_by_now_has_its_last_attempt_at_once() {
    let world = World::new();
    world
        .ip
        .play([Play::Fail(reply(451)), Play::Fail(reply(450))]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    deferred(&jobs, id).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let began = Instant::now();
    let mut settings = world.settings.clone();
    settings.schedule.expiry = Duration::from_secs(20);
    jobs.configure(settings);
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, seen.attempts), (State::Failed, 2));
    assert_eq!(seen.error, Some(reply(450)));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn other_limits_hold_for_the_next_mail() {
    let world = World::new();
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let first = jobs.submit_mail(mail()).await.unwrap();
    let mut settings = world.settings.clone();
    settings.spool = "/nonexistent/spool".into();
    settings.limits.jobs = 1;
    jobs.configure(settings.clone());
    let error = jobs.submit_mail(mail()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded, "{error}");
    settings.limits.jobs = 2;
    settings.limits.message = 10;
    jobs.configure(settings.clone());
    let error = jobs.submit_mail(mail()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    settings.limits.message = 1000;
    jobs.configure(settings);
    let second = jobs.submit_mail(mail()).await.unwrap();
    assert_eq!(jobs.wait(second).await.unwrap().state, State::Done);
    // What was taken before is neither lost nor ended by that, and the spool stays where it is.
    assert_eq!(jobs.get(first).unwrap().state, State::Running);
    assert_eq!(world.names("jobs").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn other_ways_out_and_rules_hold_for_the_next_attempt() {
    let world = World::new();
    world.ip.play([Play::Fail(reply(451))]);
    let unknown = error(ErrorKind::Unknown).after_content();
    world.modem.play([Play::FailLate(unknown)]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(direct()).await.unwrap();
    assert_eq!(deferred(&jobs, id).await.via, Some(Via::Ip));
    let mut settings = world.settings.clone();
    settings.via = vec![Via::Modem("lte".into())];
    settings.on_unknown = OnUnknown::Fail;
    jobs.configure(settings);
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.via, Some(Via::Modem("lte".into())));
    assert_eq!(seen.state, State::Failed);
    assert_eq!((world.ip.asked().len(), world.modem.asked().len()), (1, 1));
}

/// The modem does one thing at a time; who need not wait for it any more does not.
#[tokio::test(start_paused = true)]
async fn what_is_due_leaves_the_line_for_a_way_that_it_goes_no_more() {
    let world = World::new();
    world.modem.play([Play::Silence]);
    let jobs = world.start().await;
    let mut settings = world.settings.clone();
    settings.via = vec![Via::Modem("lte".into())];
    jobs.configure(settings.clone());
    let first = jobs.submit_mail(direct()).await.unwrap();
    let second = jobs.submit_mail(direct()).await.unwrap();
    while world.modem.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(jobs.get(second).unwrap().state, State::Queued);
    settings.via = vec![Via::Ip];
    jobs.configure(settings);
    let seen = jobs.wait(second).await.unwrap();
    assert_eq!((seen.state, &seen.via), (State::Done, &Some(Via::Ip)));
    assert_eq!(jobs.get(first).unwrap().state, State::Running);
}

/// Its section is gone: what waits for it is not lost, and goes on by another way as soon as there is one.
#[tokio::test(start_paused = true)]
async fn a_mail_for_a_modem_that_is_gone_waits_for_another_way() {
    let world = World::new();
    let jobs = world.start().await;
    let mut settings = world.settings.clone();
    settings.via = vec![Via::Modem("gone".into())];
    jobs.configure(settings.clone());
    let id = jobs.submit_mail(direct()).await.unwrap();
    let seen = deferred(&jobs, id).await;
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::NoModem);
    assert_eq!(seen.attempts, 0, "a missing link is no attempt");
    settings.via = vec![Via::Modem("gone".into()), Via::Ip];
    jobs.configure(settings);
    assert_eq!(jobs.link_changed(), 1);
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, &seen.via), (State::Done, &Some(Via::Ip)));
}
