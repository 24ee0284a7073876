//! Bytes that the line loses, and names that look like answers: what comes is whole or an error.

use super::files::{get, with_file};
use super::mail::{WITH_FILE, is_taken};
use super::mailbox::{fetch, open, with_mails};
use super::{Mood, up};
use crate::message::decompose;
use crate::modem::tests::mail::{open as envelope, send};
use crate::modem::tests::start::ready;
use crate::service::{ErrorKind, Fault};
use core::time::Duration;

/// A block that has lost some of its bytes takes those of the next line for its own.
#[tokio::test(start_paused = true)]
async fn a_block_that_lost_bytes_is_no_file() {
    for lost in 1..=7 {
        let (fake, _handle, mut session) = with_file().await;
        let rest = &"content"[lost..];
        let said = format!(
            "\r\nOK\r\n\r\n+CFTPGET: DATA,7\r\n{rest}\r\n+CFTPGET: DATA,7\r\ncontent\r\n+CFTPGET: 0\r\n"
        );
        fake.mood("+CFTPGET", 1, Mood::Says(said.leak()));
        let error = get(&mut *session, "a").await.unwrap_err();
        let told = (error.kind, error.fault);
        assert_eq!(told, (ErrorKind::Protocol, Fault::Link), "{lost}: {error}");
        assert!(!error.try_next());
        assert_eq!(
            get(&mut *session, "a").await,
            Ok(b"content".to_vec()),
            "{lost}"
        );
    }
}

/// A line that announces a block is lost, or half so.
#[tokio::test(start_paused = true)]
async fn a_block_that_nobody_announced_is_no_file() {
    for line in ["+CFTPGE: DATA,7", "TPGET: DATA,7", "CFTPGET:", "DATA,7", ""] {
        let (fake, _handle, mut session) = with_file().await;
        let said = format!(
            "\r\nOK\r\n\r\n+CFTPGET: DATA,7\r\ncontent\r\n{line}\r\ncontent\r\n+CFTPGET: 0\r\n"
        );
        fake.mood("+CFTPGET", 1, Mood::Says(said.leak()));
        let error = get(&mut *session, "a").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{line}: {error}");
    }
    // What a module says by itself is no loss, known or not.
    for line in ["+CREG: 5", "RING", "+STIN: 25", "^MODE: 5"] {
        let (fake, _handle, mut session) = with_file().await;
        let said = format!(
            "\r\nOK\r\n\r\n+CFTPGET: DATA,4\r\ncont\r\n{line}\r\n\r\n+CFTPGET: DATA,3\r\nent\r\n+CFTPGET: 0\r\n"
        );
        fake.mood("+CFTPGET", 1, Mood::Says(said.leak()));
        assert_eq!(
            get(&mut *session, "a").await,
            Ok(b"content".to_vec()),
            "{line}"
        );
    }
}

/// Numbers that a module tells in words, whatever it was told (reference 2.2).
#[tokio::test(start_paused = true)]
async fn failures_in_words() {
    for (words, kind) in [
        ("Failed to login", ErrorKind::AuthFailed),
        ("FTP command rejected by server", ErrorKind::Rejected),
        ("SIM not inserted", ErrorKind::NoModem),
        ("something new", ErrorKind::Protocol),
    ] {
        let (fake, _handle, mut session) = with_file().await;
        let said = format!("\r\n+CME ERROR: {words}\r\n");
        fake.mood("+CFTPGET", 1, Mood::Says(said.leak()));
        let error = get(&mut *session, "a").await.unwrap_err();
        assert_eq!(error.kind, kind, "{words}: {error}");
    }
}

/// 16-A11: what a module says by itself behind a block with an ETX does not make that a stuffed one.
#[tokio::test(start_paused = true)]
async fn a11_a_line_of_another_kind_behind_a_block() {
    for line in ["RING", "PB DONE", "^MODE: 5", ""] {
        let (fake, _handle, mut session) = with_file().await;
        let said = format!(
            "\r\nOK\r\n\r\n+CFTPGET: DATA,4\r\n\x03ont\r\n{line}\r\n\r\n+CFTPGET: DATA,3\r\nen\x1a\r\n+CFTPGET: 0\r\n"
        );
        fake.mood("+CFTPGET", 1, Mood::Says(said.leak()));
        let got = get(&mut *session, "a").await.unwrap();
        assert_eq!(got, b"\x03onten\x1a", "{line}");
    }
}

/// 16-A13: a failure after `OK` and blocks, as a result.
#[tokio::test(start_paused = true)]
async fn a13_a_result_after_the_blocks() {
    let (fake, _handle, mut session) = with_file().await;
    let said = "\r\nOK\r\n\r\n+CFTPGET: DATA,4\r\ncont\r\n+CME ERROR: 210\r\n";
    fake.mood("+CFTPGET", 1, Mood::Says(said));
    let begun = tokio::time::Instant::now();
    let error = get(&mut *session, "a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoNetwork, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

/// A file of a mail that is shorter than the module says.
#[tokio::test(start_paused = true)]
async fn a_mail_that_is_not_whole_is_none() {
    let (fake, handle) = with_mails().await;
    let said = "\r\n+FSATTRI: 51, 2010/02/05 12:00:00 Fri\r\n\r\nOK\r\n";
    fake.mood("+FSATTRI=EMAIL000.TXT", 1, Mood::Says(said));
    let mut session = open(&handle).await.unwrap();
    let error = fetch(&mut *session, &[1]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Protocol, "{error}");
    drop(session);
    ready(&handle).await;
    assert!(fake.memory().files.is_empty());
}

/// Attachments may be called as anything is that a module says.
#[tokio::test(start_paused = true)]
async fn names_that_look_like_answers() {
    let names = [
        "BUSY",
        "CONNECT",
        "ERROR",
        "NO CARRIER",
        "OK",
        "PB DONE",
        "RING",
        "START",
    ];
    let (fake, handle) = with_mails().await;
    fake.memory().mails[1].files = names.map(|name| (name, name.into())).to_vec();
    let mut session = open(&handle).await.unwrap();
    let got = fetch(&mut *session, &[2]).await.unwrap();
    assert_eq!(got.messages[0].2, Some(Ok(())));
    let plain = decompose(&got.messages[0].1.0).unwrap();
    let came: Vec<_> = plain.attachments.iter().map(|one| &one.name[..]).collect();
    assert_eq!(came, names);
    assert!(
        plain
            .attachments
            .iter()
            .all(|one| one.bytes == one.name.as_bytes())
    );
    assert!(fake.memory().files.is_empty());
    session.close().await.unwrap();
    // Where it does not count them, those that are plain come all the same.
    let (fake, handle) = with_mails().await;
    fake.memory().counts_no_files = true;
    let mut session = open(&handle).await.unwrap();
    let got = fetch(&mut *session, &[2]).await.unwrap();
    let plain = decompose(&got.messages[0].1.0).unwrap();
    assert_eq!(plain.attachments.len(), 2);
}

/// A module that refuses to go where it is already (reference 8.2) is where it should be.
#[tokio::test(start_paused = true)]
async fn a_folder_that_it_is_in_already() {
    let (fake, handle) = up().await;
    fake.memory().stays = true;
    let to = envelope(&["a@example.org", "b@example.org"]);
    let delivered = send(&handle, &to, WITH_FILE).await.unwrap();
    assert!(delivered.recipients.iter().all(is_taken));
    assert!(fake.memory().files.is_empty());
    fake.memory().mails = super::mailbox::mails();
    let mut session = open(&handle).await.unwrap();
    fetch(&mut *session, &[1, 2]).await.unwrap();
    assert!(fake.memory().files.is_empty());
}

/// Files that the module has no room for, or calls too large, may go another way.
#[tokio::test(start_paused = true)]
async fn no_room_for_an_attachment() {
    let oversize = "\r\n+SMTP: OVERSIZE\r\n\r\nERROR\r\n";
    let full = "\r\nEFS HAVE NO ENOUGH MEMORY\r\n\r\nERROR\r\n";
    for (command, said, room) in [
        ("+SMTPFILE=1", oversize, 1 << 20),
        ("+CFTRANRX", full, 1 << 20),
        ("+CFTRANRX", "\r\nERROR\r\n", 1 << 20),
        ("", "", 100),
    ] {
        let (fake, handle) = up().await;
        fake.memory().room = room;
        fake.mood(command, u32::from(!command.is_empty()), Mood::Says(said));
        let to = envelope(&["a@example.org", "b@example.org"]);
        let error = send(&handle, &to, WITH_FILE).await.unwrap_err();
        assert!(
            error.kind == ErrorKind::TooLarge && error.try_next(),
            "{said:?} {error}"
        );
        ready(&handle).await;
        assert!(fake.memory().files.is_empty(), "{said:?}");
    }
}

/// What a fetch has left behind that failed is removed, and nothing else.
#[tokio::test(start_paused = true)]
async fn folders_of_mails_that_failed() {
    let (fake, handle) = with_mails().await;
    let others = ["C:/Email/090901120000/EMAIL000.TXT", "C:/Email/notes/x"];
    for path in others {
        fake.memory().files.insert(path.into(), b"x".to_vec());
    }
    let mut session = open(&handle).await.unwrap();
    let failure = "\r\nOK\r\n\r\n+POP3: FAILURE\r\n";
    fake.mood("+POP3GET=1", 1, Mood::Says(failure));
    fake.memory().half_fetched = Some("C:/Email/261122020305/log.bin");
    let got = fetch(&mut *session, &[1, 2]).await.unwrap();
    assert!(got.messages[0].2.as_ref().unwrap().is_err());
    assert_eq!(got.messages[1].2, Some(Ok(())));
    let left: Vec<String> = fake.memory().files.keys().cloned().collect();
    assert_eq!(left, others);
}

/// A result that overtakes its `OK`.
#[tokio::test(start_paused = true)]
async fn a_place_that_is_told_before_ok() {
    let (fake, handle) = with_mails().await;
    let folder = "C:/Email/261122020306/";
    let text = b"From: a@example.org\r\nSubject: early\r\n\r\nx\r\n".to_vec();
    fake.memory()
        .files
        .insert(format!("{folder}EMAIL000.TXT"), text);
    let said = "\r\n+POP3: SUCCESS\r\nC:/Email/261122020306/, EMAIL000.TXT\r\n\r\nOK\r\n";
    fake.mood("+POP3GET=1", 1, Mood::Says(said));
    let mut session = open(&handle).await.unwrap();
    let got = fetch(&mut *session, &[1]).await.unwrap();
    assert_eq!(decompose(&got.messages[0].1.0).unwrap().subject, "early");
}

/// A sending that never ends is stopped in the end, and the next mail goes.
#[tokio::test(start_paused = true)]
async fn a_sending_that_never_ends() {
    let (fake, handle) = up().await;
    fake.memory().sending = true;
    let to = envelope(&["a@example.org", "b@example.org"]);
    let sent = send(&handle, &to, WITH_FILE);
    let delivered = tokio::time::timeout(Duration::from_secs(4000), sent).await;
    assert!(delivered.unwrap().unwrap().recipients.iter().all(is_taken));
    assert_eq!(fake.count("+SMTPSTOP"), 1);
}

/// Names that are no atoms go as encoded words: the module puts no quotes around them.
#[tokio::test(start_paused = true)]
async fn names_that_are_no_atoms() {
    let (fake, handle) = up().await;
    let text = WITH_FILE
        .replace("Pump 7 <", "\"Pump (7)\" <")
        .replace("Desk <", "\"Smith, John\" <");
    let to = envelope(&["a@example.org", "b@example.org"]);
    send(&handle, &to, &text).await.unwrap();
    let from = "+SMTPFROM=\"pump7@example.org\",\"=?utf-8?Q?Pump_=287=29?=\"";
    assert_eq!(fake.count(from), 1, "{:?}", fake.memory().seen);
    let recipient = "+SMTPRCPT=0,0,\"a@example.org\",\"=?utf-8?Q?Smith=2C_John?=\"";
    assert_eq!(fake.count(recipient), 1);
}
