//! The fixtures do what the other tests rely on.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::bus::Bus;
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::wait;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};

/// An SMTP client that only says what it is told.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(wait::LONG))?;
        let mut client = Self {
            reader: BufReader::new(stream),
        };
        client.reply()?;
        Ok(client)
    }

    /// Sends a line and returns the last line of the reply.
    fn say(&mut self, line: &str) -> Result<String> {
        write!(self.reader.get_mut(), "{line}\r\n")?;
        self.reply()
    }

    fn reply(&mut self) -> Result<String> {
        loop {
            let mut line = String::new();
            ensure!(self.reader.read_line(&mut line)? > 0, "closed");
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line);
            }
        }
    }
}

#[test]
fn postfix_delivers_after_auth_and_refuses_who_has_no_mailbox() -> Result<()> {
    let postfix = Postfix::start()?;
    let mut client = Client::connect(postfix.ports().plain)?;
    let login = |user: &str, password: &str| {
        // base64 of NUL user NUL password
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("printf '\\0{user}\\0{password}' | base64")])
            .output()
            .context("base64")?;
        anyhow::Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    assert!(client.say("EHLO test")?.starts_with("250"));
    let wrong = login(postfix::USER, "wrong")?;
    assert!(
        client
            .say(&format!("AUTH PLAIN {wrong}"))?
            .starts_with("535")
    );
    assert!(
        client
            .say("MAIL FROM:<pump7@example.org>")?
            .starts_with("250")
    );
    assert!(client.say("RCPT TO:<one@example.org>")?.starts_with("554"));
    assert!(client.say("RSET")?.starts_with("250"));
    let right = login(postfix::USER, postfix::PASSWORD)?;
    assert!(
        client
            .say(&format!("AUTH PLAIN {right}"))?
            .starts_with("235")
    );
    assert!(
        client
            .say("MAIL FROM:<pump7@example.org>")?
            .starts_with("250")
    );
    assert!(client.say("RCPT TO:<one@example.org>")?.starts_with("250"));
    let refused = client.say(&format!("RCPT TO:<{}>", postfix::REFUSED))?;
    assert!(refused.starts_with("550 5.1.1"), "{refused}");
    assert!(client.say("DATA")?.starts_with("354"));
    assert!(
        client
            .say("Subject: x\r\n\r\ntext\r\n.")?
            .starts_with("250")
    );
    let message = postfix.mailbox("one@example.org").expect_one()?;
    assert!(
        message.ends_with(b"\n\ntext\n"),
        "{}",
        message.escape_ascii()
    );
    assert!(postfix.mailbox("two@example.org").messages().is_empty());
    Ok(())
}

#[test]
fn scripted_server_counts_what_it_took_and_whether_the_answer_was_read() -> Result<()> {
    let server = SmtpServer::start(|step, line| match step {
        Step::Rcpt if line.contains("two") => Answer::Line("452 4.2.2 full"),
        _ => Answer::Usual,
    })?;
    let mut client = Client::connect(server.port())?;
    client.say("EHLO test")?;
    client.say("MAIL FROM:<pump7@example.org>")?;
    assert!(client.say("RCPT TO:<one@example.org>")?.starts_with("250"));
    assert!(client.say("RCPT TO:<two@example.org>")?.starts_with("452"));
    client.say("DATA")?;
    client.say("Message-ID: <1@example.org>\r\n\r\n..\r\n.")?;
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].recipients, ["one@example.org"]);
    assert_eq!(
        taken[0].header("message-id").as_deref(),
        Some("<1@example.org>")
    );
    assert!(taken[0].message.ends_with(b"\r\n\r\n.\r\n"));
    assert!(taken[0].accepted && !taken[0].answer_was_read);
    client.say("QUIT")?;
    assert!(server.taken()[0].answer_was_read);
    Ok(())
}

#[tokio::test]
async fn bus_lets_us_own_a_name() -> Result<()> {
    let bus = Bus::start()?;
    let connection = bus.connect().await?;
    connection.request_name("org.hayesd1").await?;
    Ok(())
}
