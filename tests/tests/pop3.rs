//! Our POP3 client against a real Dovecot.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::content::{Taken, Told};
use hayes_tests::dovecot::{Dovecot, PASSWORD, USER};
use hayesd::clock::SystemClock;
use hayesd::net::{Dialer, Pop3Back, Roots, Timeouts, Tls};
use hayesd::service::{
    BoxFuture, Certainty, Credentials, Error, ErrorKind, Listed, MailboxBack as _, MailboxOpen,
    MailboxSession, Mechanism, Messages, Secret, Server, Sink, Tls as Protection, Wanted,
};
use std::sync::Arc;

/// Every way in: protection, port, whether a password may go in clear.
fn ways(dovecot: &Dovecot) -> [(Protection, u16, bool); 4] {
    let ports = dovecot.ports();
    [
        (Protection::Implicit, ports.implicit, false),
        (Protection::StartTls, ports.plain, false),
        (Protection::None, ports.plain, true),
        // By APOP.
        (Protection::None, ports.plain, false),
    ]
}

async fn open_as(
    dovecot: &Dovecot,
    (tls, port, plain_auth): (Protection, u16, bool),
    password: &str,
) -> Result<Box<dyn MailboxSession>, Error> {
    let roots = Roots::File(dovecot.authority().root().clone());
    let back = Pop3Back::new(
        Dialer::new(Timeouts::default()),
        Tls::load(&roots, Arc::new(SystemClock))?,
    );
    let request = MailboxOpen {
        reach: Default::default(),
        server: Server {
            host: "127.0.0.1".into(),
            port,
            tls,
        },
        credentials: Credentials {
            user: USER.into(),
            password: Secret::new(password.into()),
            mechanism: Mechanism::Password,
            plain_auth,
        },
    };
    back.open(&request, &Told::default()).await
}

async fn open(
    dovecot: &Dovecot,
    way: (Protection, u16, bool),
) -> Result<Box<dyn MailboxSession>, Error> {
    open_as(dovecot, way, PASSWORD).await
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    uid: String,
    wanted: Wanted,
}

async fn list(session: &mut dyn MailboxSession) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut each = |one: Listed<'_>| {
        assert_eq!(one.certainty, Certainty::Observed);
        rows.push(Row {
            uid: one.uid.to_owned(),
            wanted: Wanted {
                number: one.number,
                size: one.size,
            },
        });
        Ok(())
    };
    session.list(&mut each).await?;
    Ok(rows)
}

async fn fetch(session: &mut dyn MailboxSession, rows: &[Row]) -> Result<Vec<Vec<u8>>> {
    let wanted: Vec<Wanted> = rows.iter().map(|row| row.wanted).collect();
    let mut inbox = Inbox::default();
    session.fetch(&wanted, &mut inbox, &Told::default()).await?;
    Ok(inbox.messages)
}

#[derive(Default)]
struct Inbox {
    messages: Vec<Vec<u8>>,
    kept: Taken,
}

impl Messages for Inbox {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink, Error>> {
        self.kept.0.clear();
        Box::pin(async { Ok(&mut self.kept as &mut dyn Sink) })
    }

    fn end<'a>(
        &'a mut self,
        _: u32,
        outcome: Result<(), Error>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.messages.push(std::mem::take(&mut self.kept.0));
        Box::pin(async { outcome })
    }
}

/// A message with dots where they hurt, and bytes of all kinds but NUL, which Dovecot does not give.
fn message(number: usize) -> Vec<u8> {
    let mut message = format!("Subject: {number}\n\n.\n..\n...x\n.{number}\n").into_bytes();
    message.extend((1..=255).filter(|&byte| byte != b'\r'));
    message.extend_from_slice(b"\nno line end");
    message
}

/// Lines ended as POP3 has them.
fn on_the_wire(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for line in message.split(|&byte| byte == b'\n') {
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

fn same(fetched: &[Vec<u8>], numbers: impl Iterator<Item = usize>) -> Result<()> {
    let numbers: Vec<usize> = numbers.collect();
    ensure!(fetched.len() == numbers.len(), "{} came", fetched.len());
    for (fetched, number) in fetched.iter().zip(numbers) {
        let expected = on_the_wire(&message(number));
        ensure!(*fetched == expected, "{number}: {}", fetched.escape_ascii());
    }
    Ok(())
}

#[tokio::test]
async fn every_way_in_and_every_step() -> Result<()> {
    let messages: Vec<_> = (1..=9).map(message).collect();
    let dovecot = Dovecot::start(&messages)?;
    let mut left: Vec<usize> = (1..=9).collect();
    let mut known: Option<Vec<Row>> = None;
    for way in ways(&dovecot) {
        let mut session = open(&dovecot, way)
            .await
            .with_context(|| format!("{way:?}"))?;
        let rows = list(session.as_mut()).await?;
        let status = session.status().await?;
        assert_eq!(usize::try_from(status.count)?, rows.len());
        let sizes: u64 = rows.iter().map(|row| row.wanted.size).sum();
        assert_eq!(status.bytes, sizes);
        if let Some(known) = known {
            let uids =
                |rows: &[Row]| -> Vec<String> { rows.iter().map(|row| row.uid.clone()).collect() };
            assert_eq!(uids(&rows), uids(&known)[1..]);
        }
        same(&fetch(session.as_mut(), &rows).await?, left.iter().copied())?;
        let mut top = Taken::default();
        session.top(1, 2, &mut top).await?;
        assert_eq!(
            top.0,
            format!("Subject: {}\r\n\r\n.\r\n..\r\n", left[0]).into_bytes()
        );
        session.delete(&[1, 2]).await?;
        let error = session.top(1, 0, &mut top).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected);
        session.undelete().await?;
        session.delete(&[1]).await?;
        session.close().await?;
        known = Some(rows);
        left.remove(0);
    }
    let mut session = open(&dovecot, ways(&dovecot)[0]).await?;
    session.delete(&[1, 2, 3]).await?;
    // Whoever goes without a good-bye has deleted nothing.
    drop(session);
    let mut session = open(&dovecot, ways(&dovecot)[0]).await?;
    assert_eq!(session.status().await?.count, 5);
    Ok(())
}

#[tokio::test]
async fn five_hundred_messages_and_a_large_one() -> Result<()> {
    let mut messages: Vec<_> = (1..=500).map(message).collect();
    let large = b"Subject: large\n\n"
        .iter()
        .chain(
            b".0123456789 0123456789 0123456789\n"
                .iter()
                .cycle()
                .take(34 * 200_000),
        )
        .copied()
        .collect::<Vec<u8>>();
    messages.push(large.clone());
    let dovecot = Dovecot::start(&messages)?;
    for way in &ways(&dovecot)[..3] {
        let mut session = open(&dovecot, *way).await?;
        let rows = list(session.as_mut()).await?;
        let fetched = fetch(session.as_mut(), &rows).await?;
        let (last, small) = fetched.split_last().context("none came")?;
        same(small, 1..=500)?;
        let mut expected = on_the_wire(&large);
        // It had its line end.
        expected.truncate(expected.len() - 2);
        ensure!(*last == expected, "the large one differs");
        session.close().await?;
    }
    let mut session = open(&dovecot, ways(&dovecot)[0]).await?;
    let all: Vec<u32> = (1..=501).collect();
    session.delete(&all).await?;
    session.close().await?;
    let mut session = open(&dovecot, ways(&dovecot)[0]).await?;
    assert_eq!(session.status().await?.count, 0);
    assert!(list(session.as_mut()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_real_server_refuses_a_wrong_password() -> Result<()> {
    let dovecot = Dovecot::start(&[message(1)])?;
    for way in &ways(&dovecot)[..3] {
        let error = open_as(&dovecot, *way, "wrong")
            .await
            .map(drop)
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::AuthFailed, "{way:?}: {error}");
        assert!(error.reply.is_some());
    }
    Ok(())
}
