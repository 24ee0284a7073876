//! What the driver sends to SIMCom's modules: transcripts of its start, of a mail, a mailbox and files, under a
//! paused clock.

use anyhow::{Context, Result, ensure};
use hayes_tests::folder::Folder;
use hayes_tests::transcript::Transcript;
use hayes_tests::transcript::module::{Module, wire};
use hayesd::dialect::simcom::DIALECT;
use hayesd::disk::Disk;
use hayesd::message::decompose;
use hayesd::modem::{self, Handle, Settings, State};
use hayesd::service::{
    self, BoxFuture, Content, Credentials, FileBack, FileOpen, MailBack, MailOpen, MailboxBack,
    MailboxOpen, Mechanism, Messages, Phase, Placing, Progress, RecipientPolicy, Representation,
    Secret, Server, Shape, Sink, Source, Tls, Verdict, Wanted,
};
use std::future::{Future as _, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;

fn transcript(name: &str) -> Result<Transcript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts/simcom-driver");
    Transcript::read(&folder.join(name))
}

struct Ignored;

impl Progress for Ignored {
    fn phase(&self, _: Phase) {}
    fn bytes(&self, _: u64, _: u64) {}
    fn committing(&self) -> BoxFuture<'_, service::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// A driver that has played `start.txt`.
async fn start(apn: &str, disk: &Disk) -> Result<(Handle, Module)> {
    let (port, mut module) = wire();
    let mut settings = Settings::new("lte", "memory");
    settings.apn = apn.to_owned();
    settings.drive = Some(DIALECT.drive);
    let handle = modem::start_over(settings, Arc::new(port), disk.clone());
    module.play(&transcript("start.txt")?).await?;
    let mut watch = handle.watch();
    let ready = watch
        .wait_for(|now| now.state == State::Ready)
        .await?
        .clone();
    ensure!(*ready.services == ["mail", "pop3", "ftp"]);
    ensure!(ready.identity.model == "SIMCOM_SIM5320E");
    Ok((handle, module))
}

fn server(host: &str, port: u16) -> Server {
    Server {
        host: host.into(),
        port,
        tls: Tls::None,
    }
}

fn who() -> Credentials {
    Credentials {
        user: "pump7".into(),
        password: Secret::new("hush-hush".into()),
        plain_auth: true,
        mechanism: Mechanism::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_with_an_attachment() -> Result<()> {
    let disk = Disk::start()?;
    let (handle, mut module) = start("apn.example", &disk).await?;
    let message = "From: Pump 7 <pump7@example.org>\r\nTo: Desk <a@example.org>\r\n\
        Cc: b@example.org\r\nDate: Fri, 5 Feb 2010 12:00:00 +0800\r\nSubject: Report\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain\r\n\r\nline 1\r\nline 2\r\n--b\r\nContent-Type: text/csv\r\n\
        Content-Disposition: attachment; filename=log.csv\r\n\r\n1;2\r\n--b--\r\n";
    let folder = Folder::new("driver")?;
    let path = folder.join("message");
    std::fs::write(&path, message)?;
    let size = message.len() as u64;
    let content = Content { path, size };
    let open = MailOpen {
        reach: Default::default(),
        server: server("smtp.example.org", 25),
        credentials: Some(who()),
        sender: "pump7@example.org".into(),
        recipients: vec!["a@example.org".into(), "b@example.org".into()],
        policy: RecipientPolicy::AnyAccepted,
        shape: Shape::default(),
        share: false,
        patience: None,
    };
    let mut session = MailBack::open(&handle, &open, &Ignored).await?;
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
    let mail = transcript("mail.txt")?;
    let (played, delivered) = tokio::join!(module.play(&mail), finish);
    played?;
    let delivered = delivered.context("not delivered")?;
    let taken = |verdict: &Verdict| matches!(verdict, Verdict::Accepted(_));
    ensure!(delivered.recipients.iter().all(taken));
    Ok(())
}

#[derive(Default)]
struct Kept(Vec<u8>);

impl Sink for Kept {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, service::Result<()>> {
        Box::pin(async move {
            self.0.append(bytes);
            Ok(())
        })
    }
}

impl Messages for Kept {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, service::Result<&mut dyn Sink>> {
        Box::pin(async move {
            let sink: &mut dyn Sink = self;
            Ok(sink)
        })
    }

    fn end<'a>(
        &'a mut self,
        _: u32,
        outcome: service::Result<()>,
    ) -> BoxFuture<'a, service::Result<()>> {
        Box::pin(async { outcome })
    }
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_from_login_to_logout() -> Result<()> {
    let (handle, mut module) = start("", &Disk::start()?).await?;
    let open = MailboxOpen {
        server: server("pop.example.org", 110),
        reach: Default::default(),
        credentials: who(),
    };
    let work = async {
        let mut session = MailboxBack::open(&handle, &open, &Ignored).await?;
        let mut sizes = Vec::new();
        let mut each = |one: service::Listed<'_>| {
            sizes.push((one.number, one.size, one.uid.len()));
            Ok(())
        };
        session.list(&mut each).await?;
        let mut kept = Kept::default();
        let wanted = [Wanted {
            number: 1,
            size: 3056,
        }];
        session.fetch(&wanted, &mut kept, &Ignored).await?;
        session.delete(&[1]).await?;
        session.close().await?;
        service::Result::Ok((sizes, kept.0))
    };
    let mailbox = transcript("mailbox.txt")?;
    let (played, came) = tokio::join!(module.play(&mailbox), work);
    played?;
    let (sizes, message) = came?;
    ensure!(sizes == [(1, 3056, 65), (2, 2064, 65)], "{sizes:?}");
    let plain = decompose(&message)?;
    ensure!(plain.subject == "s");
    let file = plain.attachments.first().context("no attachment")?;
    ensure!(file.name == "log.csv" && file.bytes == b"1;2");
    Ok(())
}

struct Bytes(Vec<u8>);

impl Source for Bytes {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, service::Result<()>> {
        Box::pin(async move {
            into.clear();
            into.append(&mut self.0);
            Ok(())
        })
    }

    fn left(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn seek(&mut self, _: u64) -> BoxFuture<'_, service::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// The bytes of reference 9.2.
const VECTOR: &[u8] = b"A\x1aB\x03C\x03\x1a";

#[tokio::test(start_paused = true)]
async fn a_file_up_and_down() -> Result<()> {
    let (handle, mut module) = start("", &Disk::start()?).await?;
    let open = FileOpen {
        server: server("ftp.example.org", 21),
        reach: Default::default(),
        credentials: None,
        account: None,
        active: false,
    };
    let work = async {
        let mut session = FileBack::open(&handle, &open, &Ignored).await?;
        let mut from = Bytes(VECTOR.to_vec());
        let image = Representation::Image;
        session
            .upload("/in/a.bin", &mut from, Placing::Replace, image, &Ignored)
            .await?;
        let mut kept = Kept::default();
        session
            .download("/in/a.bin", 0, &mut kept, image, &Ignored)
            .await?;
        session.close().await;
        service::Result::Ok(kept.0)
    };
    let files = transcript("files.txt")?;
    let (played, came) = tokio::join!(module.play(&files), work);
    played?;
    ensure!(came? == VECTOR);
    Ok(())
}
