//! Decisions of the reference's section 16 that ask something of the driver and are not named elsewhere.

use super::files::{get, open, put, with_file};
use super::mailbox::{list, mails, with_mails};
use super::{FACTS, Mood, up};
use crate::modem::tests::start::ready;
use crate::modem::{Engine, Event, Expect, Prompt};
use crate::service::ErrorKind;
use core::time::Duration;
use hayes_ldisc::time::Time;

/// What the engine makes of an exchange: what is sent as payload comes after the prompt.
fn http(said: &str) -> Vec<String> {
    let mut engine = Engine::new(FACTS.syntax);
    let now = Time::default();
    let mut told = Vec::new();
    let mut note = |event: Event<'_>| {
        told.push(match event {
            Event::Prompt(_) => "prompt".to_owned(),
            Event::Data(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Event::Info(line) | Event::Urc(line) => String::from_utf8_lossy(line).into_owned(),
            Event::Final(result) => result.to_string(),
            other => format!("{other:?}"),
        });
    };
    let line = b"AT+CHTTPACT=\"example.org\",80";
    let expect = Expect::result()
        .within(Duration::from_secs(90))
        .taking(Prompt::Line("+CHTTPACT: REQUEST"), Duration::from_secs(120));
    engine.resync(now);
    let later = engine.next_deadline().unwrap();
    engine.timer(later, &mut |_| {});
    let probe = engine.take_output();
    let asked = probe.iter().filter(|byte| **byte == b'?').count();
    let answer = format!("{}\r\nOK\r\n", "\r\n+CMEE: 1\r\n".repeat(asked));
    engine.received(answer.as_bytes(), later, &mut |_| {});
    engine.start(line, expect, later).unwrap();
    engine.received(b"\r\n+CHTTPACT: REQUEST\r\n", now, &mut note);
    engine.payload_written(now);
    engine.received(said.as_bytes(), now, &mut note);
    told
}

/// 16-A12: the `OK` of CHTTPACT comes, or does not; its blocks come either way.
#[test]
fn a12_blocks_with_and_without_ok() {
    let blocks = "\r\n+CHTTPACT: DATA,5\r\nOK\r\nx\r\n+CHTTPACT: 0\r\n";
    let expected = [
        "prompt",
        "OK",
        "+CHTTPACT: DATA,5",
        "OK\r\nx",
        "+CHTTPACT: 0",
    ];
    assert_eq!(http(&format!("\r\nOK\r\n{blocks}")), expected);
    let without: Vec<_> = http(blocks);
    assert_eq!(without, [&expected[..1], &expected[2..]].concat());
}

/// 16-A32: a block is as long as it says, whatever its text says.
#[tokio::test(start_paused = true)]
async fn a32_the_length_counts_and_not_the_text() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 57\r\n\r\n+CFTPGET: 0\r\nOK";
    let blocks = format!(
        "\r\n+CHTTPACT: DATA,{}\r\n{text}\r\n+CHTTPACT: 0\r\n",
        text.len()
    );
    assert_eq!(http(&blocks)[2], text);
    let (fake, _handle, mut session) = with_file().await;
    let blocks = format!(
        "\r\nOK\r\n\r\n+CFTPGET: DATA,{}\r\n{text}\r\n+CFTPGET: 0\r\n",
        text.len()
    );
    fake.mood("+CFTPGET", 1, Mood::Says(blocks.leak()));
    assert_eq!(get(&mut *session, "a").await, Ok(text.as_bytes().to_vec()));
}

/// 16-A16: CFTPPUT is a write command, with the path as its value.
#[tokio::test(start_paused = true)]
async fn a16_cftpput_is_written() {
    let (fake, handle) = up().await;
    let mut session = open(&handle).await;
    put(&mut *session, "/in/a.bin", b"x").await.unwrap();
    session.close().await;
    ready(&handle).await;
    let memory = fake.memory();
    let puts = memory
        .seen
        .iter()
        .filter(|line| line.starts_with("+CFTPPUT"));
    assert_eq!(puts.collect::<Vec<_>>(), ["+CFTPPUT=\"/in/a.bin\""]);
}

/// 16-A20: From, Date and Subject, each by its label; in another order they make the same id.
#[tokio::test(start_paused = true)]
async fn a20_the_three_lines_of_a_header() {
    let (fake, handle) = with_mails().await;
    let mut all = mails();
    all[2].header =
        "Subject: OK then\r\nFrom: a<a@example.org>\r\nDate: Mon, 17 Aug 2009 14:09:27 +0800";
    fake.memory().mails = all;
    let mut session = super::mailbox::open(&handle).await.unwrap();
    let listed = list(&mut *session).await.unwrap();
    assert_eq!(listed[2].1, format!("{}#2", listed[0].1));
}

/// 16-A23: a wrong number is no reason that a logout can have: it is told as what the server did.
#[tokio::test(start_paused = true)]
async fn a23_a_logout_has_no_wrong_number() {
    let (fake, handle) = with_mails().await;
    let mut session = super::mailbox::open(&handle).await.unwrap();
    session.delete(&[1]).await.unwrap();
    let said = "\r\n+POP3: SERVER ERROR\r\n\r\nERROR\r\n";
    fake.mood("+POP3OUT", 1, Mood::Says(said));
    let error = session.close().await.unwrap_err();
    // It may have deleted, or not.
    assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
    // Where nothing was to be deleted it does not matter.
    ready(&handle).await;
    fake.memory().logged_in = false;
    let session = super::mailbox::open(&handle).await.unwrap();
    fake.mood("+POP3OUT", 1, Mood::Says(said));
    session.close().await.unwrap();
}

/// 16-A24: what the module keeps of a session is none of our settings: each session sets its own, and takes them back.
#[tokio::test(start_paused = true)]
async fn a24_server_and_account_are_set_for_each_session() {
    let (fake, handle) = with_mails().await;
    for _ in 0..2 {
        let session = super::mailbox::open(&handle).await.unwrap();
        session.close().await.unwrap();
        ready(&handle).await;
    }
    let memory = fake.memory();
    let set: Vec<_> = memory
        .seen
        .iter()
        .filter(|line| line.starts_with("+POP3SRV"))
        .collect();
    let line = "+POP3SRV=\"pop.example.org\",\"pump7\",\"hush-hush\",110";
    assert_eq!(set, [line, "+POP3SRV", line, "+POP3SRV"]);
}
