//! Commands of people.

use super::fake::{Fake, Mood};
use super::mail::{open, send, text};
use super::start::{drive, reaches, ready};
use crate::modem::State;
use crate::service::{Error, ErrorKind};
use core::time::Duration;
use tokio::task::JoinSet;

const WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn an_answer_comes_whole_with_its_result() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    let lines = handle.command("AT+CSQ", WITHIN).await.unwrap();
    assert_eq!(lines, ["+CSQ: 31,99", "OK"]);
    let lines = handle.command("at+nosuch", WITHIN).await.unwrap();
    assert_eq!(lines, ["OK"]);
    let lines = handle.command("AT+NOSUCH", WITHIN).await.unwrap();
    assert_eq!(lines, ["ERROR"]);
    // Unsolicited lines are not part of it, even of the same name.
    fake.mood("+CREG?", 1, Mood::Preceded("\r\n+CREG: 1\r\n".into()));
    let lines = handle.command("AT+CREG?", WITHIN).await.unwrap();
    assert_eq!(lines, ["+CREG: 2,1,\"1A2B\",\"01CD2E\",7", "OK"]);
}

#[tokio::test(start_paused = true)]
async fn what_takes_payload_or_breaks_out_is_refused() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    let before = fake.memory().seen.len();
    for (text, kind) in [
        ("+CSQ", ErrorKind::InvalidArgument),
        ("AT+CSQ\rAT+CSQ", ErrorKind::InvalidArgument),
        ("AT\n", ErrorKind::InvalidArgument),
        ("AT\0", ErrorKind::InvalidArgument),
        ("AT\x1a", ErrorKind::InvalidArgument),
        ("AT\x1b", ErrorKind::InvalidArgument),
        ("AT+QSMTPBODY=0,10,10", ErrorKind::NotSupported),
        ("AT+CSQ;+qfupl=\"x\"", ErrorKind::NotSupported),
        ("ATD123;", ErrorKind::NotSupported),
        ("ATE1", ErrorKind::NotSupported),
        ("AT&F", ErrorKind::NotSupported),
    ] {
        let error = handle.command(text, WITHIN).await.unwrap_err();
        assert_eq!(error.kind, kind, "{text:?}");
    }
    assert_eq!(fake.memory().seen.len(), before);
    // Asking is always allowed.
    handle.command("AT+QSMTPBODY=?", WITHIN).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unexpected_data_mode_is_left_again() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.mood("+X", 1, Mood::Says("\r\nCONNECT\r\n".into()));
    let error = handle.command("AT+X", WITHIN).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSupported);
    let lines = handle.command("AT+CSQ", WITHIN).await.unwrap();
    assert_eq!(lines, ["+CSQ: 31,99", "OK"]);
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_timeout_and_costs_nothing_else() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.mood("+X", 1, Mood::Mute);
    let error = handle.command("AT+X", WITHIN).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    let lines = handle.command("AT+CSQ", WITHIN).await.unwrap();
    assert_eq!(lines, ["+CSQ: 31,99", "OK"]);
    assert_eq!(handle.watch().borrow().resyncs, 2);
}

#[tokio::test(start_paused = true)]
async fn the_set_up_is_put_back_afterwards() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    let before = fake.count("+CMEE=1");
    handle.command("AT+CMEE=2", WITHIN).await.unwrap();
    handle.command("AT", WITHIN).await.unwrap();
    assert!(fake.count("+CMEE=1") > before);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_commands_does_not_keep_it_on() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.memory().sending_takes = Duration::from_secs(600);
    let open = open(&["a@example.org"]);
    let message = text("x");
    let crowd = async {
        reaches(&handle, State::Busy, Duration::from_secs(5)).await;
        let ends = JoinSet::from_iter((0..100).map(|_| {
            let handle = handle.clone();
            async move { handle.command("AT+CSQ", WITHIN).await }
        }));
        tokio::time::sleep(Duration::from_secs(5)).await;
        handle.enable(false).await.unwrap();
        reaches(&handle, State::Disabled, Duration::from_secs(60)).await;
        ends.join_all().await
    };
    let (sent, ends) = tokio::join!(send(&handle, &open, &message), crowd);
    assert!(sent.unwrap_err().is_temporary());
    let errors: Vec<_> = ends.into_iter().map(|end| end.unwrap_err()).collect();
    assert!(errors.iter().all(|error| error.kind == ErrorKind::Busy));
    let turned_away = |error: &&Error| error.text.starts_with("too many");
    assert_eq!(errors.iter().filter(turned_away).count(), 68);
}
