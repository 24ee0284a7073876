//! What people get wrong, and what is not there.

use super::site;
use anyhow::{Result, ensure};
use hayes_tests::bus::Bus;
use hayes_tests::folder::Folder;
use hayes_tests::hayesctl::{command, ended, run};
use hayes_tests::smtp::SmtpServer;
use nix::unistd::{Uid, User};
use std::process::Stdio;

/// Arguments, exit status, words of the line that it is said in.
const MISTAKES: &[(&str, i32, &str)] = &[
    ("mail sned", 64, "'sned'"),
    ("mail send --text x", 64, "no recipient"),
    ("mail send --text x nowhere", 64, "has no @"),
    ("mail send --text-file /no/x a@example.org", 66, "/no/x"),
    ("mail send --text x -A / a@example.org", 74, "directory"),
    (
        "mail send --text x -A /dev/zero a@example.org",
        65,
        "/dev/zero",
    ),
    (
        "mail send --text-file /dev/zero a@example.org",
        65,
        "/dev/zero",
    ),
    ("mail send --text x -H X a@example.org", 64, "colon"),
    ("mail send --text x -a who a@example.org", 66, "who"),
    ("mail send --text x --via smoke a@example.org", 64, "smoke"),
    (
        "mail send --text x --via modem:typo a@example.org",
        66,
        "\"modem:typo\"",
    ),
    ("pop3 check", 66, "main"),
    ("pop3 show x", 66, "x"),
    ("ftp get x/y", 66, "main"),
    ("ftp put - ", 64, "other end"),
    ("job show 4711", 66, "4711"),
    ("modem show lte", 66, "no modem \"lte\""),
    ("modem command lte AT", 66, "no modem \"lte\""),
    ("modem reset lte hammer", 64, "hammer"),
    ("emulator stop panel", 66, "no emulator \"panel\""),
    ("account test who", 66, "no account \"who\""),
    ("account remove main", 69, "configuration"),
    ("account add x --smtp h,password=y", 64, "account secret"),
    ("trace panel", 66, "\"panel\""),
    ("port add ttyS1", 64, "below /dev"),
];

#[tokio::test]
async fn what_cannot_be_done_is_said_in_one_line() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (mut site, _client) = site(server.port()).await?;
    let bus = site.bus();
    let mut wrong = Vec::new();
    for &(line, status, words) in MISTAKES {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let told = run(bus, &arguments)?;
        if let Err(error) = told.bad(status, words) {
            wrong.push(format!("{line}: {error:#}"));
        }
        ensure!(told.stdout.is_empty(), "{line}: {told:?}");
        let told = run(bus, &[&["--json"], &arguments[..]].concat())?;
        ensure!(
            told.json()?["error"]["exit"] == told.status.unwrap_or(-1),
            "{line}: {told:?}"
        );
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    let nothing = run(bus, &["mail"])?;
    ensure!(
        nothing.status == Some(64) && nothing.stderr.contains("queue  "),
        "{nothing:?}"
    );
    ensure!(server.connections() == 0);
    // `| head`: who does not read on is not told so.
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let unread = command(bus, &["status"])?.stdout(writer).spawn()?;
    let told = ended(unread)?;
    ensure!(
        told.status == Some(74) && told.stderr.is_empty(),
        "{told:?}"
    );
    site.stop()?;
    run(site.bus(), &["status"])?.bad(69, "hayesd does not run")?;
    let nowhere = std::process::Command::new(hayes_tests::binaries::hayesctl()?)
        .args(["--bus", "unix:path=/nowhere/bus", "status"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    ended(nowhere)?.bad(69, "/nowhere/bus")
}

/// Who is neither root nor in the group is told so, by the bus's word.
#[tokio::test]
async fn strangers_are_told_who_may() -> Result<()> {
    if !Uid::effective().is_root() {
        // Other users cannot be tried.
        return Ok(());
    }
    let policy = include_str!("../../../dbus/org.hayesd1.conf")
        .replace("group=\"hayesd\"", "group=\"games\"");
    let folder = Folder::new("policy")?.open_to_all()?;
    let bus = Bus::like_system(&folder.write("policy.conf", policy)?)?;
    let service = bus.connect().await?;
    service.request_name("org.hayesd1").await?;
    // Not where it was built: strangers may not look there.
    let program = folder.write(
        "hayesctl",
        std::fs::read(hayes_tests::binaries::hayesctl()?)?,
    )?;
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    let nobody = User::from_name("nobody")?.map(|user| user.uid.as_raw());
    let address = bus.address();
    let asked = move |arguments: &[&str]| {
        let mut stranger = std::process::Command::new(&program);
        std::os::unix::process::CommandExt::uid(&mut stranger, nobody.unwrap_or(65_534));
        stranger
            .args(["--bus", &address])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ended(stranger.spawn()?)
    };
    tokio::task::spawn_blocking(move || {
        asked(&["mail", "queue"])?.bad(77, "members of the group hayesd may do this")?;
        asked(&["port", "add", "/dev/ttyS1"])?.bad(77, "only root may write it")
    })
    .await?
}
