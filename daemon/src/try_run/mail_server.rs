//! A mail server that takes everything, for `hayesd try`: loopback only, nothing is kept.

use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A mail that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// Envelope sender.
    pub(super) sender: String,
    /// Envelope recipients.
    pub(super) recipients: Vec<String>,
    /// The message, lines ended by CR LF.
    pub(super) message: Vec<u8>,
}

/// A client that says nothing for so long is let go.
const IDLE: Duration = Duration::from_secs(300);
/// The longest line that is read (RFC 5321 section 4.5.3.1.6 has 1000), in bytes.
const MAX_LINE: u64 = 64 * 1024;
/// The largest message, in bytes.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// Listens on a port of 127.0.0.1 that the system chooses. Returns that port, and the mails as they come;
/// the server ends with the runtime.
pub(super) async fn start() -> std::io::Result<(u16, mpsc::Receiver<Received>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    let (mails, received) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mails = mails.clone();
            tokio::spawn(async move {
                // A client that breaks off has sent no mail, and nobody waits for its reason.
                let _ = Session::new(stream, mails).run().await;
            });
        }
    });
    Ok((port, received))
}

struct Session<R> {
    reader: R,
    writer: OwnedWriteHalf,
    mails: mpsc::Sender<Received>,
    mail: Received,
}

impl Session<BufReader<tokio::net::tcp::OwnedReadHalf>> {
    fn new(stream: TcpStream, mails: mpsc::Sender<Received>) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            reader: BufReader::new(reader),
            writer,
            mails,
            mail: Received::default(),
        }
    }
}

impl<R: AsyncBufRead + Unpin> Session<R> {
    async fn run(mut self) -> std::io::Result<()> {
        self.say("220 localhost ESMTP hayesd try").await?;
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb: String = line.chars().take(4).collect();
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    self.say("250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
                        .await?;
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" => {
                    self.mail = Received {
                        sender: path(&line),
                        ..Received::default()
                    };
                    self.say("250 2.1.0 Ok").await?;
                }
                "RCPT" => {
                    self.mail.recipients.push(path(&line));
                    self.say("250 2.1.5 Ok").await?;
                }
                "DATA" => self.data().await?,
                "QUIT" => return self.say("221 2.0.0 Bye").await,
                _ => self.say("250 2.0.0 Ok").await?,
            }
        }
        Ok(())
    }

    /// Any password is right. PLAIN has one answer, LOGIN two; either may bring the first along.
    async fn auth(&mut self, line: &str) -> std::io::Result<()> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let login = words
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("LOGIN"));
        let answers = usize::from(login) + usize::from(words.next().is_none());
        for _ in 0..answers {
            self.say("334 ").await?;
            self.line().await?;
        }
        self.say("235 2.7.0 Authentication successful").await
    }

    async fn data(&mut self) -> std::io::Result<()> {
        self.say("354 End data with <CR><LF>.<CR><LF>").await?;
        while let Some(line) = self.line().await? {
            if line == b".\r\n" {
                // Nobody may be waiting any more: then it is taken all the same.
                let _ = self.mails.send(std::mem::take(&mut self.mail)).await;
                return self.say("250 2.0.0 Ok: taken").await;
            }
            if self.mail.message.len() + line.len() > MAX_MESSAGE {
                return Err(std::io::ErrorKind::FileTooLarge.into());
            }
            // RFC 5321 section 4.5.2: a leading dot was doubled.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            self.mail.message.extend_from_slice(line);
        }
        Ok(())
    }

    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.writer
            .write_all(format!("{line}\r\n").as_bytes())
            .await
    }

    /// The next line with its end; none once the client has closed.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(MAX_LINE);
        let read = limited.read_until(b'\n', &mut line);
        let n = tokio::time::timeout(IDLE, read).await??;
        Ok((n > 0).then_some(line))
    }
}

/// The address between the angle brackets of MAIL and RCPT.
fn path(line: &str) -> String {
    line.split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(address, _)| address.to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn takes_a_mail_and_undoes_dot_stuffing() {
        let (port, mut received) = start().await.unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        client
            .write_all(
                b"EHLO x\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nMAIL FROM:<a@example.org>\r\n\
                  RCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n\
                  Subject: s\r\n\r\n..\r\n...x\r\n.\r\nQUIT\r\n",
            )
            .await
            .unwrap();
        let mail = received.recv().await.unwrap();
        assert_eq!(mail.sender, "a@example.org");
        assert_eq!(mail.recipients, ["b@example.org", "c@example.org"]);
        assert_eq!(mail.message, b"Subject: s\r\n\r\n.\r\n..x\r\n");
        let mut dialogue = String::new();
        client.read_to_string(&mut dialogue).await.unwrap();
        assert!(dialogue.ends_with("221 2.0.0 Bye\r\n"), "{dialogue}");
    }

    #[tokio::test]
    async fn a_line_without_end_is_not_collected_for_ever() {
        let (port, _received) = start().await.unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let long = vec![b'x'; 3 * MAX_LINE as usize];
        client.write_all(&long).await.unwrap();
        client.shutdown().await.unwrap();
        let mut dialogue = String::new();
        client.read_to_string(&mut dialogue).await.unwrap();
        // The greeting, and one answer for each piece.
        assert_eq!(dialogue.lines().count(), 4, "{dialogue}");
    }
}
