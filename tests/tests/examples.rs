//! The examples for programs, `dbus/examples/send.*`: each language tells the same of the same mail.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::binaries;
use hayes_tests::folder::Folder;
use hayes_tests::office::{Account, Office, Route};
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use std::path::{Path, PathBuf};
use std::process::Command;

fn source(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../dbus/examples")).join(name)
}

/// Built with all warnings as errors: others copy it.
fn in_c(folder: &Folder) -> Result<PathBuf> {
    let program = folder.join("send");
    let status = Command::new("gcc")
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-o",
        ])
        .arg(&program)
        .arg(source("send.c"))
        .arg("-lsystemd")
        .status()
        .context("gcc is not installed")?;
    ensure!(
        status.success(),
        "send.c does not build; it takes libsystemd-dev"
    );
    Ok(program)
}

/// A server that refuses one recipient for good, and another one for now.
fn server() -> Result<SmtpServer> {
    SmtpServer::start(|step, line| match step {
        Step::Rcpt if line.contains("refused@") => Answer::Line("550 5.1.1 No such user"),
        Step::Rcpt if line.contains("later@") => Answer::Line("451 4.3.2 Not now"),
        Step::Message => Answer::Line("250 2.0.0 Queued as 4711"),
        _ => Answer::Usual,
    })
}

/// Recipient; exit status; what is printed.
const MAILS: [(&str, i32, &[&str]); 4] = [
    (
        "one@example.org",
        0,
        &[
            "/org/hayesd1/job/1: done\n",
            "reply: 250 2.0.0 Queued as 4711\n",
        ],
    ),
    (
        "refused@example.org",
        1,
        &[
            "/org/hayesd1/job/2: failed\n",
            "error_name: org.hayesd1.Error.Rejected\n",
            "550 5.1.1 No such user",
        ],
    ),
    (
        "later@example.org",
        75,
        &[
            "/org/hayesd1/job/3: deferred\n",
            "error_name: org.hayesd1.Error.TemporaryFailure\n",
            "451 4.3.2 Not now",
        ],
    ),
    (
        "nobody",
        1,
        &["org.hayesd1.Error.InvalidArgument: an address has no @\n"],
    ),
];

async fn tells_what_became_of_it(program: &Path) -> Result<()> {
    let server = server()?;
    let office = Office::open(Route::Ip, &Account::bare(server.port())).await?;
    let send = |arguments: &[&str], bus: &str| -> Result<(Option<i32>, String)> {
        let output = Command::new(program)
            .args(arguments)
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .output()?;
        let told = String::from_utf8([output.stdout, output.stderr].concat())?;
        Ok((output.status.code(), told))
    };
    let bus = office.site.bus().address();
    for (to, status, words) in MAILS {
        let (ended, told) = send(&["main", to, "Käse", "Pressure is low."], &bus)?;
        ensure!(ended == Some(status), "{to}: {ended:?} {told}");
        for words in words {
            ensure!(told.contains(words), "{to}: {words:?} is not in {told:?}");
        }
    }
    let taken = server.taken();
    ensure!(taken.len() == 1 && taken[0].recipients == ["one@example.org"]);
    let text = String::from_utf8_lossy(&taken[0].message).into_owned();
    ensure!(text.contains("Pressure is low."), "{text}");

    let (ended, told) = send(&["main", "one@example.org"], &bus)?;
    ensure!(ended == Some(64) && told.starts_with("usage: "), "{told}");
    let nowhere = "unix:path=/nonexistent/bus";
    let (ended, told) = send(&["main", "one@example.org", "a", "b"], nowhere)?;
    ensure!(ended == Some(1) && told.starts_with("the bus: "), "{told}");
    Ok(())
}

#[tokio::test]
async fn c() -> Result<()> {
    let folder = Folder::new("example")?;
    tells_what_became_of_it(&in_c(&folder)?).await
}

#[tokio::test]
async fn python() -> Result<()> {
    tells_what_became_of_it(&source("send.py")).await
}

#[tokio::test]
async fn rust() -> Result<()> {
    tells_what_became_of_it(&binaries::example("send")?).await
}
