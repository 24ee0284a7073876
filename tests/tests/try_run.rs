//! `hayesd try`, as a newcomer runs it.

use anyhow::{Result, ensure};
use hayes_tests::folder::Folder;
use hayes_tests::process::Process;
use hayes_tests::{binaries, wait};
use nix::sys::signal::Signal;
use std::fs;
use std::process::Command;

fn command(folder: &Folder, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(binaries::hayesd()?);
    command
        .arg("try")
        .args(arguments)
        .env("XDG_RUNTIME_DIR", folder.path())
        .env_remove("DBUS_SESSION_BUS_ADDRESS");
    Ok(command)
}

fn is_empty(folder: &Folder) -> Result<bool> {
    Ok(fs::read_dir(folder.path())?.next().is_none())
}

#[test]
fn once_shows_the_whole_way_and_leaves_nothing() -> Result<()> {
    let folder = Folder::new("try")?;
    let output = command(&folder, &["--once"])?.output()?;
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{said}");
    let mut rest = said.as_str();
    for milestone in [
        "Mail.SendSimple",
        "AT+QSMTPCFG=\"smtpserver\"",
        "AT+QSMTPBODY=",
        "<< CONNECT",
        "AT+QSMTPPUT=",
        "+QSMTPPUT: 0,0",
        "Subject: Pump 7",
        "This came by AT commands.",
    ] {
        let Some(at) = rest.find(milestone) else {
            anyhow::bail!("no {milestone} at its place in\n{said}");
        };
        rest = &rest[at..];
    }
    ensure!(said.contains("\"***\""), "no starred secret in\n{said}");
    ensure!(
        !said.contains("not-a-real-password"),
        "the password is shown:\n{said}"
    );
    ensure!(is_empty(&folder)?, "something was left");
    Ok(())
}

#[test]
fn without_dbus_daemon_it_names_the_package() -> Result<()> {
    let folder = Folder::new("try")?;
    let output = command(&folder, &["--once"])?
        .env("PATH", folder.path())
        .output()?;
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.code() == Some(1), "{}", output.status);
    ensure!(said.contains("package dbus-daemon"), "{said}");
    ensure!(is_empty(&folder)?);
    Ok(())
}

#[test]
fn stays_until_it_is_interrupted_and_leaves_nothing() -> Result<()> {
    let folder = Folder::new("try")?;
    let log = Folder::new("log")?;
    let mut process = Process::start("hayesd try", &mut command(&folder, &[])?, &log.join("log"))?;
    wait::until("what can be tried by hand", wait::LONG, || {
        (process.log().contains("until Ctrl-C") || !process.is_running()).then_some(())
    })?;
    ensure!(process.is_running());
    let address = format!(
        "unix:path={}/hayesd-try-{}/bus",
        folder.path().display(),
        process.id()
    );
    ensure!(process.log().contains(&address), "{}", process.log());
    let tree = Command::new("busctl")
        .arg(format!("--address={address}"))
        .args(["tree", "org.hayesd1"])
        .output()?;
    ensure!(String::from_utf8_lossy(&tree.stdout).contains("/org/hayesd1/modem/module"));
    process.signal(Signal::SIGINT);
    ensure!(process.wait(wait::LONG)?.success());
    ensure!(is_empty(&folder)?, "something was left");
    Ok(())
}
