//! `hayesd try`: a mail on its whole way on one machine, with no privileges and nothing installed.
//!
//! A private bus, the helper, the daemon (both this same program) and a mail server; in the daemon an
//! emulator on a pseudo-terminal and a modem driver on its other end. D-Bus → driver → AT commands →
//! emulator → SMTP.

mod caller;
mod child;
mod folder;
mod mail_server;
mod show;

use anyhow::{Context as _, Result, bail};
use caller::Caller;
use child::Child;
use folder::Folder;
use mail_server::Received;
use show::say;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the mail may take; far more than it does.
const LIMIT: Duration = Duration::from_secs(60);

/// The emulator that the driver has at its other end.
const DRIVEN: &str = "driven";
/// The emulator that is free for a terminal program.
const FREE: &str = "free";
/// The modem.
const MODEM: &str = "module";

/// Everything that runs. Dropped in this order: the daemon first, the folder last.
struct Stage {
    _daemon: Child,
    _helper: Child,
    _bus: Child,
    mails: mpsc::Receiver<Received>,
    caller: Caller,
    address: String,
    free: String,
    _folder: Folder,
}

/// Runs it with what follows `try` on the command line: shows the whole way of one mail, and unless
/// `--once` is given, stays for what people try by hand until Ctrl-C.
///
/// # Errors
/// An argument is not understood, something is missing on this machine, or the mail does not arrive.
pub async fn run(arguments: &[OsString]) -> Result<()> {
    let once = match arguments {
        [] => false,
        [only] if only == "--once" => true,
        _ => bail!("usage: hayesd try [--once]"),
    };
    say("hayesd try: a mail on its whole way, on this machine alone.");
    let mut stage = Stage::set().await?;
    stage.send_one().await?;
    if !once {
        stage.stay().await?;
    }
    Ok(())
}

impl Stage {
    async fn set() -> Result<Self> {
        let folder = Folder::new().context("a private folder")?;
        let (port, mails) = mail_server::start().await.context("the mail server")?;
        let address = format!("unix:path={}", folder.path().join("bus").display());
        let bus = start_bus(&folder, &address).await?;
        let helper = start_helper(&folder).await?;
        configure(&folder, &address, port)?;
        let mut daemon = Child::start(
            "hayesd",
            Command::new(own_path()?)
                .arg("--config")
                .arg(folder.path().join("hayesd.toml"))
                .env("RUNTIME_DIRECTORY", folder.make("run")?)
                .env_remove("JOURNAL_STREAM"),
            folder.path(),
        )?;
        let caller = Caller::connect(&address).await.context("the private bus")?;
        // It has its name before it has its ports.
        daemon
            .until(async || caller.modem_state(MODEM).await.is_ok())
            .await?;
        say(&format!("  bus      {address}"));
        say(&format!("  server   127.0.0.1:{port}, takes every mail"));
        let pty = folder.path().join("pty");
        say(&format!(
            "  module   {}, played by hayesd",
            pty.join(DRIVEN).display()
        ));
        say("  driver   hayesd again, on that terminal\n");
        show::dialogue(caller.trace("modem", MODEM).await?)?;
        daemon
            .until(async || matches!(caller.modem_state(MODEM).await.as_deref(), Ok("ready")))
            .await
            .context("the driver is not ready")?;
        Ok(Self {
            _daemon: daemon,
            _helper: helper,
            _bus: bus,
            mails,
            caller,
            address,
            free: pty.join(FREE).display().to_string(),
            _folder: folder,
        })
    }

    /// One mail, from the call to what the server got.
    async fn send_one(&mut self) -> Result<()> {
        say("\nD-Bus: Mail.SendSimple to you@example.org\n");
        let job = self
            .caller
            .send(
                "you@example.org",
                "Pump 7",
                "Pressure is low.\r\nThis came by AT commands.",
            )
            .await?;
        self.caller.done(&job, LIMIT).await?;
        let received = tokio::time::timeout(LIMIT, self.mails.recv()).await;
        let Ok(Some(mail)) = received else {
            bail!("the mail is said to be delivered, but the server has not got it");
        };
        show::mail(&mail);
        Ok(())
    }

    /// Shows what else comes, until Ctrl-C.
    async fn stay(&mut self) -> Result<()> {
        show::by_hand(&self.address, &self.free);
        show::dialogue(self.caller.trace("emulator", FREE).await?)?;
        loop {
            tokio::select! {
                pressed = tokio::signal::ctrl_c() => {
                    pressed?;
                    say("");
                    return Ok(());
                }
                mail = self.mails.recv() => match mail {
                    Some(mail) => show::mail(&mail),
                    None => return Ok(()),
                },
            }
        }
    }
}

async fn start_bus(folder: &Folder, address: &str) -> Result<Child> {
    let config = folder.write("bus.conf", &bus_configuration(address))?;
    let mut command = Command::new("dbus-daemon");
    command
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--nopidfile", "--nosyslog"]);
    let started = Child::start("dbus-daemon", &mut command, folder.path());
    let mut bus = match started {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("dbus-daemon is not on PATH; Debian has it in the package dbus-daemon");
        }
        started => started.context("dbus-daemon")?,
    };
    let socket = folder.path().join("bus");
    bus.until(async || UnixStream::connect(&socket).is_ok())
        .await?;
    Ok(bus)
}

/// A bus for this user alone: the folder keeps all others out.
fn bus_configuration(address: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#
    )
}

async fn start_helper(folder: &Folder) -> Result<Child> {
    let socket = folder.path().join("ldisc");
    let mut command = Command::new(own_path()?);
    command
        .args(["ldisc", "--socket"])
        .arg(&socket)
        .arg("--allow")
        .arg(folder.path().join("pty/*"));
    let mut helper = Child::start("ldisc", &mut command, folder.path())?;
    helper.until(async || socket.exists()).await?;
    Ok(helper)
}

/// The program that we are, even if its file was replaced meanwhile.
fn own_path() -> Result<std::path::PathBuf> {
    std::env::current_exe().context("our own program")
}

fn configure(folder: &Folder, address: &str, port: u16) -> Result<()> {
    let secret = folder.write("password", "not-a-real-password")?;
    let text = configuration(folder.path(), &secret, address, port);
    folder.write("hayesd.toml", &text)?;
    Ok(())
}

fn configuration(folder: &Path, secret: &Path, address: &str, port: u16) -> String {
    let folder = folder.display();
    let secret = secret.display();
    format!(
        r#"[daemon]
bus = "{address}"
helper = "{folder}/ldisc"
state_dir = "{folder}/state"
via = ["modem:{MODEM}"]
default_account = "try"

[account.try]
from = "hayesd try <me@example.org>"
smtp = {{ host = "127.0.0.1", port = {port}, tls = "none", user = "me", password = {{ file = "{secret}" }}, plain_auth = true }}

[modem.{MODEM}]
device = "{folder}/pty/{DRIVEN}"
apn = "internet"

[emulator.{DRIVEN}]
device = "pty:{DRIVEN}"
dialect = "quectel"
via = ["ip"]
allow = ["127.0.0.1:{port}"]

[emulator.{FREE}]
device = "pty:{FREE}"
dialect = "quectel"
via = ["ip"]
allow = ["127.0.0.1:{port}"]
"#
    )
}
