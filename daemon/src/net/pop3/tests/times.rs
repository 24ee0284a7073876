//! Everything has a deadline, and only the server's own time counts.

use super::fake::*;
use crate::service::{
    BoxFuture, Error, ErrorKind, Fault, MailboxSession, Messages, Result, Sink, Wanted,
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

const ONE: [Wanted; 1] = [Wanted { number: 1, size: 9 }];

fn is_silent(error: &Error) -> bool {
    (error.kind, error.fault) == (ErrorKind::Timeout, Fault::Server)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent() {
    let mut steps = login();
    let all = steps.len();
    for cut in (0..all).step_by(2) {
        steps = login();
        steps.truncate(cut);
        let (stream, _server) = script(steps);
        let began = Instant::now();
        let error = open(stream).await.map(drop).unwrap_err();
        assert!(is_silent(&error), "{cut}: {error}");
        assert!(began.elapsed() <= Duration::from_secs(301));
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_stalls_or_drips() {
    for drip in [false, true] {
        let (ours, mut theirs) = duplex(1024);
        let server = tokio::spawn(async move {
            let hello = b"+OK\r\n-ERR\r\n+OK\r\n+OK\r\n";
            for line in hello.split_inclusive(|&byte| byte == b'\n') {
                theirs.write_all(line).await.unwrap();
                let _ = theirs.read(&mut [0; 100]).await.unwrap();
            }
            theirs.write_all(b"+OK\r\n").await.unwrap();
            while drip && theirs.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
            std::future::pending::<()>().await;
        });
        let mut session = open(stream(ours)).await.unwrap();
        let began = Instant::now();
        let mut inbox = Inbox::default();
        let error = session.fetch(&ONE, &mut inbox, &Quiet).await.unwrap_err();
        assert!(is_silent(&error), "{error}");
        assert_eq!(began.elapsed().as_secs(), 180);
        assert!(inbox.messages.is_empty());
        server.abort();
    }
}

/// A disk that takes its time.
struct Slow;

impl Sink for Slow {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            sleep(Duration::from_secs(1000)).await;
            bytes.clear();
            Ok(())
        })
    }
}

impl Messages for Slow {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        Box::pin(async { Ok(self as &mut dyn Sink) })
    }

    fn end<'a>(&'a mut self, _: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { outcome })
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_disk_is_not_the_servers_fault() {
    let mut steps = login();
    steps.extend([
        hear("RETR 1"),
        say("+OK\r\none\r\n"),
        Step::Wait(100),
        say("two\r\n"),
        Step::Wait(2000),
        say("three\r\n.\r\n"),
    ]);
    let (stream, _server) = script(steps);
    let mut session = open(stream).await.unwrap();
    session.fetch(&ONE, &mut Slow, &Quiet).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deletion_without_an_answer_is_unknown() {
    for answer in ["", "+O"] {
        let mut steps = login();
        steps.extend([hear("DELE 1"), say("+OK\r\n"), hear("QUIT"), say(answer)]);
        let (stream, _server) = script(steps);
        let mut session = open(stream).await.unwrap();
        session.delete(&[1]).await.unwrap();
        let error = Box::new(session).close().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unknown);
        assert_eq!(error.fault, Fault::Server);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_good_bye() {
    let mut steps = login();
    steps.push(hear("QUIT"));
    let (stream, _server) = script(steps);
    let session = open(stream).await.unwrap();
    let began = Instant::now();
    Box::new(session).close().await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(3));
}
