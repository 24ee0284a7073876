//! Mail: what is sent to the module, and what becomes of everything that can go wrong.

use super::fake::{Fake, Mood};
use super::start::{drive, drive_with, reaches, ready};
use crate::modem::{Handle, Settings, State};
use crate::service::{
    BoxFuture, Certainty, Content, Credentials, Delivered, Error, ErrorKind, Fault, MailBack,
    MailOpen, Mechanism, Phase, Progress, RecipientPolicy, Result, Secret, Server, Shape, Tls,
    Verdict,
};
use core::time::Duration;
use std::future::{Future as _, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::Poll;

#[derive(Debug, Default)]
struct Seen {
    /// What was to be kept on disk, in order.
    kept: Mutex<Vec<String>>,
    phases: Mutex<Vec<Phase>>,
}

impl Progress for Seen {
    fn phase(&self, phase: Phase) {
        self.phases.lock().unwrap().push(phase);
    }

    fn bytes(&self, done: u64, total: u64) {
        assert!(done <= total);
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        panic!("whom a piece is for is known");
    }

    fn committing_piece<'a>(&'a self, places: &'a [usize]) -> BoxFuture<'a, Result<()>> {
        let mut kept = self.kept.lock().unwrap();
        kept.push(format!("committing {places:?}"));
        Box::pin(async { Ok(()) })
    }

    fn accepted<'a>(&'a self, places: &'a [usize]) -> BoxFuture<'a, ()> {
        self.kept.lock().unwrap().push(format!("{places:?}"));
        Box::pin(async {})
    }
}

/// A message in a file of its own, removed again.
struct Message(PathBuf, u64);

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Message {
    fn new(text: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("hayesd-modem-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path, text.len() as u64)
    }

    fn content(&self) -> Content {
        Content {
            path: self.0.clone(),
            size: self.1,
        }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const HEAD: &str = "From: Pump 7 <pump7@example.org>\r\nTo: a@example.org\r\nCc: b@example.org\r\n";

pub(crate) fn text(body: &str) -> String {
    format!("{HEAD}Subject: Level\r\n\r\n{body}\r\n")
}

fn with_file() -> String {
    format!(
        "{HEAD}Subject: Level\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n\
         Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=log.bin\r\n\r\nAAAAAAAA\r\n--b--\r\n"
    )
}

pub(crate) fn open(recipients: &[&str]) -> MailOpen {
    MailOpen {
        reach: Default::default(),
        server: Server {
            host: "mail.example.org".into(),
            port: 25,
            tls: Tls::None,
        },
        credentials: Some(Credentials {
            user: "pump7".into(),
            password: Secret::new("hush-hush".into()),
            plain_auth: true,
            mechanism: Mechanism::default(),
        }),
        sender: "pump7@example.org".into(),
        recipients: recipients.iter().map(|&each| each.to_owned()).collect(),
        policy: RecipientPolicy::AnyAccepted,
        shape: Shape::default(),
        share: false,
        patience: None,
    }
}

pub(crate) async fn send(handle: &Handle, open: &MailOpen, message: &str) -> Result<Delivered> {
    send_seen(handle, open, message, &Seen::default()).await
}

async fn send_seen(
    handle: &Handle,
    open: &MailOpen,
    message: &str,
    seen: &Seen,
) -> Result<Delivered> {
    let message = Message::new(message);
    let mut session = handle.open(open, &Seen::default()).await?;
    let content = message.content();
    let mut finish = pin!(session.finish(&content, seen));
    // The disk is real: the paused clock stands until the message has been read.
    let (holds_clock, held) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || held.recv());
    let begun = poll_fn(|cx| Poll::Ready(finish.as_mut().poll(cx))).await;
    handle.disk.post(move || drop(holds_clock));
    let outcome = match begun {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => finish.await,
    };
    if outcome.is_ok() {
        assert!(seen.kept.lock().unwrap()[0].starts_with("committing"));
        let phases = seen.phases.lock().unwrap();
        assert_eq!(phases.first(), Some(&Phase::Preparing));
        assert_eq!(phases.last(), Some(&Phase::Confirming));
    }
    outcome
}

async fn up() -> (Fake, Handle) {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.memory().seen.clear();
    (fake, handle)
}

const YES: Verdict = Verdict::Accepted(Certainty::Inferred);

#[tokio::test(start_paused = true)]
async fn a_mail_is_sent_in_the_order_of_the_manual() {
    let (fake, handle) = up().await;
    let open = open(&["a@example.org", "b@example.org"]);
    let delivered = send(&handle, &open, &with_file()).await.unwrap();
    assert_eq!(delivered.recipients, [YES, YES]);
    let memory = fake.memory();
    assert_eq!(
        memory.seen,
        [
            "+QIACT?",
            "+QIACT=1",
            "+QSMTPCFG=\"contextid\",1",
            "+QSMTPCFG=\"ssltype\",0",
            "+QSMTPCFG=\"smtpserver\",\"mail.example.org\",25",
            "+QSMTPCFG=\"account\",\"pump7\",\"hush-hush\"",
            "+QSMTPCFG=\"sender\",\"Pump 7\",\"pump7@example.org\"",
            "+QFUPL=\"RAM:log.bin\",6,60,0",
            "+QSMTPCLR",
            "+QSMTPDST=1,1,\"a@example.org\"",
            "+QSMTPDST=1,2,\"b@example.org\"",
            "+QSMTPSUB=0,\"Level\"",
            "+QSMTPBODY=0,5,90",
            "+QSMTPATT=1,1,\"RAM:log.bin\"",
            "+QSMTPPUT=300",
            "+QSMTPCLR",
            "+QFDEL=\"RAM:log.bin\"",
        ]
    );
    assert_eq!(memory.payloads, [vec![0; 6], b"Hello".to_vec()]);
    assert!(memory.files.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_password_never_shows() {
    let fake = Fake::default();
    let handle = drive(&fake);
    let mut trace = handle.trace().watch();
    ready(&handle).await;
    // Echo on in the middle: the module says it back.
    fake.memory().echo = true;
    send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    let mut shown = String::new();
    while let Ok(entry) = trace.try_recv() {
        shown.push_str(&entry.text);
        shown.push('\n');
    }
    assert!(shown.contains("\"account\",\"pump7\",\"***\""), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn tls_is_configured_before_the_server() {
    let fake = Fake::default();
    let mut settings = Settings::new("lte", "/dev/ttyUSB2");
    settings.apn = "internet".into();
    settings.roots = Some(vec![0; 3000].into());
    let handle = drive_with(&fake, settings);
    ready(&handle).await;
    let mut open = open(&["a@example.org"]);
    open.server.tls = Tls::StartTls;
    send(&handle, &open, &text("x")).await.unwrap();
    let memory = fake.memory();
    let from = memory
        .seen
        .iter()
        .position(|seen| seen.starts_with("+QICSGP"))
        .unwrap();
    assert_eq!(
        memory.seen[from..from + 14],
        [
            "+QICSGP=1,1,\"internet\",\"\",\"\",0",
            "+QIACT=1",
            "+QSMTPCFG=\"contextid\",1",
            "+QSMTPCFG=\"ssltype\",2",
            "+QSMTPCFG=\"sslctxid\",1",
            "+QFDEL=\"RAM:hayesd-roots.pem\"",
            "+QFUPL=\"RAM:hayesd-roots.pem\",3000,60,0",
            "+QSSLCFG=\"cacert\",1,\"RAM:hayesd-roots.pem\"",
            "+QSSLCFG=\"sslversion\",1,4",
            "+QSSLCFG=\"ciphersuite\",1,0XFFFF",
            "+QSSLCFG=\"seclevel\",1,1",
            "+QSSLCFG=\"sni\",1,1",
            "+QSSLCFG=\"ignorelocaltime\",1,1",
            "+QSMTPCFG=\"smtpserver\",\"mail.example.org\",25",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn bcc_recipients_get_mails_of_their_own() {
    let (fake, handle) = up().await;
    let open = open(&[
        "a@example.org",
        "c@example.org",
        "b@example.org",
        "d@example.org",
    ]);
    let seen = Seen::default();
    let delivered = send_seen(&handle, &open, &text("x"), &seen).await.unwrap();
    // A crash between two mails must not send the one before again.
    assert_eq!(
        *seen.kept.lock().unwrap(),
        [
            "committing [0, 2]",
            "[0, 2]",
            "committing [1]",
            "[1]",
            "committing [3]"
        ]
    );
    assert_eq!(delivered.recipients, [YES, YES, YES, YES]);
    let destinations: Vec<String> = fake
        .memory()
        .seen
        .iter()
        .filter(|seen| seen.starts_with("+QSMTPDST") || seen.starts_with("+QSMTPPUT"))
        .map(|seen| seen.replace("+QSMTP", "").replace("@example.org", ""))
        .collect();
    assert_eq!(
        destinations,
        [
            "DST=1,1,\"a\"",
            "DST=1,2,\"b\"",
            "PUT=300",
            "DST=1,1,\"c\"",
            "PUT=300",
            "DST=1,1,\"d\"",
            "PUT=300",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_refused_recipient_costs_only_himself() {
    let (fake, handle) = up().await;
    fake.memory().results = ["678,550", "0,0", "678,550"].into();
    let open = open(&["a@example.org", "b@example.org"]);
    let delivered = send(&handle, &open, &text("x")).await.unwrap();
    assert_eq!(delivered.recipients[0], YES);
    let Verdict::Refused(error) = &delivered.recipients[1] else {
        panic!("{delivered:?}");
    };
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(error.reply.as_ref().unwrap().code, 550);
    assert_eq!(fake.count("+QSMTPPUT"), 3);
    assert_eq!(fake.count("+QSMTPDST=1,1,\"b@example.org\""), 1);
}

#[tokio::test(start_paused = true)]
async fn all_or_none_is_refused_at_once() {
    let (fake, handle) = up().await;
    fake.memory().results = ["678,550"].into();
    let mut open = open(&["a@example.org", "b@example.org"]);
    open.policy = RecipientPolicy::AllOrNone;
    let error = send(&handle, &open, &text("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(fake.count("+QSMTPPUT"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_in_the_module_is_left_alone() {
    let (fake, handle) = up().await;
    fake.memory().files.push("RAM:log.bin".into());
    send(&handle, &open(&["a@example.org"]), &with_file())
        .await
        .unwrap();
    assert_eq!(fake.count("+QSMTPATT=1,1,\"RAM:log-2.bin\""), 1);
    assert_eq!(fake.memory().files, ["RAM:log.bin"]);
}

#[tokio::test(start_paused = true)]
async fn a_sum_that_differs_is_an_upload_that_is_done_again() {
    let (fake, handle) = up().await;
    let wrong = "\r\nCONNECT\r\n\r\n+QFUPL: 6,1f\r\n\r\nOK\r\n";
    fake.mood("+QFUPL", 1, Mood::Says(wrong.into()));
    send(&handle, &open(&["a@example.org"]), &with_file())
        .await
        .unwrap();
    assert_eq!(fake.count("+QFUPL"), 2);
    assert_eq!(fake.count("+QFDEL"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_module_cannot_carry_is_told_before_anything_is_sent() {
    let (fake, handle) = up().await;
    let me = "pump7@example.org";
    let many: Vec<String> = (0..21).map(|n| format!("r{n}@example.org")).collect();
    let to = many.join(",");
    let mail = |headers: &str, body: &str| {
        format!("From: <{me}>\r\n{headers}\r\nSubject: s\r\n\r\n{body}\r\n")
    };
    let plain = "To: a@example.org";
    let one = open(&["a@example.org"]);
    let mut all = one.clone();
    all.recipients = many;
    let mut long_host = one.clone();
    long_host.server.host = format!("{}.example.org", "x".repeat(50));
    let mut quote = one.clone();
    quote.credentials.as_mut().unwrap().password = Secret::new("a\"b".into());
    let mut other = one.clone();
    other.sender = "other@example.org".into();
    let long_subject = text("x").replace("Level", &"x".repeat(101));
    let cases = [
        (&all, mail(&format!("To: {to}"), "x"), ErrorKind::TooLarge),
        (&one, mail(plain, &"x".repeat(10_241)), ErrorKind::TooLarge),
        (&one, long_subject, ErrorKind::TooLarge),
        (&long_host, text("x"), ErrorKind::TooLarge),
        (&quote, text("x"), ErrorKind::NotSupported),
        (&other, text("x"), ErrorKind::NotSupported),
        (
            &one,
            mail("To: a@example.org\r\nReply-To: z@example.org", "x"),
            ErrorKind::NotSupported,
        ),
    ];
    for (open, message, kind) in cases {
        let error = send(&handle, open, &message).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.try_next());
    }
    assert_eq!(fake.count("+Q"), 0);
    // Just what it can carry.
    all.recipients.pop();
    let to = all.recipients.join(",");
    send(
        &handle,
        &all,
        &mail(&format!("To: {to}"), &"x".repeat(10_240)),
    )
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_result_that_never_comes_is_unknown() {
    let (fake, handle) = up().await;
    fake.memory().results = [""].into();
    let before = tokio::time::Instant::now();
    let error = send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown);
    assert!(error.content_sent);
    let waited = before.elapsed();
    assert!(waited >= Duration::from_secs(330), "{waited:?}");
    send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_ok_does_not_send_the_mail_twice() {
    let (fake, handle) = up().await;
    fake.mood("+QSMTPPUT", 1, Mood::Says("\r\n+QSMTPPUT: 0,0\r\n".into()));
    send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert_eq!(fake.count("+QSMTPPUT"), 1);
}

#[tokio::test(start_paused = true)]
async fn unanswered_commands_are_sent_again_as_in_the_field_log() {
    let (fake, handle) = up().await;
    fake.mood("+QSMTPCFG=\"account\"", 2, Mood::Mute);
    fake.mood("+QSMTPDST", 1, Mood::Mute);
    send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert_eq!(fake.count("+QSMTPCFG=\"account\""), 3);
    // Whether the recipient was taken is not known, so the mail is composed anew.
    assert_eq!(fake.count("+QSMTPCLR"), 3);
    assert_eq!(fake.count("+QSMTPPUT"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_data_mode_that_comes_late_is_left_again() {
    for command in ["+QSMTPBODY", "+QFUPL"] {
        let (fake, handle) = up().await;
        fake.mood(command, 1, Mood::Late(Duration::from_secs(17)));
        let open = open(&["a@example.org"]);
        let delivered = send(&handle, &open, &with_file()).await.unwrap();
        assert_eq!(delivered.recipients, [YES], "{command}");
        let memory = fake.memory();
        assert_eq!(memory.payloads.last().unwrap(), b"Hello", "{command}");
        assert_eq!(memory.reopened, 1, "{command}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bearer_that_fails_is_brought_up_anew() {
    let (fake, handle) = up().await;
    fake.memory().results = ["654,0"].into();
    let open = open(&["a@example.org"]);
    let error = send(&handle, &open, &text("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoNetwork);
    assert!(error.try_next());
    assert_eq!(fake.count("+QIDEACT=1"), 1);
    send(&handle, &open, &text("x")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_at_any_step_is_an_error_and_leaves_the_module_usable() {
    let steps = [
        ("+QIACT?", ErrorKind::Timeout),
        ("+QIACT=1", ErrorKind::Timeout),
        ("+QSMTPCFG=\"contextid\"", ErrorKind::Timeout),
        ("+QSMTPCFG=\"ssltype\"", ErrorKind::Timeout),
        ("+QSMTPCFG=\"smtpserver\"", ErrorKind::Timeout),
        ("+QSMTPCFG=\"account\"", ErrorKind::Timeout),
        ("+QSMTPCFG=\"sender\"", ErrorKind::Timeout),
        ("+QFUPL", ErrorKind::Timeout),
        ("+QSMTPCLR", ErrorKind::Timeout),
        ("+QSMTPDST", ErrorKind::Timeout),
        ("+QSMTPSUB", ErrorKind::Timeout),
        ("+QSMTPBODY", ErrorKind::Timeout),
        ("+QSMTPATT", ErrorKind::Timeout),
        ("+QSMTPPUT", ErrorKind::Unknown),
    ];
    for (step, kind) in steps {
        let (fake, handle) = up().await;
        fake.mood(step, 3, Mood::Mute);
        let open = open(&["a@example.org"]);
        let error = send(&handle, &open, &with_file()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{step}: {error}");
        assert_eq!(error.fault, Fault::Module, "{step}");
        assert_eq!(error.content_sent, kind == ErrorKind::Unknown, "{step}");
        reaches(&handle, State::Ready, Duration::from_secs(60)).await;
        fake.memory().moods.clear();
        let delivered = send(&handle, &open, &with_file()).await;
        assert_eq!(delivered.unwrap().recipients, [YES], "{step}");
        assert_eq!(fake.memory().reopened, 1, "{step}");
        assert!(fake.memory().files.is_empty(), "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_nobody_waits_for_stops_and_leaves_the_module_usable() {
    // At any moment: in the bearer, in the body, while the module sends.
    for millis in [0, 1, 10, 500, 1_500, 3_000, 20_000] {
        let (fake, handle) = up().await;
        fake.mood("+QSMTPCFG", 1, Mood::Late(Duration::from_secs(1)));
        fake.memory().sending_takes = Duration::from_secs(60);
        let open = open(&["a@example.org"]);
        let message = with_file();
        let sending = send(&handle, &open, &message);
        let outcome = tokio::time::timeout(Duration::from_millis(millis), sending).await;
        assert!(outcome.is_err(), "{millis}");
        reaches(&handle, State::Ready, Duration::from_secs(120)).await;
        fake.memory().moods.clear();
        fake.memory().sending_takes = Duration::from_secs(2);
        let delivered = send(&handle, &open, &message).await.unwrap();
        assert_eq!(delivered.recipients, [YES], "{millis}");
        assert!(fake.memory().files.is_empty(), "{millis}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_commands_are_errors_in_the_modules_words() {
    let cases = [
        ("+QIACT=1", 2, "ERROR", ErrorKind::NoNetwork),
        ("+QSMTPCFG", 99, "+CME ERROR: 652", ErrorKind::Busy),
        ("+QSMTPSUB", 1, "+CME ERROR: 664", ErrorKind::NotSupported),
        ("+QSMTPDST", 1, "+CME ERROR: 662", ErrorKind::TooLarge),
        ("+QFUPL", 1, "+CME ERROR: 403", ErrorKind::TooLarge),
        ("+QSMTPATT", 1, "+CME ERROR: 661", ErrorKind::Protocol),
        ("+QSMTPPUT", 1, "+CME ERROR: 652", ErrorKind::Busy),
        ("+QSMTPBODY", 1, "+CME ERROR: 4", ErrorKind::NotSupported),
    ];
    for (command, times, says, kind) in cases {
        let (fake, handle) = up().await;
        fake.mood(command, times, Mood::Says(format!("\r\n{says}\r\n")));
        let open = open(&["a@example.org"]);
        let error = send(&handle, &open, &with_file()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{command}: {error}");
        assert!(!error.content_sent, "{command}");
        assert!(fake.memory().files.is_empty(), "{command}");
        ready(&handle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_is_not_there_is_no_modem() {
    let fake = Fake::default();
    fake.memory().dead = true;
    let handle = drive(&fake);
    let error: Error = send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoModem);
    assert!(error.try_next());
}
