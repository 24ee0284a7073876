//! Every fault at every step: the right error, in time, and never a mail that counts as delivered and is not.

use super::fake::*;
use crate::service::{ErrorKind, MailSession, RecipientPolicy, Tls, Verdict};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// The steps of a session, and how long each may take (seconds).
const STEPS: [(At, u64); 8] = [
    (At::Greeting, 300),
    (At::Ehlo, 300),
    (At::Auth, 300),
    (At::Mail, 300),
    (At::Rcpt(1), 300),
    (At::Data, 120),
    (At::Content, 600),
    (At::End, 600),
];

async fn fails(at: At, fault: Fault) -> (crate::service::Error, Duration) {
    let told = Told::default();
    let began = Instant::now();
    let plan = Plan::with(Tls::None, at, fault.clone());
    let (result, seen) = send_timed(plan, &told).await;
    let error = result.0.expect_err(&format!("{fault:?} at {at:?}"));
    let committed = told.committing.load(Ordering::SeqCst);
    assert_eq!(committed, usize::from(at == At::End), "{fault:?} at {at:?}");
    assert_eq!(error.content_sent, matches!(at, At::Content | At::End));
    assert_eq!(seen.content.is_some(), at == At::End);
    assert!(!format!("{error:?}").contains("Secret"));
    let took = result.1.duration_since(began);
    (error, took)
}

/// Sends; the moment of the result, before the server is waited for.
async fn send_timed(
    plan: Plan,
    told: &Told,
) -> (
    (crate::service::Result<crate::service::Delivered>, Instant),
    Seen,
) {
    let running = start(plan);
    let file = Temporary::new(MESSAGE);
    let request = request(Tls::None);
    let (stream, rest) = running.split();
    let result = match open(stream, &request, told).await {
        Ok(mut session) => session.finish(&file.content(), told).await,
        Err(error) => Err(error),
    };
    let at = Instant::now();
    ((result, at), rest.seen().await)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent() {
    for (at, seconds) in STEPS {
        // Content fits the line, so nothing shows before its end.
        let kind = match at {
            At::End => ErrorKind::Unknown,
            At::Content => continue,
            _ => ErrorKind::Timeout,
        };
        let (error, took) = fails(at, Fault::Silence).await;
        assert_eq!(error.kind, kind, "{at:?}");
        assert!(!error.try_next(), "{at:?}");
        assert!(took.as_secs() <= seconds + 3, "{at:?} took {took:?}");
    }
}

/// A played module tells its equipment when the server has greeted, whatever it says to EHLO.
#[tokio::test(start_paused = true)]
async fn the_greeting_is_told_before_ehlo_is_answered() {
    use crate::service::Phase;
    for (protection, at) in [
        (Tls::None, At::Ehlo),
        (Tls::Implicit, At::Ehlo),
        (Tls::StartTls, At::FirstEhlo),
    ] {
        for (fault, told_of) in [(at, true), (At::Greeting, false)] {
            let told = Told::default();
            let running = start(Plan::with(protection, fault, Fault::Silence));
            let (stream, rest) = running.split();
            let opened = open(stream, &request(protection), &told).await;
            assert_eq!(opened.err().unwrap().kind, ErrorKind::Timeout);
            let phases = told.phases.lock().unwrap().clone();
            let expected = if told_of {
                &[Phase::Preparing][..]
            } else {
                &[]
            };
            assert_eq!(phases, expected, "{protection:?}, silent at {fault:?}");
            drop(rest);
        }
    }
    // One that lets nobody in has not greeted.
    let told = Told::default();
    let say = Fault::Say(b"554 no\r\n".to_vec());
    let running = start(Plan::with(Tls::None, At::Greeting, say));
    let opened = open(running.split().0, &request(Tls::None), &told).await;
    assert_eq!(opened.err().unwrap().kind, ErrorKind::Rejected);
    assert_eq!(*told.phases.lock().unwrap(), []);
}

/// Who asks for less patience than SMTP has gets it at each step; the answer to the content has longer.
#[tokio::test(start_paused = true)]
async fn patience_is_for_each_answer() {
    let patience = Duration::from_secs(60);
    for (at, most) in [
        (At::Greeting, 60),
        (At::Ehlo, 60),
        (At::Auth, 60),
        (At::Mail, 60),
        (At::Rcpt(2), 60),
        (At::Data, 60),
        (At::End, 300),
    ] {
        let told = Told::default();
        let (stream, _rest) = start(Plan::with(Tls::None, at, Fault::Silence)).split();
        let request = crate::service::MailOpen {
            patience: Some(patience),
            ..request(Tls::None)
        };
        let file = Temporary::new(MESSAGE);
        let began = Instant::now();
        let result = match open(stream, &request, &told).await {
            Ok(mut session) => session.finish(&file.content(), &told).await,
            Err(error) => Err(error),
        };
        let error = result.unwrap_err();
        assert_eq!(error.fault, crate::service::Fault::Server, "{at:?}");
        let took = began.elapsed().as_secs();
        assert!((most..=most + 3).contains(&took), "{at:?} took {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips() {
    for (at, seconds) in STEPS {
        let kind = match at {
            At::End => ErrorKind::Unknown,
            At::Content => continue,
            _ => ErrorKind::Timeout,
        };
        let (error, took) = fails(at, Fault::Drip).await;
        assert_eq!(error.kind, kind, "{at:?}");
        assert!(!error.try_next(), "{at:?}");
        assert!(took.as_secs() <= seconds + 3, "{at:?} took {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes() {
    for (at, _) in STEPS {
        let kind = match at {
            At::End => ErrorKind::Unknown,
            At::Content => continue,
            _ => ErrorKind::NoNetwork,
        };
        let (error, took) = fails(at, Fault::Close).await;
        assert_eq!(error.kind, kind, "{at:?}");
        assert!(took.as_secs() < 10, "{at:?} took {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_for_now() {
    for reply in ["421 4.3.2 closing", "451 4.7.1 later"] {
        for (at, _) in STEPS {
            let one_recipient = matches!(at, At::Rcpt(_)) && !reply.starts_with("421");
            if at == At::Content || one_recipient {
                continue;
            }
            let fault = Fault::Say(format!("{reply}\r\n").into_bytes());
            let (error, took) = fails(at, fault).await;
            assert_eq!(error.kind, ErrorKind::TemporaryFailure, "{reply} at {at:?}");
            assert_eq!(error.reply.as_ref().unwrap().to_string(), reply);
            assert!(!error.try_next() && error.is_temporary());
            assert!(took.as_secs() < 10, "{at:?} took {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_for_good() {
    for (at, _) in STEPS {
        if matches!(at, At::Content | At::Rcpt(_)) {
            continue;
        }
        let (error, _) = fails(
            at,
            Fault::Say(b"554-5.7.1 no,\r\n554 5.7.1 never\r\n".to_vec()),
        )
        .await;
        let kind = match at {
            At::Auth => ErrorKind::AuthFailed,
            _ => ErrorKind::Rejected,
        };
        assert_eq!(error.kind, kind, "{at:?}");
        assert_eq!(
            error.reply.as_ref().unwrap().to_string(),
            "554 5.7.1 no, never"
        );
        assert!(!error.is_temporary());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_speaks_nonsense() {
    let endless = {
        let mut line = b"250 ".to_vec();
        line.resize(1 << 20, b'x');
        line
    };
    let lines = b"250-x\r\n".repeat(20_000);
    for (at, _) in STEPS {
        if at == At::Content {
            continue;
        }
        for bytes in [
            &endless,
            &lines,
            &b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            &b"\x16\x03\x01\x02\x00\x01\n".to_vec(),
            &b"250-a\r\n550 b\r\n".to_vec(),
            &b"\r\n".to_vec(),
            &b"999 x\r\n".to_vec(),
        ] {
            let (error, took) = fails(at, Fault::SayAndClose(bytes.clone())).await;
            let kind = match at {
                At::End => ErrorKind::Unknown,
                _ => ErrorKind::Protocol,
            };
            assert_eq!(error.kind, kind, "{at:?}: {error}");
            assert!(took.as_secs() < 10);
            assert!(error.text.len() < 400);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_the_wrong_kind_is_no_yes() {
    for (at, reply) in [
        (At::Mail, "354 go on\r\n"),
        (At::Rcpt(0), "354 go on\r\n"),
        (At::Data, "250 ok\r\n"),
        (At::End, "354 go on\r\n"),
        (At::Auth, "334 more\r\n"),
    ] {
        let plan = Plan::with(Tls::None, at, Fault::Say(reply.into()));
        let (result, _) = send_timed(plan, &Told::default()).await;
        let error = result.0.unwrap_err();
        let kind = match at {
            At::End => ErrorKind::Unknown,
            _ => ErrorKind::Protocol,
        };
        assert_eq!(error.kind, kind, "{at:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_of_any_kind_in_a_reply_are_no_fault() {
    for (at, reply) in [
        (At::Greeting, &b"220 caf\xC3\xA9 \xFF\x1b[2J\r\n"[..]),
        (At::Ehlo, b"250-\r\n250-   \r\n250 \r\n"),
        (At::Ehlo, b"250\n"),
        (At::Auth, b"235 \xE4\xF6\xFC\r\n"),
        (At::Mail, b"250\r\n"),
        (At::Rcpt(0), b"250-2.1.5\n250 ok\n"),
        (At::Rcpt(0), b"251 will forward\r\n"),
        (At::End, b"250 \x80\r\n"),
    ] {
        let plan = Plan::with(Tls::None, at, Fault::Say(reply.to_vec()));
        let mut request = request(Tls::None);
        if at == At::Ehlo {
            // It offers nothing then.
            request.credentials = None;
        }
        let (result, seen) = send(plan, &request, &Told::default()).await;
        let delivered = result.unwrap_or_else(|error| panic!("{at:?}: {error}"));
        assert!(seen.content.is_some());
        let text = delivered.reply.unwrap().text;
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_refused_of_three_under_both_policies() {
    for (reply, kind) in [
        ("550 5.1.1 nobody\r\n", ErrorKind::Rejected),
        ("450 4.2.0 later\r\n", ErrorKind::TemporaryFailure),
        ("552 5.2.2 full\r\n", ErrorKind::TemporaryFailure),
    ] {
        let plan = Plan::with(Tls::None, At::Rcpt(1), Fault::Say(reply.into()));
        let mut request = request(Tls::None);
        let (result, seen) = send(plan.clone(), &request, &Told::default()).await;
        let recipients = result.unwrap().recipients;
        assert!(matches!(recipients[0], Verdict::Accepted(_)));
        assert!(matches!(&recipients[1], Verdict::Refused(error) if error.kind == kind));
        assert!(matches!(recipients[2], Verdict::Accepted(_)));
        assert!(seen.content.is_some());

        request.policy = RecipientPolicy::AllOrNone;
        let (result, seen) = send(plan, &request, &Told::default()).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(error.reply.unwrap().to_string(), reply.trim_end());
        assert!(!seen.commands.iter().any(|line| line == "DATA"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_says_before_it_closes_counts() {
    let (error, _) = fails(
        At::Mail,
        Fault::SayAndClose(b"250 ok\r\n421 4.4.2 too slow\r\n".to_vec()),
    )
    .await;
    assert_eq!(error.kind, ErrorKind::TemporaryFailure);
    assert_eq!(error.reply.unwrap().code, 421);
}

#[tokio::test(start_paused = true)]
async fn a_good_bye_is_not_waited_for() {
    for fault in [Fault::Silence, Fault::Close, Fault::Drip] {
        let told = Told::default();
        let running = start(Plan::with(Tls::None, At::Quit, fault));
        let file = Temporary::new(MESSAGE);
        let began = Instant::now();
        let mut session = open(running.stream, &request(Tls::None), &told)
            .await
            .unwrap();
        session.finish(&file.content(), &told).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(1));
        let running = start(Plan::with(Tls::None, At::Quit, Fault::Silence));
        let session = open(running.stream, &request(Tls::None), &told)
            .await
            .unwrap();
        let began = Instant::now();
        Box::new(session).abort().await;
        assert!(began.elapsed() <= Duration::from_secs(4));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_taken_with_a_good_bye() {
    for at in [At::Auth, At::Mail, At::Data, At::End] {
        let plan = Plan::with(Tls::None, at, Fault::Say(b"550 no\r\n".to_vec()));
        let (result, seen) = send(plan, &request(Tls::None), &Told::default()).await;
        assert!(result.is_err());
        assert_eq!(
            seen.commands.last().map(String::as_str),
            Some("QUIT"),
            "{at:?}"
        );
    }
}

#[tokio::test]
async fn over_a_real_socket() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut request = request(Tls::None);
    request.server.host = "127.0.0.1".into();
    request.server.port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        serve(io, Plan::new(Tls::None)).await
    });
    let told = Told::default();
    let back = back();
    let mut session = crate::service::MailBack::open(&back, &request, &told)
        .await
        .unwrap();
    let file = Temporary::new(MESSAGE);
    session.finish(&file.content(), &told).await.unwrap();
    // The good-bye comes with the end of the session, not before.
    drop(session);
    let seen = server.await.unwrap();
    assert_eq!(seen.commands[0], "EHLO [127.0.0.1]");
    assert_eq!(seen.commands.last().unwrap(), "QUIT");
    assert!(seen.content.is_some());
}
