use super::world::*;
use crate::job::*;
use crate::service::{ErrorKind, Server};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep, timeout};

#[tokio::test(start_paused = true)]
async fn wait_is_right_however_late_it_is() {
    let world = World::new();
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let before = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.wait(id).await }
    });
    let early = jobs.watch(id).unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.state, State::Done);
    assert_eq!(before.await.unwrap().unwrap(), seen);
    // Finished long ago, at once.
    sleep(Duration::from_secs(59)).await;
    assert_eq!(jobs.wait(id).await.unwrap(), seen);
    jobs.release(id).await.unwrap();
    assert_eq!(jobs.wait(id).await.unwrap_err().kind, ErrorKind::NotFound);
    // Who watched before it was forgotten still sees the end.
    assert_eq!(early.borrow().state, State::Done);
}

#[tokio::test(start_paused = true)]
async fn many_waits_and_many_jobs_miss_nothing() {
    let mut world = World::new();
    world.settings.limits.jobs = 1000;
    let jobs = world.start().await;
    let mut all = tokio::task::JoinSet::new();
    for round in 0..100_u32 {
        let id = jobs.submit_mail(mail()).await.unwrap();
        for step in 0..10 {
            let jobs = jobs.clone();
            all.spawn(async move {
                for _ in 0..(round + step) % 7 {
                    tokio::task::yield_now().await;
                }
                timeout(Duration::from_secs(3600), jobs.wait(id)).await
            });
        }
    }
    let mut count = 0;
    while let Some(done) = all.join_next().await {
        assert_eq!(done.unwrap().unwrap().unwrap().state, State::Done);
        count += 1;
    }
    assert_eq!(count, 1000);
}

#[tokio::test(start_paused = true)]
async fn a_token_makes_one_job_of_many_calls() {
    let world = World::new();
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let with = |uid| {
        let mut mail = mail();
        mail.origin = Origin::Bus { uid };
        mail.token = Some("same".into());
        mail
    };
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (jobs, mail) = (jobs.clone(), with(1));
        all.spawn(async move { jobs.submit_mail(mail).await.unwrap() });
    }
    let ids = all.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_ne!(jobs.submit_mail(with(2)).await.unwrap(), ids[0]);
    drop(jobs);
    // Also over a restart.
    let jobs = world.start().await;
    assert_eq!(jobs.submit_mail(with(1)).await.unwrap(), ids[0]);
    assert_eq!(jobs.list(|_| true).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_submission_that_nobody_waits_for_is_kept() {
    let world = World::new();
    let jobs = world.start().await;
    {
        let submitting = jobs.submit_mail(mail());
        tokio::pin!(submitting);
        assert!(futures_poll_once(submitting.as_mut()).await.is_none());
    }
    sleep(Duration::from_secs(1)).await;
    let list = jobs.list(|_| true);
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].state, State::Done);
}

/// Polls once; `None` if it is not ready.
async fn futures_poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn cancel_before_during_and_after() {
    let world = World::new();
    world
        .ip
        .play([Play::Fail(reply(451)), Play::Silence, Play::SilenceLate]);
    let jobs = world.start().await;
    // While it waits for its next attempt.
    let id = jobs.submit_mail(mail()).await.unwrap();
    deferred(&jobs, id).await;
    jobs.cancel(id).await.unwrap();
    assert_eq!(jobs.get(id).unwrap().state, State::Cancelled);
    // While it runs.
    let id = jobs.submit_mail(mail()).await.unwrap();
    let mut view = jobs.watch(id).unwrap();
    view.wait_for(|seen| seen.state == State::Running)
        .await
        .unwrap();
    jobs.cancel(id).await.unwrap();
    let seen = jobs.get(id).unwrap();
    assert!(seen.state == State::Cancelled && !seen.possible_duplicate);
    // While the server judges.
    let id = jobs.submit_mail(mail()).await.unwrap();
    let mut view = jobs.watch(id).unwrap();
    view.wait_for(|seen| seen.phase == crate::service::Phase::Confirming)
        .await
        .unwrap();
    jobs.cancel(id).await.unwrap();
    let seen = jobs.get(id).unwrap();
    assert!(seen.state == State::Cancelled && seen.possible_duplicate);
    // When it is done.
    let id = jobs.submit_mail(mail()).await.unwrap();
    jobs.wait(id).await.unwrap();
    jobs.cancel(id).await.unwrap();
    assert_eq!(jobs.get(id).unwrap().state, State::Done);
    // Nothing of them is tried again, also not after a restart.
    let asked = world.ip.asked().len();
    sleep(Duration::from_secs(86_400)).await;
    drop(jobs);
    let jobs = world.start().await;
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(world.ip.asked().len(), asked);
    assert_eq!(jobs.list(|seen| seen.state == State::Cancelled).len(), 3);
    assert_eq!(
        jobs.cancel(JobId(999)).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}

#[tokio::test(start_paused = true)]
async fn cancel_at_any_moment_ends_a_job_for_good() {
    for moment in 0..25 {
        let world = World::new();
        world.ip.play(vec![Play::Fail(reply(451)); 5]);
        let jobs = world.start().await;
        let id = jobs.submit_mail(mail()).await.unwrap();
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        timeout(Duration::from_secs(30), jobs.cancel(id))
            .await
            .expect("cancel comes back")
            .unwrap();
        assert_eq!(jobs.get(id).unwrap().state, State::Cancelled);
        let asked = world.ip.asked().len();
        sleep(Duration::from_secs(86_400)).await;
        assert_eq!(world.ip.asked().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn retry_and_flush_do_not_wait() {
    let world = World::new();
    world.ip.play(vec![Play::Fail(reply(451)); 3]);
    let jobs = world.start().await;
    let began = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = jobs.submit_mail(mail()).await.unwrap();
        deferred(&jobs, id).await;
        ids.push(id);
    }
    jobs.retry(ids[0]).unwrap();
    assert_eq!(jobs.wait(ids[0]).await.unwrap().state, State::Done);
    assert_eq!(jobs.flush("none"), 0);
    assert_eq!(jobs.flush("alerts"), 2);
    for id in &ids[1..] {
        assert_eq!(jobs.wait(*id).await.unwrap().state, State::Done);
    }
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(
        jobs.retry(ids[0]).unwrap_err().kind,
        ErrorKind::InvalidArgument
    );
}

#[tokio::test(start_paused = true)]
async fn finished_jobs_linger_until_there_are_too_many() {
    let mut world = World::new();
    world.settings.limits.finished = 3;
    let jobs = world.start().await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        let id = jobs.submit_mail(mail()).await.unwrap();
        jobs.wait(id).await.unwrap();
        ids.push(id);
    }
    advance(Duration::from_secs(59)).await;
    assert_eq!(
        jobs.list(|_| true).len(),
        10,
        "nothing goes before its minute"
    );
    sleep(Duration::from_secs(5)).await;
    let left: Vec<_> = jobs.list(|_| true).iter().map(|seen| seen.id).collect();
    assert_eq!(left, [ids[9], ids[8], ids[7]]);
    assert_eq!(world.names("jobs").len(), 3);
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(jobs.list(|_| true).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_running_job_is_not_released() {
    let world = World::new();
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    assert_eq!(jobs.release(id).await.unwrap_err().kind, ErrorKind::Busy);
}

#[tokio::test(start_paused = true)]
async fn so_many_run_at_once_and_through_does_not_queue() {
    let mut world = World::new();
    // Half of them for one server.
    world.settings.limits.running = 4;
    world.ip.play(vec![Play::Silence; 2]);
    let jobs = world.start().await;
    let first = jobs.submit_mail(mail()).await.unwrap();
    jobs.submit_mail(mail()).await.unwrap();
    let third = jobs.submit_mail(mail()).await.unwrap();
    let urgent = jobs.submit_mail(through()).await.unwrap();
    assert_eq!(jobs.wait(urgent).await.unwrap().state, State::Done);
    assert_eq!(jobs.get(third).unwrap().state, State::Queued);
    jobs.cancel(first).await.unwrap();
    assert_eq!(jobs.wait(third).await.unwrap().state, State::Done);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_nobody_holds_up_its_own_mails_only() {
    let mut world = World::new();
    world.settings.limits.running = 4;
    world.ip.play(vec![Play::Silence; 2]);
    let jobs = world.start().await;
    for _ in 0..50 {
        jobs.submit_mail(mail()).await.unwrap();
    }
    let mut other = mail();
    other.origin = Origin::Bus { uid: 0 };
    other.route = Route::Direct {
        server: Server {
            host: "other.example.org".into(),
            ..server()
        },
        credentials: None,
    };
    let other = jobs.submit_mail(other).await.unwrap();
    let began = Instant::now();
    assert_eq!(jobs.wait(other).await.unwrap().state, State::Done);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(world.ip.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_way_that_falls_silent_is_left_for_the_next() {
    let world = World::new();
    world.modem.play([Play::Silence]);
    let jobs = world.start().await;
    let mut both = mail();
    both.via = vec![Via::Modem("lte".into()), Via::Ip];
    let began = Instant::now();
    let id = jobs.submit_mail(both).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, &seen.via), (State::Done, &Some(Via::Ip)));
    assert_eq!(began.elapsed().as_secs(), 15 * 60);
    // Once content has gone, no other way is tried.
    world.modem.play([Play::SilenceLate]);
    let mut both = through();
    both.via = vec![Via::Modem("lte".into()), Via::Ip];
    let id = jobs.submit_mail(both).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
    assert_eq!(world.ip.asked().len(), 1);
}
