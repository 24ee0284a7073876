//! `kill -9` of the daemon while a SIMCom module is in the middle of something: the next daemon brings it back without
//! a restart, what was to be sent is sent whole, and nothing half of it counts.

use anyhow::{Result, ensure};
use hayes_dbus::{FtpProxy, JobProxy, MailProxy, Pop3Proxy};
use hayes_tests::client::Client;
use hayes_tests::content::noise;
use hayes_tests::simcom_module::{Halt, SimcomModule};
use hayes_tests::site::Site;
use hayes_tests::terminal::Terminal;
use hayes_tests::wait;
use std::collections::HashMap;
use zbus::{OwnedObjectPath, Variant};

type Options<'a> = HashMap<&'a str, Variant<'a>>;

/// A daemon and the module that it drives.
struct Bench {
    site: Site,
    client: Client,
    module: SimcomModule,
    _terminal: Terminal,
}

const ACCOUNT: &str = "[account.main]\nfrom = \"Pump 7 <pump7@example.org>\"\n\
    smtp = { host = \"smtp.example.org\", port = 25, tls = \"none\" }\n\
    ftp = { host = \"ftp.example.org\", port = 21, tls = \"none\" }\n";

impl Bench {
    async fn start(halt: Halt, server: &[(&str, &[u8])]) -> Result<Self> {
        let mut site = Site::new()?;
        let device = site.device("lte");
        let (terminal, far_end) = Terminal::plug_in(&device)?;
        let module = SimcomModule::start(far_end, halt, server);
        let password = site.secret("pop3", "hush-hush")?;
        site.configure(&format!(
            "via = [\"modem:lte\"]\ndefault_account = \"main\"\n\
             queue = {{ first = \"1 s\", longest = \"1 s\", expiry = \"1 h\" }}\n{ACCOUNT}\
             pop3 = {{ host = \"pop.example.org\", port = 110, tls = \"none\", user = \"pump7\", \
             password = {{ file = \"{}\" }}, plain_auth = true }}\n\
             [modem.lte]\ndevice = \"{}\"\ndialect = \"simcom\"\n",
            password.display(),
            device.display()
        ))?;
        let client = site.start().await?;
        let bench = Self {
            site,
            client,
            module,
            _terminal: terminal,
        };
        bench.ready().await?;
        Ok(bench)
    }

    async fn ready(&self) -> Result<()> {
        let path = "/org/hayesd1/modem/lte";
        let ready = async || {
            let state: String = self.client.property(path, "Modem", "State").await.ok()?;
            (state == "ready").then_some(())
        };
        wait::until_async("the modem to be ready", 4 * wait::LONG, ready).await
    }

    /// Kills the daemon where the module has stopped; the next one finds it as it is.
    async fn crash(&mut self) -> Result<()> {
        self.module.stopped()?;
        self.site.kill()?;
        self.module.go_on()?;
        self.client = self.site.start().await?;
        self.ready().await?;
        ensure!(self.module.count("+CRESET") == 0, "it was restarted");
        Ok(())
    }

    /// What a job brought, also one of the daemon before.
    async fn done(&self, path: OwnedObjectPath) -> Result<Vec<u8>> {
        let job = JobProxy::new(self.client.connection(), path).await?;
        let limit = u64::try_from((4 * wait::LONG).as_micros())?;
        let options = Options::from([("final", true.into())]);
        let (state, mut result) = job.wait(limit, options).await?;
        ensure!(state == "done", "{state}: {result:?}");
        Ok(match result.remove("data") {
            Some(data) => data.try_into()?,
            None => Vec::new(),
        })
    }

    async fn send(&self, file: &[u8]) -> Result<()> {
        let mail = MailProxy::new(self.client.connection()).await?;
        let message = Options::from([
            ("to", Variant::from(vec!["a@example.org"])),
            ("subject", Variant::from("Report")),
            ("text", Variant::from("all of the text")),
            (
                "attachments",
                Variant::from(vec![("log.bin", "", file.to_vec())]),
            ),
        ]);
        mail.send("", message, Options::new()).await?;
        Ok(())
    }
}

/// A mail in whose text, and one in whose attachment, the daemon dies: it is sent by the next one, once and whole.
#[tokio::test]
async fn killed_in_a_mail() -> Result<()> {
    for halt in [Halt::Text, Halt::File] {
        // More than lies between daemon and module.
        let file = noise(600_000, 3);
        let mut bench = Bench::start(halt, &[]).await?;
        bench.send(&file).await?;
        bench.crash().await?;
        wait::until("the mail to be sent", 4 * wait::LONG, || {
            (!bench.module.memory().sent.is_empty()).then_some(())
        })?;
        bench.ready().await?;
        let memory = bench.module.memory();
        ensure!(memory.sent.len() == 1, "{halt:?}: {}", memory.sent.len());
        let (text, files) = &memory.sent[0];
        ensure!(
            text.starts_with(b"all of the text"),
            "{halt:?}: {}",
            text.escape_ascii()
        );
        ensure!(files.len() == 1 && files[0] == file, "{halt:?}");
        ensure!(
            memory.files.is_empty(),
            "{halt:?}: {:?}",
            memory.files.keys()
        );
        drop(memory);
        bench.module.end()?;
    }
    Ok(())
}

/// In an upload: what came of it so far does not pass for the file, and the job goes on from its beginning.
#[tokio::test]
async fn killed_in_an_upload() -> Result<()> {
    let content = noise(600_000, 4);
    let mut bench = Bench::start(Halt::Upload, &[]).await?;
    let ftp = FtpProxy::new(bench.client.connection()).await?;
    let upload = ftp.upload_bytes("", "in/a.bin", &content, Options::new());
    let job = upload.await?;
    bench.crash().await?;
    bench.done(job).await?;
    ensure!(bench.module.count("+CFTPPUT=\"") == 2);
    ensure!(bench.module.memory().server["in/a.bin"] == content);
    bench.module.end()
}

/// In a download: the rest of it is heard out, and the job has it whole.
#[tokio::test]
async fn killed_in_a_download() -> Result<()> {
    let content = noise(300_000, 5);
    let server = [("in/a.bin", &content[..]), ("in/b.bin", b"OK\r\n")];
    let mut bench = Bench::start(Halt::Download, &server).await?;
    let ftp = FtpProxy::new(bench.client.connection()).await?;
    let first = ftp.download_bytes("", "in/a.bin", Options::new()).await?;
    bench.crash().await?;
    ensure!(bench.done(first).await? == content);
    let ftp = FtpProxy::new(bench.client.connection()).await?;
    let second = ftp.download_bytes("", "in/b.bin", Options::new());
    ensure!(bench.done(second.await?).await? == b"OK\r\n");
    bench.module.end()
}

/// In a mailbox: its session is stopped, and the job begins another one.
#[tokio::test]
async fn killed_in_a_mailbox() -> Result<()> {
    let mut bench = Bench::start(Halt::Mailbox, &[]).await?;
    let pop3 = Pop3Proxy::new(bench.client.connection()).await?;
    let check = pop3.check("", Options::new()).await?;
    bench.crash().await?;
    bench.done(check).await?;
    ensure!(bench.module.count("+POP3STOP") == 1);
    ensure!(bench.module.count("+POP3IN") == 2);
    ensure!(!bench.module.memory().logged_in);
    bench.module.end()
}
