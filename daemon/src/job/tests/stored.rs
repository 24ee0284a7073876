//! Mail that equipment was told is accepted, before a server was asked.

use super::world::*;
use crate::job::*;
use crate::service::{Credentials, Mechanism, Secret, ServerReply};
use std::os::unix::fs::PermissionsExt;

fn login() -> Credentials {
    Credentials {
        user: "pump7".into(),
        password: Secret::new("hunter2".into()),
        mechanism: Mechanism::Password,
        plain_auth: true,
    }
}

fn stored(emulator: &str) -> MailSubmission {
    MailSubmission {
        origin: Origin::Emulator {
            name: emulator.into(),
        },
        route: Route::Direct {
            server: server(),
            credentials: Some(login()),
        },
        ..mail()
    }
}

#[tokio::test(start_paused = true)]
async fn its_credentials_survive_a_restart_apart_from_the_header_and_go_with_the_job() {
    let world = World::new();
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(stored("panel")).await.unwrap();
    let folder = world.settings.spool.join("jobs").join(id.to_string());
    let header = std::fs::read_to_string(folder.join("header.json")).unwrap();
    assert!(!header.contains("hunter2") && !header.contains("\"pump7\""));
    let mode = |name: &str| {
        let about = std::fs::metadata(folder.join(name)).unwrap();
        about.permissions().mode() & 0o777
    };
    assert_eq!((mode("login.json"), mode("")), (0o600, 0o700));

    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.state, State::Done);
    let asked = world.ip.asked();
    assert_eq!(asked.last().unwrap().open.credentials, Some(login()));
    assert!(!folder.join("login.json").exists());
}

#[tokio::test(start_paused = true)]
async fn mail_that_goes_through_leaves_no_credentials_on_disk() {
    let world = World::new();
    world.ip.play([Play::Silence]);
    let jobs = world.start().await;
    let mail = MailSubmission {
        delivery: Delivery::Through,
        ..stored("panel")
    };
    let id = jobs.submit_mail(mail).await.unwrap();
    let folder = world.settings.spool.join("jobs").join(id.to_string());
    assert!(folder.join("header.json").exists() && !folder.join("login.json").exists());
}

fn refused() -> Play {
    let mut error = reply(550);
    error.reply = Some(ServerReply {
        code: 550,
        text: "5.7.1 not you".into(),
    });
    Play::Fail(error)
}

/// All mails that were sent, and those with a null sender.
fn reports(world: &World) -> Vec<String> {
    let asked = world.ip.asked();
    let reports = asked.iter().filter(|asked| asked.open.sender.is_empty());
    reports
        .map(|asked| {
            assert_eq!(asked.open.recipients, ["pump7@example.org"]);
            String::from_utf8(asked.message.clone().unwrap_or_default()).unwrap()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_to_hear_of_its_failure_gets_a_report_once_and_no_report_on_that() {
    let world = World::new();
    // The report fails as well.
    world.ip.play([refused(), refused()]);
    let jobs = world.start().await;
    let id = jobs.submit_mail(stored("panel")).await.unwrap();
    assert_eq!(jobs.wait(id).await.unwrap().state, State::Failed);
    let report = jobs.list(|job| job.sender.is_empty())[0].id;
    assert_eq!(jobs.wait(report).await.unwrap().state, State::Failed);
    assert_eq!(jobs.list(|_| true).len(), 2);

    world.ip.play([refused()]);
    let id = jobs.submit_mail(stored("panel")).await.unwrap();
    assert_eq!(jobs.wait(id).await.unwrap().state, State::Failed);
    let report = jobs.list(|job| job.sender.is_empty())[0].id;
    assert_eq!(jobs.wait(report).await.unwrap().state, State::Done);
    let text = reports(&world).pop().unwrap();
    for wanted in [
        "Status: 5.7.1\r\n",
        "Diagnostic-Code: smtp; 550 5.7.1 not you\r\n",
        "Content-Type: text/rfc822-headers\r\n",
        "Date: ",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_hears_of_what_the_caller_hears_itself() {
    let world = World::new();
    world.ip.play([refused(), refused(), refused()]);
    let jobs = world.start().await;
    let through = MailSubmission {
        delivery: Delivery::Through,
        ..stored("panel")
    };
    for mail in [through, stored("other"), mail()] {
        let id = jobs.submit_mail(mail).await.unwrap();
        assert_eq!(jobs.wait(id).await.unwrap().state, State::Failed);
    }
    let cancelled = jobs.submit_mail(stored("panel")).await.unwrap();
    jobs.cancel(cancelled).await.unwrap();
    assert!(jobs.list(|job| job.sender.is_empty()).is_empty());
}
