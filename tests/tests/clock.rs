//! A machine without a clock of its own starts in 1970, learns the date, and loses it again: the real daemon,
//! and a real mail server behind TLS.

use anyhow::{Context as _, Result, ensure};
use hayes_dbus::MailProxy;
use hayes_tests::client::{Client, Map};
use hayes_tests::faketime::FakeTime;
use hayes_tests::postfix::{PASSWORD, Postfix, USER};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::wait;
use mail_parser::MessageParser;
use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// It expires, or is tried too late, if anybody goes by the date: that jumps by more than fifty years.
const QUEUE: &str = r#"queue = { first = "1 s", longest = "1 s", expiry = "1 h" }"#;

const TO: &str = "one@example.org";

/// Before anybody had told the date, a mail that says it itself.
const DATED: &[u8] = b"From: pump7@example.org\r\nTo: one@example.org\r\nSubject: dated\r\n\
    Date: Thu, 01 Jan 1970 00:10:00 +0000\r\nMessage-ID: <dated@example.org>\r\n\r\nhigh\r\n";

fn configure(site: &Site, postfix: &Postfix, busy: &SmtpServer) -> Result<()> {
    let secret = site.secret("password", PASSWORD)?;
    site.configure(&format!(
        "default_account = \"main\"\n{QUEUE}\n[tls]\nroots = \"{}\"\n\
         [account.main]\nfrom = \"{USER}\"\nsmtp = {{ host = \"127.0.0.1\", port = {}, \
         tls = \"implicit\", user = \"{USER}\", password = {{ file = \"{}\" }} }}\n\
         [account.busy]\nfrom = \"{USER}\"\nsmtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\" }}\n",
        postfix.authority().root().display(),
        postfix.ports().implicit,
        secret.display(),
        busy.port(),
    ))?;
    Ok(())
}

async fn send_dated(client: &Client, account: &str) -> Result<String> {
    let mail = MailProxy::new(client.connection()).await?;
    let job = mail.send_raw_bytes(account, &[TO], DATED, Map::new());
    Ok(job.await?.to_string())
}

/// It waits, for this reason, and was not tried for nothing.
async fn waits(client: &Client, job: &str, error: &str) -> Result<()> {
    client.until(job, "Job", "State", "deferred").await?;
    ensure!(
        client.error_of(job).await? == error,
        "{job} waits for something else"
    );
    Ok(())
}

async fn attempts(client: &Client, job: &str) -> Result<u32> {
    client.property(job, "Job", "Attempts").await
}

/// The date in the mail with this subject, once Postfix has put it into its mailbox: a server takes a mail
/// before that.
fn date(postfix: &Postfix, subject: &str) -> Result<i64> {
    wait::until(&format!("the mail {subject}"), wait::LONG, || {
        let messages = postfix.mailbox(TO).messages();
        messages.iter().find_map(|message| {
            let mail = MessageParser::default().parse(message)?;
            let date = mail.date()?.to_timestamp();
            (mail.subject() == Some(subject)).then_some(date)
        })
    })
}

/// A mail that had no date until the clock was set has that of the moment.
fn check_date(postfix: &Postfix, subject: &str) -> Result<()> {
    let date = date(postfix, subject)?;
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    ensure!(
        (now - 300..=now).contains(&date),
        "{subject}: {date}, now {now}"
    );
    Ok(())
}

async fn trusted(client: &Client, expected: bool) -> Result<()> {
    wait::until_async("the daemon's clock", wait::LONG, async || {
        let told = client.property::<bool>("/org/hayesd1", "Manager", "ClockTrusted");
        (told.await.ok()? == expected).then_some(())
    })
    .await
}

#[tokio::test]
async fn from_1970_to_today_and_back_nothing_expires_and_dates_are_right() -> Result<()> {
    let postfix = Postfix::start()?;
    let willing = Arc::new(AtomicBool::new(false));
    let busy = SmtpServer::start({
        let willing = Arc::clone(&willing);
        move |step, _| match step {
            Step::Rcpt if !willing.load(Ordering::SeqCst) => Answer::Line("451 4.7.1 later"),
            _ => Answer::Usual,
        }
    })?;
    let mut site = Site::new()?;
    let time = FakeTime::never_set(site.folder())?;
    let environment = time.environment();
    let environment: Vec<(&str, &OsStr)> = environment
        .iter()
        .map(|(n, v)| (*n, v.as_os_str()))
        .collect();
    site.set_environment(&environment);
    configure(&site, &postfix, &busy)?;
    let client = site.start().await?;
    trusted(&client, false).await?;

    let undated = client.send_simple(TO, "first", "high", Map::new()).await?;
    let behind_tls = send_dated(&client, "main").await?;
    let refused = send_dated(&client, "busy").await?;
    for job in [&undated, &behind_tls] {
        waits(&client, job, "ClockNotSet").await?;
        ensure!(attempts(&client, job).await? == 0);
    }
    waits(&client, &refused, "TemporaryFailure").await?;
    ensure!(busy.taken().is_empty() && postfix.mailbox(TO).count() == 0);

    time.set()?;
    trusted(&client, true).await?;
    for job in [&undated, &behind_tls] {
        client.until(job, "Job", "State", "done").await?;
    }
    check_date(&postfix, "first")?;
    ensure!(
        date(&postfix, "dated")? == 600,
        "what the sender says stays"
    );
    waits(&client, &refused, "TemporaryFailure").await?;

    // Back, at once and over a restart.
    time.forget()?;
    trusted(&client, false).await?;
    let second = client.send_simple(TO, "second", "high", Map::new()).await?;
    waits(&client, &second, "ClockNotSet").await?;
    let tried = attempts(&client, &refused).await?;
    site.kill()?;
    let client = site.start().await?;
    for job in [&second, &refused] {
        let (_, number) = job.rsplit_once('/').context("a path")?;
        let manager = hayes_dbus::ManagerProxy::new(client.connection()).await?;
        manager.get_job(number.parse()?, Map::new()).await?;
    }
    waits(&client, &second, "ClockNotSet").await?;
    wait::until_async("another attempt", wait::LONG, async || {
        (attempts(&client, &refused).await.ok()? > tried).then_some(())
    })
    .await?;

    time.set()?;
    willing.store(true, Ordering::SeqCst);
    for job in [&second, &refused] {
        client.until(job, "Job", "State", "done").await?;
    }
    check_date(&postfix, "second")?;
    ensure!(busy.taken().len() == 1 && postfix.mailbox(TO).count() == 3);
    Ok(())
}
