//! The client for a mailbox, with a server in memory.

use super::clients::{Bench, is_lost};
use super::servers::{Step, no};
use super::toy::{PATIENCE, error, file, mailbox};
use crate::emulator::op::FileError;
use crate::emulator::{Client, Done, Fetch, ModuleClock, Op};
use crate::service::ErrorKind;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of the volume.
const SIZE: usize = 1 << 20;

#[tokio::test(start_paused = true)]
async fn a_mailbox_lives_over_many_commands_until_it_is_closed() {
    let mut bench = Bench::new().await;
    bench.server.seen().messages = vec![
        b"Subject: one\r\n two\r\n\r\ntext\r\n".to_vec(),
        b"Subject: x\r\n\r\n".to_vec(),
    ];
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    tokio::time::sleep(PATIENCE * 3).await;
    let status = Done::Status {
        count: 2,
        bytes: 42,
    };
    assert_eq!(bench.ask(Op::MailboxStatus).await, status);
    let listed = Done::Listed(vec![(1, 28), (2, 14)]);
    assert_eq!(bench.ask(Op::MailboxList).await, listed);
    let header = Done::Header(b"Subject: one\r\n two\r\n".to_vec());
    assert_eq!(bench.ask(Op::MailboxHeader(1)).await, header);
    // A number that there is none of is no end of the session.
    let wrong = bench.ask(Op::MailboxHeader(3)).await;
    assert_eq!(wrong, Done::Refused(no("no such message")));
    assert_eq!(bench.ask(Op::MailboxDelete(2)).await, Done::Fine);
    assert_eq!(bench.ask(Op::MailboxClose).await, Done::Fine);
    {
        let seen = bench.server.seen();
        assert_eq!(
            (seen.opened, seen.goodbyes, &seen.deleted[..]),
            (1, 1, &[2][..])
        );
    }
    let after = bench.ask(Op::MailboxStatus).await;
    assert!(is_lost(&after, ErrorKind::NoNetwork), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_whose_server_went_away_is_lost() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    bench.server.does([Step::Fail(error("gone"))]);
    assert_eq!(
        bench.ask(Op::MailboxStatus).await,
        Done::Lost(error("gone"))
    );
    let after = bench.ask(Op::MailboxClose).await;
    assert!(is_lost(&after, ErrorKind::NoNetwork), "{after:?}");
    assert_eq!(bench.server.seen().goodbyes, 0);
}

fn fetch() -> Op {
    Op::MailboxFetch(Box::new(Fetch {
        number: 1,
        parent: file("Email"),
        clock: ModuleClock::default(),
    }))
}

#[tokio::test]
async fn a_mail_becomes_a_folder_and_two_of_a_second_two() {
    let mut bench = Bench::new().await;
    let mail = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\n\r\nhello\r\n--b\r\nContent-Type: image/png; name=\"../../EMAIL000.TXT\"\r\n\r\npixels\r\n--b--\r\n";
    bench.server.seen().messages = vec![mail.to_vec()];
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    let mut folders = Vec::new();
    for _ in 0..2 {
        let Done::Stored { folder, file } = bench.ask(fetch()).await else {
            panic!("not stored");
        };
        assert_eq!(file, b"EMAIL001.TXT");
        let at = String::from_utf8(folder.name().to_vec()).unwrap();
        assert_eq!(at.len(), "Email/YYMMDDHHMMSS".len(), "{at}");
        let Done::Bytes(text) = bench.read(&format!("{at}/EMAIL001.TXT")).await else {
            panic!("no mail");
        };
        assert!(text.ends_with(b"\r\n\r\nhello"), "{}", text.escape_ascii());
        let attached = bench.read(&format!("{at}/EMAIL000.TXT")).await;
        assert_eq!(attached, Done::Bytes(b"pixels".to_vec()));
        folders.push(at);
    }
    assert!(folders[0] < folders[1], "{folders:?}");
}

/// The names of what is in the folder of all mails.
async fn stored(bench: &mut Bench) -> Vec<Vec<u8>> {
    match bench.files(Op::Folder(file("Email"))).await {
        Done::Folder { folders, .. } => folders,
        other => panic!("{other:?}"),
    }
}

/// Nobody is told of it, so nothing may be left of it.
#[tokio::test]
async fn a_mail_that_does_not_fit_leaves_nothing_behind() {
    let mut bench = Bench::new().await;
    let part = |size: usize| {
        let bytes = "x".repeat(size);
        format!("--b\r\nContent-Disposition: attachment; filename=a\r\n\r\n{bytes}\r\n")
    };
    let mail = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}{}--b--\r\n",
        part(10),
        part(SIZE)
    );
    bench.server.seen().messages = vec![mail.into_bytes()];
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    assert_eq!(bench.ask(fetch()).await, Done::Failed(FileError::NoSpace));
    assert_eq!(stored(&mut bench).await, Vec::<Vec<u8>>::new());
}

/// 16-A22, where the clock was set back and has come to days that had mails: no other second is waited for.
#[tokio::test(start_paused = true)]
async fn taken_names_are_passed_by() {
    let mut bench = Bench::new().await;
    bench.server.seen().messages = vec![b"Subject: x\r\n\r\n".to_vec()];
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    let first = std::time::SystemTime::now();
    for second in 0..100 {
        let at = ModuleClock::default().local(first + Duration::from_secs(second));
        let name = file(&format!("Email/{}", at.digits()));
        bench.files(Op::MakeFolder(name)).await;
    }
    let began = Instant::now();
    let done = bench.ask(fetch()).await;
    assert!(matches!(done, Done::Stored { .. }), "{done:?}");
    assert!(
        began.elapsed() <= Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

/// A session that nobody uses is looked after, and does not last for ever.
#[tokio::test(start_paused = true)]
async fn a_mailbox_that_nobody_uses_is_closed() {
    const LONG: Duration = Duration::from_secs(600);
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    let watched = bench.start(Op::MailboxWatch(LONG));
    tokio::time::sleep(LONG - Duration::from_secs(1)).await;
    // Used again, it lasts as long again.
    assert!(matches!(
        bench.ask(Op::MailboxStatus).await,
        Done::Status { .. }
    ));
    let began = Instant::now();
    let (id, done) = bench.next().await;
    assert_eq!((id, began.elapsed()), (watched, LONG));
    assert!(is_lost(&done, ErrorKind::Timeout), "{done:?}");
    bench.rest().await;
    assert_eq!(bench.server.ends(), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_between_two_commands_is_noticed() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    let watched = bench.start(Op::MailboxWatch(Duration::from_secs(600)));
    bench
        .server
        .does([Step::Fail(no("what?")), Step::Fail(error("gone"))]);
    let began = Instant::now();
    let (id, done) = bench.next().await;
    // A server that only says no is there.
    assert_eq!((id, done), (watched, Done::Lost(error("gone"))));
    assert!(began.elapsed() <= Duration::from_secs(120));
    bench.abort(Client::Mailbox);
    assert_eq!(bench.server.seen().gone, 1);
}

/// The line waits for it, so it must end.
#[tokio::test(start_paused = true)]
async fn a_header_without_end_is_none() {
    let mut bench = Bench::new().await;
    bench.server.seen().messages = vec![vec![b'x'; 2 << 20]];
    assert_eq!(bench.ask(Op::MailboxOpen(mailbox())).await, Done::Fine);
    let done = bench.ask(Op::MailboxHeader(1)).await;
    assert!(is_lost(&done, ErrorKind::TooLarge), "{done:?}");
}
