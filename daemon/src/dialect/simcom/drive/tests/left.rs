//! What is given up in the middle, by us or by a daemon that died: the module is brought back without a restart, and
//! nothing of it is taken for something else.

use super::files::{get, open, put, with_file};
use super::mail::{WITH_FILE, is_taken};
use super::mailbox::with_mails;
use super::module::Mode;
use super::{Fake, Got, Ignored, Mood, drive_with, settings, up};
use crate::modem::tests::mail::{open as envelope, send};
use crate::modem::tests::start::{reaches, ready};
use crate::modem::{Handle, State};
use crate::service::{ErrorKind, Representation};
use core::time::Duration;
use tokio::time::timeout;

const SHORT: Duration = Duration::from_secs(1);

/// The module works, and was not restarted for that.
async fn is_back(fake: &Fake, handle: &Handle, within: Duration) {
    reaches(handle, State::Ready, within).await;
    assert_eq!(fake.count("+CRESET"), 0);
    assert_eq!(fake.count("+IPR"), 0);
}

/// A download that nobody waits for any more, at any of its blocks: the rest of it is heard out.
#[tokio::test(start_paused = true)]
async fn a_download_that_is_given_up() {
    for after in [500, 1500, 2500] {
        let (fake, handle, mut session) = with_file().await;
        let bytes = b"OK\r\nERROR\r\nSTART\r\n".repeat(40);
        fake.memory().server.insert("long".into(), bytes);
        fake.memory().block = 100;
        fake.memory().block_gap = Some(SHORT);
        let begun = timeout(Duration::from_millis(after), get(&mut *session, "long"));
        assert!(begun.await.is_err());
        drop(session);
        is_back(&fake, &handle, Duration::from_secs(60)).await;
        fake.memory().block_gap = None;
        let mut session = open(&handle).await;
        assert_eq!(
            get(&mut *session, "a").await,
            Ok(b"content".to_vec()),
            "{after}"
        );
    }
}

/// Whoever switches the modem off does not wait for the end of a long stream.
#[tokio::test(start_paused = true)]
async fn switching_off_in_a_stream() {
    let (fake, handle, mut session) = with_file().await;
    fake.memory().server.insert("long".into(), vec![7; 100_000]);
    fake.memory().block_gap = Some(SHORT);
    fake.memory().block = 100;
    let off = async {
        tokio::time::sleep(3 * SHORT).await;
        handle.enable(false).await.unwrap();
    };
    let (got, ()) = tokio::join!(get(&mut *session, "long"), off);
    assert_eq!(got.unwrap_err().kind, ErrorKind::NoModem);
    reaches(&handle, State::Disabled, Duration::from_secs(60)).await;
}

/// The same of a file of the module itself.
#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_given_up_at_each_file() {
    for begun in ["+CFTRANTX", "+FSLS", "+POP3GET"] {
        let (fake, handle) = with_mails().await;
        fake.mood(begun, 1, Mood::Late(Duration::from_secs(30)));
        let mut session = super::mailbox::open(&handle).await.unwrap();
        let fetching = super::mailbox::fetch(&mut *session, &[2]);
        assert!(timeout(Duration::from_secs(8), fetching).await.is_err());
        drop(session);
        is_back(&fake, &handle, Duration::from_secs(120)).await;
        assert!(fake.memory().files.is_empty(), "{begun}");
        let mut session = super::mailbox::open(&handle).await.unwrap();
        let got = super::mailbox::fetch(&mut *session, &[2]).await.unwrap();
        assert_eq!(got.messages[0].2, Some(Ok(())), "{begun}");
    }
}

/// The prompt of an upload comes when whoever began it has gone.
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_given_up_before_its_prompt() {
    let (fake, handle, mut session) = with_file().await;
    fake.mood("+CFTPPUT", 1, Mood::Late(Duration::from_secs(20)));
    assert!(timeout(SHORT, put(&mut *session, "b", b"x")).await.is_err());
    drop(session);
    is_back(&fake, &handle, Duration::from_secs(90)).await;
    let mut session = open(&handle).await;
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
}

/// So does the one of an attachment, and of a text.
#[tokio::test(start_paused = true)]
async fn prompts_of_a_mail_that_come_too_late() {
    for (command, late) in [("+CFTRANRX", 15), ("+SMTPBODY", 20)] {
        let (fake, handle) = up().await;
        fake.mood(command, 1, Mood::Late(Duration::from_secs(late)));
        let to = envelope(&["a@example.org", "b@example.org"]);
        let delivered = send(&handle, &to, WITH_FILE).await.unwrap();
        assert!(delivered.recipients.iter().all(is_taken), "{command}");
        let memory = fake.memory();
        assert!(memory.files.is_empty(), "{command}");
        let sent = memory.bodies.iter().filter(|body| !body.is_empty());
        assert_eq!(sent.collect::<Vec<_>>(), [b"Hello"], "{command}");
    }
}

/// A module that ends an upload early takes no more of it for commands than is on the line, and the answers to those
/// are nobody's.
#[tokio::test(start_paused = true)]
async fn an_upload_that_the_module_breaks_off() {
    let (fake, handle, mut session) = with_file().await;
    fake.memory().takes = 1000;
    let before = handle.watch().borrow().resyncs;
    let bytes = b"AT+XYZ\r".repeat(10_000);
    let error = put(&mut *session, "b", &bytes).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoNetwork);
    assert!(fake.memory().flushed > 0);
    fake.memory().takes = usize::MAX;
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
    assert!(handle.watch().borrow().resyncs > before);
}

/// What a daemon left behind that died: in a text, in an upload, in a file that the module counts.
#[tokio::test(start_paused = true)]
async fn what_a_crash_left_behind() {
    for (kept, known, within) in [
        (true, true, 60),
        (false, true, 300),
        // Its dialect is not known before it answers.
        (true, false, 60),
        (false, false, 300),
    ] {
        for mode in [
            Mode::Body(b"half a te".to_vec()),
            Mode::Put("b".into(), false, b"half".to_vec()),
            // ETX was the last that came.
            Mode::Put("b".into(), true, b"half".to_vec()),
            Mode::Count("C:/hayesd/log.bin".into(), 3, b"half".to_vec()),
            Mode::Count("C:/hayesd/log.bin".into(), 5 << 20, b"half".to_vec()),
        ] {
            let fake = Fake::default();
            let shown = format!("{kept} {known} {mode:?}");
            let is_body = matches!(mode, Mode::Body(_));
            fake.memory().kept = kept;
            fake.memory().mode = mode;
            let mut settings = settings();
            settings.drive = settings.drive.filter(|_| known);
            let handle = drive_with(&fake, settings);
            is_back(&fake, &handle, Duration::from_secs(within)).await;
            assert_eq!(fake.count("+SMTPSEND="), 0);
            // Half a text is not kept.
            let empty: &[u8] = b"";
            let bodies: Vec<Vec<u8>> = fake.memory().bodies.clone();
            assert_eq!(bodies, vec![empty; usize::from(is_body)], "{shown}");
            let to = envelope(&["a@example.org", "b@example.org"]);
            let delivered = send(&handle, &to, WITH_FILE).await.unwrap();
            assert!(delivered.recipients.iter().all(is_taken), "{shown}");
            assert!(fake.memory().files.is_empty(), "{shown}");
        }
    }
}

/// A stream that stops in the middle and goes on later is not the next one.
#[tokio::test(start_paused = true)]
async fn a_stream_that_goes_on_later() {
    let (fake, handle, mut session) = with_file().await;
    fake.memory().server.insert("slow".into(), b"slow".to_vec());
    fake.memory().block_gap = Some(Duration::from_secs(80));
    let error = get(&mut *session, "slow").await;
    // The first block may take so long, the end after it may not.
    assert_eq!(error.unwrap_err().kind, ErrorKind::Timeout);
    fake.memory().block_gap = None;
    let mut got = Got::default();
    let image = Representation::Image;
    let outcome = session.download("a", 0, &mut got, image, &Ignored).await;
    assert_eq!(outcome, Ok(7));
    assert_eq!(got.0, b"content");
    session.close().await;
    ready(&handle).await;
}
