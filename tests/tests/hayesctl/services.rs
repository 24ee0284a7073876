//! `hayesctl pop3`, `ftp` and `account`, against real servers.

use super::{interrupt, with_account};
use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::Client;
use hayes_tests::content::noise;
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::hayesctl::{command, ended, run, run_with};
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::site::Site;
use serde_json::json;
use std::fs;
use std::process::Stdio;

fn message(number: usize) -> Vec<u8> {
    let body = "x".repeat(number * 10);
    format!("From: a@example.org\nSubject: number {number}\n\nfirst\nsecond\n{body}\n").into()
}

#[tokio::test]
async fn a_mailbox_is_checked_fetched_read_and_cleared() -> Result<()> {
    let server = Dovecot::start(&[message(1), message(2), message(3)])?;
    let mut site = Site::new()?;
    let secret = site.secret("pop", dovecot::PASSWORD)?;
    site.configure(&format!(
        "default_account = \"main\"\n[tls]\nroots = \"{}\"\n[account.main]\n\
         pop3 = {{ host = \"127.0.0.1\", port = {}, tls = \"starttls\", user = \"{}\", \
         password = {{ file = \"{}\" }} }}\n",
        server.authority().root().display(),
        server.ports().plain,
        dovecot::USER,
        secret.display()
    ))?;
    let _client = site.start().await?;
    let bus = site.bus();

    let checked = run(bus, &["pop3", "check", "--json"])?.good()?.json()?;
    ensure!(checked["count"] == 3, "{checked}");
    let uidl = |index: usize| {
        let uidl = checked["messages"][index]["uidl"].as_str();
        uidl.map(str::to_owned)
            .with_context(|| format!("{checked}"))
    };
    let (first, second) = (uidl(0)?, uidl(1)?);
    let checked = run(bus, &["pop3", "check"])?.good()?.text();
    ensure!(
        checked.lines().count() == 4 && checked.contains(&first),
        "{checked}"
    );

    let top = run(bus, &["pop3", "top", "-n", "1", &second])?
        .good()?
        .text();
    ensure!(
        top.contains("Subject: number 2") && top.contains("first") && !top.contains("second"),
        "{top}"
    );
    let told = run(bus, &["pop3", "fetch", &first])?.good()?.text();
    ensure!(told.starts_with("fetched: 1, "), "{told}");
    let told = run(bus, &["pop3", "fetch", "--delete"])?.good()?.text();
    ensure!(told.starts_with("fetched: 2, "), "{told}");
    let listed = run(bus, &["pop3", "list"])?.good()?.text();
    ensure!(
        listed.lines().count() == 4 && listed.contains(&second),
        "{listed}"
    );
    let shown = run(bus, &["pop3", "show", &second])?.good()?.text();
    let lines = |text: &[u8]| String::from_utf8_lossy(text).replace('\n', "\r\n");
    ensure!(shown == lines(&message(2)), "{shown:?}");
    let shown = run(bus, &["--json", "pop3", "show", &second])?
        .good()?
        .json()?;
    ensure!(
        shown["subject"] == "number 2" && shown["text"] == lines(&message(2)),
        "{shown}"
    );
    // What was fetched before is deleted as well, where it is still there.
    let told = run(bus, &["pop3", "check"])?.good()?.text();
    ensure!(told == "the mailbox is empty\n", "{told}");
    run(bus, &["pop3", "delete", &first])?.bad(66, &first)?;
    run(bus, &["pop3", "forget", &first, &second])?.good()?;
    let listed = run(bus, &["pop3", "list", "--json"])?.good()?.json()?;
    ensure!(listed.as_array().map(Vec::len) == Some(1), "{listed}");
    run(bus, &["pop3", "show", &first])?.bad(66, "")
}

/// A site whose account `main` has its files there.
async fn files(server: &FtpServer) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    let secret = site.secret("ftp", ftpd::PASSWORD)?;
    site.configure(&format!(
        "default_account = \"main\"\n[tls]\nroots = \"{}\"\n[account.main]\n\
         ftp = {{ host = \"127.0.0.1\", port = {}, tls = \"starttls\", user = \"{}\", \
         password = {{ file = \"{}\" }} }}\n",
        server.authority().root().display(),
        server.explicit(),
        ftpd::USER,
        secret.display()
    ))?;
    let client = site.start().await?;
    Ok((site, client))
}

#[tokio::test]
async fn files_go_and_come() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let (site, _client) = files(&server).await?;
    let bus = site.bus();
    let large = noise(3_000_000, 11);
    let path = site.folder().write("large.bin", &large)?;
    let local = path.to_string_lossy().into_owned();

    let sent = run(bus, &["ftp", "put", "--atomic", &local, "work/large.bin"])?.good()?;
    ensure!(sent.text() == "sent: 2.86 MiB\n", "{sent:?}");
    ensure!(fs::read(server.file("large.bin"))? == large);
    let sent = run_with(bus, &["ftp", "put", "-", "work/piped"], b"12345")?.good()?;
    ensure!(sent.text() == "sent: 5 B\n", "{sent:?}");
    run_with(bus, &["ftp", "put", "--append", "-", "work/piped"], b"678")?.good()?;

    let into = site.folder().join("back.bin");
    let back = into.to_string_lossy().into_owned();
    let got = run(bus, &["ftp", "get", "work/large.bin", &back])?.good()?;
    ensure!(got.text() == "fetched: 2.86 MiB\n", "{got:?}");
    ensure!(fs::read(&into)? == large && !site.folder().join("back.bin.part").exists());
    // To the end of a pipe, and nothing else on it.
    let got = run(bus, &["ftp", "get", "work/piped", "-"])?.good()?;
    ensure!(got.stdout == b"12345678", "{got:?}");
    // Gone on with.
    fs::remove_file(&into)?;
    site.folder().write("back.bin.part", &large[..1_000_000])?;
    let got = run(bus, &["ftp", "get", "--resume", "work/large.bin", &back])?.good()?;
    ensure!(
        got.text() == "fetched: 1.91 MiB\n" && fs::read(&into)? == large,
        "{got:?}"
    );
    // What is not there leaves nothing, and what was there stays.
    run(bus, &["ftp", "get", "work/nothing", &back])?.bad(66, "550")?;
    ensure!(fs::read(&into)? == large && !site.folder().join("back.bin.part").exists());

    run(bus, &["ftp", "mkdir", "work/new"])?.good()?;
    run(bus, &["ftp", "mv", "work/piped", "work/new/moved"])?.good()?;
    let listed = run(bus, &["ftp", "ls", "--json", "work/new"])?
        .good()?
        .json()?;
    let entry = &listed["entries"][0];
    ensure!(
        entry["name"] == "moved" && entry["type"] == "file" && entry["size"] == 8,
        "{listed}"
    );
    let listed = run(bus, &["ftp", "ls", "work"])?.good()?.text();
    ensure!(
        listed.contains("file    2.86 MiB  20") && listed.contains("folder  "),
        "{listed}"
    );
    run(bus, &["ftp", "rm", "work/new/moved"])?.good()?;
    run(bus, &["ftp", "rm", "work/new/moved"])?.bad(66, "550")
}

/// A download whose reader does not read: Ctrl-C ends it at once, and the job with it.
#[tokio::test]
async fn ctrl_c_ends_a_download() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let (site, client) = files(&server).await?;
    let path = site.folder().write("large.bin", noise(8_000_000, 3))?;
    let local = path.to_string_lossy().into_owned();
    run(site.bus(), &["ftp", "put", &local, "work/large.bin"])?.good()?;
    let child = command(site.bus(), &["ftp", "get", "work/large.bin", "-"])?.spawn()?;
    client
        .until("/org/hayesd1/job/2", "Job", "Phase", "transferring")
        .await?;
    interrupt(&child)?;
    let told = ended(child)?;
    told.bad(130, "interrupted; job 2 is cancelled")?;
    ensure!(told.stdout.len() < 8_000_000);
    Ok(())
}

/// From nothing to a mail at the server, without a word of the password but in the pipe.
#[tokio::test]
async fn an_account_is_made_tested_used_and_removed() -> Result<()> {
    let postfix = Postfix::start()?;
    let (site, _client) = with_account(&postfix).await?;
    let bus = site.bus();
    run_with(bus, &["account", "secret", "made", "smtp"], b"wrong\n")?.good()?;
    let tested = run(bus, &["account", "test", "made"])?;
    ensure!(
        tested.status == Some(77) && tested.text().contains("fails at: authenticate"),
        "{tested:?}"
    );
    let file = site.secret("right", &format!("{}\n", postfix::PASSWORD))?;
    let from = file.to_string_lossy().into_owned();
    let told = run(bus, &["account", "secret", "made", "smtp", "--file", &from])?.good()?;
    ensure!(
        told.text() == "made: the password for smtp is set\n",
        "{told:?}"
    );
    let tested = run(bus, &["account", "test", "made"])?.good()?.text();
    ensure!(tested.contains("smtp    all is well"), "{tested}");
    let send = [
        "mail",
        "send",
        "-a",
        "made",
        "--text",
        "x",
        "one@example.org",
    ];
    run(bus, &send)?.good()?;
    postfix.mailbox("one@example.org").expect_one()?;

    Ok(())
}

#[tokio::test]
async fn an_account_is_listed_changed_and_removed() -> Result<()> {
    let mut site = Site::new()?;
    site.configure("")?;
    let _client = site.start().await?;
    let bus = site.bus();
    let smtp = [
        "--from",
        "pump7@example.org",
        "--smtp",
        "smtp.example.org,user=pump7",
    ];
    run(bus, &[&["account", "add", "made"][..], &smtp].concat())?.good()?;
    run(bus, &[&["account", "add", "made"][..], &smtp].concat())?.bad(64, "made")?;
    let listed = run(bus, &["account", "list", "--json"])?.good()?.json()?;
    let expected = json!([{"name": "made", "configured": false, "services": ["smtp"]}]);
    ensure!(listed == expected, "{listed}");
    run(
        bus,
        &[
            "account",
            "set",
            "made",
            "--smtp",
            "none",
            "--pop3",
            "pop.example.org,user=pump7",
        ],
    )?
    .good()?;
    let listed = run(bus, &["account", "list"])?.good()?.text();
    ensure!(
        listed.contains("made     pop3     hayesctl account add"),
        "{listed}"
    );
    run(bus, &["account", "remove", "made"])?.good()?;
    run(bus, &["account", "remove", "made"])?.bad(66, "no account \"made\"")?;
    let file = site.secret("right", "geheim\n")?;
    let child = command(bus, &["account", "secret", "made", "smtp"])?
        .stdin(Stdio::from(fs::File::open(file)?))
        .spawn()?;
    ended(child)?.bad(66, "no account \"made\"")?;
    run(bus, &["account", "secret", "made", "imap"])?.bad(64, "imap")
}
