//! One session over many steps, and what becomes of it when one of them fails.

use super::fake::*;
use crate::service::{Certainty, ErrorKind, MailboxSession, MailboxStatus, Wanted};

fn with(more: Vec<Step>) -> Vec<Step> {
    let mut steps = login();
    steps.extend(more);
    steps
}

#[tokio::test(start_paused = true)]
async fn one_connection_over_many_steps() {
    let (stream, server) = script(with(vec![
        hear("STAT"),
        say("+OK 2 320 what ever\r\n"),
        hear("LIST"),
        say("+OK 2 messages\r\n2 200\r\n1 120\r\n.\r\n"),
        hear("UIDL"),
        say("+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7\r\n.\r\n"),
        hear("NOOP"),
        say("+OK\r\n"),
        hear("NOOP"),
        say("+OK\r\n"),
        hear("TOP 1 3"),
        say("+OK\r\nSubject: x\r\n\r\n..\r\n.\r\n"),
        hear("RETR 2"),
        say("+OK 200 octets\r\nbody\r\n.\r\n"),
        hear("RETR 3"),
        say("-ERR no such message\r\n"),
        hear("RETR 1"),
        say("+OK\r\n.\r\n"),
        hear("DELE 1"),
        say("+OK\r\n"),
        hear("DELE 7"),
        say("-ERR no such message\r\n"),
        hear("DELE 2"),
        say("+OK\r\n"),
        hear("RSET"),
        say("+OK\r\n"),
        hear("DELE 2"),
        say("+OK\r\n"),
        hear("QUIT"),
        say("+OK bye\r\n"),
    ]));
    let mut session = open(stream).await.unwrap();
    let status = session.status().await.unwrap();
    assert_eq!(
        status,
        MailboxStatus {
            count: 2,
            bytes: 320
        }
    );
    let mut listed = Vec::new();
    session
        .list(&mut |one| {
            assert_eq!(one.certainty, Certainty::Observed);
            listed.push((one.number, one.uid.to_owned(), one.size));
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(
        listed,
        [
            (1, "whqtswO00WBw418f9t5JxYwZ".to_owned(), 120),
            (2, "QhdPYR:00WBw1Ph7x7".to_owned(), 200)
        ]
    );
    tokio::time::sleep(std::time::Duration::from_secs(130)).await;
    let mut top = Kept::default();
    session.top(1, 3, &mut top).await.unwrap();
    assert_eq!(top.0, b"Subject: x\r\n\r\n.\r\n");
    let wanted = [2, 3, 1].map(|number| Wanted { number, size: 0 });
    let mut inbox = Inbox::default();
    session.fetch(&wanted, &mut inbox, &Quiet).await.unwrap();
    let [(2, Ok(two)), (3, Err(three)), (1, Ok(one))] = &inbox.messages[..] else {
        panic!("{:?}", inbox.messages);
    };
    assert_eq!((&two[..], &one[..]), (&b"body\r\n"[..], &b""[..]));
    assert_eq!(three.kind, ErrorKind::Rejected);
    assert_eq!(three.reply.as_ref().unwrap().text, "-ERR no such message");
    let error = session.delete(&[1, 7, 2]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    session.undelete().await.unwrap();
    session.delete(&[2]).await.unwrap();
    Box::new(session).close().await.unwrap();
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sizes_are_no_more_than_one_list() {
    let (stream, server) = script(with(vec![
        hear("LIST"),
        say("+OK\r\n1 10\r\n3 11\r\n.\r\n"),
        hear("QUIT"),
        say("+OK bye\r\n"),
    ]));
    let mut session = open(stream).await.unwrap();
    let mut sizes = Vec::new();
    let mut each = |number, size| {
        sizes.push((number, size));
        Ok(())
    };
    session.sizes(&mut each).await.unwrap();
    assert_eq!(sizes, [(1, 10), (3, 11)]);
    Box::new(session).close().await.unwrap();
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn made_ids_where_the_server_has_none() {
    let (stream, _server) = script(with(vec![
        hear("LIST"),
        say("+OK\r\n1 10\r\n2 10\r\n3 11\r\n.\r\n"),
        hear("UIDL"),
        say("-ERR what?\r\n"),
        hear("TOP 1 0"),
        say("+OK\r\nFrom: a\r\nSubject: x\r\n\r\n.\r\n"),
        hear("TOP 2 0"),
        say("+OK\r\nFrom: a\r\nSubject: x\r\n\r\n.\r\n"),
        hear("TOP 3 0"),
        say("+OK\r\nFrom: a\r\nSubject: x\r\n\r\n.\r\n"),
    ]));
    let mut session = open(stream).await.unwrap();
    let mut uids = Vec::new();
    session
        .list(&mut |one| {
            assert_eq!(one.certainty, Certainty::Inferred);
            uids.push(one.uid.to_owned());
            Ok(())
        })
        .await
        .unwrap();
    assert!(uids[0].starts_with('~') && uids[0].len() == 65);
    assert_eq!(uids[1], format!("{}#2", uids[0]));
    assert!(uids[2] != uids[0] && uids[2].len() == 65);
}

#[tokio::test(start_paused = true)]
async fn a_step_given_up_ends_the_session() {
    let (stream, server) = script(with(vec![
        hear("RETR 1"),
        say("+OK\r\nhalf a message"),
        Step::Wait(10_000),
    ]));
    let mut session = open(stream).await.unwrap();
    let mut inbox = Inbox::default();
    let wanted = [Wanted { number: 1, size: 9 }];
    let fetching = session.fetch(&wanted, &mut inbox, &Quiet);
    let soon = std::time::Duration::from_secs(5);
    assert!(tokio::time::timeout(soon, fetching).await.is_err());
    let error = session.status().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoNetwork);
    assert!(inbox.messages.is_empty());
    // Nothing was marked, so there is nothing to be unsure of.
    Box::new(session).close().await.unwrap();
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn dropping_it_deletes_nothing() {
    let (stream, server) = script(with(vec![hear("DELE 1"), say("+OK\r\n")]));
    let mut session = open(stream).await.unwrap();
    session.delete(&[1]).await.unwrap();
    drop(session);
    // It asserts that QUIT does not come.
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_server_are_heard() {
    let (stream, _server) = script(with(vec![
        hear("STAT"),
        say("+OK 0 0\r\n-ERR [SYS/TEMP] shutting down\r\n"),
    ]));
    let mut session = open(stream).await.unwrap();
    session.status().await.unwrap();
    let error = session.status().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TemporaryFailure);
    assert!(error.to_string().ends_with("-ERR [SYS/TEMP] shutting down"));
    assert!(session.status().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn apop_where_a_password_may_not_go_in_clear() {
    let (stream, server) = script(vec![
        say("+OK <1896.697170952@dbc.mtview.ca.us>\r\n"),
        hear("CAPA"),
        say("+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"),
        hear("APOP pump7 5b53175a7fefd44a0b36c601dd4716f4"),
        say("-ERR [AUTH] no\r\n"),
        hear("AUTH PLAIN AHB1bXA3AFBsYW50ZWQtU2VjcmV0"),
        say("+OK\r\n"),
    ]);
    drop(open(stream).await.unwrap());
    server.await.unwrap();
}
