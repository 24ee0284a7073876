//! A session between its steps. What servers do wrong in steps is in `tests/faults/ftp`.

use super::session::Session;
use super::{Dialer, FtpBack, Stream, Tls};
use crate::clock::SystemClock;
use crate::net::Roots;
use crate::service::{
    BoxFuture, ErrorKind, FileOpen, FileSession, Phase, Progress, Result, Server as Address,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::sleep;

struct Quiet;

impl Progress for Quiet {
    fn phase(&self, _: Phase) {}

    fn bytes(&self, _: u64, _: u64) {}

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// The server's end.
struct Server(BufReader<DuplexStream>);

impl Server {
    async fn say(&mut self, line: &str) {
        let line = format!("{line}\r\n");
        self.0.write_all(line.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn answer(&mut self, command: &str, reply: &str) {
        assert_eq!(self.hear().await, command);
        self.say(reply).await;
    }
}

/// An anonymous session and its server.
async fn open() -> (Session, Server) {
    let (ours, theirs) = duplex(4096);
    let mut server = Server(BufReader::new(theirs));
    let tls = Tls::load(&Roots::System, Arc::new(SystemClock)).unwrap();
    let back = FtpBack::new(Dialer::default(), tls);
    let request = FileOpen {
        server: Address {
            host: "ftp.example.org".into(),
            port: 21,
            tls: crate::service::Tls::None,
        },
        reach: Default::default(),
        credentials: None,
        account: None,
        active: false,
    };
    let stream = Stream::new(ours, ([192, 0, 2, 21], 21).into());
    let (connection, ()) = tokio::join!(back.open_over(stream, &request, &Quiet), async {
        server.say("220 ready").await;
        server.answer("USER anonymous", "230 welcome").await;
    });
    (Session::new(back, request, connection.unwrap()), server)
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

#[tokio::test(start_paused = true)]
async fn a_session_that_waits_is_kept_alive() {
    let (mut session, mut server) = open().await;
    for reply in ["200 here", "500 what?", "200 here"] {
        sleep(Duration::from_secs(50)).await;
        server.answer("NOOP", reply).await;
    }
    let (size, ()) = tokio::join!(session.size("x"), async {
        server.answer("TYPE I", "200 ok").await;
        server.answer("SIZE x", "213 7").await;
    });
    assert_eq!(size.unwrap(), 7);
    server.answer("NOOP", "421 enough").await;
    sleep(Duration::from_secs(1)).await;
    let result = session.size("x").await;
    assert_eq!(kind(result), Some(ErrorKind::TemporaryFailure));
    let result = session.size("x").await;
    assert_eq!(kind(result), Some(ErrorKind::NoNetwork));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_given_up_does_not_shift_the_replies() {
    let (mut session, mut server) = open().await;
    {
        let removing = session.remove("a");
        tokio::select! {
            _ = removing => panic!("nobody answered"),
            line = server.hear() => assert_eq!(line, "DELE a"),
        }
    }
    let (size, ()) = tokio::join!(session.size("x"), async {
        assert_eq!(server.hear().await, "PWD");
        server.say("250 a is gone").await;
        server.say("257 \"/\" is here").await;
        server.answer("TYPE I", "200 ok").await;
        server.answer("SIZE x", "213 7").await;
    });
    assert_eq!(size.unwrap(), 7);
    // Dropped between two steps, it says nothing more.
    drop(session);
    let mut rest = String::new();
    server.0.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_silent_then_ends_the_session() {
    let (mut session, mut server) = open().await;
    {
        let removing = session.remove("a");
        tokio::select! {
            _ = removing => panic!("nobody answered"),
            line = server.hear() => assert_eq!(line, "DELE a"),
        }
    }
    let began = tokio::time::Instant::now();
    assert_eq!(kind(session.size("x").await), Some(ErrorKind::NoNetwork));
    assert!(began.elapsed() <= Duration::from_secs(20));
    assert_eq!(kind(session.size("x").await), Some(ErrorKind::NoNetwork));
}
