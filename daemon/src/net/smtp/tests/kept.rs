//! One connection for several mails. The servers are on loopback, since a back connects by itself.

use super::fake::*;
use crate::disk::Disk;
use crate::net::{Dialer, SmtpBack, Timeouts};
use crate::service::{ErrorKind, MailBack as _, MailOpen, Result, Server, Tls as Protection};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves one client after the other, each by its own plan; what was seen of each.
async fn servers(plans: Vec<Plan>) -> (u16, JoinHandle<Vec<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut seen = Vec::new();
        for plan in plans {
            let (stream, _) = listener.accept().await.unwrap();
            seen.push(serve(stream, plan).await);
        }
        seen
    });
    (port, task)
}

fn plain() -> Plan {
    Plan::new(Protection::None)
}

fn back() -> SmtpBack {
    let tls = Authority::new().client(true);
    SmtpBack::new(Dialer::new(Timeouts::default()), tls, Disk::inline())
}

fn shared(port: u16) -> MailOpen {
    MailOpen {
        server: Server {
            host: "127.0.0.1".into(),
            port,
            tls: Protection::None,
        },
        recipients: vec!["a@example.org".into()],
        share: true,
        patience: None,
        ..request(Protection::None)
    }
}

async fn mail(back: &SmtpBack, request: &MailOpen) -> Result<()> {
    let told = Told::default();
    let mut session = back.open(request, &told).await?;
    let file = Temporary::new(MESSAGE);
    session.finish(&file.content(), &told).await.map(drop)
}

/// The verbs of each conversation.
fn verbs(seen: &[Seen]) -> Vec<Vec<&str>> {
    let verb = |line: &'_ String| line.split(' ').next().map(str::len).unwrap_or_default();
    seen.iter()
        .map(|one| {
            one.commands
                .iter()
                .map(|line| &line[..verb(line)])
                .collect()
        })
        .collect()
}

const FIRST: [&str; 5] = ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"];
const NEXT: [&str; 3] = ["MAIL", "RCPT", "DATA"];

#[tokio::test]
async fn mails_of_one_user_share_a_connection_until_nobody_wants_it() {
    let (port, task) = servers(vec![plain()]).await;
    let back = back();
    for _ in 0..3 {
        mail(&back, &shared(port)).await.unwrap();
    }
    // The server sees the good-bye, and ends.
    let seen = tokio::time::timeout(Duration::from_secs(60), task).await;
    let seen = seen.unwrap().unwrap();
    let all = [&FIRST[..], &NEXT, &NEXT, &["QUIT"]].concat();
    assert_eq!(verbs(&seen), [all]);
}

#[tokio::test]
async fn others_get_connections_of_their_own() {
    let (port, task) = servers(vec![plain(), plain(), plain()]).await;
    let back = back();
    let alone = MailOpen {
        share: false,
        patience: None,
        ..shared(port)
    };
    let mut other = shared(port);
    other.credentials.as_mut().unwrap().user = "pump8".into();
    mail(&back, &alone).await.unwrap();
    mail(&back, &shared(port)).await.unwrap();
    let third = tokio::spawn(async move { mail(&back, &other).await });
    let all = [&FIRST[..], &["QUIT"]].concat();
    assert_eq!(verbs(&task.await.unwrap()), [all.clone(), all.clone(), all]);
    third.await.unwrap().unwrap();
}

/// Whatever happened to a connection that was kept, the mail goes over a new one, and once.
#[tokio::test]
async fn a_connection_that_is_no_good_any_more_is_replaced() {
    let faults = [
        (At::Mail, Fault::Close),
        (
            At::Mail,
            Fault::SayAndClose(b"421 4.4.2 idle for too long\r\n".to_vec()),
        ),
        (
            At::Mail,
            Fault::Say(b"452 4.5.3 too many mails\r\n".to_vec()),
        ),
        (At::Rcpt(1), Fault::Say(b"451 4.7.1 later\r\n".to_vec())),
        (At::Rcpt(1), Fault::SayAndClose(b"25".to_vec())),
    ];
    for (at, fault) in faults {
        let mut first = plain();
        first.second = Some((at, fault.clone()));
        let (port, task) = servers(vec![first, plain()]).await;
        let back = back();
        mail(&back, &shared(port)).await.unwrap();
        mail(&back, &shared(port)).await.unwrap();
        let seen = task.await.unwrap();
        let data = |one: &Seen| one.commands.iter().filter(|line| *line == "DATA").count();
        assert_eq!(
            seen.iter().map(data).collect::<Vec<_>>(),
            [1, 1],
            "{fault:?}"
        );
    }
}

/// A refusal for good is the server's word on the mail, not on the connection.
#[tokio::test]
async fn a_refusal_stands() {
    let mut plan = plain();
    plan.second = Some((At::Rcpt(1), Fault::Say(b"550 5.1.1 nobody\r\n".to_vec())));
    let (port, task) = servers(vec![plan]).await;
    let back = back();
    mail(&back, &shared(port)).await.unwrap();
    let error = mail(&back, &shared(port)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    let all = [&FIRST[..], &["MAIL", "RCPT", "QUIT"]].concat();
    assert_eq!(verbs(&task.await.unwrap()), [all]);
}
