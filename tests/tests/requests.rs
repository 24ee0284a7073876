//! Mailboxes and files through D-Bus and the real processes: what is asked survives the daemon, what was
//! fetched is there once.

use anyhow::{Context as _, Result, ensure};
use hayes_dbus::{FtpProxy, JobProxy, ManagerProxy, MessageProxy, Pop3Proxy};
use hayes_tests::client::{Client, Map};
use hayes_tests::content::noise;
use hayes_tests::ftpd::{FtpServer, Kind, PASSWORD, USER};
use hayes_tests::pop3::{Held, Pop3Server};
use hayes_tests::process::show;
use hayes_tests::site::Site;
use hayes_tests::{scale, wait};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::thread::sleep;
use std::time::{Duration, Instant};
use zbus::{OwnedObjectPath, OwnedVariant};

/// A retry soon, so that the test is not all waiting.
const QUEUE: &str = r#"queue = { first = "1 s", longest = "1 s", expiry = "1 h" }"#;

type Out = std::collections::HashMap<String, OwnedVariant>;

fn get<T: TryFrom<OwnedVariant>>(result: &mut Out, key: &str) -> Result<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let value = result.remove(key);
    let shown = format!("{result:?}");
    Ok(value
        .with_context(|| format!("{key} in {shown}"))?
        .try_into()?)
}

/// The result of a job that must be done.
async fn done(client: &Client, path: OwnedObjectPath) -> Result<Out> {
    let job = JobProxy::new(client.connection(), path).await?;
    let limit = u64::try_from(wait::LONG.as_micros())?;
    let options = Map::from([("final", true.into())]);
    let (state, result) = job.wait(limit, options).await?;
    ensure!(state == "done", "{state}: {result:?}");
    Ok(result)
}

/// A job of an earlier life of the daemon: its object may still be on its way.
async fn again(client: &Client, path: &OwnedObjectPath) -> Result<OwnedObjectPath> {
    let manager = ManagerProxy::new(client.connection()).await?;
    let (_, number) = path.rsplit_once('/').context("a path")?;
    let found = manager.get_job(number.parse()?, Map::new()).await?;
    ensure!(found == *path);
    Ok(found)
}

/// Returns when no job is under way or deferred.
async fn settled(client: &Client) -> Result<()> {
    let manager = ManagerProxy::new(client.connection()).await?;
    wait::until_async("all jobs to be settled", wait::LONG, async || {
        // Active ones come first.
        let first = manager.list_jobs(Map::new(), 0, 1, Map::new()).await.ok()?;
        let state: String = match first.into_iter().next() {
            None => return Some(()),
            Some((_, mut job)) => job.remove("state")?.try_into().ok()?,
        };
        matches!(state.as_str(), "done" | "failed" | "cancelled").then_some(())
    })
    .await
}

fn mailbox_account(site: &Site, port: u16) -> Result<()> {
    let secret = site.secret("pop", "geheim-4713")?;
    site.configure(&format!(
        "default_account = \"main\"\n{QUEUE}\n[account.main]\n\
         pop3 = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\", user = \"pump7\", \
         password = {{ file = \"{}\" }}, plain_auth = true }}\n",
        secret.display()
    ))?;
    Ok(())
}

fn held(number: usize) -> Held {
    Held {
        uid: format!("id-{number}"),
        text: format!(
            "From: a@example.org\r\nSubject: number {number}\r\n\r\n{}\r\n",
            "x".repeat(number * 37 % 5000)
        ),
    }
}

/// How often each message is in the inbox, by its subject.
fn inbox(site: &Site) -> Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(site.state_dir().join("inbox/main/cur"))? {
        let text = fs::read_to_string(entry?.path())?;
        let subject = text.lines().find_map(|line| line.strip_prefix("Subject: "));
        let subject = subject.with_context(|| format!("half a message: {text:?}"))?;
        ensure!(
            text.ends_with("x\r\n") || text.ends_with("\r\n\r\n\r\n"),
            "cut: {text:?}"
        );
        *found.entry(subject.to_owned()).or_default() += 1;
    }
    Ok(found)
}

#[tokio::test]
async fn a_mailbox_is_checked_fetched_and_read() -> Result<()> {
    let server = Pop3Server::start(Duration::ZERO)?;
    server.mailbox().extend((1..=3).map(held));
    let mut site = Site::new()?;
    mailbox_account(&site, server.port())?;
    let client = site.start().await?;
    let pop3 = Pop3Proxy::new(client.connection()).await?;
    let mut result = done(&client, pop3.check("", Map::new()).await?).await?;
    ensure!(get::<u32>(&mut result, "count")? == 3);
    let listed: Vec<(String, u32, u64)> = get(&mut result, "messages")?;
    ensure!(listed[1] == ("id-2".into(), 2, held(2).text.len() as u64));
    let mut result = done(&client, pop3.top("", "id-3", 0, Map::new()).await?).await?;
    ensure!(get::<String>(&mut result, "text")?.contains("number 3"));

    let delete = Map::from([("delete", true.into())]);
    let path = pop3.fetch("", &[], delete).await?;
    let mut result = done(&client, path.clone()).await?;
    let messages: Vec<(String, OwnedObjectPath)> = get(&mut result, "messages")?;
    ensure!(messages.len() == 3 && server.mailbox().is_empty());
    site.stop()?;

    let client = site.start().await?;
    let mut same = done(&client, again(&client, &path).await?).await?;
    ensure!(messages == get::<Vec<_>>(&mut same, "messages")?);
    let pop3 = Pop3Proxy::new(client.connection()).await?;
    let path = pop3.get_message("", "id-1", Map::new()).await?;
    ensure!(messages[0] == ("id-1".to_owned(), path.clone()));
    let message = MessageProxy::new(client.connection(), path).await?;
    let bytes = message.read(0, 1 << 20, Map::new()).await?;
    ensure!(bytes == held(1).text.as_bytes());
    let mut details = message.describe(Map::new()).await?;
    ensure!(get::<String>(&mut details, "subject")? == "number 1");
    Ok(())
}

/// Kills the daemon at moments that lie evenly over fetch-and-delete, a few messages each.
#[tokio::test]
async fn no_message_is_lost_and_none_comes_twice_whenever_the_daemon_dies() -> Result<()> {
    const EACH: usize = 6;
    let points = scale::of(20, 300);
    let server = Pop3Server::start(Duration::from_millis(8))?;
    let mut site = Site::new()?;
    mailbox_account(&site, server.port())?;
    let mut client = site.start().await?;
    let fetch = async |client: &Client| {
        let pop3 = Pop3Proxy::new(client.connection()).await?;
        let delete = Map::from([("delete", true.into())]);
        Ok::<_, anyhow::Error>(pop3.fetch("main", &[], delete).await?)
    };

    server.mailbox().extend((0..EACH).map(held));
    let begin = Instant::now();
    done(&client, fetch(&client).await?).await?;
    let whole = begin.elapsed();

    let mut cut = 0;
    for point in 1..=points {
        let first = point * EACH;
        server.mailbox().extend((first..first + EACH).map(held));
        fetch(&client).await?;
        let share = f64::from(u32::try_from(point)?) / f64::from(u32::try_from(points)?);
        sleep(whole.mul_f64(share));
        site.kill()?;
        cut += usize::from(!server.mailbox().is_empty());
        client = site.start().await?;
        // What was cut goes on by itself; the next kill is for the next fetch.
        settled(&client).await?;
    }
    show(
        "kills",
        &format!("{cut} of {points} came before the mailbox was empty"),
    );
    done(&client, fetch(&client).await?).await?;
    wait::until("the mailbox to be empty", wait::LONG, || {
        server.mailbox().is_empty().then_some(())
    })?;
    site.stop()?;
    let found = inbox(&site)?;
    for number in 0..(points + 1) * EACH {
        let copies = found.get(&format!("number {number}")).copied();
        ensure!(
            copies == Some(1),
            "number {number} is there {copies:?} times"
        );
    }
    ensure!(found.len() == (points + 1) * EACH);
    ensure!(
        cut > points / 4,
        "only {cut} of {points} kills came before the end"
    );
    Ok(())
}

#[tokio::test]
async fn files_go_and_come_by_descriptor_and_as_bytes() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let mut site = Site::new()?;
    let secret = site.secret("ftp", PASSWORD)?;
    site.configure(&format!(
        "default_account = \"main\"\n{QUEUE}\n[tls]\nroots = \"{}\"\n[account.main]\n\
         ftp = {{ host = \"127.0.0.1\", port = {}, tls = \"starttls\", user = \"{USER}\", \
         password = {{ file = \"{}\" }} }}\n",
        server.authority().root().display(),
        server.explicit(),
        secret.display()
    ))?;
    let client = site.start().await?;
    let ftp = FtpProxy::new(client.connection()).await?;
    let large = noise(3_000_000, 7);
    let path = site.folder().write("large", &large)?;
    let content = File::open(&path)?;
    let atomic = Map::from([("atomic", true.into())]);
    let sent = ftp.upload("", "work/large", content.as_fd().into(), atomic);
    let mut result = done(&client, sent.await?).await?;
    ensure!(get::<u64>(&mut result, "bytes")? == large.len() as u64);
    ensure!(fs::read(server.file("large"))? == large);

    let (read, write) = nix::unistd::pipe()?;
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        File::from(read).read_to_end(&mut all).map(|_| all)
    });
    let job = ftp
        .download("", "work/large", write.as_fd().into(), Map::new())
        .await?;
    drop(write);
    done(&client, job).await?;
    // The daemon has closed its end: the reader comes to the end.
    ensure!(reader.join().ok().context("the reader")?? == large);

    let small = ftp.upload_bytes("", "work/small", b"12345", Map::new());
    done(&client, small.await?).await?;
    let got = ftp.download_bytes("", "work/small", Map::new()).await?;
    done(&client, got.clone()).await?;
    site.stop()?;
    let client = site.start().await?;
    let mut result = done(&client, again(&client, &got).await?).await?;
    ensure!(get::<Vec<u8>>(&mut result, "data")? == b"12345");
    let ftp = FtpProxy::new(client.connection()).await?;
    let listed = ftp.list("", "work", Map::new()).await?;
    let mut result = done(&client, listed).await?;
    let mut entries: Vec<(String, String, u64, i64)> = get(&mut result, "entries")?;
    entries.sort();
    let names: Vec<_> = entries
        .iter()
        .map(|e| (e.0.as_str(), e.1.as_str(), e.2))
        .collect();
    ensure!(
        names == [("large", "file", 3_000_000), ("small", "file", 5)],
        "{entries:?}"
    );
    let missing = ftp.remove("", "work/nothing", Map::new()).await?;
    let outcome = client.wait(missing.as_str()).await?;
    ensure!(outcome.state == "failed", "{outcome:?}");
    ensure!(outcome.error == "NotFound", "{outcome:?}");
    Ok(())
}
