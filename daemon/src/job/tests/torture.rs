//! Whole lives of mails on a disk of which each step fails, or is the last.

use super::disk::Broken;
use super::world::*;
use crate::job::files::RealFiles;
use crate::job::*;
use crate::service::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

fn with_token() -> MailSubmission {
    let mut mail = mail();
    mail.token = Some("once".into());
    mail
}

/// How often the content of a mail was taken.
fn taken(world: &World) -> usize {
    let asked = world.ip.asked();
    asked.iter().filter(|asked| asked.message.is_some()).count()
}

#[tokio::test(start_paused = true)]
async fn the_daemon_may_die_at_any_step_from_acceptance_to_delivery() {
    let (mut deaths, mut twice) = (0, 0);
    for step in 0.. {
        let world = World::new();
        let files = Arc::new(Broken::never());
        let jobs = world.open_on(files.clone()).await.unwrap();
        files.dies_in(step);
        let accepted = jobs.submit_mail(with_token()).await.is_ok();
        if accepted {
            // On a dead disk it waits for ever for the point of no return.
            let _ = timeout(Duration::from_secs(30), jobs.wait(JobId(1))).await;
        }
        let died = files.has_broken();
        jobs.stop();
        drop(jobs);
        let before = taken(&world);
        let jobs = world.open_on(Arc::new(RealFiles)).await.unwrap();
        let found = jobs.list(|_| true);
        assert!(found.len() <= 1, "step {step}");
        assert!(!accepted || found.len() == 1, "step {step}: it is lost");
        for seen in found {
            let end = jobs.wait(seen.id).await.unwrap();
            assert_eq!(end.state, State::Done, "step {step}");
            assert!(taken(&world) >= 1, "step {step}: nobody got it");
            if taken(&world) > 1 {
                assert!(end.possible_duplicate, "step {step}: twice, and not told");
                twice += 1;
            }
        }
        assert!(taken(&world) <= before + 1, "step {step}");
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 10, "only {deaths} deaths");
    // Between the server's answer and its note: a few steps of one header.
    assert!(twice <= 4, "{twice} of {deaths} went twice");
}

#[tokio::test(start_paused = true)]
async fn equipment_is_told_the_truth_after_a_death_at_any_step() {
    for step in 0.. {
        let world = World::new();
        let files = Arc::new(Broken::never());
        let jobs = world.open_on(files.clone()).await.unwrap();
        files.dies_in(step);
        let accepted = jobs.submit_mail(through()).await.is_ok();
        if accepted {
            jobs.wait(JobId(1)).await.unwrap();
        }
        let died = files.has_broken();
        jobs.stop();
        drop(jobs);
        let before = taken(&world);
        let jobs = world.open_on(Arc::new(RealFiles)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(taken(&world), before, "step {step}: it ran again");
        let seen = jobs.get(JobId(1));
        assert!(!accepted || seen.is_some(), "step {step}");
        if let Some(seen) = seen {
            let kind = seen.error.as_ref().map(|error| error.kind);
            match (seen.state, kind) {
                (State::Done, None) | (State::Failed, Some(ErrorKind::Unknown)) => {}
                // Then it must be true that nothing was sent.
                (State::Failed, Some(_)) => assert_eq!(before, 0, "step {step}: {kind:?}"),
                other => panic!("step {step}: {other:?}"),
            }
        }
        if !died {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_the_disk_may_fail_and_nothing_hangs_or_is_half_there() {
    for code in [libc::ENOSPC, libc::EDQUOT, libc::EROFS, libc::EIO] {
        for step in 0.. {
            let world = World::new();
            let files = Arc::new(Broken::fails_at(usize::MAX, code));
            let jobs = world.open_on(files.clone()).await.unwrap();
            files.fail_in(step);
            match jobs.submit_mail(with_token()).await {
                Err(error) => {
                    let full = code != libc::EIO;
                    assert_eq!(error.kind == ErrorKind::SpoolFull, full, "step {step}");
                    assert!(jobs.list(|_| true).is_empty(), "step {step}");
                    assert!(world.names("jobs").is_empty(), "step {step}");
                    // With room again the same token is free, and the mail goes.
                    let id = jobs.submit_mail(with_token()).await.unwrap();
                    assert_eq!(jobs.wait(id).await.unwrap().state, State::Done);
                }
                Ok(id) => {
                    let end = timeout(Duration::from_secs(3600), jobs.wait(id)).await;
                    let end = end.unwrap().unwrap();
                    // Where the point of no return can't be noted, nothing is sent, until it can.
                    assert_eq!(end.state, State::Done, "step {step}: {:?}", end.error);
                    assert!(!end.possible_duplicate, "step {step}");
                }
            }
            assert_eq!(taken(&world), 1, "step {step}");
            if !files.has_broken() {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_mail_is_never_sent_though_the_disk_fails() {
    for step in 0..12 {
        let world = World::new();
        world.ip.play([Play::Fail(reply(451))]);
        let files = Arc::new(Broken::fails_at(usize::MAX, libc::ENOSPC));
        let jobs = world.open_on(files.clone()).await.unwrap();
        let id = jobs.submit_mail(mail()).await.unwrap();
        deferred(&jobs, id).await;
        files.fail_in(step);
        let _ = jobs.cancel(id).await;
        assert_eq!(jobs.get(id).unwrap().state, State::Cancelled);
        jobs.stop();
        drop(jobs);
        let jobs = world.open_on(Arc::new(RealFiles)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(taken(&world), 0, "step {step}");
        assert!(jobs.list(|job| !job.state.is_final()).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn one_daemon_a_spool() {
    let world = World::new();
    let jobs = world.start().await;
    let second = world.open_on(Arc::new(RealFiles)).await;
    assert_eq!(second.unwrap_err().kind, ErrorKind::Busy);
    jobs.finish(Duration::from_secs(1)).await;
    world.open_on(Arc::new(RealFiles)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_orderly_end_waits_for_what_is_about_to_come() {
    let world = World::new();
    world.ip.play([Play::Take, Play::SilenceLate]);
    let jobs = world.start().await;
    let first = jobs.submit_mail(mail()).await.unwrap();
    let second = jobs.submit_mail(mail()).await.unwrap();
    jobs.finish(Duration::from_secs(5)).await;
    assert_eq!(jobs.get(first).unwrap().state, State::Done);
    let jobs = world.open_on(Arc::new(RealFiles)).await.unwrap();
    assert!(jobs.get(second).unwrap().possible_duplicate);
}
