//! The content as the server gets it.

use super::fake::*;
use crate::service::{Content, ErrorKind, MailSession, Phase, Tls};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a server makes of what it saw: dots undone, the end put back.
fn received(seen: &Seen) -> Vec<u8> {
    let mut message = Vec::new();
    for line in seen
        .content
        .as_deref()
        .unwrap()
        .split_inclusive(|&b| b == b'\n')
    {
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    message.extend_from_slice(b"\r\n");
    message
}

async fn sent(message: &[u8]) -> Vec<u8> {
    let told = Told::default();
    let (stream, rest) = start(Plan::new(Tls::None)).split();
    let file = Temporary::new(message);
    let mut session = open(stream, &request(Tls::None), &told).await.unwrap();
    session.finish(&file.content(), &told).await.unwrap();
    received(&rest.seen().await)
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_spool_arrives() {
    for protection in [Tls::None, Tls::Implicit, Tls::StartTls] {
        let told = Told::default();
        let (result, seen) = send(Plan::new(protection), &request(protection), &told).await;
        let delivered = result.unwrap();
        assert_eq!(delivered.reply.unwrap().to_string(), "250 2.0.0 taken as 1");
        assert_eq!(received(&seen), MESSAGE);
        assert_eq!(told.committing.load(Ordering::SeqCst), 1);
        assert_eq!(
            *told.phases.lock().unwrap(),
            [
                // Greeted.
                Phase::Preparing,
                Phase::Authenticating,
                Phase::Preparing,
                Phase::Transferring,
                Phase::Confirming
            ]
        );
        let tail: Vec<_> = seen.commands.iter().rev().take(6).rev().collect();
        assert_eq!(
            tail,
            [
                "MAIL FROM:<pump7@example.org>",
                "RCPT TO:<a@example.org>",
                "RCPT TO:<b@example.org>",
                "RCPT TO:<c@example.org>",
                "DATA",
                "QUIT"
            ]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn pieces_end_anywhere() {
    // Line ends and dots on both sides of each piece's border.
    const PIECE: usize = 32 * 1024;
    for shift in 0..6 {
        let mut message = vec![b'x'; PIECE - 3 + shift];
        message.extend_from_slice(b"\r\n.\r\n..\r\n");
        message.resize(2 * PIECE - 4 + shift, b'y');
        message.extend_from_slice(b"\r\n.\r\n\r\n");
        assert_eq!(sent(&message).await, message, "{shift}");
    }
    let whole = [&vec![b'x'; PIECE - 2][..], b"\r\n"].concat();
    assert_eq!(sent(&whole).await, whole);
}

#[tokio::test(start_paused = true)]
async fn a_refused_commitment_sends_no_end() {
    let told = Told {
        refuse_commit: true,
        ..Told::default()
    };
    let (result, seen) = send(Plan::new(Tls::None), &request(Tls::None), &told).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::SpoolFull);
    assert!(error.content_sent);
    assert_eq!(seen.content, None);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_changed_is_not_sent() {
    let told = Told::default();
    let file = Temporary::new(MESSAGE);
    for size in [0, 1, MESSAGE.len() as u64 - 1, MESSAGE.len() as u64 + 1] {
        let (stream, rest) = start(Plan::new(Tls::None)).split();
        let mut session = open(stream, &request(Tls::None), &told).await.unwrap();
        let content = Content {
            size,
            ..file.content()
        };
        let error = session.finish(&content, &told).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert_eq!(rest.seen().await.content, None);
    }
    assert_eq!(told.committing.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_enough_says_so() {
    let big = vec![b'x'; 200_000];
    let told = Told::default();
    let fault = Fault::SayAndClose(b"552 5.3.4 too big\r\n".to_vec());
    let running = start(Plan::with(Tls::None, At::Content, fault));
    let file = Temporary::new(&big);
    let mut session = open(running.stream, &request(Tls::None), &told)
        .await
        .unwrap();
    let error = session.finish(&file.content(), &told).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert_eq!(error.reply.as_ref().unwrap().code, 552);
    assert!(error.content_sent && !error.try_next());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_is_given_up() {
    let big = vec![b'x'; 200_000];
    let told = Told::default();
    let running = start(Plan::with(Tls::None, At::Content, Fault::Silence));
    let file = Temporary::new(&big);
    let mut session = open(running.stream, &request(Tls::None), &told)
        .await
        .unwrap();
    let error = session.finish(&file.content(), &told).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.content_sent);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_waits_is_kept_alive() {
    for protection in [Tls::None, Tls::Implicit, Tls::StartTls] {
        let told = Told::default();
        let (stream, rest) = start(Plan::new(protection)).split();
        let mut session = open(stream, &request(protection), &told).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3600 - 1)).await;
        let file = Temporary::new(MESSAGE);
        session.finish(&file.content(), &told).await.unwrap();
        let seen = rest.seen().await;
        let noops = seen.commands.iter().filter(|line| *line == "NOOP");
        assert_eq!(noops.count(), 59);
        assert_eq!(received(&seen), MESSAGE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_finished_once() {
    let told = Told::default();
    let running = start(Plan::new(Tls::None));
    let file = Temporary::new(MESSAGE);
    let mut session = open(running.stream, &request(Tls::None), &told)
        .await
        .unwrap();
    session.finish(&file.content(), &told).await.unwrap();
    let again = session.finish(&file.content(), &told).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Internal);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_dropped_sends_nothing() {
    let told = Told::default();
    let (stream, rest) = start(Plan::new(Tls::None)).split();
    drop(open(stream, &request(Tls::None), &told).await.unwrap());
    let seen = rest.seen().await;
    assert_eq!(seen.content, None);
    assert!(!seen.commands.iter().any(|line| line == "DATA"));
}
