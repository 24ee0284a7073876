//! `hayesctl modem`, `emulator`, `trace`, `status`, `reload` and `port`.

use super::interrupt;
use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::Client;
use hayes_tests::hayesctl::{Ended, command, ended, run};
use hayes_tests::site::Site;
use hayes_tests::wait;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;

/// An emulator on a pseudo-terminal, and a modem that is this emulator.
async fn looped() -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    let pty = site.pty("panel").display().to_string();
    site.configure(&format!(
        "[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n\
         [modem.lte-1]\ndevice = \"{pty}\"\napn = \"internet\"\n"
    ))?;
    let client = site.start().await?;
    let lte = "/org/hayesd1/modem/lte_2d1";
    client.until(lte, "Modem", "State", "ready").await?;
    Ok((site, client))
}

#[tokio::test]
async fn modems_and_emulators_are_shown_asked_and_switched() -> Result<()> {
    let (site, client) = looped().await?;
    let bus = site.bus();
    let listed = run(bus, &["modem", "list"])?.good()?.text();
    ensure!(listed.contains("\nlte-1  ready  quectel  "), "{listed}");
    let shown = run(bus, &["modem", "show", "lte-1", "--json"])?
        .good()?
        .json()?;
    ensure!(
        shown["name"] == "lte-1" && shown["state"] == "ready" && shown["late_bytes"].is_u64(),
        "{shown}"
    );
    let answer = run(bus, &["modem", "command", "lte-1", "AT+CSQ"])?
        .good()?
        .text();
    ensure!(
        answer.starts_with("+CSQ: ") && answer.ends_with("OK\n"),
        "{answer}"
    );
    let answer = run(bus, &["modem", "command", "lte-1", "AT+NONSENSE"])?;
    answer.bad(69, "the module answers")?;
    ensure!(answer.text().contains("ERROR"), "{answer:?}");
    run(
        bus,
        &["modem", "command", "lte-1", "AT+CSQ", "--timeout", "1m"],
    )?
    .bad(64, "")?;
    run(bus, &["modem", "reset", "lte-1"])?.good()?;
    run(bus, &["modem", "disable", "lte-1"])?.good()?;
    client
        .until("/org/hayesd1/modem/lte_2d1", "Modem", "State", "disabled")
        .await?;
    run(bus, &["modem", "enable", "lte-1"])?.good()?;
    client
        .until("/org/hayesd1/modem/lte_2d1", "Modem", "State", "ready")
        .await?;

    run(bus, &["emulator", "reset", "panel"])?.good()?;
    run(bus, &["emulator", "stop", "panel"])?.good()?;
    let listed = run(bus, &["emulator", "list"])?.good()?.text();
    ensure!(listed.contains("\npanel     stopped  quectel"), "{listed}");
    run(bus, &["emulator", "start", "panel"])?.good()?;
    let shown = run(bus, &["emulator", "show", "panel"])?.good()?.text();
    ensure!(
        shown.contains("device     pty:panel\n") && shown.contains("dialect    quectel\n"),
        "{shown}"
    );

    let status = run(bus, &["status"])?.good()?.text();
    ensure!(
        status.starts_with("hayesd           0.")
            && status.contains("\nlte-1 ")
            && status.contains("\npanel "),
        "{status}"
    );
    let status = run(bus, &["status", "--json"])?.good()?.json()?;
    ensure!(
        status["queue_length"] == 0 && status["modems"][0]["name"] == "lte-1",
        "{status}"
    );
    run(bus, &["log-level", "debug"])?.good()?;
    run(bus, &["log-level", "loud"])?.bad(64, "loud")
}

#[tokio::test]
async fn a_trace_goes_on_until_ctrl_c() -> Result<()> {
    let (site, _client) = looped().await?;
    let bus = site.bus();
    for (arguments, wanted) in [
        (&["trace", "lte-1"][..], " >> AT+CSQ"),
        (&["trace", "panel"], " >> AT+CSQ"),
        (
            &["--json", "trace", "lte-1"],
            "\"from\":\"host\",\"text\":\"AT+CSQ",
        ),
    ] {
        let mut child = command(bus, arguments)?.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let reader = std::thread::spawn(move || {
            let seen = lines.any(|line| line.is_ok_and(|line| line.contains(wanted)));
            (seen, lines)
        });
        // It tells what comes from its beginning on, and does not say when that was: so we ask until it has
        // seen us.
        wait::until("a line of the trace", wait::LONG, || {
            let _ = run(bus, &["modem", "command", "lte-1", "AT+CSQ"]);
            reader.is_finished().then_some(())
        })?;
        let (seen, _pipe) = reader.join().ok().context("the reader")?;
        ensure!(seen, "{arguments:?}");
        interrupt(&child)?;
        ended(child)?.good()?;
    }
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_told_with_its_line() -> Result<()> {
    let mut site = Site::new()?;
    site.configure("")?;
    let _client = site.start().await?;
    run(site.bus(), &["reload"])?.good()?;
    site.configure("\n[account.x]\nnonsense = 1\n")?;
    let told = run(site.bus(), &["reload"])?;
    told.bad(64, "nonsense")?;
    ensure!(told.stderr.contains("hayesd.toml:"), "{told:?}");
    Ok(())
}

/// Without a bus.
fn ports(root: &Path, arguments: &[&str]) -> Result<Ended> {
    let output = Command::new(hayes_tests::binaries::hayesctl()?)
        .arg("port")
        .args(arguments)
        .arg("--root")
        .arg(root)
        .output()?;
    Ok(Ended {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[test]
fn ports_are_listed_and_kept_from_modem_manager() -> Result<()> {
    let folder = hayes_tests::folder::Folder::new("ports")?;
    let root = folder.path();
    let (list, rules) = (
        root.join("etc/hayesd/ports"),
        root.join("etc/udev/rules.d/99-hayesd.rules"),
    );
    ports(root, &["add", "/dev/ttyAP3"])?.good()?;
    ports(root, &["add", "/dev/serial/by-id/usb-EC25-if02-port0"])?.good()?;
    ports(root, &["add", "/dev/ttyAP3"])?.good()?;
    // What the helper allows without a list is allowed by the new one.
    let default = include_str!("../../../ldisc-helper/src/allow.rs");
    let default = default
        .split("const DEFAULT: &[&str] = &[")
        .nth(1)
        .context("DEFAULT")?;
    let default = default.split("];").next().context("DEFAULT")?;
    let mut expected: Vec<&str> = default.split('"').skip(1).step_by(2).collect();
    expected.extend(["/dev/ttyAP3", "/dev/serial/by-id/usb-EC25-if02-port0"]);
    let text = fs::read_to_string(&list)?;
    let found: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    ensure!(found == expected, "{text}");
    let text = fs::read_to_string(&rules)?;
    ensure!(
        text.contains(r#"KERNEL=="ttyAP3", ENV{ID_MM_PORT_IGNORE}="1""#)
            && text.contains(r#"SYMLINK=="serial/by-id/usb-EC25-if02-port0", "#)
            && text.lines().count() == 5,
        "{text}"
    );
    let listed = ports(root, &["list"])?.good()?.text();
    ensure!(
        listed
            .lines()
            .any(|line| line.starts_with("/dev/ttyAP3 ") && line.ends_with("keeps away")),
        "{listed}"
    );

    ports(root, &["add", "--whole-modem", "/dev/ttyAP3"])?.bad(66, "/dev/ttyAP3")?;
    ports(root, &["remove", "/dev/ttyAP3"])?.good()?;
    ports(root, &["remove", "/dev/ttyAP3"])?.bad(66, "was not added")?;
    let text = fs::read_to_string(&list)? + &fs::read_to_string(&rules)?;
    ensure!(
        !text.contains("ttyAP3") && text.contains("usb-EC25"),
        "{text}"
    );
    ports(root, &["add", "--no-rule", "/dev/ttyAP4"])?.good()?;
    ensure!(!fs::read_to_string(&rules)?.contains("ttyAP4"));
    Ok(())
}
