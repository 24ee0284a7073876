//! What the driver itself sends: transcripts of its start and of mails, under a paused clock.

use anyhow::{Context, Result, ensure};
use hayes_tests::folder::Folder;
use hayes_tests::transcript::Transcript;
use hayes_tests::transcript::module::wire;
use hayesd::disk::Disk;
use hayesd::modem::{self, Settings, State};
use hayesd::service::{
    BoxFuture, Content, Credentials, Delivered, ErrorKind, MailBack, MailOpen, Mechanism, Phase,
    Progress, RecipientPolicy, Secret, Server, Shape, Tls, Verdict,
};
use std::future::{Future as _, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Poll;

const HEAD: &str = "From: Pump 7 <pump7@example.org>\r\nTo: a@example.org\r\n";

fn transcript(name: &str) -> Result<Transcript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts/quectel-driver");
    Transcript::read(&folder.join(name))
}

fn open(recipients: &[&str]) -> MailOpen {
    MailOpen {
        reach: Default::default(),
        server: Server {
            host: "smtp.example.org".into(),
            port: 25,
            tls: Tls::None,
        },
        credentials: None,
        sender: "pump7@example.org".into(),
        recipients: recipients.iter().map(|&each| each.to_owned()).collect(),
        policy: RecipientPolicy::AnyAccepted,
        shape: Shape::default(),
        share: false,
        patience: None,
    }
}

struct Ignored;

impl Progress for Ignored {
    fn phase(&self, _: Phase) {}
    fn bytes(&self, _: u64, _: u64) {}
    fn committing(&self) -> BoxFuture<'_, hayesd::service::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Starts a driver, plays `start.txt` and then this one, while a mail is sent.
async fn mail(name: &str, open: MailOpen, message: &str) -> Result<Delivered> {
    let (port, mut module) = wire();
    let disk = Disk::start()?;
    let settings = Settings::new("lte", "memory");
    let handle = modem::start_over(settings, Arc::new(port), disk.clone());
    module.play(&transcript("start.txt")?).await?;
    let mut watch = handle.watch();
    watch.wait_for(|now| now.state == State::Ready).await?;
    let folder = Folder::new("driver")?;
    let path = folder.join("message");
    std::fs::write(&path, message)?;
    let content = Content {
        path,
        size: message.len() as u64,
    };
    let transcript = transcript(name)?;
    let mut session = handle.open(&open, &Ignored).await?;
    let finish = async {
        let mut finish = pin!(session.finish(&content, &Ignored));
        // The disk is real: the paused clock stands until the message has been read.
        let (holds_clock, held) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || held.recv());
        let begun = poll_fn(|cx| Poll::Ready(finish.as_mut().poll(cx))).await;
        disk.post(move || drop(holds_clock));
        match begun {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => finish.await,
        }
    };
    let (played, delivered) = tokio::join!(module.play(&transcript), finish);
    played?;
    delivered.context("not delivered")
}

fn accepted(delivered: &Delivered) -> Vec<bool> {
    let verdicts = delivered.recipients.iter();
    verdicts
        .map(|verdict| matches!(verdict, Verdict::Accepted(_)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_plain_mail() -> Result<()> {
    let message = format!("{HEAD}Subject: TEST SMTP\r\n\r\nHello\r\n\r\n");
    let delivered = mail("mail.txt", open(&["a@example.org"]), &message).await?;
    ensure!(accepted(&delivered) == [true]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn lost_answers_as_in_the_field() -> Result<()> {
    let message = format!("{HEAD}Subject: TEST SMTP\r\n\r\nHello\r\n\r\n");
    let delivered = mail("field-log.txt", open(&["a@example.org"]), &message).await?;
    ensure!(accepted(&delivered) == [true]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_attachment_over_tls() -> Result<()> {
    let message = format!(
        "{HEAD}Cc: b@example.org\r\nSubject: =?utf-8?B?RsO8bGxzdGFuZA==?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         über\r\n--b\r\nContent-Type: text/csv\r\n\
         Content-Disposition: attachment; filename=log.csv\r\n\r\n1;2\r\n--b--\r\n"
    );
    let mut open = open(&["a@example.org", "b@example.org"]);
    open.server.port = 587;
    open.server.tls = Tls::StartTls;
    open.credentials = Some(Credentials {
        user: "pump7".into(),
        password: Secret::new("hush-hush".into()),
        plain_auth: false,
        mechanism: Mechanism::default(),
    });
    let delivered = mail("attachment.txt", open, &message).await?;
    ensure!(accepted(&delivered) == [true, true]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_of_several_is_refused() -> Result<()> {
    let message = format!("{HEAD}Cc: b@example.org\r\n\r\nHi\r\n");
    let open = open(&["a@example.org", "b@example.org", "c@example.org"]);
    let delivered = mail("refused.txt", open, &message).await?;
    ensure!(accepted(&delivered) == [true, false, true]);
    let Some(Verdict::Refused(error)) = delivered.recipients.get(1) else {
        anyhow::bail!("{delivered:?}");
    };
    ensure!(error.kind == ErrorKind::Rejected);
    Ok(())
}
