//! What the date does to jobs, and what it must not do. They age by the machine's uptime alone.

use super::world::*;
use crate::job::*;
use crate::service::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// In 2027.
const TODAY: u64 = 1_800_000_000;

/// The clock of a machine that has none of its own, before it has asked anybody.
const NEVER: u64 = 0;

/// A clock that was set is noticed within this time, by jobs that wait for it.
const SOON: Duration = Duration::from_secs(11);

const MINUTE: Duration = Duration::from_secs(60);

fn clock_not_set() -> Play {
    Play::Fail(error(ErrorKind::ClockNotSet))
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_from_1970_to_today_and_back_expires_nothing() {
    let world = World::new();
    world.clock.date.store(NEVER, Ordering::SeqCst);
    world.ip.play([Play::Fail(error(ErrorKind::NoNetwork))]);
    let jobs = world.start().await;
    let undated = MailSubmission {
        message: b"From: a@example.org\r\nSubject: x\r\n\r\nx\r\n".to_vec(),
        ..mail()
    };
    let id = jobs.submit_mail(undated.clone()).await.unwrap();
    sleep(Duration::from_secs(600)).await;
    let seen = jobs.get(id).unwrap();
    assert_eq!((seen.state, seen.attempts), (State::Deferred, 0));
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::ClockNotSet);
    assert!(world.ip.asked().is_empty());

    world.clock.date.store(TODAY, Ordering::SeqCst);
    sleep(SOON).await;
    let seen = jobs.get(id).unwrap();
    assert_eq!(
        (seen.state, seen.attempts),
        (State::Deferred, 0),
        "no network"
    );

    // Back, and over a restart: its age is that of this machine's uptime, its date is the one that was known.
    world.clock.date.store(NEVER, Ordering::SeqCst);
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, seen.attempts), (State::Done, 1));
    let sent = world.ip.asked().pop().unwrap().message.unwrap();
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.contains("Date: Fri, 15 Jan 2027 08:00:0"), "{sent}");
    assert!(sent.matches("Date:").count() == 1, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_date_waits_for_the_clock() {
    let world = World::new();
    let date = world.clock.date.swap(0, Ordering::SeqCst);
    let jobs = world.start().await;
    let mut undated = mail();
    undated.message = b"From: pump7@example.org\nMessage-ID: <y>\n\nhigh\n".to_vec();
    let id = jobs.submit_mail(undated).await.unwrap();
    let seen = deferred(&jobs, id).await;
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::ClockNotSet);
    assert_eq!(seen.attempts, 0);
    world.clock.date.store(date, Ordering::SeqCst);
    jobs.wait(id).await.unwrap();
    assert_eq!(
        world.ip.asked()[0].message.as_deref(),
        Some(
            &b"Date: Fri, 15 Jan 2027 08:00:00 +0000\r\nFrom: pump7@example.org\r\n\
               Message-ID: <y>\r\n\r\nhigh\r\n"[..]
        )
    );
}

/// Judging a certificate needs the date, whatever the mail itself has for one.
#[tokio::test(start_paused = true)]
async fn a_certificate_waits_for_the_clock_however_often_it_is_lost() {
    let world = World::new();
    let jobs = world.start().await;
    let waits = async |jobs: &Jobs, id| {
        sleep(Duration::from_secs(86_400)).await;
        let seen = jobs.get(id).unwrap();
        assert_eq!((seen.state, seen.attempts), (State::Deferred, 0));
        assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::ClockNotSet);
    };
    for _ in 0..2 {
        world.clock.date.store(NEVER, Ordering::SeqCst);
        world.ip.play(vec![clock_not_set(); 40]);
        let id = jobs.submit_mail(mail()).await.unwrap();
        waits(&jobs, id).await;
        world.ip.forget();
        world.clock.date.store(TODAY, Ordering::SeqCst);
        sleep(SOON).await;
        assert_eq!(jobs.get(id).unwrap().state, State::Done);
    }

    // The same for one that waited already when the daemon was started.
    world.clock.date.store(NEVER, Ordering::SeqCst);
    world.ip.play(vec![clock_not_set(); 80]);
    let id = jobs.submit_mail(mail()).await.unwrap();
    waits(&jobs, id).await;
    let jobs = world.reboot(Duration::from_secs(5)).await;
    waits(&jobs, id).await;
    world.ip.forget();
    world.clock.date.store(TODAY, Ordering::SeqCst);
    sleep(SOON).await;
    assert_eq!(jobs.get(id).unwrap().state, State::Done);
}

/// What only has to wait for its next attempt does not care.
#[tokio::test(start_paused = true)]
async fn the_date_neither_brings_an_attempt_forward_nor_puts_it_off() {
    let world = World::new();
    world.clock.date.store(NEVER, Ordering::SeqCst);
    world.ip.play(vec![Play::Fail(reply(451)); 3]);
    let jobs = world.start().await;
    let begin = Instant::now();
    let id = jobs.submit_mail(mail()).await.unwrap();
    // 60, 240 and 540 s apart.
    for (seconds, attempts) in [(30, 1), (61, 2), (200, 2), (301, 3), (800, 3)] {
        let date = [TODAY, NEVER][attempts as usize % 2];
        world.clock.date.store(date, Ordering::SeqCst);
        let then = begin + Duration::from_secs(seconds);
        tokio::time::sleep_until(then).await;
        assert_eq!(jobs.get(id).unwrap().attempts, attempts, "at {seconds} s");
    }
    assert_eq!(jobs.wait(id).await.unwrap().state, State::Done);
    assert_eq!(begin.elapsed().as_secs(), 840);
}

/// Uptime begins anew with each boot, and each time the date is another one.
#[tokio::test(start_paused = true)]
async fn a_mail_expires_by_the_time_that_it_was_in_the_queue_over_boots() {
    let mut world = World::new();
    world.settings.schedule = Schedule {
        first: MINUTE,
        longest: MINUTE,
        expiry: 60 * MINUTE,
    };
    world.ip.play(vec![Play::Fail(reply(451)); 200]);
    let mut jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let begin = Instant::now();
    // Long up, just started, and up for longer than the mail will ever be there.
    let uptimes = [5, 100_000, 1, 3, 1_000_000];
    for (uptime, date) in uptimes.into_iter().zip([NEVER, TODAY].into_iter().cycle()) {
        sleep(10 * MINUTE).await;
        world.clock.date.store(date, Ordering::SeqCst);
        jobs = world.reboot(Duration::from_secs(uptime)).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(jobs.get(id).unwrap().state, State::Deferred);
    }
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref(), Some(&reply(451)));
    assert_eq!(seen.state, State::Failed);
    // What was not saved before a boot does not count: at most the pause between two attempts.
    let all = begin.elapsed();
    assert!(all >= 60 * MINUTE && all <= 66 * MINUTE, "{all:?}");
}
