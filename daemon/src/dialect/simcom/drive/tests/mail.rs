//! Mail: what is sent to the module, and what becomes of everything that can go wrong.

use super::{Mood, up};
use crate::dialect::simcom::drive::Simcom;
use crate::modem::tests::mail::{open, send, text};
use crate::modem::tests::start::ready;
use crate::modem::{Drive, Handle};
use crate::service::{ErrorKind, Fault, MailBack, Tls, Verdict};
use core::time::Duration;

pub(super) fn is_taken(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted(_))
}

pub(super) const WITH_FILE: &str = "From: Pump 7 <pump7@example.org>\r\nTo: Desk <a@example.org>\r\n\
    Cc: b@example.org\r\nDate: Fri, 5 Feb 2010 12:00:00 +0800\r\nSubject: Level\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n\
    --b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=log.bin\r\n\r\nAAAAAAAA\r\n--b--\r\n";

/// A mail with all that one may have.
pub(super) async fn everything(handle: &Handle) {
    let open = open(&["a@example.org", "b@example.org"]);
    send(handle, &open, WITH_FILE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_mail_is_sent_in_the_order_of_the_manual() {
    let (fake, handle) = up().await;
    let open = open(&["a@example.org", "b@example.org"]);
    let delivered = send(&handle, &open, WITH_FILE).await.unwrap();
    assert!(delivered.recipients.iter().all(is_taken));
    let memory = fake.memory();
    assert_eq!(
        memory.seen,
        [
            "E0V1Q0",
            "+CMEE=1",
            "+CATR=1",
            "+SMTPSEND?",
            "+CCLK=\"10/02/05,12:00:00+32\"",
            "+SMTPSRV=\"mail.example.org\",25",
            "+SMTPAUTH=1,\"pump7\",\"hush-hush\"",
            "+SMTPFROM=\"pump7@example.org\",\"Pump 7\"",
            "+FSCD=C:/",
            "+FSMKDIR=hayesd",
            "+FSCD=C:/hayesd",
            "+FSDEL=*.*",
            "+FSMEM",
            "+CFTRANRX=\"C:/hayesd/log.bin\",6",
            "+SMTPRCPT",
            "+SMTPRCPT=0,0,\"a@example.org\",\"Desk\"",
            "+SMTPRCPT=1,0,\"b@example.org\"",
            "+SMTPSUB=\"Level\"",
            "+SMTPBODY",
            "+SMTPFILE",
            "+FSCD=C:/hayesd",
            "+SMTPFILE=1,\"log.bin\"",
            "+SMTPSEND",
            // Nothing is left behind.
            "+SMTPRCPT",
            "+SMTPSUB",
            "+SMTPFILE",
            "+SMTPFROM",
            "+SMTPAUTH",
            "+SMTPSRV",
            "+SMTPBODY",
            "+FSCD=C:/hayesd",
            "+FSDEL=*.*",
            "+FSCD=C:/",
            "+FSRMDIR=hayesd",
        ]
    );
    assert_eq!(memory.bodies, [&b"Hello"[..], b""]);
    assert!(memory.files.is_empty());
}

/// Each Bcc recipient gets a mail of his own: what a module prints of them is its own affair.
#[tokio::test(start_paused = true)]
async fn hidden_recipients_get_mails_of_their_own() {
    let (fake, handle) = up().await;
    let open = open(&["a@example.org", "b@example.org", "c@example.org"]);
    let delivered = send(&handle, &open, &text("x")).await.unwrap();
    assert!(delivered.recipients.iter().all(is_taken));
    assert_eq!(fake.count("+SMTPSEND"), 3);
    assert_eq!(fake.count("+SMTPRCPT=0,0,\"c@example.org\""), 1);
    assert_eq!(fake.count("+SMTPRCPT=2"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_password_never_shows() {
    let fake = super::Fake::default();
    let handle = super::drive(&fake);
    let mut trace = handle.trace().watch();
    ready(&handle).await;
    let said = "\r\n+SMTPAUTH: 0, \"pump7\", \"hush-hush\"\r\n";
    fake.mood("+SMTPAUTH", 1, Mood::Preceded(said));
    let open = open(&["a@example.org"]);
    send(&handle, &open, &text("x")).await.unwrap();
    let mut shown = String::new();
    while let Ok(entry) = trace.try_recv() {
        shown.push_str(&entry.text);
        shown.push('\n');
    }
    assert!(shown.contains("+SMTPAUTH=1,\"pump7\",\"***\""), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
}

/// 16-A31: a refusal comes at once or as a line of its own; what may have been taken is told with it.
#[tokio::test(start_paused = true)]
async fn a31_every_word_wherever_it_comes() {
    use ErrorKind::*;
    let at_once = [
        ("\r\n+SMTP: ONGOING\r\n\r\nERROR\r\n", Busy),
        ("\r\n+SMTP: PARAM ERROR\r\n\r\nERROR\r\n", Protocol),
        ("\r\n+SMTP: NETWORK ERROR\r\n\r\nERROR\r\n", NoNetwork),
        ("\r\n+SMTP: SERVER ERROR\r\n\r\nERROR\r\n", TemporaryFailure),
        ("\r\n+SMTP: AUTH REQUIRED\r\n\r\nERROR\r\n", AuthFailed),
        // 16-A6.
        ("\r\n+SMTP:AUTHERROR\r\n\r\nERROR\r\n", AuthFailed),
        ("\r\nERROR\r\n", Protocol),
        // 16-A28.
        ("\r\n+CME ERROR: 30\r\n", NoNetwork),
    ];
    let (fake, handle) = up().await;
    let open = open(&["a@example.org"]);
    for (said, kind) in at_once {
        fake.mood("+SMTPSEND", 2, Mood::Says(said));
        // The first one asks whether it is sending.
        fake.mood("+SMTPSEND?", 1, Mood::Preceded(""));
        fake.memory().moods.reverse();
        let outcome = send(&handle, &open, &text("x")).await;
        fake.memory().moods.clear();
        let error = match outcome {
            Err(error) => error,
            Ok(delivered) => match &delivered.recipients[0] {
                Verdict::Refused(error) => error.clone(),
                taken => panic!("{said:?}: {taken:?}"),
            },
        };
        assert_eq!(
            (error.kind, error.content_sent),
            (kind, false),
            "{said:?} {error}"
        );
    }
    for (word, kind, content_sent) in [
        ("NETWORK ERROR", NoNetwork, true),
        ("SERVER ERROR", TemporaryFailure, true),
        ("AUTH REQUIRED", AuthFailed, false),
        ("AUTH ERROR", AuthFailed, false),
    ] {
        fake.memory().results.push_back(word);
        let error = match send(&handle, &open, &text("x")).await {
            Err(error) => error,
            Ok(delivered) => match &delivered.recipients[0] {
                Verdict::Refused(error) => error.clone(),
                taken => panic!("{word}: {taken:?}"),
            },
        };
        assert_eq!(
            (error.kind, error.content_sent),
            (kind, content_sent),
            "{word}"
        );
        assert!(error.text.contains(word), "{error}");
    }
}

/// The module says no more than that the server refused: each recipient gets his chance alone.
#[tokio::test(start_paused = true)]
async fn one_of_several_is_refused() {
    let (fake, handle) = up().await;
    fake.memory().results = ["SERVER ERROR", "SUCCESS", "SERVER ERROR"].into();
    let open = open(&["a@example.org", "b@example.org"]);
    let delivered = send(&handle, &open, &text("x")).await.unwrap();
    assert!(is_taken(&delivered.recipients[0]));
    let Verdict::Refused(error) = &delivered.recipients[1] else {
        panic!("{delivered:?}");
    };
    assert_eq!(
        (error.kind, error.fault),
        (ErrorKind::TemporaryFailure, Fault::Server)
    );
}

/// What can be known before is known before: nothing is sent to the module.
#[tokio::test(start_paused = true)]
async fn limits_are_checked_before_anything_is_sent() {
    use ErrorKind::{NotSupported, TooLarge};
    let (fake, handle) = up().await;
    let head = "From: pump7@example.org\r\nTo: a@example.org\r\n";
    let refused = async |message: String, kind: ErrorKind| {
        let open = open(&["a@example.org"]);
        let error = send(&handle, &open, &message).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.try_next(), "{error}");
    };
    let long = |letters: usize| "x".repeat(letters);
    refused(
        format!("{head}Subject: {}\r\n\r\nx\r\n", long(512)),
        TooLarge,
    )
    .await;
    refused(
        format!("{head}\r\n{}", "abcdefgh\r\n".repeat(501)),
        TooLarge,
    )
    .await;
    refused(
        format!("{head}Content-Type: text/plain; charset=utf-8\r\n\r\n\u{e4}\r\n"),
        NotSupported,
    )
    .await;
    refused(format!("{head}\r\na\tb\r\n"), NotSupported).await;
    let name = format!(
        "From: {} <pump7@example.org>\r\nTo: a@example.org\r\n\r\nx\r\n",
        long(64)
    );
    refused(name, TooLarge).await;
    let name = format!(
        "From: pump7@example.org\r\nTo: {} <a@example.org>\r\n\r\nx\r\n",
        long(64)
    );
    refused(name, TooLarge).await;
    let part = "--b\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n";
    let mixed = format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    refused(format!("{mixed}{}--b--\r\n", part.repeat(11)), TooLarge).await;
    let big = part.replace("\r\nx\r\n", &format!("\r\n{}\r\n", long(10 << 20 | 1)));
    refused(format!("{mixed}{big}--b--\r\n"), TooLarge).await;

    // Six recipients of a kind.
    let six: Vec<String> = (0..6).map(|nth| format!("r{nth}@example.org")).collect();
    let six: Vec<&str> = six.iter().map(String::as_str).collect();
    for field in ["To", "Cc"] {
        let message = format!(
            "From: pump7@example.org\r\n{field}: {}\r\n\r\nx\r\n",
            six.join(", ")
        );
        let error = send(&handle, &open(&six), &message).await.unwrap_err();
        assert_eq!(error.kind, TooLarge, "{field}");
    }

    assert_eq!(fake.memory().seen, Vec::<String>::new());

    // One less of everything goes.
    let five: Vec<&str> = six[..5].to_vec();
    let message = format!(
        "From: {} <pump7@example.org>\r\nTo: {}\r\nSubject: {}\r\n\r\n{}",
        long(63),
        five.join(", "),
        long(511),
        "abcdefgh\r\n".repeat(500)
    );
    let delivered = send(&handle, &open(&five), &message).await.unwrap();
    assert!(delivered.recipients.iter().all(is_taken));
    assert_eq!(fake.memory().bodies[0].len(), 4998);
}

/// The envelope alone says enough.
#[tokio::test(start_paused = true)]
async fn an_envelope_is_checked_before_anything_is_sent() {
    use ErrorKind::{InvalidArgument, NotSupported, TooLarge};
    let (fake, handle) = up().await;
    let long = |letters: usize| "x".repeat(letters);
    let mut tls = open(&["a@example.org"]);
    tls.server.tls = Tls::StartTls;
    let mut host = open(&["a@example.org"]);
    host.server.host = long(128);
    let mut quote = open(&["a@example.org"]);
    quote.credentials.as_mut().unwrap().user = "a\"b".into();
    let mut clear = open(&["a@example.org"]);
    clear.credentials.as_mut().unwrap().plain_auth = false;
    let far = format!("{}@example.org", long(116));
    for (open, kind) in [
        (tls, NotSupported),
        (host, TooLarge),
        (quote, NotSupported),
        (clear, InvalidArgument),
        (open(&[&far]), TooLarge),
    ] {
        let outcome = MailBack::open(&handle, &open, &super::Ignored).await;
        assert_eq!(outcome.err().map(|error| error.kind), Some(kind));
    }
    assert_eq!(fake.memory().seen, Vec::<String>::new());
}

/// Silence at any step ends in an error or is overcome, and the next mail goes.
#[tokio::test(start_paused = true)]
async fn silence_at_each_step() {
    for (step, goes) in [
        ("+CATR", true),
        ("+SMTPSEND?", true),
        ("+CCLK", true),
        ("+SMTPSRV=", true),
        ("+SMTPAUTH=", true),
        ("+SMTPFROM=", true),
        ("+FSMKDIR", true),
        ("+FSCD=C:/hayesd", true),
        ("+CFTRANRX", true),
        ("+SMTPRCPT=", true),
        ("+SMTPSUB=", true),
        ("+SMTPBODY", true),
        ("+SMTPFILE=", true),
        ("+SMTPRCPT", true),
        ("+SMTPAUTH", true),
    ] {
        let (fake, handle) = up().await;
        fake.mood(step, 1, Mood::Mute);
        let open = open(&["a@example.org", "b@example.org"]);
        let outcome = send(&handle, &open, WITH_FILE).await;
        assert_eq!(outcome.is_ok(), goes, "{step}: {outcome:?}");
        ready(&handle).await;
        let delivered = send(&handle, &open, WITH_FILE).await.unwrap();
        assert!(delivered.recipients.iter().all(is_taken), "{step}");
        assert!(fake.memory().files.is_empty(), "{step}");
    }
}

/// A module that counts waits for bytes that the line has lost: they are made up for, and the file is sent
/// again.
#[tokio::test(start_paused = true)]
async fn bytes_that_the_line_lost() {
    for lost in [1, 600, 4000] {
        let (fake, handle) = up().await;
        fake.memory().loses = lost;
        let open = open(&["a@example.org", "b@example.org"]);
        let delivered = send(&handle, &open, WITH_FILE).await.unwrap();
        assert!(delivered.recipients.iter().all(is_taken), "{lost}");
        assert_eq!(fake.count("+CFTRANRX"), 2, "{lost}");
        assert_eq!(fake.count("+FSDEL=log.bin"), 1, "{lost}");
    }
}

/// What a line says of a sending to a daemon that did not begin it.
#[test]
fn results_for_the_next_daemon() {
    let result = |line: &str| Simcom.mail_result(line.as_bytes());
    assert_eq!(result("+SMTP: SUCCESS"), Some(Ok(None)));
    let refused = result("+SMTP: SERVER ERROR").unwrap().unwrap_err();
    assert_eq!(
        (refused.kind, refused.content_sent),
        (ErrorKind::TemporaryFailure, true)
    );
    for line in [
        "+SMTP: OK",
        "+SMTP: ONGOING",
        "+SMTP: PARAM ERROR",
        "+SMTP: OVERSIZE",
        "+SMTPSEND: 0",
        "+POP3: SUCCESS",
        "OK",
    ] {
        assert_eq!(result(line), None, "{line}");
    }
}

/// The command that sends is never sent twice, whatever is lost.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_sends_nothing_twice() {
    let (fake, handle) = up().await;
    let open = open(&["a@example.org"]);
    // Its OK is lost, its result comes.
    fake.mood("+SMTPSEND?", 1, Mood::Preceded(""));
    fake.mood("+SMTPSEND", 1, Mood::Says("\r\n+SMTP: SUCCESS\r\n"));
    let delivered = send(&handle, &open, &text("x")).await.unwrap();
    assert!(is_taken(&delivered.recipients[0]));
    // Nothing comes at all.
    fake.memory().moods.clear();
    fake.mood("+SMTPSEND?", 1, Mood::Preceded(""));
    fake.mood("+SMTPSEND", 1, Mood::Mute);
    let error = send(&handle, &open, &text("x")).await.unwrap_err();
    assert_eq!((error.kind, error.content_sent), (ErrorKind::Unknown, true));
    // It was accepted, and the result never comes.
    fake.memory().moods.clear();
    fake.memory().results.push_back("");
    let error = send(&handle, &open, &text("x")).await.unwrap_err();
    assert_eq!((error.kind, error.content_sent), (ErrorKind::Unknown, true));
    assert_eq!(fake.count("+SMTPSEND") - fake.count("+SMTPSEND?"), 3);
}

/// 16-A33: a late word of the mail before is not this one's.
#[tokio::test(start_paused = true)]
async fn a33_a_late_word_before_the_acceptance_is_not_taken() {
    let (fake, handle) = up().await;
    fake.mood("+SMTPSEND?", 1, Mood::Preceded(""));
    let late = "\r\n+SMTP: NETWORK ERROR\r\n";
    fake.mood("+SMTPSEND", 1, Mood::Preceded(late));
    let delivered = send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert!(is_taken(&delivered.recipients[0]));
}

/// A sending that somebody else began is waited for: until then the module takes no settings.
#[tokio::test(start_paused = true)]
async fn another_sending_is_waited_for() {
    let (fake, handle) = up().await;
    fake.mood(
        "+SMTPSEND?",
        1,
        Mood::Says("\r\n+SMTPSEND: 1\r\n\r\nOK\r\n"),
    );
    let delivered = send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert!(is_taken(&delivered.recipients[0]));
    assert_eq!(fake.count("+SMTPSEND?"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sending_that_nobody_waits_for_is_stopped() {
    let (fake, handle) = up().await;
    fake.memory().sending_takes = Duration::from_secs(1000);
    let (request, message) = (open(&["a@example.org"]), text("x"));
    let work = send(&handle, &request, &message);
    let given_up = tokio::time::timeout(Duration::from_secs(20), work).await;
    assert!(given_up.is_err());
    ready(&handle).await;
    assert_eq!(fake.count("+SMTPSTOP"), 1);
    fake.memory().sending_takes = Duration::from_secs(2);
    let delivered = send(&handle, &open(&["a@example.org"]), &text("x"))
        .await
        .unwrap();
    assert!(is_taken(&delivered.recipients[0]));
}

/// 16-A26: `>>` with and without blank and line end before it; 16-A1, 16-A2, 16-A5: read forms are not used.
#[tokio::test(start_paused = true)]
async fn a26_prompts_of_every_kind() {
    for prompt in ["\r\n>> ", "\r\n>>", ">> ", "\r\n>>\r\n"] {
        let (fake, handle) = up().await;
        fake.memory().prompt = prompt;
        let delivered = send(&handle, &open(&["a@example.org"]), &text("x"))
            .await
            .unwrap();
        assert!(is_taken(&delivered.recipients[0]), "{prompt:?}");
        let first = fake.memory().bodies[0].clone();
        assert_eq!(first, b"x", "{prompt:?}");
        let memory = fake.memory();
        let reads = memory.seen.iter().filter(|seen| seen.ends_with('?'));
        assert!(reads.eq(["+SMTPSEND?"].iter()), "{prompt:?}");
    }
}

/// 16-A34: everything is set for each mail, since nothing may have lasted.
#[tokio::test(start_paused = true)]
async fn a34_everything_is_set_each_time() {
    let (fake, handle) = up().await;
    let open = open(&["a@example.org"]);
    for _ in 0..2 {
        send(&handle, &open, &text("x")).await.unwrap();
    }
    for name in [
        "+SMTPSRV=",
        "+SMTPAUTH=",
        "+SMTPFROM=",
        "+SMTPRCPT=",
        "+SMTPSUB=",
    ] {
        assert_eq!(fake.count(name), 2, "{name}");
    }
}
