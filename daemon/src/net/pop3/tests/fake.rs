//! A small POP3 server with a mailbox, and what it takes to use it.

use crate::net::pop3::Pop3Back;
use crate::net::pop3::session::Session;
use crate::net::stream::Stream;
use crate::net::{Dialer, Roots, Timeouts, Tls};
use crate::service::{
    BoxFuture, Credentials, Error, MailboxOpen, Mechanism, Messages, Phase, Progress, Result,
    Secret, Server, Sink, Tls as Protection,
};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::task::JoinHandle;

/// A step of a server that has a script.
pub(super) enum Step {
    Say(Vec<u8>),
    /// This line must come.
    Hear(&'static str),
    Wait(u64),
}

pub(super) fn say(text: &str) -> Step {
    Step::Say(text.as_bytes().to_vec())
}

pub(super) fn hear(line: &'static str) -> Step {
    Step::Hear(line)
}

/// A greeting and a login by USER and PASS, without CAPA.
pub(super) fn login() -> Vec<Step> {
    vec![
        say("+OK hi\r\n"),
        hear("CAPA"),
        say("-ERR what?\r\n"),
        hear("USER pump7"),
        say("+OK\r\n"),
        hear("PASS Planted-Secret"),
        say("+OK\r\n"),
    ]
}

/// Runs a script; the server falls silent after it, until it is dropped.
pub(super) fn script(steps: Vec<Step>) -> (Stream, JoinHandle<()>) {
    let (ours, theirs) = duplex(64 * 1024);
    let task = tokio::spawn(async move {
        let mut io = BufReader::new(theirs);
        for step in steps {
            match step {
                Step::Say(bytes) => io.write_all(&bytes).await.unwrap(),
                Step::Hear(expected) => {
                    let mut line = String::new();
                    io.read_line(&mut line).await.unwrap();
                    assert_eq!(line, format!("{expected}\r\n"));
                }
                Step::Wait(seconds) => {
                    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
                }
            }
        }
        let mut rest = String::new();
        let _ = io.read_to_string(&mut rest).await;
        assert_eq!(rest, "", "nothing more was expected");
    });
    (stream(ours), task)
}

pub(super) fn stream(io: DuplexStream) -> Stream {
    Stream::new(io, ([192, 0, 2, 110], 995).into())
}

pub(super) fn request() -> MailboxOpen {
    MailboxOpen {
        reach: Default::default(),
        server: Server {
            host: "pop.example.org".into(),
            port: 110,
            tls: Protection::None,
        },
        credentials: Credentials {
            user: "pump7".into(),
            password: Secret::new("Planted-Secret".into()),
            mechanism: Mechanism::Password,
            plain_auth: true,
        },
    }
}

pub(super) async fn open(stream: Stream) -> Result<Session> {
    static TLS: OnceLock<Tls> = OnceLock::new();
    let tls =
        TLS.get_or_init(|| Tls::load(&Roots::System, Arc::new(crate::clock::SystemClock)).unwrap());
    let back = Pop3Back::new(Dialer::new(Timeouts::default()), tls.clone());
    back.open_over(stream, &request(), &Quiet).await
}

/// Nobody hears of it.
pub(super) struct Quiet;

impl Progress for Quiet {
    fn phase(&self, _: Phase) {}

    fn bytes(&self, done: u64, total: u64) {
        assert!(total == 0 || done <= total);
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Keeps what it is given.
#[derive(Default)]
pub(super) struct Kept(pub(super) Vec<u8>);

impl Sink for Kept {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.0.append(bytes);
        Box::pin(async { Ok(()) })
    }
}

/// Keeps messages.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) messages: Vec<(u32, std::result::Result<Vec<u8>, Error>)>,
    sink: Kept,
}

impl Messages for Inbox {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        self.sink.0.clear();
        Box::pin(async { Ok(&mut self.sink as &mut dyn Sink) })
    }

    fn end<'a>(&'a mut self, number: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        let bytes = std::mem::take(&mut self.sink.0);
        self.messages.push((number, outcome.map(|()| bytes)));
        Box::pin(async { Ok(()) })
    }
}

/// What a mailbox server saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) commands: usize,
    /// The most commands that one read brought.
    pub(super) most_at_once: usize,
    pub(super) deleted: Vec<u32>,
}

/// A mailbox with so many messages; each is made from its number.
#[derive(Clone, Copy)]
pub(super) struct Mailbox {
    pub(super) count: u32,
    pub(super) pipelining: bool,
    pub(super) message: fn(u32) -> Vec<u8>,
}

impl Mailbox {
    /// Serves one client over a line that holds so many bytes a way.
    pub(super) fn serve(self, room: usize) -> (Stream, JoinHandle<()>, Arc<Mutex<Seen>>) {
        let (ours, mut theirs) = duplex(room);
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let record = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let _ = theirs.write_all(b"+OK hi\r\n").await;
            let mut input = Vec::with_capacity(4096);
            while let Ok(1..) = theirs.read_buf(&mut input).await {
                let mut at_once = 0;
                while let Some(end) = input.iter().position(|&byte| byte == b'\n') {
                    let line: Vec<u8> = input.drain(..=end).collect();
                    let line = String::from_utf8(line).unwrap();
                    at_once += 1;
                    record.lock().unwrap().commands += 1;
                    let answer = self.answer(line.trim_end(), &record);
                    // A server that writes before it reads on.
                    if theirs.write_all(&answer).await.is_err() || line == "QUIT\r\n" {
                        return;
                    }
                }
                let mut record = record.lock().unwrap();
                record.most_at_once = record.most_at_once.max(at_once);
            }
        });
        (stream(ours), task, seen)
    }

    fn answer(self, line: &str, seen: &Mutex<Seen>) -> Vec<u8> {
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        let number = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        match verb {
            "CAPA" if self.pipelining => {
                b"+OK\r\nPIPELINING\r\nUSER\r\nUIDL\r\nTOP\r\n.\r\n".to_vec()
            }
            "CAPA" => b"+OK\r\nUSER\r\nTOP\r\n.\r\n".to_vec(),
            "LIST" => self.listing(|number| (self.message)(number).len().to_string()),
            "UIDL" => self.listing(|number| format!("uid-{number}")),
            "STAT" => format!("+OK {} {}\r\n", self.count, 5).into_bytes(),
            "RETR" | "TOP" => {
                let mut answer = b"+OK here\r\n".to_vec();
                for line in (self.message)(number).split_inclusive(|&byte| byte == b'\n') {
                    if line.starts_with(b".") {
                        answer.push(b'.');
                    }
                    answer.extend_from_slice(line);
                }
                answer.extend_from_slice(b".\r\n");
                answer
            }
            "DELE" => {
                seen.lock().unwrap().deleted.push(number);
                b"+OK\r\n".to_vec()
            }
            _ => b"+OK\r\n".to_vec(),
        }
    }

    fn listing(self, row: impl Fn(u32) -> String) -> Vec<u8> {
        let mut answer = b"+OK\r\n".to_vec();
        for number in 1..=self.count {
            answer.extend_from_slice(format!("{number} {}\r\n", row(number)).as_bytes());
        }
        answer.extend_from_slice(b".\r\n");
        answer
    }
}
