//! Accounts that callers make: from nothing to a mail at the server, and what is seen of their secrets.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::{Client, Map, error_name};
use hayes_tests::postfix::{PASSWORD, Postfix, USER};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use zbus::{Fd, OwnedObjectPath, Variant};

const ROOT: &str = "/org/hayesd1";

fn server<'a>(port: u16, tls: &'a str) -> Variant<'a> {
    Variant::from(Map::from([
        ("host", Variant::from("localhost")),
        ("port", Variant::from(u32::from(port))),
        ("tls", Variant::from(tls)),
        ("user", Variant::from(USER)),
    ]))
}

async fn create(client: &Client, name: &str, settings: Map<'_>) -> zbus::Result<String> {
    let path: OwnedObjectPath = client
        .call(
            ROOT,
            "Manager",
            "CreateAccount",
            &(name, settings, Map::new()),
        )
        .await?;
    Ok(path.to_string())
}

/// Gives a secret through a pipe, as a shell would.
async fn give(client: &Client, account: &str, kind: &str, secret: &str) -> Result<()> {
    let (read, write) = nix::unistd::pipe()?;
    File::from(write).write_all(secret.as_bytes())?;
    let fd = Fd::from(read.as_fd());
    let () = client
        .call(account, "Account", "SetSecret", &(kind, fd, Map::new()))
        .await?;
    Ok(())
}

async fn send(client: &Client, account: &str) -> zbus::Result<String> {
    let mail = (account, "one@example.org", "Pump 7", "low", Map::new());
    let job: OwnedObjectPath = client.call(ROOT, "Mail", "SendSimple", &mail).await?;
    Ok(job.to_string())
}

/// The rows of `Account.Test`: service, failed step, text.
async fn tested(client: &Client, account: &str) -> Result<Vec<(String, String, String)>> {
    let job: OwnedObjectPath = client
        .call(account, "Account", "Test", &(Map::new(),))
        .await?;
    let outcome = client.wait(job.as_str()).await?;
    let rows = outcome
        .result
        .get("services")
        .context("no `services` in the result")?;
    Ok(rows.try_clone()?.try_into()?)
}

fn look(place: &str, text: &[u8]) -> Result<()> {
    let found = text
        .windows(PASSWORD.len())
        .any(|window| window == PASSWORD.as_bytes());
    ensure!(!found, "{place} holds the password");
    Ok(())
}

fn look_in_files(folder: &Path, except: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            look_in_files(&path, except)?;
        } else if path != except {
            look(&path.to_string_lossy(), &fs::read(&path)?)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn made_by_a_caller_it_sends_mail_and_survives() -> Result<()> {
    let postfix = Postfix::start()?;
    let mut site = Site::new()?;
    let roots = postfix.authority().root().display().to_string();
    site.configure(&format!("[tls]\nroots = \"{roots}\"\n"))?;
    let client = site.start().await?;
    let () = client
        .call(ROOT, "Manager", "SetLogLevel", &("trace", Map::new()))
        .await?;
    let settings = || {
        Map::from([
            ("from", Variant::from("Pump 7 <pump7@example.org>")),
            ("smtp", server(postfix.ports().implicit, "implicit")),
        ])
    };
    let account = create(&client, "made", settings()).await?;

    // Not in words: the error names the way, and nothing of it is kept.
    let in_words = Map::from([(
        "smtp",
        Variant::from(Map::from([
            ("host", Variant::from("localhost")),
            ("password", Variant::from(PASSWORD)),
        ])),
    )]);
    let refused = create(&client, "other", in_words).await.err();
    let refused = refused.context("a password as a setting was taken")?;
    ensure!(error_name(&refused).as_deref() == Some("InvalidArgument"));
    ensure!(refused.to_string().contains("SetSecret"), "{refused}");
    look("an error", refused.to_string().as_bytes())?;

    let without = send(&client, "made").await.err();
    let without = without.context("a mail without password was taken")?;
    ensure!(without.to_string().contains("SetSecret"), "{without}");
    ensure!(tested(&client, &account).await?[0].1 == "authenticate");
    give(&client, &account, "smtp", "wrong\n").await?;
    let rows = tested(&client, &account).await?;
    ensure!(
        rows[0].1 == "authenticate" && rows[0].2.contains("535"),
        "{rows:?}"
    );
    give(&client, &account, "smtp", &format!("{PASSWORD}\n")).await?;
    let rows = tested(&client, &account).await?;
    ensure!(rows == [("smtp".into(), String::new(), String::new())]);
    let job = send(&client, "made").await?;
    client.done(&job).await?;

    let file = site.state_dir().join("accounts/made.json");
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    look_in_files(&site.state_dir(), &file)?;
    let introspection = client
        .connection()
        .call_method(
            Some("org.hayesd1"),
            account.as_str(),
            Some("org.freedesktop.DBus.Properties"),
            "GetAll",
            &("org.hayesd1.Account",),
        )
        .await?;
    look("a property", &introspection.body().data()[..])?;

    site.kill()?;
    let client = site.start().await?;
    let job = send(&client, "made").await?;
    client.done(&job).await?;
    let () = client
        .call(&account, "Account", "Remove", &(Map::new(),))
        .await?;
    ensure!(!file.exists());
    let gone = send(&client, "made").await.err();
    ensure!(gone.as_ref().and_then(error_name).as_deref() == Some("NotFound"));
    site.stop()?;
    look("the log", site.daemon_log().as_bytes())?;
    postfix.mailbox("one@example.org").expect(2)?;
    Ok(())
}

#[tokio::test]
async fn the_test_says_which_step_failed() -> Result<()> {
    let mut site = Site::new()?;
    site.configure("")?;
    let client = site.start().await?;
    let plain = SmtpServer::accept_all()?;
    let settings = Map::from([
        ("from", Variant::from("pump7@example.org")),
        ("smtp", server(plain.port(), "implicit")),
        (
            "pop3",
            Variant::from(Map::from([
                ("host", Variant::from("localhost")),
                (
                    "port",
                    Variant::from(u32::from(hayes_tests::ports::free()?)),
                ),
                ("user", Variant::from(USER)),
            ])),
        ),
    ]);
    let account = create(&client, "steps", settings).await?;
    for kind in ["smtp", "pop3"] {
        give(&client, &account, kind, PASSWORD).await?;
    }
    let rows = tested(&client, &account).await?;
    let steps: Vec<_> = rows
        .iter()
        .map(|(service, step, _)| (service.as_str(), step.as_str()))
        .collect();
    ensure!(steps == [("smtp", "tls"), ("pop3", "connect")], "{rows:?}");
    look("a result", format!("{rows:?}").as_bytes())
}

/// The first response of XOAUTH2 for [`USER`] and this token, without its base64.
fn bearer(token: &str) -> String {
    format!("user={USER}\u{1}auth=Bearer {token}\u{1}\u{1}")
}

fn unbase64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

#[tokio::test]
async fn a_token_is_printed_by_a_program_at_each_login() -> Result<()> {
    let server = SmtpServer::start(|step, _| match step {
        Step::Ehlo => Answer::Line("250-script\r\n250 AUTH PLAIN XOAUTH2"),
        _ => Answer::Usual,
    })?;
    let mut site = Site::new()?;
    let token = site.secret("token", "ya29.first\n")?;
    let program = site.folder().write(
        "oauth",
        format!(
            "#!/bin/sh\ncat '{}' && exit 0\necho 'refresh token expired' >&2\nexit 7\n",
            token.display()
        ),
    )?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;
    site.configure(&format!(
        "[account.main]\nfrom = \"pump7@example.org\"\nsmtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\", \
         plain_auth = true, user = \"{USER}\", token = {{ command = [\"{}\"] }} }}\n",
        server.port(),
        program.display()
    ))?;
    let client = site.start().await?;
    let () = client
        .call(ROOT, "Manager", "SetLogLevel", &("trace", Map::new()))
        .await?;
    for now in ["ya29.first", "ya29.second"] {
        site.secret("token", &format!("{now}\n"))?;
        let job = send(&client, "main").await?;
        client.done(&job).await?;
        let lines = server.lines();
        let mut said = lines
            .iter()
            .filter_map(|line| line.strip_prefix("AUTH XOAUTH2 "));
        let last = said.next_back().and_then(unbase64);
        ensure!(last == Some(bearer(now)), "{last:?}");
    }
    fs::remove_file(&token)?;
    let job = send(&client, "main").await?;
    let outcome = client.wait(&job).await?;
    ensure!(outcome.state == "deferred", "{outcome:?}");
    let text = outcome.text("error_text").unwrap_or_default();
    ensure!(
        text.contains("exit status: 7") && text.contains("No such file"),
        "{text}"
    );
    site.stop()?;
    ensure!(!site.daemon_log().contains("ya29"), "the log holds a token");
    Ok(())
}
