//! The bus itself: the typed proxies against the real service, messages handed over whole, the policy.

use anyhow::{Context as _, Result, ensure};
use hayes_dbus::{EmulatorProxy, JobProxy, MailProxy, ManagerProxy, ModemProxy, Options};
use hayes_tests::bus::Bus;
use hayes_tests::client::error_name;
use hayes_tests::office::{Account, Office, Route};
use hayes_tests::postfix::Postfix;
use hayes_tests::smtp::SmtpServer;
use std::io::Write as _;
use std::path::Path;
use zbus::Fd;

const MICROSECONDS: u64 = 30_000_000;

#[tokio::test]
async fn typed_proxies_speak_with_the_service() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let office = Office::open(Route::Driver, &Account::bare(server.port())).await?;
    let connection = office.client.connection();
    let manager = ManagerProxy::new(connection).await?;
    // Degraded where the list that the daemon sees does not name what the helper was told to allow.
    let state = manager.state().await?;
    ensure!(state == "ready" || state == "degraded", "{state}");
    ensure!(manager.version().await? == env!("CARGO_PKG_VERSION"));
    let mail = MailProxy::new(connection).await?;
    ensure!(mail.default_account().await? == "main");
    let path = mail
        .send_simple("main", "one@example.org", "s", "t", Options::new())
        .await?;
    let job = JobProxy::builder(connection).path(path).build().await?;
    let (state, _) = job.wait(MICROSECONDS, Options::new()).await?;
    ensure!(state == "done" && job.via().await? == "modem:lte");
    let modem = ModemProxy::builder(connection)
        .path("/org/hayesd1/modem/lte")
        .build()
        .await?;
    ensure!(modem.manufacturer().await? == "Quectel");
    let answer = modem.command("AT+GMM", 5_000_000, Options::new()).await?;
    ensure!(answer.iter().any(|line| line == "EC25"), "{answer:?}");
    let emulator = EmulatorProxy::builder(connection)
        .path("/org/hayesd1/emulator/panel")
        .build()
        .await?;
    ensure!(emulator.dtr().await? && emulator.commands().await? > 10);
    Ok(())
}

/// A message that a program made itself, 8-bit bytes and dots in it, by bytes and by descriptor.
#[tokio::test]
async fn raw_messages_arrive_byte_for_byte() -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(Route::Ip, &Account::of(&postfix)).await?;
    let body = b"\r\n.\r\n..\r\n\xff\xfe \xc3\xa4 here\r\n+++\r\n.\r\nend\r\n";
    let head = "From: pump7@example.org\r\nTo: one@example.org\r\nSubject: raw\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <raw@example.org>\r\n";
    let message = [head.as_bytes(), body].concat();
    let mail = MailProxy::new(office.client.connection()).await?;
    let nul = [&message[..], b"\0\r\n"].concat();
    let refused = mail
        .send_raw_bytes("", &["one@example.org"], &nul, Options::new())
        .await;
    let refused = refused.err().context("no server is asked to take a NUL")?;
    ensure!(
        error_name(&refused).as_deref() == Some("InvalidArgument"),
        "{refused}"
    );
    let job = mail
        .send_raw_bytes("", &["one@example.org"], &message, Options::new())
        .await?;
    office.client.done(&job).await?;
    let file = office.site.folder().write("message", &message)?;
    let file = std::fs::File::open(file)?;
    let job = mail
        .send_raw("", &["one@example.org"], Fd::from(&file), Options::new())
        .await?;
    office.client.done(&job).await?;
    let (pipe, mut writer) = std::io::pipe()?;
    writer.write_all(&message)?;
    drop(writer);
    let job = mail
        .send_raw("", &["one@example.org"], Fd::from(&pipe), Options::new())
        .await?;
    office.client.done(&job).await?;
    let wanted: Vec<u8> = body.iter().copied().filter(|&byte| byte != b'\r').collect();
    for came in postfix.mailbox("one@example.org").expect(3)? {
        ensure!(came.ends_with(&wanted), "{}", came.escape_ascii());
    }
    Ok(())
}

/// Who is neither root, nor the daemon, nor in its group may not own the name and not call it.
#[tokio::test]
async fn policy_keeps_strangers_out() -> Result<()> {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dbus/org.hayesd1.conf");
    let bus = Bus::like_system(&policy)?;
    let connection = bus.connect().await?;
    if !nix::unistd::geteuid().is_root() {
        ensure!(connection.request_name("org.hayesd1").await.is_err());
        return Ok(());
    }
    connection.request_name("org.hayesd1").await?;
    let call = async |user: u32| -> Result<String> {
        let output = tokio::process::Command::new("busctl")
            .arg(format!("--address={}", bus.address()))
            .args(["--timeout=5", "call", "org.hayesd1", "/org/hayesd1"])
            .args(["org.hayesd1.Mail", "Flush", "sa{sv}", "", "0"])
            .uid(user)
            .output()
            .await
            .context("busctl")?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let stranger = call(65_534).await?;
    ensure!(stranger.contains("Access denied"), "{stranger}");
    let root = call(0).await?;
    ensure!(
        !root.contains("Access denied") && !root.is_empty(),
        "{root}"
    );
    Ok(())
}
