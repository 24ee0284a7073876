//! Requests for mailboxes, files and accounts that must be refused: by name, with a text that helps, and
//! with nothing left behind.

use anyhow::{Context as _, Result, ensure};
use hayes_dbus::{AccountProxy, FtpProxy, MailProxy, ManagerProxy, Pop3Proxy};
use hayes_tests::client::{Client, Map, error_name};
use hayes_tests::site::Site;
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use zbus::Variant;

/// Nobody listens there: nothing of this comes so far.
const CONFIG: &str = r#"
default_account = "main"
limits = { message = "4 KiB" }
[account.main]
from = "pump7@example.org"
smtp = { host = "127.0.0.1", port = 9 }
pop3 = { host = "127.0.0.1", port = 9, user = "u", password = { file = "SECRET" } }
ftp = { host = "127.0.0.1", port = 9 }
[account.letters]
from = "pump7@example.org"
smtp = { host = "127.0.0.1", port = 9 }
"#;

/// A call was refused so, in these words.
fn refused<T>(what: &str, result: zbus::Result<T>, name: &str, words: &str) -> Result<()> {
    let error = result
        .err()
        .with_context(|| format!("{what}: it was taken"))?;
    let found = error_name(&error).with_context(|| format!("{what}: {error}"))?;
    ensure!(found == name, "{what} is {found}, not {name}: {error}");
    ensure!(error.to_string().contains(words), "{what}: {error}");
    Ok(())
}

const INVALID: &str = "InvalidArgument";

async fn site() -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    let secret = site.secret("pop3", "x")?;
    site.configure(&CONFIG.replace("SECRET", &secret.display().to_string()))?;
    let client = site.start().await?;
    Ok((site, client))
}

/// No job was made, and no file.
async fn nothing_is_left(site: &Site, client: &Client) -> Result<()> {
    let manager = ManagerProxy::new(client.connection()).await?;
    let jobs = manager.list_jobs(Map::new(), 0, 100, Map::new()).await?;
    ensure!(jobs.is_empty(), "{jobs:?}");
    ensure!(manager.spool_bytes().await? == 0);
    for folder in [
        "spool/tmp",
        "spool/jobs",
        "spool/corrupt",
        "inbox",
        "accounts",
    ] {
        let path = site.state_dir().join(folder);
        let Ok(entries) = fs::read_dir(&path) else {
            continue;
        };
        let left: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        ensure!(left.is_empty(), "{left:?}");
    }
    ensure!(!site.daemon_log().contains("panicked"));
    Ok(())
}

#[tokio::test]
async fn descriptors_of_files() -> Result<()> {
    let (site, client) = site().await?;
    let ftp = FtpProxy::new(client.connection()).await?;
    let small = site.folder().write("small", b"12345")?;
    let write_only = File::options().write(true).open(&small)?;
    let path_only = File::options()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(&small)?;
    for (what, file, words) in [
        ("a folder", File::open("/")?, "a folder"),
        ("a device", File::open("/dev/null")?, "a device"),
        ("a file for writing", write_only, "not open for reading"),
        ("a path only", path_only, "not open for reading"),
    ] {
        let sent = ftp.upload("", "x", file.as_fd().into(), Map::new());
        refused(what, sent.await, INVALID, words)?;
    }
    for (what, file, resume, words) in [
        ("into a folder", File::open("/")?, false, "a folder"),
        (
            "into a file for reading",
            File::open(&small)?,
            false,
            "not open for writing",
        ),
        (
            "after a pipe's end",
            File::from(nix::unistd::pipe()?.1),
            true,
            "only a file",
        ),
    ] {
        let options = Map::from([("resume", Variant::from(resume))]);
        let got = ftp.download("", "x", file.as_fd().into(), options);
        refused(what, got.await, INVALID, words)?;
    }
    nothing_is_left(&site, &client).await
}

#[tokio::test]
async fn paths_and_options_of_files() -> Result<()> {
    let (site, client) = site().await?;
    let ftp = FtpProxy::new(client.connection()).await?;
    let small = site.folder().write("small", b"12345")?;
    let long = "x".repeat(5000);
    for (path, words) in [
        ("", "empty"),
        ("a\r\nDELE b", "line end"),
        ("a\nb", "line end"),
        ("a\u{7f}b", "control character"),
        (long.as_str(), "4096"),
    ] {
        let sent = ftp.upload_bytes("", path, b"x", Map::new());
        refused("a path to send to", sent.await, INVALID, words)?;
        let removed = ftp.remove("", path, Map::new());
        refused("a path to remove", removed.await, INVALID, words)?;
        let renamed = ftp.rename("", "a", path, Map::new());
        refused("a path to rename to", renamed.await, INVALID, words)?;
    }
    let yes = || Variant::from(true);
    let cases: [(Map<'_>, &str); 8] = [
        (Map::from([("apend", yes())]), "`apend`"),
        (Map::from([("append", Variant::from("yes"))]), "`append`"),
        (
            Map::from([("append", yes()), ("atomic", yes())]),
            "one at most",
        ),
        (Map::from([("size", Variant::from(6_u64))]), "5 came"),
        (Map::from([("size", Variant::from(5_u32))]), "`size`"),
        (Map::from([("token", Variant::from(""))]), "`token`"),
        (Map::from([("via", Variant::from(vec!["tunnel"]))]), "`via`"),
        (
            Map::from([("timeout_usec", Variant::from(0_u64))]),
            "`timeout_usec`",
        ),
    ];
    for (options, words) in cases {
        let again: Map<'_> = options
            .iter()
            .map(|(key, value)| Ok((*key, value.try_clone()?)))
            .collect::<Result<_>>()?;
        let content = File::open(&small)?;
        let sent = ftp.upload("", "x", content.as_fd().into(), options);
        refused(words, sent.await, INVALID, words)?;
        let sent = ftp.upload_bytes("", "x", b"12345", again);
        refused(words, sent.await, INVALID, words)?;
    }
    for (account, words) in [
        ("nobody", "`nobody`"),
        ("letters", "ftp"),
        ("../x", "`../x`"),
    ] {
        let listed = ftp.list(account, "", Map::new()).await;
        refused(account, listed, "NotFound", words)?;
        let content = File::open(&small)?;
        let sent = ftp.upload(account, "x", content.as_fd().into(), Map::new());
        refused(account, sent.await, "NotFound", words)?;
    }
    nothing_is_left(&site, &client).await
}

#[tokio::test]
async fn mailboxes_and_messages() -> Result<()> {
    let (site, client) = site().await?;
    let pop3 = Pop3Proxy::new(client.connection()).await?;
    let long = "x".repeat(71);
    for uid in ["", "a b", "a\r\nDELE 1", "\u{e4}", long.as_str()] {
        let fetched = pop3.fetch("", &[uid], Map::new()).await;
        refused("an id to fetch", fetched, INVALID, "unique id")?;
        let deleted = pop3.delete("", &[uid], Map::new()).await;
        refused("an id to delete", deleted, INVALID, "unique id")?;
        let top = pop3.top("", uid, 1, Map::new()).await;
        refused("an id to look into", top, INVALID, "unique id")?;
        let message = pop3.get_message("", uid, Map::new()).await;
        refused("an id to find", message, "NotFound", "no message")?;
    }
    let none = pop3.delete("", &[], Map::new()).await;
    refused("no id", none, INVALID, "no message is named")?;
    let number = Map::from([("delete", Variant::from(1_u32))]);
    refused(
        "a number",
        pop3.fetch("", &[], number).await,
        INVALID,
        "`delete`",
    )?;
    for (account, words) in [("nobody", "`nobody`"), ("letters", "pop3")] {
        let checked = pop3.check(account, Map::new()).await;
        refused(account, checked, "NotFound", words)?;
    }
    for account in ["nobody", "../../accounts"] {
        let listed = pop3.list_inbox(account, 0, 10, Map::new()).await;
        refused(account, listed, "NotFound", account)?;
    }

    let mail = MailProxy::new(client.connection()).await?;
    let rcpt = ["one@example.org"];
    let (closed, other_end) = nix::unistd::pipe()?;
    drop(other_end);
    for (what, file, name, words) in [
        ("a folder", File::open("/")?, INVALID, "a folder"),
        ("no end", File::open("/dev/zero")?, INVALID, "a device"),
        (
            "a pipe that was closed",
            File::from(closed),
            INVALID,
            "empty",
        ),
        ("too long a file", long_file(&site)?, "TooLarge", "4096"),
    ] {
        let sent = mail.send_raw("", &rcpt, file.as_fd().into(), Map::new());
        refused(what, sent.await, name, words)?;
    }
    let large = vec![b'x'; 5000];
    let sent = mail.send_raw_bytes("", &rcpt, &large, Map::new()).await;
    refused("too many bytes", sent, "TooLarge", "4096")?;
    for rcpt in ["", "a@example.org\r\nRCPT TO:<b@example.org>", "nobody"] {
        let sent = mail.send_raw_bytes("", &[rcpt], b"x", Map::new()).await;
        refused("an address", sent, INVALID, "")?;
    }
    let flushed = mail.flush("nobody", Map::new()).await;
    refused("a queue of nobody", flushed, "NotFound", "`nobody`")?;
    nothing_is_left(&site, &client).await
}

fn long_file(site: &Site) -> Result<File> {
    let path = site.folder().write("long", [b'x'; 5000])?;
    Ok(File::open(path)?)
}

#[tokio::test]
async fn accounts() -> Result<()> {
    let (site, client) = site().await?;
    let manager = ManagerProxy::new(client.connection()).await?;
    let smtp = |key: &'static str, value: Variant<'static>| {
        let host = ("host", Variant::from("mail.example.org"));
        let server = Variant::from(Map::from([host, (key, value)]));
        Map::from([("from", Variant::from("a@example.org")), ("smtp", server)])
    };
    let good = || smtp("user", Variant::from("u"));
    for name in ["", "../x", "a b", "main", &"x".repeat(33)] {
        let made = manager.create_account(name, good(), Map::new()).await;
        refused("a name", made, INVALID, "")?;
    }
    for (key, value, words) in [
        ("password", Variant::from("geheim-4711"), "no setting"),
        ("tls", Variant::from("ssl"), "implicit, starttls, none"),
        ("port", Variant::from(0_u32), "port"),
        ("port", Variant::from("25"), "`smtp.port`"),
        ("user", Variant::from("a\r\nb"), "control"),
        ("host", Variant::from("a b"), "a b"),
        ("colour", Variant::from("red"), "`smtp.colour`"),
    ] {
        let made = manager.create_account("new", smtp(key, value), Map::new());
        refused(key, made.await, INVALID, words)?;
    }
    ensure!(!site.daemon_log().contains("geheim-4711"));
    nothing_is_left(&site, &client).await?;

    let path = manager.create_account("new", good(), Map::new()).await?;
    let account = AccountProxy::new(client.connection(), path).await?;
    let file = |bytes: &[u8]| -> Result<File> {
        let name = format!("secret-{}", bytes.len());
        Ok(File::open(site.folder().write(&name, bytes)?)?)
    };
    for (what, kind, secret, name, words) in [
        (
            "another kind",
            "imap",
            file(b"x")?,
            INVALID,
            "smtp, pop3 or ftp",
        ),
        (
            "a service that it lacks",
            "pop3",
            file(b"x")?,
            INVALID,
            "pop3",
        ),
        ("a folder", "smtp", File::open("/")?, INVALID, "a folder"),
        ("nothing", "smtp", file(b"")?, INVALID, "empty"),
        ("two lines", "smtp", file(b"a\nb\n")?, INVALID, "one line"),
        ("too much", "smtp", file(&[b'x'; 5000])?, "TooLarge", "4096"),
    ] {
        let set = account.set_secret(kind, secret.as_fd().into(), Map::new());
        refused(what, set.await, name, words)?;
    }
    let named = account.set_secret_from_credential("smtp", "../x", Map::new());
    refused("a credential's name", named.await, INVALID, "../x")?;
    account.remove(Map::new()).await?;
    ensure!(!Path::new(&site.state_dir().join("accounts/new.json")).exists());
    Ok(())
}
