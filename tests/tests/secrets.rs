//! Secrets are where they have to be and nowhere else: in no log, trace, error, property, file or message of
//! the bus; and in no memory of the daemon once nothing needs them.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::{Client, Map};
use hayes_tests::equipment::Equipment;
use hayes_tests::introspection;
use hayes_tests::monitor::Monitor;
use hayes_tests::planted::Planted;
use hayes_tests::pop3::{Held, Pop3Server};
use hayes_tests::quectel::{self, SslType};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::wait;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use zbus::{Fd, OwnedObjectPath, OwnedVariant, Variant};

const ROOT: &str = "/org/hayesd1";
const MADE: &str = "/org/hayesd1/account/made";

/// An FTP server that lets nobody in, and repeats what it was told.
fn echoing_ftp_server() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || -> Result<()> {
                (&stream).write_all(b"220 ready\r\n")?;
                for line in BufReader::new(&stream).lines() {
                    let line = line?;
                    let answer = match line.split(' ').next() {
                        Some("USER") => "331 password\r\n".to_owned(),
                        _ => format!("530 not \"{line}\"\r\n"),
                    };
                    (&stream).write_all(answer.as_bytes())?;
                }
                Ok(())
            });
        }
    });
    Ok(port)
}

/// Everything in which something was planted.
struct Scene {
    planted: Planted,
    smtp: SmtpServer,
    pop3: Pop3Server,
    ftp: u16,
    site: Site,
    client: Client,
    config: String,
    traces: Vec<JoinHandle<std::io::Result<Vec<u8>>>>,
}

impl Scene {
    /// Starts all of it, with everything told that can be told.
    async fn set() -> Result<Self> {
        let mut planted = Planted::default();
        let smtp = SmtpServer::start(|step, _| match step {
            Step::Ehlo => Answer::Line("250-script\r\n250 AUTH PLAIN XOAUTH2"),
            _ => Answer::Usual,
        })?;
        let pop3 = Pop3Server::start(Duration::ZERO)?;
        let ftp = echoing_ftp_server()?;
        let mut site = Site::new()?;
        let credentials = site.folder().join("credentials");
        fs::create_dir(&credentials)?;
        for name in ["ftp", "made"] {
            let secret = planted.plant(&format!("the credential {name}"));
            fs::write(credentials.join(name), secret)?;
        }
        site.set_environment(&[("CREDENTIALS_DIRECTORY", credentials.as_os_str())]);
        let ports = [smtp.port(), pop3.port(), ftp];
        let config = configuration(&site, &mut planted, ports)?;
        site.configure(&config)?;
        let client = site.start().await?;
        let () = client
            .call(ROOT, "Manager", "SetLogLevel", &("trace", Map::new()))
            .await?;
        let mut scene = Self {
            planted,
            smtp,
            pop3,
            ftp,
            site,
            client,
            config,
            traces: Vec::new(),
        };
        scene.trace().await?;
        let lte = "/org/hayesd1/modem/lte";
        scene.client.until(lte, "Modem", "State", "ready").await?;
        Ok(scene)
    }

    async fn trace(&mut self) -> Result<()> {
        for (path, interface) in [
            ("/org/hayesd1/modem/lte", "Modem"),
            ("/org/hayesd1/emulator/far", "Emulator"),
            ("/org/hayesd1/emulator/panel", "Emulator"),
        ] {
            let fd: zbus::OwnedFd = self
                .client
                .call(path, interface, "Trace", &(Map::new(),))
                .await?;
            let mut pipe = File::from(OwnedFd::from(fd));
            self.traces.push(thread::spawn(move || {
                let mut text = Vec::new();
                pipe.read_to_end(&mut text).map(|_| text)
            }));
        }
        Ok(())
    }

    /// An error tells what is wrong without a word of it.
    fn refused(&self, what: &str, result: zbus::Result<()>) -> Result<()> {
        let error = result.err().with_context(|| format!("{what} was taken"))?;
        self.planted
            .look(what, format!("{error} {error:?}").as_bytes())
    }

    /// Secrets where none may stand.
    async fn mistakes(&mut self) -> Result<()> {
        for (key, what) in [
            ("password", "a password in the configuration"),
            ("token", "a token in the configuration"),
        ] {
            // The file that it stands in is text like any other.
            let secret = self.planted.plant_content(what);
            self.site.configure(&format!(
                "[account.wrong]\nfrom = \"a@example.org\"\n\
                 smtp = {{ host = \"h\", user = \"u\", {key} = \"{secret}\" }}\n"
            ))?;
            let reload = self
                .client
                .call(ROOT, "Manager", "Reload", &(Map::new(),))
                .await;
            self.refused(what, reload)?;
        }
        self.site.configure(&self.config)?;
        let secret = self.planted.plant("a password as a setting");
        let server = Map::from([
            ("host", Variant::from("h")),
            ("password", Variant::from(secret)),
        ]);
        let settings = Map::from([("smtp", Variant::from(server))]);
        let arguments = ("wrong", settings, Map::new());
        let made: zbus::Result<OwnedObjectPath> = self
            .client
            .call(ROOT, "Manager", "CreateAccount", &arguments)
            .await;
        self.refused("a password as a setting", made.map(drop))
    }

    /// An account that a caller makes, its secrets by descriptor and by credential.
    async fn account_of_a_caller(&mut self) -> Result<()> {
        let server = |port: u16| {
            Variant::from(Map::from([
                ("host", Variant::from("127.0.0.1")),
                ("port", Variant::from(u32::from(port))),
                ("tls", Variant::from("none")),
                ("user", Variant::from("u")),
                ("plain_auth", Variant::from(true)),
            ]))
        };
        let settings = Map::from([
            ("from", Variant::from("pump7@example.org")),
            ("smtp", server(self.smtp.port())),
            ("pop3", server(self.pop3.port())),
            ("ftp", server(self.ftp)),
        ]);
        let _: OwnedObjectPath = self
            .client
            .call(
                ROOT,
                "Manager",
                "CreateAccount",
                &("made", settings, Map::new()),
            )
            .await?;
        for (kind, what) in [
            ("smtp", "a secret that was given and replaced"),
            ("smtp", "a secret that was given"),
            ("pop3", "a secret for a mailbox"),
        ] {
            let secret = self.planted.plant(what);
            let pipe = filled(secret.as_bytes())?;
            let arguments = (kind, Fd::from(pipe.as_fd()), Map::new());
            let () = self
                .client
                .call(MADE, "Account", "SetSecret", &arguments)
                .await?;
        }
        let long = format!("{}\n{}", self.planted.plant("two lines as a secret"), "x");
        let pipe = filled(long.as_bytes())?;
        let arguments = ("smtp", Fd::from(pipe.as_fd()), Map::new());
        let given = self.client.call(MADE, "Account", "SetSecret", &arguments);
        let given = given.await;
        self.refused("two lines as a secret", given)?;
        let arguments = ("ftp", "made", Map::new());
        let () = self
            .client
            .call(MADE, "Account", "SetSecretFromCredential", &arguments)
            .await?;
        Ok(())
    }

    /// Mail by every account, whose text is nobody's business either.
    async fn mails(&mut self) -> Result<()> {
        for account in ["main", "tokens", "program", "made", "modem"] {
            let secret = self
                .planted
                .plant_content(&format!("the text of a mail by {account}"));
            let message = format!("From: pump7@example.org\r\nSubject: x\r\n\r\n{secret}\r\n");
            let pipe = filled(message.as_bytes())?;
            let recipients = ["one@example.org"];
            let arguments = (account, &recipients[..], Fd::from(pipe.as_fd()), Map::new());
            let job: OwnedObjectPath = self
                .client
                .call(ROOT, "Mail", "SendRaw", &arguments)
                .await?;
            self.client.done(job.as_str()).await?;
        }
        Ok(())
    }

    /// Mail in, and out of the inbox again; files that no server takes; what accounts can do.
    async fn requests(&mut self) -> Result<()> {
        let secret = self
            .planted
            .plant_content("a message that was fetched and removed");
        self.pop3.mailbox().push(Held {
            uid: "a".into(),
            text: format!("Subject: x\r\n\r\n{secret}\r\n"),
        });
        for account in ["main", "made"] {
            let fetch = (account, &["a"][..], Map::new());
            let job: OwnedObjectPath = self.client.call(ROOT, "Pop3", "Fetch", &fetch).await?;
            self.client.done(job.as_str()).await?;
            let message: OwnedObjectPath = self
                .client
                .call(ROOT, "Pop3", "GetMessage", &(account, "a", Map::new()))
                .await?;
            let () = self
                .client
                .call(message.as_str(), "Message", "Remove", &(Map::new(),))
                .await?;
            let secret = self.planted.plant_content("the content of a file");
            let pipe = filled(secret.as_bytes())?;
            let upload = (account, "a", Fd::from(pipe.as_fd()), Map::new());
            let job: OwnedObjectPath = self.client.call(ROOT, "Ftp", "Upload", &upload).await?;
            let outcome = self.client.wait(job.as_str()).await?;
            ensure!(outcome.error == "AuthFailed", "{outcome:?}");
        }
        for account in ["main", "tokens", "program", "made", "modem"] {
            let path = format!("/org/hayesd1/account/{account}");
            let job: OwnedObjectPath = self
                .client
                .call(&path, "Account", "Test", &(Map::new(),))
                .await?;
            self.client.wait(job.as_str()).await?;
            let _: Entries = self
                .client
                .call(job.as_str(), "Job", "Describe", &(Map::new(),))
                .await?;
        }
        Ok(())
    }

    /// What equipment says, rightly and wrongly written.
    fn equipment(&mut self) -> Result<()> {
        let port = self.smtp.port();
        let mut equipment = Equipment::open(&self.site.pty("panel"))?;
        equipment.ok("ATE1")?;
        let mut plant = |place: &str| self.planted.plant(place);
        let password = plant("the equipment's password");
        quectel::set_up(&mut equipment, port, SslType::None, Some(&password))?;
        let apn = plant("the equipment's password for its access point");
        equipment.ok("AT+QIDEACT=1")?;
        equipment.ok(&format!(r#"AT+QICSGP=1,1,"internet","u","{apn}",1"#))?;
        equipment.ok("AT+QIACT=1")?;
        let key = plant("the password of the equipment's key");
        equipment.ok(&format!(r#"AT+QSSLCFG="clientkey",1,"k.pem","{key}""#))?;
        for wrong in [
            "AT+QSMTPCGF=\"account\"",
            "AT+QSMTPCFG=\"acount\"",
            "AT+QSMTPCFG\"account\"",
        ] {
            let secret = plant("a command that was not understood");
            equipment.command(&format!(r#"{wrong},"u","{secret}""#))?;
        }
        let secret = self
            .planted
            .plant_content("the text of the equipment's mail");
        quectel::recipients(&mut equipment, &[(quectel::Kind::To, "one@example.org")])?;
        quectel::body(&mut equipment, 0, secret.as_bytes())?;
        ensure!(quectel::put(&mut equipment)? == "0,0");
        equipment.ok("AT+QSMTPCLR")?;
        Ok(())
    }

    /// All is taken away that had a secret: nothing is left to need one.
    async fn strip(&mut self) -> Result<()> {
        let () = self
            .client
            .call(MADE, "Account", "Remove", &(Map::new(),))
            .await?;
        let arguments = (Map::new(), 0_u32, 1000_u32, Map::new());
        let jobs: Vec<(u32, Entries)> = self
            .client
            .call(ROOT, "Manager", "ListJobs", &arguments)
            .await?;
        for (id, _) in jobs {
            let path = format!("/org/hayesd1/job/{id}");
            let () = self
                .client
                .call(&path, "Job", "Release", &(Map::new(),))
                .await?;
        }
        self.site.configure("")?;
        let () = self
            .client
            .call(ROOT, "Manager", "Reload", &(Map::new(),))
            .await?;
        Ok(())
    }
}

type Entries = HashMap<String, OwnedVariant>;

/// A pipe that holds this, and then ends.
fn filled(bytes: &[u8]) -> Result<OwnedFd> {
    let (read, write) = nix::unistd::pipe()?;
    File::from(write).write_all(bytes)?;
    Ok(read)
}

fn configuration(site: &Site, planted: &mut Planted, ports: [u16; 3]) -> Result<String> {
    let mut file = |name: &str| -> Result<PathBuf> { site.secret(name, &planted.plant(name)) };
    let token = file("printed-token")?;
    let program = format!("#!/bin/sh\nexec cat '{}'\n", token.display());
    let program = site.folder().write("oauth", program)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;
    let [smtp, pop3, ftp] = ports;
    let server = |port: u16, rest: String| {
        format!(
            "{{ host = \"127.0.0.1\", port = {port}, tls = \"none\", plain_auth = true, user = \"u\", {rest} }}"
        )
    };
    let of = |key: &str, path: PathBuf| format!("{key} = {{ file = \"{}\" }}", path.display());
    let printed = format!("token = {{ command = [\"{}\"] }}", program.display());
    let from = "from = \"pump7@example.org\"";
    let emulator = "dialect = \"quectel\"\nvia = [\"ip\"]\nallow = [\"127.0.0.0/8\", \"::1\"]";
    Ok(format!(
        "[account.main]\n{from}\nsmtp = {}\npop3 = {}\nftp = {}\n\
         [account.tokens]\n{from}\nsmtp = {}\n\
         [account.program]\n{from}\nsmtp = {}\npop3 = {}\n\
         [account.modem]\n{from}\nvia = [\"modem:lte\"]\nsmtp = {}\n\
         [emulator.panel]\ndevice = \"pty:panel\"\n{emulator}\n\
         [emulator.far]\ndevice = \"pty:far\"\n{emulator}\n\
         [modem.lte]\ndevice = \"{}\"\napn = \"internet\"\napn_user = \"u\"\napn_{}\n",
        server(smtp, of("password", file("smtp-password")?)),
        server(pop3, of("password", file("pop3-password")?)),
        server(ftp, "password = { credential = \"ftp\" }".into()),
        server(smtp, of("token", file("token")?)),
        server(smtp, printed.clone()),
        server(pop3, printed),
        server(smtp, of("password", file("password-over-the-modem")?)),
        site.pty("far").display(),
        of("password", file("apn-password")?),
    ))
}

#[tokio::test]
async fn secrets_are_nowhere_but_where_they_have_to_be() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.mistakes().await?;
    // From here on; what callers put on the bus themselves was their own doing.
    let monitor = Monitor::start(scene.site.bus()).await?;
    scene.account_of_a_caller().await?;
    scene.mails().await?;
    scene.requests().await?;
    scene.equipment()?;
    ensure!(scene.planted.count() >= 20, "{}", scene.planted.count());

    introspection::properties(&scene.client).await?;
    // What is kept for later lies in files of its own, which the daemon's user alone can read: secrets that
    // were given by descriptor, and, until the machine ends, what equipment told its module.
    let (state, run) = (scene.site.state_dir(), scene.site.folder().join("run"));
    let account = state.join("accounts/made.json");
    let memory = |name| run.join(format!("emulator/{name}/memory.json"));
    let (panel, far) = (memory("panel"), memory("far"));
    for kept in [&account, &panel, &far] {
        let mode = fs::metadata(kept).with_context(|| kept.display().to_string())?;
        ensure!(
            mode.permissions().mode() & 0o777 == 0o600,
            "{}",
            kept.display()
        );
    }
    scene.planted.look_below(&state, &[&account])?;
    scene.planted.look_below(&run, &[&panel, &far])?;

    scene.strip().await?;
    let process = scene.site.daemon()?.id();
    let gone = wait::until_async(
        "memory without secrets",
        Duration::from_secs(5),
        async || scene.planted.look_in_memory("the daemon", process).ok(),
    );
    if gone.await.is_err() {
        scene.planted.look_in_memory("the daemon", process)?;
    }
    let seen = monitor.seen();
    ensure!(
        memchr::memmem::find(&seen, b"GetManagedObjects").is_some(),
        "the monitor saw nothing"
    );
    scene.planted.look("the bus", &seen)?;
    scene.site.stop()?;
    scene
        .planted
        .look("the daemon's log", scene.site.daemon_log().as_bytes())?;
    let helper = scene.site.helper()?.log();
    scene.planted.look("the helper's log", helper.as_bytes())?;
    for trace in scene.traces {
        let text = trace.join().ok().context("a reader of a trace")??;
        ensure!(
            memchr::memmem::find(&text, b"QSMTPCFG").is_some(),
            "nothing was traced"
        );
        scene.planted.look("a trace", &text)?;
    }
    Ok(())
}
