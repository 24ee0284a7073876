//! From end to end through a SIMCom module that is played: D-Bus, driver, pseudo-terminal, emulator, real servers.

use anyhow::{Context as _, Result, ensure};
use hayes_dbus::{FtpProxy, JobProxy, MailProxy, Pop3Proxy};
use hayes_tests::client::Client;
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::site::Site;
use hayes_tests::smtp::SmtpServer;
use hayes_tests::wait;
use std::collections::HashMap;
use std::fs;
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

type Out = HashMap<String, OwnedVariant>;
type Options<'a> = HashMap<&'a str, Variant<'a>>;

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

/// The result of a job that must be done, and the way that it took.
async fn done(client: &Client, path: OwnedObjectPath) -> Result<(Out, String)> {
    let job = JobProxy::new(client.connection(), path).await?;
    let limit = u64::try_from(wait::LONG.as_micros())?;
    let options = Options::from([("final", true.into())]);
    let (state, result) = job.wait(limit, options).await?;
    ensure!(state == "done", "{state}: {result:?}");
    Ok((result, job.via().await?))
}

/// A daemon whose modem is the module that it plays itself; the account's servers are these.
async fn start(servers: &[(&str, u16, &str, &str)], via: &str) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    let mut account = String::new();
    for (service, port, user, password) in servers {
        account += &format!("{service} = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\"");
        if !user.is_empty() {
            let file = site.secret(service, password)?;
            account += &format!(
                ", user = \"{user}\", password = {{ file = \"{}\" }}, plain_auth = true",
                file.display()
            );
        }
        account += " }\n";
    }
    site.configure(&format!(
        "via = {via}\ndefault_account = \"main\"\n\
         [account.main]\nfrom = \"Pump 7 <pump7@example.org>\"\n{account}\
         [emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"simcom\"\nvia = [\"ip\"]\n\
         allow = [\"127.0.0.0/8\"]\n\
         [modem.lte]\ndevice = \"{}\"\napn = \"internet\"\n",
        site.pty("panel").display()
    ))?;
    let client = site.start().await?;
    let path = "/org/hayesd1/modem/lte";
    client.until(path, "Modem", "State", "ready").await?;
    let dialect: String = client.property(path, "Modem", "Dialect").await?;
    ensure!(dialect == "simcom");
    Ok((site, client))
}

#[tokio::test]
async fn a_mail_with_names_copies_and_a_file() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (_site, client) = start(&[("smtp", server.port(), "", "")], "[\"modem:lte\"]").await?;
    let mail = MailProxy::new(client.connection()).await?;
    let file: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let message = Options::from([
        ("to", Variant::from(vec!["Desk <a@example.org>"])),
        ("cc", Variant::from(vec!["b@example.org"])),
        ("bcc", Variant::from(vec!["c@example.org"])),
        ("subject", Variant::from("F\u{fc}llstand")),
        ("text", Variant::from("one\r\n.\r\ntwo\r\n")),
        (
            "attachments",
            Variant::from(vec![("level.bin", "", file.clone())]),
        ),
    ]);
    let (_, via) = done(&client, mail.send("", message, Options::new()).await?).await?;
    ensure!(via == "modem:lte", "{via}");
    let taken = server.taken();
    let recipients: Vec<_> = taken.iter().map(|one| &one.recipients[..]).collect();
    ensure!(
        recipients == [&["a@example.org", "b@example.org"][..], &["c@example.org"]],
        "{recipients:?}"
    );
    for one in &taken {
        let plain = hayesd::message::decompose(&one.message)?;
        ensure!(plain.from.name.as_deref() == Some("Pump 7"), "{plain:?}");
        ensure!(plain.subject == "F\u{fc}llstand", "{plain:?}");
        ensure!(plain.attachments.len() == 1 && plain.attachments[0].bytes == file);
        ensure!(one.header("Bcc").is_none());
    }
    let first = hayesd::message::decompose(&taken[0].message)?;
    ensure!(first.to.len() == 1 && first.to[0].name.as_deref() == Some("Desk"));
    Ok(())
}

#[tokio::test]
async fn a_mailbox_is_checked_fetched_and_emptied() -> Result<()> {
    let with_file = "From: a@example.org\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nSubject: file\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
        Content-Type: text/plain\n\nsee there\n--b\nContent-Type: application/octet-stream\n\
        Content-Disposition: attachment; filename=log.csv\n\n1;2\n--b--\n";
    let plain = "From: a@example.org\nSubject: OK\n\nOK\n+POP3: FAILURE\nERROR\n";
    let messages = [plain, with_file, plain].map(|text| text.as_bytes().to_vec());
    let server = Dovecot::start(&messages)?;
    let port = server.ports().plain;
    let servers = [("pop3", port, dovecot::USER, dovecot::PASSWORD)];
    let (site, client) = start(&servers, "[\"modem:lte\"]").await?;
    let pop3 = Pop3Proxy::new(client.connection()).await?;
    let (mut result, via) = done(&client, pop3.check("", Options::new()).await?).await?;
    ensure!(via == "modem:lte" && get::<u32>(&mut result, "count")? == 3);
    let listed: Vec<(String, u32, u64)> = get(&mut result, "messages")?;
    ensure!(
        listed.iter().all(|one| one.0.starts_with('~')),
        "{listed:?}"
    );
    ensure!(listed[2].0 == format!("{}#2", listed[0].0), "{listed:?}");
    let delete = Options::from([("delete", true.into())]);
    let (mut result, _) = done(&client, pop3.fetch("", &[], delete).await?).await?;
    let fetched: Vec<(String, OwnedObjectPath)> = get(&mut result, "messages")?;
    ensure!(fetched.len() == 3, "{fetched:?} {result:?}");
    let mut subjects = Vec::new();
    for entry in fs::read_dir(site.state_dir().join("inbox/main/cur"))? {
        let plain = hayesd::message::decompose(&fs::read(entry?.path())?)?;
        let hayesd::message::Text::Utf8(text) = &plain.text else {
            anyhow::bail!("{plain:?}");
        };
        if plain.subject == "file" {
            ensure!(text.starts_with("see there"), "{text:?}");
            ensure!(plain.attachments[0].bytes == b"1;2", "{plain:?}");
        } else {
            ensure!(
                text.starts_with("OK\r\n+POP3: FAILURE\r\nERROR"),
                "{text:?}"
            );
        }
        subjects.push(plain.subject);
    }
    subjects.sort();
    ensure!(subjects == ["OK", "OK", "file"], "{subjects:?}");
    let (mut result, _) = done(&client, pop3.check("", Options::new()).await?).await?;
    ensure!(get::<u32>(&mut result, "count")? == 0);
    Ok(())
}

#[tokio::test]
async fn a_file_goes_up_and_down_and_the_rest_another_way() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let servers = [("ftp", server.explicit(), ftpd::USER, ftpd::PASSWORD)];
    let (_site, client) = start(&servers, "[\"modem:lte\", \"ip\"]").await?;
    let ftp = FtpProxy::new(client.connection()).await?;
    let runs = [vec![0x03; 500], vec![0x1a; 500]].concat();
    let all = (0..=255_u8).cycle().take(50_000);
    let content: Vec<u8> = runs
        .iter()
        .copied()
        .chain(all)
        .chain(runs.clone())
        .collect();
    let upload = ftp.upload_bytes("", "work/a.bin", &content, Options::new());
    let (_, via) = done(&client, upload.await?).await?;
    ensure!(via == "modem:lte", "{via}");
    ensure!(fs::read(server.file("a.bin"))? == content);
    let download = ftp.download_bytes("", "work/a.bin", Options::new());
    let (mut result, via) = done(&client, download.await?).await?;
    ensure!(via == "modem:lte" && get::<Vec<u8>>(&mut result, "data")? == content);
    // What the module has no command for goes on at once.
    let rename = ftp.rename("", "work/a.bin", "work/b.bin", Options::new());
    let (_, via) = done(&client, rename.await?).await?;
    ensure!(
        via == "ip" && fs::read(server.file("b.bin"))? == content,
        "{via}"
    );
    let missing = ftp.download_bytes("", "work/none", Options::new()).await?;
    let job = JobProxy::new(client.connection(), missing).await?;
    let (state, _) = job.wait(30_000_000, Options::new()).await?;
    ensure!(state == "failed" && job.error_name().await?.ends_with("Rejected"));
    Ok(())
}
