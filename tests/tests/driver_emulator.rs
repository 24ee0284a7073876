//! The driver against the emulator over a real pseudo-terminal: the helper as a process, both ends of the
//! line in this one, and a way out for mail that takes down what it is given.

use anyhow::{Context, Result, ensure};
use hayes_ldisc::record::{LineSettings, Wiring};
use hayes_tests::equipment::Equipment;
use hayes_tests::folder::Folder;
use hayes_tests::site::Site;
use hayes_tests::wait;
use hayesd::clock::SystemClock;
use hayesd::dialect;
use hayesd::disk::Disk;
use hayesd::emulator;
use hayesd::job::{self, Accounts, Backs, Jobs, MailAccount, Via};
use hayesd::message::{Attachment, Draft, Mailbox, Stamp, Text, compose, decompose};
use hayesd::modem::{self, Rung, Settings, State};
use hayesd::service::{
    self, BoxFuture, Certainty, Content, Delivered, Error, ErrorKind, MailBack, MailOpen,
    MailSession, Phase, Progress, RecipientPolicy, Server, ServerReply, Shape, Tls, Verdict,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A mail as the server would get it.
#[derive(Clone, Debug)]
struct Got {
    recipients: Vec<String>,
    message: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct Office {
    mails: Arc<Mutex<Vec<Got>>>,
}

impl Office {
    fn mails(&self) -> Vec<Got> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.clone()
    }
}

struct Nobody;

impl Accounts for Nobody {
    fn mail(&self, name: &str) -> service::Result<MailAccount> {
        Err(Error::new(
            ErrorKind::NotFound,
            format!("no account {name}"),
        ))
    }
}

impl Backs for Office {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        Some(Arc::new(self.clone()))
    }
}

/// Refuses `nobody@…`.
impl MailBack for Office {
    fn open<'a>(
        &'a self,
        request: &'a MailOpen,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, service::Result<Box<dyn MailSession>>> {
        Box::pin(async move {
            let refused = |recipient: &String| recipient.starts_with("nobody@");
            if request.recipients.iter().any(refused) {
                let reply = ServerReply {
                    code: 550,
                    text: "5.1.1 no such user".into(),
                };
                return Err(Error::new(ErrorKind::Rejected, "refused").with_reply(reply));
            }
            let accepted = Verdict::Accepted(Certainty::Observed);
            Ok(Box::new(Session {
                office: self.clone(),
                recipients: request.recipients.clone(),
                verdicts: vec![accepted; request.recipients.len()],
            }) as Box<dyn MailSession>)
        })
    }
}

struct Session {
    office: Office,
    recipients: Vec<String>,
    verdicts: Vec<Verdict>,
}

impl MailSession for Session {
    fn recipients(&self) -> &[Verdict] {
        &self.verdicts
    }

    fn finish<'a>(
        &'a mut self,
        content: &'a Content,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, service::Result<Delivered>> {
        Box::pin(async move {
            let message = std::fs::read(&content.path)
                .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
            let got = Got {
                recipients: self.recipients.clone(),
                message,
            };
            let mails = self.office.mails.lock();
            mails.unwrap_or_else(PoisonError::into_inner).push(got);
            Ok(Delivered {
                recipients: self.verdicts.clone(),
                reply: None,
            })
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// Helper, emulator, and what they need.
struct Bench {
    office: Office,
    _emulator: emulator::Handle,
    disk: Disk,
    folder: Folder,
    site: Site,
}

impl Bench {
    async fn start() -> Result<Self> {
        let site = Site::new()?;
        let folder = Folder::new("driver")?;
        let disk = Disk::start()?;
        let office = Office::default();
        let jobs = Jobs::start(
            job::Settings::new(folder.join("spool")),
            disk.clone(),
            Arc::new(SystemClock),
            Arc::new(Nobody),
            Arc::new(office.clone()),
        )
        .await?;
        let dialect = dialect::by_name("quectel").context("no dialect")?;
        let settings = emulator::Settings {
            name: "panel".into(),
            device: "pty:panel".into(),
            line: LineSettings::default(),
            wiring: Wiring::default(),
            dialect,
            identity: dialect.played.identity.clone(),
            quirks: dialect::Quirks::default(),
            policy: Arc::new(emulator::Plainly(vec![Via::Ip])),
            memory_dir: folder.join("memory"),
            files_dir: folder.join("files"),
        };
        let emulator = emulator::start(settings, site.helper_socket(), jobs, disk.clone());
        let mut view = emulator.snapshot();
        let claimed = view.wait_for(|view| view.state != emulator::State::Absent);
        tokio::time::timeout(wait::LONG, claimed).await??;
        Ok(Self {
            office,
            _emulator: emulator,
            disk,
            folder,
            site,
        })
    }

    fn pty(&self) -> PathBuf {
        self.site
            .helper_socket()
            .with_file_name("pty")
            .join("panel")
    }

    async fn driver(&self) -> Result<modem::Handle> {
        let device = self.pty().display().to_string();
        let settings = Settings::new("lte", &device);
        let handle = modem::start(settings, &self.site.helper_socket(), self.disk.clone());
        ready(&handle).await?;
        Ok(handle)
    }

    async fn send(
        &self,
        handle: &modem::Handle,
        recipients: &[&str],
        message: &[u8],
    ) -> Result<service::Result<Delivered>> {
        let path = self.folder.join("message");
        std::fs::write(&path, message)?;
        let content = Content {
            path,
            size: message.len() as u64,
        };
        let mut session = match handle.open(&open(recipients), &Ignored).await {
            Ok(session) => session,
            Err(error) => return Ok(Err(error)),
        };
        Ok(session.finish(&content, &Ignored).await)
    }
}

async fn ready(handle: &modem::Handle) -> Result<()> {
    let mut watch = handle.watch();
    let ready = watch.wait_for(|now| now.state == State::Ready);
    let outcome = tokio::time::timeout(wait::LONG, ready).await;
    match outcome {
        Ok(ready) => ready.map(drop).context("the driver has ended"),
        Err(_) => anyhow::bail!("not ready: {:?}", *handle.watch().borrow()),
    }
}

fn open(recipients: &[&str]) -> MailOpen {
    MailOpen {
        reach: Default::default(),
        server: Server {
            host: "mail.example.org".into(),
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
    fn committing(&self) -> BoxFuture<'_, service::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

fn mailbox(address: &str) -> Mailbox {
    Mailbox {
        name: None,
        address: address.into(),
    }
}

fn draft(text: Text) -> Draft {
    Draft {
        from: mailbox("pump7@example.org"),
        to: vec![mailbox("a@example.org")],
        subject: "Füllstand \"Becken 3\"".into(),
        text,
        ..Draft::default()
    }
}

fn message(draft: &Draft) -> Result<Vec<u8>> {
    let stamp = Stamp::new(&SystemClock, "pump7@example.org");
    Ok(compose(draft, &stamp)?.rfc5322)
}

/// What the server got as the text.
fn text_of(got: &Got) -> Result<Vec<u8>> {
    Ok(match decompose(&got.message)?.text {
        Text::Utf8(text) => text.into_bytes(),
        Text::Bytes(bytes) => bytes,
    })
}

#[tokio::test]
async fn texts_arrive_as_they_were_sent() -> Result<()> {
    let bench = Bench::start().await?;
    let driver = bench.driver().await?;
    let full = vec![b'x'; 10_240];
    let texts: [(&str, Text, &[u8]); 6] = [
        ("plain", Text::Utf8("Hello\r\n".into()), b"Hello\r\n"),
        (
            "dots",
            Text::Utf8("a\r\n.\r\nOK\r\n.\r\n".into()),
            b"a\r\n.\r\nOK\r\n.\r\n",
        ),
        (
            "words",
            Text::Utf8("über 95 °C".into()),
            "über 95 °C".as_bytes(),
        ),
        (
            "bytes",
            Text::Bytes(b"\x00\xff+++\x1a\x1b\x11\x13".to_vec()),
            b"\x00\xff+++\x1a\x1b\x11\x13",
        ),
        ("pluses", Text::Bytes(b"+++".to_vec()), b"+++"),
        ("full", Text::Bytes(full.clone()), &full),
    ];
    for (name, text, expected) in texts {
        let message = message(&draft(text))?;
        let delivered = bench.send(&driver, &["a@example.org"], &message).await?;
        delivered.with_context(|| name.to_owned())?;
        let got = bench.office.mails().pop().context("no mail")?;
        let text = text_of(&got)?;
        ensure!(text == expected, "{name}: \"{}\"", text.escape_ascii());
        let plain = decompose(&got.message)?;
        ensure!(plain.subject == "Füllstand \"Becken 3\"", "{plain:?}");
    }
    Ok(())
}

#[tokio::test]
async fn attachments_copies_and_hidden_copies() -> Result<()> {
    let bench = Bench::start().await?;
    let driver = bench.driver().await?;
    let big: Vec<u8> = (0..200_001_u32).map(|n| (n * 7) as u8).collect();
    let mut draft = draft(Text::Utf8("see there".into()));
    draft.cc = vec![mailbox("b@example.org")];
    draft.attachments = vec![
        Attachment {
            name: "a.txt".into(),
            media_type: None,
            bytes: b"one\r\n".to_vec(),
        },
        Attachment {
            name: "b.bin".into(),
            media_type: None,
            bytes: big.clone(),
        },
    ];
    let message = message(&draft)?;
    let recipients = ["a@example.org", "b@example.org", "hidden@example.org"];
    let delivered = bench.send(&driver, &recipients, &message).await??;
    ensure!(
        delivered
            .recipients
            .iter()
            .all(|verdict| *verdict == Verdict::Accepted(Certainty::Inferred))
    );
    let mails = bench.office.mails();
    ensure!(mails.len() == 2, "{}", mails.len());
    ensure!(mails[0].recipients == recipients[..2]);
    ensure!(mails[1].recipients == recipients[2..]);
    for mail in &mails {
        let plain = decompose(&mail.message)?;
        ensure!(plain.attachments.len() == 2);
        ensure!(plain.attachments[0].bytes == b"one\r\n");
        ensure!(plain.attachments[1].bytes == big);
    }
    let shown = String::from_utf8_lossy(&mails[0].message).into_owned();
    ensure!(!shown.contains("hidden@"), "{shown}");
    // Nothing is left in the module.
    let files = driver.command("AT+QFLST=\"RAM:*\"", wait::LONG).await?;
    ensure!(files == ["OK"], "{files:?}");
    Ok(())
}

#[tokio::test]
async fn a_refused_recipient_costs_only_himself() -> Result<()> {
    let bench = Bench::start().await?;
    let driver = bench.driver().await?;
    let mut draft = draft(Text::Utf8("x".into()));
    draft.cc = vec![mailbox("nobody@example.org"), mailbox("c@example.org")];
    let message = message(&draft)?;
    let recipients = ["a@example.org", "nobody@example.org", "c@example.org"];
    let delivered = bench.send(&driver, &recipients, &message).await??;
    let Verdict::Refused(error) = &delivered.recipients[1] else {
        anyhow::bail!("{delivered:?}");
    };
    ensure!(error.kind == ErrorKind::Rejected, "{error:?}");
    ensure!(error.reply.as_ref().is_some_and(|reply| reply.code == 550));
    let mut got: Vec<_> = bench
        .office
        .mails()
        .into_iter()
        .flat_map(|mail| mail.recipients)
        .collect();
    got.sort();
    ensure!(got == ["a@example.org", "c@example.org"], "{got:?}");
    Ok(())
}

/// Data mode, and nobody there any more; its end by DTR is switched off.
fn leave_in_data_mode(pty: &Path) -> Result<()> {
    let mut equipment = Equipment::open(pty)?;
    // What the module said when it was switched on may come first, or have been said to nobody.
    equipment.ok("AT&D0")?;
    let answer = equipment.command("AT+QSMTPBODY=0,10240,600")?;
    ensure!(
        answer.last().is_some_and(|last| last == "CONNECT"),
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_a_crash_left_behind_is_left() -> Result<()> {
    let bench = Bench::start().await?;
    let pty = bench.pty();
    tokio::task::spawn_blocking(move || leave_in_data_mode(&pty)).await??;
    let driver = bench.driver().await?;
    for rung in [Rung::Resync, Rung::Escape, Rung::Reopen] {
        let mut watch = driver.watch();
        watch.mark_unchanged();
        driver.reset(rung).await?;
        let begun = watch.wait_for(|now| now.state == State::Recovering);
        tokio::time::timeout(wait::LONG, begun).await??;
        ready(&driver).await?;
    }
    let message = message(&draft(Text::Utf8("x".into())))?;
    bench.send(&driver, &["a@example.org"], &message).await??;
    Ok(())
}
