//! The mail that an earlier daemon was sending when it died.

use super::fake::{Fake, Mood};
use super::mail::{open, send, text};
use super::start::{drive, drive_with, reaches, ready};
use crate::modem::{Handle, Settings, State};
use crate::service::{
    Certainty, Delivered, ErrorKind, Interrupted, MailBack as _, RecipientPolicy, Result, Verdict,
};
use core::time::Duration;
use tokio::time::{Instant, sleep};

const TAKEN: &str = "\r\n+QSMTPPUT: 0,0\r\n";
const BUSY: &str = "\r\n+CME ERROR: 652\r\n";
const YES: Verdict = Verdict::Accepted(Certainty::Inferred);

/// Two recipients, one piece, sent two seconds ago.
fn mail() -> Interrupted {
    Interrupted {
        recipients: 2,
        taken: Vec::new(),
        piece: vec![0, 1],
        policy: RecipientPolicy::AnyAccepted,
        since: Duration::from_secs(2),
    }
}

fn left_with(kept: &[&'static str]) -> Fake {
    let fake = Fake::default();
    fake.memory().kept = Some(kept.to_vec());
    fake
}

fn taken(outcome: Option<Result<Delivered>>) -> bool {
    outcome.is_some_and(|outcome| outcome.unwrap().recipients == [YES, YES])
}

/// It goes on as ever.
async fn works(fake: &Fake, handle: &Handle) {
    ready(handle).await;
    assert_eq!(fake.count("+QSMTPPUT"), 0, "nothing was sent by asking");
    send(handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert_eq!(fake.memory().reopened, 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_kept_is_found() {
    let whole = format!("\r\nOK\r\n{TAKEN}");
    let whole = whole.as_str();
    for cut in 0..=whole.len() {
        let (kept, after) = whole.split_at(cut);
        let pieces = [kept, after].map(|piece| &*String::leak(piece.to_owned()));
        let fake = left_with(&pieces);
        let handle = drive(&fake);
        assert!(taken(handle.recover(&mail()).await), "cut at {cut}");
        works(&fake, &handle).await;
    }
    // Among what a module says of itself, and with the dialect known from the beginning.
    let fake = left_with(&["G: 1\r\n\r\n+CREG: 5\r\n", TAKEN, "\r\n+CEREG: 5\r\n"]);
    let mut settings = Settings::new("lte", "/dev/ttyUSB2");
    settings.drive = Some(crate::dialect::ALL[0].drive);
    let handle = drive_with(&fake, settings);
    assert!(taken(handle.recover(&mail()).await));
    works(&fake, &handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_as_well() {
    let fake = left_with(&["\r\n+QSMTPPUT: 677,535\r\n"]);
    let error = drive(&fake).recover(&mail()).await.unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::AuthFailed);
    assert!(!error.content_sent);
    let fake = left_with(&["\r\n+QSMTPPUT: 658,0\r\n"]);
    let error = drive(&fake).recover(&mail()).await.unwrap().unwrap_err();
    assert!(error.content_sent, "the server may have it");
    // One of two: each is sent his own next time.
    let fake = left_with(&["\r\n+QSMTPPUT: 678,550\r\n"]);
    let delivered = drive(&fake).recover(&mail()).await.unwrap().unwrap();
    for verdict in &delivered.recipients {
        let Verdict::Refused(error) = verdict else {
            panic!("{delivered:?}");
        };
        assert!(error.is_temporary() && error.text.contains("678,550"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_module_that_is_still_sending_is_waited_for() {
    for seconds in [1, 45, 200] {
        let fake = left_with(&["\r\nOK\r\n"]);
        fake.mood("+QSMTPCFG=\"contextid\"", 99, Mood::Says(BUSY.into()));
        fake.memory().comes = Some((Duration::from_secs(seconds), "+QSMTPPUT: 0,0"));
        let handle = drive(&fake);
        let mail = mail();
        let mut recovery = Box::pin(handle.recover(&mail));
        let early = tokio::time::timeout(Duration::from_millis(seconds * 900), &mut recovery);
        assert!(early.await.is_err());
        assert!(taken(recovery.await), "{seconds} s");
        assert_eq!(fake.memory().disturbed, 0);
        fake.memory().moods.clear();
        works(&fake, &handle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn other_mails_come_after_it() {
    let fake = left_with(&[]);
    fake.mood("+QSMTPCFG=\"contextid\"", 1, Mood::Says(BUSY.into()));
    fake.memory().comes = Some((Duration::from_secs(15), "+QSMTPPUT: 0,0"));
    let handle = drive(&fake);
    let (open, message) = (open(&["a@example.org"]), text("x"));
    let mail = mail();
    let mut recovery = Box::pin(handle.recover(&mail));
    let other = send(&handle, &open, &message);
    let first = tokio::select! {
        biased;
        outcome = &mut recovery => outcome,
        _ = other => panic!("the other mail came first"),
    };
    assert!(taken(first));
    assert_eq!(fake.count("+QSMTPPUT"), 0);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_tell_it_is_said_soon() {
    let cases: &[(&str, &[&'static str])] = &[
        ("nothing", &[]),
        ("only that it began", &["\r\nOK\r\n"]),
        ("half a line", &["MTPPUT: 0,0\r\n"]),
        ("something like it", &["\r\n+QSMTPPUT: (60-65535)\r\n"]),
        (
            "no number",
            &["\r\n+QSMTPPUT: x,0\r\n", "\r\n+QSMTPPUT:\r\n"],
        ),
        (
            "garbage",
            &["\0\u{fffd}\x1a+QSMTPPUT: 0,0", ",+++ATH\r\n\r"],
        ),
        ("two results", &[TAKEN, TAKEN]),
        ("two that differ", &[TAKEN, "\r\n+QSMTPPUT: 658,0\r\n"]),
        ("it restarted", &["\r\nRDY\r\n"]),
    ];
    for (name, kept) in cases {
        let fake = left_with(kept);
        let handle = drive(&fake);
        let begun = Instant::now();
        assert!(handle.recover(&mail()).await.is_none(), "{name}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{name}");
        works(&fake, &handle).await;
    }
    // A port that was given back: whoever had it since may have heard anything.
    let fake = Fake::default();
    fake.memory().comes = Some((Duration::ZERO, "+QSMTPPUT: 0,0"));
    let handle = drive(&fake);
    assert!(handle.recover(&mail()).await.is_none());
    works(&fake, &handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_sending_bounds_it() {
    let fake = left_with(&[]);
    fake.mood("+QSMTPCFG=\"contextid\"", 99, Mood::Says(BUSY.into()));
    let handle = drive(&fake);
    let mail = Interrupted {
        since: Duration::from_secs(300),
        ..mail()
    };
    let begun = Instant::now();
    assert!(handle.recover(&mail).await.is_none());
    let waited = begun.elapsed().as_secs();
    assert!((29..35).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_module_is_left_alone_meanwhile() {
    let fake = left_with(&[]);
    fake.memory().dead = true;
    let handle = drive(&fake);
    let mail = mail();
    let recovery = handle.recover(&mail);
    let awakes = async {
        sleep(Duration::from_secs(100)).await;
        let mut memory = fake.memory();
        assert_eq!((memory.disturbed, memory.reopened), (0, 1));
        memory.dead = false;
        memory.comes = Some((Duration::from_millis(1), "+QSMTPPUT: 0,0"));
    };
    let (outcome, ()) = tokio::join!(recovery, awakes);
    assert!(taken(outcome));
    assert_eq!(fake.memory().disturbed, 0);
    works(&fake, &handle).await;
    // For ever silent: it is brought back as ever, once the time is over.
    let fake = left_with(&[]);
    fake.memory().dead = true;
    let handle = drive(&fake);
    assert!(handle.recover(&mail).await.is_none());
    reaches(&handle, State::Recovering, Duration::from_secs(60)).await;
    assert!(fake.memory().disturbed > 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_need_wait_to_the_end() {
    let fake = left_with(&[]);
    fake.mood("+QSMTPCFG=\"contextid\"", 3, Mood::Says(BUSY.into()));
    let handle = drive(&fake);
    let mail = mail();
    let given_up = tokio::time::timeout(Duration::from_secs(9), handle.recover(&mail));
    assert!(given_up.await.is_err());
    reaches(&handle, State::Ready, Duration::from_secs(1)).await;
    works(&fake, &handle).await;

    let fake = left_with(&[]);
    fake.mood("+QSMTPCFG=\"contextid\"", 3, Mood::Says(BUSY.into()));
    let handle = drive(&fake);
    let off = async {
        reaches(&handle, State::Busy, Duration::from_secs(9)).await;
        handle.enable(false).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(handle.recover(&mail), off);
    assert!(outcome.is_none());
    reaches(&handle, State::Disabled, Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_went_away_tells_what_it_told() {
    let fake = left_with(&[TAKEN]);
    fake.mood("", 1, Mood::Unplugged);
    let mut settings = Settings::new("lte", "/dev/ttyUSB2");
    settings.drive = Some(crate::dialect::ALL[0].drive);
    let handle = drive_with(&fake, settings);
    assert!(taken(handle.recover(&mail()).await));
}
