//! Losing the module and getting it back.

use super::fake::{Fake, Mood};
use super::mail::{open, send, text};
use super::start::{drive, reaches, ready};
use crate::modem::{Rung, State};
use crate::service::ErrorKind;
use core::time::Duration;

const WITHIN: Duration = Duration::from_secs(5);

/// Commands with an answer that can be told from any other.
const ASKED: [(&str, &str); 4] = [
    ("AT+CSQ", "+CSQ: 31,99"),
    ("AT+CGMM", "EC25"),
    ("AT+CGMI", "Quectel"),
    ("AT+CMEE?", "+CMEE: 1"),
];

#[tokio::test(start_paused = true)]
async fn late_answers_never_reach_the_next_command() {
    for (command, _) in ASKED {
        for late in [1, 2, 150, 200, 201, 999, 1200, 5_000, 12_345, 30_000] {
            let fake = Fake::default();
            let handle = drive(&fake);
            ready(&handle).await;
            let begin = &command[2..];
            fake.mood(begin, 1, Mood::Late(WITHIN + Duration::from_millis(late)));
            let error = handle.command(command, WITHIN).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Timeout);
            reaches(&handle, State::Ready, Duration::from_secs(60)).await;
            for (next, expected) in ASKED {
                let lines = handle.command(next, WITHIN).await.unwrap();
                assert_eq!(
                    lines,
                    [expected, "OK"],
                    "{command} {late} ms late, then {next}"
                );
            }
            assert_eq!(fake.memory().reopened, 1, "{command} {late} ms late");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn late_bytes_are_counted() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    let before = handle.watch().borrow().late_bytes;
    fake.mood("+CSQ", 1, Mood::Late(WITHIN + Duration::from_secs(1)));
    handle.command("AT+CSQ", WITHIN).await.unwrap_err();
    handle.command("AT", WITHIN * 2).await.unwrap();
    let late = handle.watch().borrow().late_bytes - before;
    assert_eq!(late, "+CSQ: 31,99OK".len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_goes_away_is_waited_for() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.mood("+X", 1, Mood::Unplugged);
    let error = handle.command("AT+X", WITHIN).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ModemGone);
    reaches(&handle, State::Absent, WITHIN).await;
    ready(&handle).await;
    assert_eq!(fake.memory().reopened, 1);
    assert_eq!(fake.count("+CFUN=1,1"), 0, "absent is no reason to reset");
}

#[tokio::test(start_paused = true)]
async fn a_module_that_restarts_is_set_up_again() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.mood("+X", 1, Mood::Restarts);
    let error = handle
        .command("AT+X", Duration::from_secs(10))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::ModemGone);
    reaches(&handle, State::Syncing, WITHIN).await;
    ready(&handle).await;
    assert!(!fake.memory().echo);
}

#[tokio::test(start_paused = true)]
async fn rungs_can_be_asked_for() {
    for rung in Rung::ALL {
        let fake = Fake::default();
        let handle = drive(&fake);
        ready(&handle).await;
        fake.mood("+CFUN=1,1", 1, Mood::Restarts);
        handle.reset(rung).await.unwrap();
        let snapshot = reaches(&handle, State::Recovering, WITHIN).await;
        assert!(snapshot.rung.is_none_or(|now| now == rung));
        let snapshot = reaches(&handle, State::Ready, Duration::from_secs(90)).await;
        assert_eq!(snapshot.rung, None);
        assert_eq!(fake.count("+CFUN=1,1"), usize::from(rung == Rung::Reset));
        let reopened = 1 + u32::from(rung == Rung::Reopen);
        assert_eq!(fake.memory().reopened, reopened, "{rung:?}");
        handle.command("AT", WITHIN).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_module_that_dies_at_work_is_brought_back() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.mood("", 9, Mood::Mute);
    let error = handle.command("AT+CSQ", WITHIN).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    reaches(&handle, State::Recovering, Duration::from_secs(120)).await;
    reaches(&handle, State::Ready, Duration::from_secs(300)).await;
    let lines = handle.command("AT+CSQ", WITHIN).await.unwrap();
    assert_eq!(lines, ["+CSQ: 31,99", "OK"]);
}

#[tokio::test(start_paused = true)]
async fn a_module_that_still_sends_for_somebody_else_is_waited_for() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    let busy = "\r\n+CME ERROR: 652\r\n";
    // The result of the other mail, a second later, is not taken for ours.
    fake.mood("+QSMTPCFG", 1, Mood::Says(busy.into()));
    fake.memory().comes = Some((Duration::from_secs(1), "+QSMTPPUT: 678,550"));
    let before = tokio::time::Instant::now();
    let delivered = send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert_eq!(delivered.recipients.len(), 1);
    assert!(before.elapsed() < Duration::from_secs(30));
    // One that never tells is asked now and then.
    fake.mood("+QSMTPCFG", 3, Mood::Says(busy.into()));
    send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert_eq!(fake.count("+QSMTPPUT"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_is_switched_off_fails_no_mail_for_good() {
    for millis in [0, 1, 500, 3_000] {
        let fake = Fake::default();
        let handle = drive(&fake);
        ready(&handle).await;
        fake.mood("+QSMTPCFG", 1, Mood::Late(Duration::from_secs(1)));
        fake.memory().sending_takes = Duration::from_secs(60);
        let open = open(&["a@example.org"]);
        let message = text("x");
        let sending = send(&handle, &open, &message);
        let off = async {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            handle.enable(false).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(sending, off);
        let error = outcome.unwrap_err();
        assert!(error.is_temporary(), "{millis}: {error}");
        assert_eq!(error.try_next(), !error.content_sent, "{millis}: {error}");
    }
}
