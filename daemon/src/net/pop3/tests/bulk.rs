//! Many messages, large ones, and lines that hold next to nothing.

use super::fake::*;
use crate::service::{BoxFuture, MailboxSession, Result, Sink, Wanted};

fn small(number: u32) -> Vec<u8> {
    format!("Subject: {number}\r\n\r\n.dot {number}\r\n..\r\n\0\u{e9}\r\n").into_bytes()
}

fn wanted(mailbox: &Mailbox) -> Vec<Wanted> {
    (1..=mailbox.count)
        .map(|number| Wanted {
            number,
            size: (mailbox.message)(number).len() as u64,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_in_few_flights() {
    for pipelining in [true, false] {
        let mailbox = Mailbox {
            count: 500,
            pipelining,
            message: small,
        };
        let (stream, _server, seen) = mailbox.serve(64 * 1024);
        let mut session = open(stream).await.unwrap();
        let mut inbox = Inbox::default();
        session
            .fetch(&wanted(&mailbox), &mut inbox, &Quiet)
            .await
            .unwrap();
        assert_eq!(inbox.messages.len(), 500);
        for (number, message) in &inbox.messages {
            assert_eq!(message.as_deref(), Ok(&small(*number)[..]));
        }
        let seen = seen.lock().unwrap();
        assert_eq!(seen.most_at_once > 20, pipelining);
        assert!(pipelining || seen.most_at_once == 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_holds_little_is_no_dead_lock() {
    for room in [1, 7, 64, 1000] {
        let mailbox = Mailbox {
            count: 100,
            pipelining: true,
            message: small,
        };
        let (stream, _server, _) = mailbox.serve(room);
        let mut session = open(stream).await.unwrap();
        let mut inbox = Inbox::default();
        session
            .fetch(&wanted(&mailbox), &mut inbox, &Quiet)
            .await
            .unwrap();
        assert_eq!(inbox.messages.len(), 100);
        for (number, message) in &inbox.messages {
            assert_eq!(message.as_deref(), Ok(&small(*number)[..]));
        }
        let numbers: Vec<u32> = (1..=100).collect();
        session.delete(&numbers).await.unwrap();
        Box::new(session).close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_are_listed_one_by_one() {
    let mailbox = Mailbox {
        count: 100_000,
        pipelining: true,
        message: |number| vec![b'x'; number as usize % 100],
    };
    let (stream, _server, _) = mailbox.serve(64 * 1024);
    let mut session = open(stream).await.unwrap();
    let mut next = 1;
    session
        .list(&mut |listed| {
            assert_eq!((listed.number, listed.size), (next, u64::from(next) % 100));
            assert_eq!(listed.uid, format!("uid-{next}"));
            next += 1;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(next, 100_001);
}

/// Notes what buffers come, and gives them back.
#[derive(Default)]
struct Pieces {
    total: usize,
    most: usize,
    count: usize,
    buffers: std::collections::HashSet<*const u8>,
}

// The addresses are only compared.
unsafe impl Send for Pieces {}

impl Sink for Pieces {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.total += bytes.len();
        self.most = self.most.max(bytes.capacity());
        self.count += 1;
        self.buffers.insert(bytes.as_ptr());
        bytes.clear();
        Box::pin(async { Ok(()) })
    }
}

fn large(_: u32) -> Vec<u8> {
    b"0123456789abcdef0123456789abcdef0123456789abcdef\r\n".repeat(200_000)
}

#[tokio::test(start_paused = true)]
async fn a_large_message_goes_through_two_buffers() {
    let mailbox = Mailbox {
        count: 1,
        pipelining: false,
        message: large,
    };
    let (stream, _server, _) = mailbox.serve(256 * 1024);
    let mut session = open(stream).await.unwrap();
    let mut pieces = Pieces::default();
    session.top(1, 1_000_000, &mut pieces).await.unwrap();
    assert_eq!(pieces.total, large(1).len());
    assert!(pieces.most <= 64 * 1024);
    assert!(pieces.count <= pieces.total / (60 * 1024));
    assert!(pieces.buffers.len() <= 3, "{}", pieces.buffers.len());
}
