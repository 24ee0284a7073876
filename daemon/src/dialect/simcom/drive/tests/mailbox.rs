//! Mailboxes over the module.

use super::module::Mail;
use super::{Fake, Got, Ignored, Mood, up};
use crate::message::{Fingerprints, Text, decompose};
use crate::modem::tests::start::{reaches, ready};
use crate::modem::{Handle, State};
use crate::service::{
    BoxFuture, Certainty, Credentials, Error, ErrorKind, Fault, MailboxBack, MailboxOpen,
    MailboxSession, Mechanism, Messages, Reach, Result, Secret, Server, Sink, Tls, Wanted,
};
use core::time::Duration;
use std::future::Future;

fn request() -> MailboxOpen {
    MailboxOpen {
        server: Server {
            host: "pop.example.org".into(),
            port: 110,
            tls: Tls::None,
        },
        reach: Reach::default(),
        credentials: Credentials {
            user: "pump7".into(),
            password: Secret::new("hush-hush".into()),
            plain_auth: true,
            mechanism: Mechanism::default(),
        },
    }
}

pub(super) async fn open(handle: &Handle) -> Result<Box<dyn MailboxSession>> {
    MailboxBack::open(handle, &request(), &Ignored).await
}

const HEADER: &str =
    "From: a<a@example.org>\r\nDate: Mon, 17 Aug 2009 14:09:27 +0800\r\nSubject: OK then";

pub(super) fn mails() -> Vec<Mail> {
    let plain = Mail {
        size: 120,
        header: HEADER,
        text: b"From: a<a@example.org>\nDate: x\nSubject: s\n\nHello\n",
        files: Vec::new(),
    };
    let bytes = (0..=255).collect();
    let with_files = Mail {
        size: 3000,
        header: "From: \r\nDate:\r\nSubject: ",
        files: vec![("log.bin", bytes), ("EMAIL001.TXT", b"x".to_vec())],
        ..plain.clone()
    };
    vec![plain.clone(), with_files, plain]
}

pub(super) async fn with_mails() -> (Fake, Handle) {
    let (fake, handle) = up().await;
    fake.memory().mails = mails();
    (fake, handle)
}

pub(super) async fn list(session: &mut dyn MailboxSession) -> Result<Vec<(u32, String, u64)>> {
    let mut all = Vec::new();
    let mut each = |one: crate::service::Listed<'_>| {
        assert_eq!(one.certainty, Certainty::Inferred);
        all.push((one.number, one.uid.to_owned(), one.size));
        Ok(())
    };
    session.list(&mut each).await?;
    Ok(all)
}

#[derive(Default)]
pub(super) struct Fetched {
    pub(super) messages: Vec<(u32, Got, Option<Result<()>>)>,
}

impl Messages for Fetched {
    fn begin(&mut self, number: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        Box::pin(async move {
            self.messages.push((number, Got::default(), None));
            let last = self.messages.last_mut();
            let sink: &mut dyn Sink =
                &mut last.ok_or_else(|| Error::new(ErrorKind::Internal, ""))?.1;
            Ok(sink)
        })
    }

    fn end<'a>(&'a mut self, number: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let last = self.messages.last_mut().unwrap();
            assert_eq!(last.0, number);
            last.2 = Some(outcome);
            Ok(())
        })
    }
}

fn wanted(number: u32) -> Wanted {
    Wanted { number, size: 120 }
}

pub(super) async fn fetch(session: &mut dyn MailboxSession, numbers: &[u32]) -> Result<Fetched> {
    let mut got = Fetched::default();
    let wanted: Vec<Wanted> = numbers.iter().copied().map(wanted).collect();
    session.fetch(&wanted, &mut got, &Ignored).await?;
    Ok(got)
}

/// All that can be done with a mailbox.
pub(super) async fn everything(handle: &Handle) {
    let mut session = open(handle).await.unwrap();
    session.status().await.unwrap();
    list(&mut *session).await.unwrap();
    fetch(&mut *session, &[1, 2]).await.unwrap();
    session.delete(&[1]).await.unwrap();
    session.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_from_login_to_logout() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    assert_eq!(handle.watch().borrow().state, State::Busy);
    let status = session.status().await.unwrap();
    assert_eq!((status.count, status.bytes), (3, 3240));
    let listed = list(&mut *session).await.unwrap();
    // Ids are made of size, From, Date and Subject; equal mails are told apart.
    let mut ids = Fingerprints::default();
    let header = format!("{HEADER}\r\n");
    let first = ids.id(120, header.as_bytes());
    let second = ids.id(3000, b"From: \r\nDate:\r\nSubject: \r\n");
    let third = format!("{first}#2");
    assert_eq!(
        listed,
        [(1, first, 120), (2, second, 3000), (3, third, 120)]
    );
    let got = fetch(&mut *session, &[1, 2]).await.unwrap();
    let outcomes: Vec<_> = got
        .messages
        .iter()
        .map(|one| (one.0, one.2.clone()))
        .collect();
    assert_eq!(outcomes, [(1, Some(Ok(()))), (2, Some(Ok(())))]);
    let plain = decompose(&got.messages[0].1.0).unwrap();
    assert_eq!((&plain.subject[..], plain.attachments.len()), ("s", 0));
    let plain = decompose(&got.messages[1].1.0).unwrap();
    assert_eq!(plain.text, Text::Utf8("Hello\r\n".into()));
    let files: Vec<_> = plain
        .attachments
        .iter()
        .map(|one| (&one.name[..], &one.bytes))
        .collect();
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(
        files,
        [("EMAIL001.TXT", &b"x".to_vec()), ("log.bin", &bytes)]
    );
    // Nothing is left in the module.
    assert!(fake.memory().files.is_empty());
    assert_eq!(fake.count("+FSRMDIR=261122020304"), 2);
    session.delete(&[1, 3]).await.unwrap();
    assert_eq!(fake.memory().mails.len(), 3);
    session.close().await.unwrap();
    assert_eq!(fake.memory().mails.len(), 1);
    ready(&handle).await;
    assert_eq!(fake.memory().seen.last().unwrap(), "+POP3SRV");
}

#[tokio::test(start_paused = true)]
async fn commands_are_those_of_the_manual() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    fetch(&mut *session, &[2]).await.unwrap();
    session.close().await.unwrap();
    ready(&handle).await;
    assert_eq!(
        fake.memory().seen,
        [
            "E0V1Q0",
            "+CMEE=1",
            "+CATR=1",
            "+POP3SRV=\"pop.example.org\",\"pump7\",\"hush-hush\",110",
            "+POP3IN",
            // What was there before.
            "+FSCD=C:/Email",
            "+FSLS?",
            "+FSLS=1",
            "+POP3GET=2",
            "+FSCD=C:/Email/261122020304",
            "+FSLS?",
            "+FSLS=2",
            "+FSATTRI=EMAIL000.TXT",
            "+CFTRANTX=\"C:/Email/261122020304/EMAIL000.TXT\"",
            "+FSATTRI=EMAIL001.TXT",
            "+CFTRANTX=\"C:/Email/261122020304/EMAIL001.TXT\"",
            "+FSATTRI=log.bin",
            "+CFTRANTX=\"C:/Email/261122020304/log.bin\"",
            "+FSCD=C:/Email/261122020304",
            "+FSDEL=*.*",
            "+FSCD=C:/Email/",
            "+FSRMDIR=261122020304",
            "+POP3OUT",
            "+POP3SRV",
        ]
    );
}

/// What the module has no command for is not asked of it.
#[tokio::test(start_paused = true)]
async fn what_there_is_no_command_for() {
    let (fake, handle) = with_mails().await;
    assert!(!handle.has_top());
    let mut secure = request();
    secure.server.tls = Tls::Implicit;
    let mut long = request();
    long.credentials.user = "x".repeat(128);
    for (request, kind) in [
        (secure, ErrorKind::NotSupported),
        (long, ErrorKind::TooLarge),
    ] {
        let outcome = MailboxBack::open(&handle, &request, &Ignored).await;
        let error = outcome.err().unwrap();
        assert!(error.kind == kind && error.try_next(), "{error}");
    }
    assert_eq!(fake.memory().seen, Vec::<String>::new());
    let mut session = open(&handle).await.unwrap();
    let before = fake.memory().seen.len();
    let mut nowhere = Got::default();
    for outcome in [
        session.top(1, 1, &mut nowhere).await,
        session.undelete().await,
    ] {
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::NotSupported);
    }
    assert_eq!(fake.memory().seen.len(), before);
}

/// The modem belongs to a session until it ends; a dropped one is aborted, and nothing is deleted.
#[tokio::test(start_paused = true)]
async fn requests_queue_behind_a_session() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    session.delete(&[1]).await.unwrap();
    let second = open(&handle);
    tokio::pin!(second);
    let early = tokio::time::timeout(Duration::from_secs(30), &mut second).await;
    assert!(early.is_err());
    assert_eq!(fake.count("+POP3IN"), 1);
    drop(session);
    let mut second = second.await.unwrap();
    assert_eq!(fake.count("+POP3STOP"), 1);
    assert_eq!(second.status().await.unwrap().count, 3);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_asks_for_nothing_is_closed() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    session.delete(&[1]).await.unwrap();
    reaches(&handle, State::Ready, Duration::from_secs(150)).await;
    assert_eq!((fake.count("+POP3STOP"), fake.memory().mails.len()), (1, 3));
    let error = session.status().await.unwrap_err();
    assert_eq!(
        (error.kind, error.fault),
        (ErrorKind::ModemGone, Fault::Module)
    );
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_nobody_waits_for_is_stopped() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    let begun = tokio::time::timeout(Duration::from_secs(1), fetch(&mut *session, &[1]));
    assert!(begun.await.is_err());
    ready(&handle).await;
    assert_eq!(fake.count("+POP3STOP"), 1);
    assert_eq!(fake.count("+FSLS=2"), 0);
    // The next session is none the worse for it.
    let mut session = open(&handle).await.unwrap();
    assert_eq!(fetch(&mut *session, &[1]).await.unwrap().messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn switching_off_ends_a_session() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    handle.enable(false).await.unwrap();
    reaches(&handle, State::Disabled, Duration::from_secs(60)).await;
    assert_eq!(fake.count("+POP3STOP"), 1);
    assert!(session.status().await.is_err());
    // In the middle of a step, too.
    handle.enable(true).await.unwrap();
    ready(&handle).await;
    let mut session = open(&handle).await.unwrap();
    let fetching = fetch(&mut *session, &[1]);
    let switched = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        handle.enable(false).await
    };
    let (fetched, switched) = tokio::join!(fetching, switched);
    assert_eq!(
        fetched.err().map(|error| error.kind),
        Some(ErrorKind::NoModem)
    );
    switched.unwrap();
}

/// A session that a daemon left behind when it died is in the way of nobody.
#[tokio::test(start_paused = true)]
async fn a_session_of_a_dead_daemon_is_stopped() {
    let (fake, handle) = with_mails().await;
    fake.memory().logged_in = true;
    let mut session = open(&handle).await.unwrap();
    assert_eq!(fake.count("+POP3STOP"), 1);
    assert_eq!(session.status().await.unwrap().count, 3);
}

/// Does something with a mailbox where this command gets this answer.
async fn told<T, F>(
    command: &'static str,
    said: &'static str,
    ask: fn(Box<dyn MailboxSession>) -> F,
) -> Error
where
    F: Future<Output = Result<T>>,
{
    let (fake, handle) = with_mails().await;
    let session = open(&handle).await.unwrap();
    fake.mood(command, 1, Mood::Says(said));
    let error = ask(session).await.err().unwrap();
    ready(&handle).await;
    // It is usable again.
    let mut session = open(&handle).await.unwrap();
    assert_eq!(
        session.status().await.unwrap().count,
        3,
        "{command} {said:?}"
    );
    error
}

#[tokio::test(start_paused = true)]
async fn every_word_at_every_step() {
    use ErrorKind::*;
    for (word, kind) in [
        ("\r\n+POP3: NETWORK ERROR\r\n\r\nERROR\r\n", NoNetwork),
        ("\r\n+POP3: SERVER ERROR\r\n\r\nERROR\r\n", TemporaryFailure),
        ("\r\n+POP3: INVALID UN\r\n\r\nERROR\r\n", AuthFailed),
        ("\r\n+POP3: INVALID UNPWD\r\n\r\nERROR\r\n", AuthFailed),
        ("\r\nERROR\r\n", Protocol),
    ] {
        let (fake, handle) = with_mails().await;
        fake.mood("+POP3IN", 1, Mood::Says(word));
        let error = open(&handle).await.err().unwrap();
        assert_eq!(error.kind, kind, "{word:?}");
        ready(&handle).await;
        assert_eq!(fake.count("+POP3STOP"), 1, "{word:?}");
    }
    for (word, kind) in [
        ("\r\n+POP3: NETWORK ERROR\r\n\r\nERROR\r\n", NoNetwork),
        ("\r\n+POP3: SERVER ERROR\r\n\r\nERROR\r\n", TemporaryFailure),
        // 16-A7: with either result.
        ("\r\n+POP3: ONGOING\r\n\r\nERROR\r\n", Busy),
        ("\r\n+POP3: ONGOING\r\n\r\nOK\r\n", Busy),
        // 16-A8, 16-A28.
        ("\r\nERROR\r\n", Protocol),
        ("\r\n+CME ERROR: 3\r\n", NotSupported),
    ] {
        let error = told("+POP3NUM", word, |mut s| async move { s.status().await }).await;
        assert_eq!(error.kind, kind, "NUM {word:?}");
        for command in ["+POP3LIST", "+POP3HDR"] {
            let error = told(command, word, |mut s| async move { list(&mut *s).await }).await;
            assert_eq!(error.kind, kind, "{command} {word:?}");
        }
        let error = told(
            "+POP3DEL",
            word,
            |mut s| async move { s.delete(&[1]).await },
        )
        .await;
        assert_eq!(error.kind, kind, "DEL {word:?}");
        let error = told("+POP3OUT", word, |mut s| async move {
            s.delete(&[1]).await?;
            s.close().await
        })
        .await;
        let lost = matches!(kind, NoNetwork | TemporaryFailure);
        let kind = if lost { Unknown } else { kind };
        assert_eq!(error.kind, kind, "OUT {word:?}");
    }
    let error = told(
        "+POP3GET",
        "\r\n+POP3: FILE SYSTEM ERROR\r\n\r\nERROR\r\n",
        |mut s| async move { fetch(&mut *s, &[1]).await },
    )
    .await;
    assert_eq!(error.kind, TooLarge);
}

/// What the server would not give is told of that message; what breaks the session ends it.
#[tokio::test(start_paused = true)]
async fn a_message_that_fails_is_told_of_it_alone() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    let failure = "\r\nOK\r\n\r\n+POP3: FAILURE\r\n";
    fake.mood("+POP3GET=1", 1, Mood::Says(failure));
    let refused = "\r\n+POP3: SERVER ERROR\r\n\r\nERROR\r\n";
    fake.mood("+POP3GET=2", 1, Mood::Says(refused));
    let got = fetch(&mut *session, &[1, 2, 3]).await.unwrap();
    let kinds: Vec<_> = got
        .messages
        .iter()
        .map(|one| one.2.clone().unwrap().map_err(|error| error.kind))
        .collect();
    let failed = Err(ErrorKind::TemporaryFailure);
    assert_eq!(kinds, [failed, failed, Ok(())]);
    for (said, kind) in [
        (
            "\r\nOK\r\n\r\n+POP3: NETWORK ERROR\r\n",
            ErrorKind::NoNetwork,
        ),
        (
            "\r\nOK\r\n\r\n+POP3: FILE SYSTEM ERROR\r\n",
            ErrorKind::TooLarge,
        ),
        ("\r\nOK\r\n\r\n+POP3: SUCCESS\r\n", ErrorKind::Protocol),
        ("\r\nOK\r\n", ErrorKind::Timeout),
    ] {
        fake.mood("+POP3GET=1", 1, Mood::Says(said));
        let error = fetch(&mut *session, &[1, 2]).await.err().unwrap();
        assert_eq!(error.kind, kind, "{said:?}");
    }
}

/// Silence at any step ends in an error, and the next session is none the worse for it.
#[tokio::test(start_paused = true)]
async fn silence_at_each_step() {
    for step in [
        "+POP3SRV=",
        "+POP3IN",
        "+POP3LIST",
        "+POP3HDR",
        "+POP3GET",
        "+FSCD",
        "+FSLS",
        "+CFTRANTX",
        "+POP3DEL",
        "+POP3OUT",
    ] {
        let (fake, handle) = with_mails().await;
        fake.mood(step, 3, Mood::Mute);
        let work = async {
            let mut session = open(&handle).await?;
            list(&mut *session).await?;
            fetch(&mut *session, &[2]).await?;
            session.delete(&[2]).await?;
            session.close().await
        };
        let outcome = tokio::time::timeout(Duration::from_secs(900), work).await;
        let error = outcome.expect(step).expect_err(step);
        let kind = if step == "+POP3OUT" {
            ErrorKind::Unknown
        } else {
            ErrorKind::Timeout
        };
        assert_eq!(error.kind, kind, "{step} {error}");
        fake.memory().moods.clear();
        ready(&handle).await;
        let mut session = open(&handle).await.expect(step);
        fetch(&mut *session, &[2]).await.expect(step);
    }
}

/// A line that was lost would hide a mail, and a hidden one may be taken for a deleted one.
#[tokio::test(start_paused = true)]
async fn a_listing_that_is_not_complete_is_refused() {
    let (fake, handle) = with_mails().await;
    let mut session = open(&handle).await.unwrap();
    let said = "\r\n+POP3: 3 3240\r\n1 120\r\n3 120\r\n\r\nOK\r\n";
    fake.mood("+POP3LIST", 1, Mood::Says(said));
    let error = list(&mut *session).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert_eq!(fake.count("+POP3HDR"), 0);
}

/// 16-A33: what an operation that was stopped says later is nobody's answer.
#[tokio::test(start_paused = true)]
async fn a33_late_words_are_passed_over() {
    let (fake, handle) = with_mails().await;
    fake.mood("+POP3IN", 1, Mood::Preceded("\r\n+POP3: FAILURE\r\n"));
    let mut session = open(&handle).await.unwrap();
    fake.mood(
        "+POP3NUM",
        1,
        Mood::Preceded("\r\n+POP3: NETWORK ERROR\r\n"),
    );
    assert_eq!(session.status().await.unwrap().count, 3);
}
