use super::world::*;
use crate::job::*;
use crate::service::{Certainty, ErrorKind, Fault, Phase, RecipientPolicy, Verdict};
use std::time::Duration;
use tokio::time::{Instant, sleep};

fn yes() -> Verdict {
    Verdict::Accepted(Certainty::Observed)
}

fn no(code: u16) -> Verdict {
    Verdict::Refused(reply(code))
}

#[tokio::test(start_paused = true)]
async fn a_mail_goes_out() {
    let world = World::new();
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, seen.attempts), (State::Done, 1));
    assert_eq!(
        (seen.via.clone(), seen.phase),
        (Some(Via::Ip), Phase::Waiting)
    );
    assert_eq!(seen.bytes_done, seen.bytes_total);
    assert_eq!(seen.reply.as_ref().unwrap().code, 250);
    let asked = world.ip.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].open.recipients, ["a@example.org", "b@example.org"]);
    assert_eq!(asked[0].open.shape.size, seen.bytes_total);
    assert_eq!(
        asked[0].message.as_deref(),
        Some(&b"From: pump7@example.org\r\nDate: x\r\nMessage-ID: <y>\r\n\r\nhigh\r\n.\r\n"[..])
    );
    assert_eq!(jobs.spool_bytes(), 0);
    assert!(
        !world
            .settings
            .spool
            .join(format!("jobs/{id}/message.eml"))
            .exists()
    );
}

#[tokio::test(start_paused = true)]
async fn files_are_for_us_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let mode = |path: &str| {
        let path = world.settings.spool.join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode(&format!("jobs/{id}")), 0o700);
    assert_eq!(mode(&format!("jobs/{id}/message.eml")), 0o600);
    assert_eq!(mode(&format!("jobs/{id}/header.json")), 0o600);
    assert!(world.names("tmp").is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_by_the_schedule() {
    let world = World::new();
    world.ip.play([
        Play::Fail(reply(451)),
        Play::Fail(reply(451)),
        Play::Fail(error(ErrorKind::NoNetwork)),
        Play::Take,
    ]);
    let jobs = world.start().await;
    let began = Instant::now();
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = deferred(&jobs, id).await;
    assert_eq!(seen.error, Some(reply(451)));
    assert!(seen.next_attempt.is_some());
    let seen = jobs.wait(id).await.unwrap();
    // The missing link did not count, and was looked for a minute later.
    assert_eq!(began.elapsed().as_secs(), 60 + 240 + 60);
    assert_eq!((seen.state, seen.attempts), (State::Done, 3));
    assert_eq!(seen.error, None);
}

#[tokio::test(start_paused = true)]
async fn the_next_way_out_is_tried_where_the_way_failed() {
    use ErrorKind::{ModemGone, NoModem, NoNetwork, NotSupported, Timeout, TooLarge};
    for kind in [
        NoNetwork,
        NoModem,
        ModemGone,
        Timeout,
        NotSupported,
        TooLarge,
    ] {
        let world = World::new();
        world.modem.play([Play::Fail(error(kind))]);
        let jobs = world.start().await;
        let mut mail = mail();
        mail.via = vec![Via::Modem("lte".into()), Via::Ip];
        let id = jobs.submit_mail(mail).await.unwrap();
        let seen = jobs.wait(id).await.unwrap();
        assert_eq!(
            (seen.state, &seen.via),
            (State::Done, &Some(Via::Ip)),
            "{kind:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_servers_own_is_the_same_over_every_way() {
    use ErrorKind::{NotSupported, Timeout, TooLarge};
    for (kind, state) in [
        (Timeout, State::Deferred),
        (NotSupported, State::Failed),
        (TooLarge, State::Failed),
    ] {
        let world = World::new();
        let own = error(kind).by(Fault::Server);
        world.ip.play([Play::Fail(own)]);
        let jobs = world.start().await;
        let mut mail = mail();
        mail.via = vec![Via::Ip, Via::Modem("lte".into())];
        let id = jobs.submit_mail(mail).await.unwrap();
        let mut view = jobs.watch(id).unwrap();
        let seen = view.wait_for(|seen| seen.attempts > 0).await.unwrap();
        assert_eq!((seen.state, &seen.via), (state, &Some(Via::Ip)), "{kind:?}");
        drop(seen);
        assert_eq!(world.modem.asked().len(), 0, "{kind:?}");
    }
    // One that is not reached, or closes, may be reached by another way.
    let world = World::new();
    let lost = error(ErrorKind::NoNetwork).by(Fault::Server);
    world.ip.play([Play::Fail(lost)]);
    let jobs = world.start().await;
    let mut mail = mail();
    mail.via = vec![Via::Ip, Via::Modem("lte".into())];
    let id = jobs.submit_mail(mail).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.via, Some(Via::Modem("lte".into())));
}

#[tokio::test(start_paused = true)]
async fn a_servers_answer_is_not_asked_for_twice() {
    for play in [
        Play::Fail(reply(550)),
        Play::Fail(error(ErrorKind::AuthFailed)),
        Play::Verdicts(vec![no(550), no(551)]),
    ] {
        let world = World::new();
        world.modem.play([play]);
        let jobs = world.start().await;
        let mut mail = mail();
        mail.via = vec![Via::Modem("lte".into()), Via::Ip];
        let id = jobs.submit_mail(mail).await.unwrap();
        let seen = jobs.wait(id).await.unwrap();
        assert_eq!(seen.state, State::Failed);
        assert!(seen.error.is_some());
        assert_eq!(world.ip.asked(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_to_each_is_marked_or_not_sent() {
    for on_unknown in [OnUnknown::Retry, OnUnknown::Fail] {
        let mut world = World::new();
        world.settings.on_unknown = on_unknown;
        world.ip.play([Play::Repeat]);
        let jobs = world.start().await;
        let id = jobs.submit_mail(mail()).await.unwrap();
        let seen = jobs.wait(id).await.unwrap();
        assert!(seen.possible_duplicate);
        let state = match on_unknown {
            OnUnknown::Retry => State::Done,
            OnUnknown::Fail => State::Failed,
        };
        assert_eq!(seen.state, state);
    }
}

#[tokio::test(start_paused = true)]
async fn content_goes_out_over_one_way_only() {
    let world = World::new();
    let late = error(ErrorKind::Timeout).after_content();
    world.modem.play([Play::FailLate(late)]);
    let jobs = world.start().await;
    let mut mail = mail();
    mail.via = vec![Via::Modem("lte".into()), Via::Ip];
    let id = jobs.submit_mail(mail).await.unwrap();
    deferred(&jobs, id).await;
    assert_eq!(world.ip.asked(), []);
    assert!(jobs.get(id).unwrap().possible_duplicate);
}

#[tokio::test(start_paused = true)]
async fn no_way_left_defers_if_any_reason_was_temporary() {
    let world = World::new();
    world.ip.play([Play::Fail(error(ErrorKind::NotSupported))]);
    let jobs = world.start().await;
    let mut both = mail();
    both.via = vec![Via::Ip, Via::Modem("none".into())];
    // A caller has mistyped it; what the configuration says may be so again after its next change.
    let refused = jobs.submit_mail(both.clone()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
    assert!(refused.text.contains("\"modem:none\""), "{refused}");
    both.origin = Origin::Emulator {
        name: "panel".into(),
    };
    let id = jobs.submit_mail(both).await.unwrap();
    let seen = deferred(&jobs, id).await;
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::NoModem);
    world.ip.play([Play::Fail(error(ErrorKind::NotSupported))]);
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::NotSupported);
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_its_own_fate() {
    let world = World::new();
    world.ip.play([
        Play::Verdicts(vec![no(550), yes(), no(450)]),
        Play::Verdicts(vec![yes()]),
    ]);
    let jobs = world.start().await;
    let mut mail = mail();
    mail.recipients.push("c@example.org".into());
    let id = jobs.submit_mail(mail).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, &seen.error), (State::Done, &None));
    let rejected: Vec<_> = seen.rejected().map(|(address, _)| address).collect();
    assert_eq!(rejected, ["a@example.org"]);
    assert_eq!(seen.recipients[1].outcome, Outcome::Delivered);
    assert_eq!(seen.recipients[2].outcome, Outcome::Delivered);
    assert_eq!(world.ip.asked()[1].open.recipients, ["c@example.org"]);
}

#[tokio::test(start_paused = true)]
async fn all_or_none_is_none_if_one_is_refused() {
    let world = World::new();
    world.ip.play([Play::Verdicts(vec![yes(), no(550)])]);
    let jobs = world.start().await;
    let mut mail = through();
    mail.policy = RecipientPolicy::AllOrNone;
    let id = jobs.submit_mail(mail).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(
        (seen.state, &seen.error),
        (State::Failed, &Some(reply(550)))
    );
    assert_eq!(world.ip.asked()[0].message, None);
}

#[tokio::test(start_paused = true)]
async fn through_is_one_go() {
    let world = World::new();
    world.ip.play([Play::Fail(reply(451))]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(through()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(
        (seen.state, &seen.error),
        (State::Failed, &Some(reply(451)))
    );
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(world.ip.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_whole_job_has_a_deadline() {
    let world = World::new();
    world.ip.play([Play::Fail(reply(451)), Play::Silence]);
    let jobs = world.start().await;
    let mut mail = mail();
    mail.timeout = Some(Duration::from_secs(100));
    let began = Instant::now();
    let id = jobs.submit_mail(mail).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 100);
    assert_eq!(seen.state, State::Failed);
    let error = seen.error.as_ref().unwrap();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.text.contains("451 words"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_after_the_content_leaves_the_result_unknown() {
    let world = World::new();
    world.ip.play([Play::SilenceLate]);
    let jobs = world.start().await;
    let mut mail = through();
    mail.timeout = Some(Duration::from_secs(300));
    let id = jobs.submit_mail(mail).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
    assert!(seen.possible_duplicate);
}

#[tokio::test(start_paused = true)]
async fn a_back_that_never_ends_does_not_hold_the_queue() {
    let world = World::new();
    world.ip.play([Play::Silence, Play::Take]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let other = jobs.submit_mail(mail()).await.unwrap();
    assert_eq!(jobs.wait(other).await.unwrap().state, State::Done);
    deferred(&jobs, id).await;
    assert_eq!(jobs.wait(id).await.unwrap().state, State::Done);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_back_fails_the_job_and_nothing_else() {
    let world = World::new();
    world.ip.play([Play::Panic]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Internal);
    let next = jobs.submit_mail(mail()).await.unwrap();
    assert_eq!(jobs.wait(next).await.unwrap().state, State::Done);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_result_is_sent_again_or_not_as_told() {
    let unknown = error(ErrorKind::Unknown).after_content();
    let world = World::new();
    world.ip.play([Play::FailLate(unknown.clone()), Play::Take]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert!(seen.state == State::Done && seen.possible_duplicate);
    let mut world = World::new();
    world.settings.on_unknown = OnUnknown::Fail;
    world.ip.play([Play::FailLate(unknown), Play::Take]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.state, State::Failed);
    assert_eq!(world.ip.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_expires() {
    let mut world = World::new();
    world.settings.schedule.expiry = Duration::from_secs(1000);
    world.ip.play(vec![Play::Fail(reply(451)); 100]);
    let jobs = world.start().await;
    let began = Instant::now();
    let id = jobs.submit_mail(mail()).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(
        (seen.state, &seen.error),
        (State::Failed, &Some(reply(451)))
    );
    assert_eq!(began.elapsed().as_secs(), 1000);
}

#[tokio::test(start_paused = true)]
async fn bad_mails_are_refused_before_anything_is_written() {
    type Spoil = fn(&mut MailSubmission);
    let world = World::new();
    let jobs = world.start().await;
    let spoils: [(Spoil, ErrorKind); 10] = [
        (|mail| mail.recipients.clear(), ErrorKind::InvalidArgument),
        (
            |mail| mail.recipients[0].push_str("\r\n"),
            ErrorKind::InvalidArgument,
        ),
        (|mail| mail.sender = "x".into(), ErrorKind::InvalidArgument),
        (
            |mail| mail.timeout = Some(Duration::ZERO),
            ErrorKind::InvalidArgument,
        ),
        (
            |mail| mail.token = Some(String::new()),
            ErrorKind::InvalidArgument,
        ),
        (
            |mail| mail.token = Some("x".repeat(257)),
            ErrorKind::InvalidArgument,
        ),
        (
            |mail| mail.message = b"no headers".to_vec(),
            ErrorKind::InvalidArgument,
        ),
        (|mail| mail.message.push(0), ErrorKind::InvalidArgument),
        (
            |mail| mail.message.resize((32 << 20) + 1, b'x'),
            ErrorKind::TooLarge,
        ),
        (
            |mail| mail.route = Route::Account("none".into()),
            ErrorKind::NotFound,
        ),
    ];
    for (index, (spoil, kind)) in spoils.into_iter().enumerate() {
        let mut mail = mail();
        mail.token = Some("t".into());
        spoil(&mut mail);
        assert_eq!(
            jobs.submit_mail(mail).await.unwrap_err().kind,
            kind,
            "{index}"
        );
    }
    assert!(world.names("jobs").is_empty() && world.names("tmp").is_empty());
    assert!(jobs.list(|_| true).is_empty());
    // Its token is free again.
    let mut good = mail();
    good.token = Some("t".into());
    jobs.submit_mail(good).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn callers_have_limits_and_root_has_none() {
    let mut world = World::new();
    world.settings.limits.jobs = 2;
    world.settings.limits.spool = 10_000;
    world.ip.play(vec![Play::Silence; 20]);
    let jobs = world.start().await;
    let by = |uid, size| {
        let mut mail = mail();
        mail.origin = Origin::Bus { uid };
        let lines = [b'x'; 70].into_iter().chain(*b"\r\n").cycle();
        let missing = size - mail.message.len();
        mail.message.extend(lines.take(missing));
        mail
    };
    jobs.submit_mail(by(1, 100)).await.unwrap();
    let big = jobs.submit_mail(by(1, 9990)).await.unwrap_err();
    assert_eq!(big.kind, ErrorKind::QuotaExceeded);
    jobs.submit_mail(by(1, 100)).await.unwrap();
    let third = jobs.submit_mail(by(1, 100)).await.unwrap_err();
    assert_eq!(third.kind, ErrorKind::QuotaExceeded);
    jobs.submit_mail(by(2, 100)).await.unwrap();
    for _ in 0..5 {
        jobs.submit_mail(by(0, 9990)).await.unwrap();
    }
}
