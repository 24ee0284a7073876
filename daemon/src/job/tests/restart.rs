use super::world::*;
use crate::job::*;
use crate::service::{Credentials, Error, ErrorKind, Mechanism, Phase, Secret};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Until this job is committing, then the daemon dies.
async fn die_while_committing(world: &World, mail: MailSubmission) -> JobId {
    world.ip.play([Play::SilenceLate]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail).await.unwrap();
    let mut view = jobs.watch(id).unwrap();
    view.wait_for(|seen| seen.phase == Phase::Confirming)
        .await
        .unwrap();
    id
}

#[tokio::test(start_paused = true)]
async fn queued_and_running_jobs_go_on() {
    let world = World::new();
    world.ip.play([Play::Silence, Play::Fail(reply(451))]);
    let jobs = world.start().await;
    let running = jobs.submit_mail(mail()).await.unwrap();
    let late = jobs.submit_mail(mail()).await.unwrap();
    deferred(&jobs, late).await;
    sleep(Duration::from_secs(20)).await;
    let began = Instant::now();
    let jobs = world.start().await;
    assert_eq!(jobs.wait(running).await.unwrap().state, State::Done);
    assert!(began.elapsed() < Duration::from_secs(1));
    let seen = jobs.wait(late).await.unwrap();
    assert_eq!((seen.state, seen.attempts), (State::Done, 2));
    assert_eq!(began.elapsed().as_secs(), 40, "the rest of its minute");
    assert!(!seen.possible_duplicate);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_taken_is_marked_or_fails() {
    let world = World::new();
    let id = die_while_committing(&world, mail()).await;
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert!(seen.state == State::Done && seen.possible_duplicate);

    let mut world = World::new();
    world.settings.on_unknown = OnUnknown::Fail;
    let id = die_while_committing(&world, mail()).await;
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
    assert_eq!(world.ip.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_the_mail_is_not_sent_it_again() {
    let world = World::new();
    let two = MailSubmission {
        recipients: vec!["one@example.org".into(), "two@example.org".into()],
        ..mail()
    };
    let failed = Error::new(ErrorKind::NoModem, "gone between two mails").after_content();
    world.ip.play([Play::FailBetween(failed)]);
    let jobs = world.start().await;
    let failed = jobs.submit_mail(two.clone()).await.unwrap();
    let seen = jobs.wait(failed).await.unwrap();
    assert_eq!(seen.state, State::Done);
    world.ip.play([Play::SilenceBetween]);
    let killed = jobs.submit_mail(two).await.unwrap();
    let mut view = jobs.watch(killed).unwrap();
    view.wait_for(|seen| seen.phase == Phase::Confirming)
        .await
        .unwrap();
    let jobs = world.start().await;
    let seen = jobs.wait(killed).await.unwrap();
    assert!(seen.state == State::Done && !seen.possible_duplicate);
    for asked in world
        .ip
        .asked()
        .iter()
        .filter(|asked| asked.message.is_some())
    {
        assert_eq!(asked.open.recipients, ["two@example.org"]);
    }
}

#[tokio::test(start_paused = true)]
async fn through_is_never_run_again_but_remembered() {
    let world = World::new();
    let unknown = die_while_committing(&world, through()).await;
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let unsent = jobs.submit_mail(through()).await.unwrap();
    let done = jobs.submit_mail(through()).await.unwrap();
    assert_eq!(jobs.wait(done).await.unwrap().state, State::Done);
    let asked = world.ip.asked().len();
    let jobs = world.start().await;
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(world.ip.asked().len(), asked);
    let kind = |id| jobs.get(id).unwrap().error.as_ref().map(|error| error.kind);
    assert_eq!(kind(unknown), Some(ErrorKind::Unknown));
    assert_eq!(kind(unsent), Some(ErrorKind::Cancelled));
    assert_eq!(jobs.get(done).unwrap().state, State::Done);
}

#[tokio::test(start_paused = true)]
async fn ids_are_never_given_twice() {
    let world = World::new();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let jobs = world.start().await;
        for _ in 0..3 {
            let id = jobs.submit_mail(mail()).await.unwrap();
            assert!(seen.insert(id), "{id} again");
            jobs.wait(id).await.unwrap();
            jobs.release(id).await.unwrap();
        }
        assert!(world.names("jobs").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_not_in_the_header_and_their_loss_is_told() {
    let world = World::new();
    world.ip.play([Play::Fail(reply(451))]);
    let jobs = world.start().await;
    let mut direct = mail();
    direct.route = Route::Direct {
        server: server(),
        credentials: Some(Credentials {
            user: "pump7".into(),
            password: Secret::new("Planted-Secret".into()),
            plain_auth: false,
            mechanism: Mechanism::default(),
        }),
    };
    let id = jobs.submit_mail(direct).await.unwrap();
    deferred(&jobs, id).await;
    let folder = world.settings.spool.join(format!("jobs/{id}"));
    let header = std::fs::read_to_string(folder.join("header.json")).unwrap();
    assert!(header.contains("smtp.example.org") && !header.contains("Planted"));
    std::fs::write(folder.join("login.json"), b"{}").unwrap();
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::AuthFailed);
}

#[tokio::test(start_paused = true)]
async fn what_is_foreign_is_set_aside() {
    let world = World::new();
    world.ip.play(vec![Play::Silence; 9]);
    let jobs = world.start().await;
    let good = jobs.submit_mail(mail()).await.unwrap();
    let mut bad = Vec::new();
    for _ in 0..4 {
        bad.push(jobs.submit_mail(mail()).await.unwrap());
    }
    drop(jobs);
    let path = |id: JobId, name: &str| world.settings.spool.join(format!("jobs/{id}/{name}"));
    std::fs::write(path(bad[0], "header.json"), b"{}").unwrap();
    std::fs::remove_file(path(bad[1], "message.eml")).unwrap();
    std::fs::write(path(bad[2], "message.eml"), b"short").unwrap();
    let header = std::fs::read(path(good, "header.json")).unwrap();
    std::fs::write(path(bad[3], "header.json"), header).unwrap();
    let spool = &world.settings.spool;
    std::fs::write(spool.join("jobs/stray"), b"x").unwrap();
    std::fs::write(spool.join("tmp/half"), b"x").unwrap();
    let jobs = world.start().await;
    let ids: Vec<_> = jobs.list(|_| true).iter().map(|seen| seen.id).collect();
    assert_eq!(ids, [good]);
    assert_eq!(world.names("corrupt").len(), 5);
    assert!(world.names("tmp").is_empty());
    let next = jobs.submit_mail(mail()).await.unwrap();
    assert!(next > bad[3]);
}

#[tokio::test(start_paused = true)]
async fn many_queued_mails_all_get_their_turn() {
    let mut world = World::new();
    world.settings.limits.jobs = 2000;
    world.settings.limits.running = 0;
    let jobs = world.start().await;
    for _ in 0..100 {
        jobs.submit_mail(mail()).await.unwrap();
    }
    world.settings.limits.running = 8;
    let jobs = world.start().await;
    assert_eq!(jobs.list(|_| true).len(), 100);
    for seen in jobs.list(|_| true) {
        assert_eq!(jobs.wait(seen.id).await.unwrap().state, State::Done);
    }
    assert_eq!(world.ip.asked().len(), 100);
}
