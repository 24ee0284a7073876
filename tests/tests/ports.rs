//! Ports whose far end comes and goes.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::office::{Account, Office, Route};
use hayes_tests::site::Site;
use hayes_tests::terminal::Terminal;
use hayes_tests::{ports, wait, wakeups};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::thread::sleep;
use std::time::Duration;

const PANEL: &str = "/org/hayesd1/emulator/panel";

#[tokio::test]
async fn far_end_closes_and_opens_again() -> Result<()> {
    let office = Office::open(Route::Ip, &Account::bare(ports::free()?)).await?;
    let client = &office.client;
    let dtr = async |wanted: bool| {
        wait::until_async("Dtr to change", wait::LONG, async || {
            let dtr: Result<bool> = client.property(PANEL, "Emulator", "Dtr").await;
            (dtr.ok()? == wanted).then_some(())
        })
        .await
    };
    dtr(false).await?;
    let mut first = office.equipment()?;
    dtr(true).await?;
    first.ok("ATE0")?;
    // An answer that it does not read, and half a line.
    first.send("ATI\rAT+QSM")?;
    drop(first);
    dtr(false).await?;
    let mut second = office.equipment()?;
    dtr(true).await?;
    let stale = second.collect(Duration::from_millis(300))?;
    ensure!(stale.is_empty(), "{}", stale.escape_ascii());
    // Echo off is a setting and stays; half a line does not.
    ensure!(second.command("AT")? == ["OK"]);
    Ok(())
}

#[tokio::test]
async fn nothing_spins_while_nobody_is_there() -> Result<()> {
    let mut office = Office::open(Route::Ip, &Account::bare(ports::free()?)).await?;
    for round in ["never opened", "opened and closed", "open and idle"] {
        let held = match round {
            "never opened" => None,
            _ => {
                let mut equipment = office.equipment()?;
                equipment.ok("AT")?;
                (round == "open and idle").then_some(equipment)
            }
        };
        sleep(Duration::from_millis(500));
        let (helper, daemon) = (office.site.helper()?.id(), office.site.daemon()?.id());
        let before = (wakeups::of(helper)?, wakeups::of(daemon)?);
        sleep(Duration::from_secs(2));
        let helper = wakeups::of(helper)? - before.0;
        let daemon = wakeups::of(daemon)? - before.1;
        ensure!(
            helper <= 2,
            "{round}: the helper woke up {helper} times in 2 s"
        );
        ensure!(
            daemon <= 20,
            "{round}: the daemon woke up {daemon} times in 2 s"
        );
        drop(held);
    }
    Ok(())
}

#[tokio::test]
async fn device_vanishes_and_comes_back() -> Result<()> {
    let mut site = Site::new()?;
    let path = site.device("ttyTest");
    site.configure(&format!(
        "[emulator.panel]\ndevice = \"{}\"\ndialect = \"quectel\"\n",
        path.display()
    ))?;
    let client = site.start().await?;
    for _ in 0..3 {
        client.until(PANEL, "Emulator", "State", "absent").await?;
        let (terminal, mut far_end) = Terminal::plug_in(&path)?;
        client.until(PANEL, "Emulator", "State", "command").await?;
        far_end.ok("AT")?;
        terminal.unplug(far_end)?;
    }
    client.until(PANEL, "Emulator", "State", "absent").await?;
    let helper = site.helper()?.id();
    let before = wakeups::of(helper)?;
    sleep(Duration::from_secs(1));
    let woke = wakeups::of(helper)? - before;
    ensure!(
        woke <= 2,
        "the helper woke up {woke} times in 1 s for a device that is not there"
    );
    Ok(())
}

/// A device is reported by whatever of its names, and only one that a port has.
#[tokio::test]
async fn devices_are_reported_by_any_name() -> Result<()> {
    let mut site = Site::new()?;
    let path = site.device("ttyTest");
    site.configure(&format!(
        "[emulator.panel]\ndevice = \"{}\"\ndialect = \"quectel\"\n",
        path.display()
    ))?;
    let client = site.start().await?;
    let manager = hayes_dbus::ManagerProxy::new(client.connection()).await?;
    let report = async |path: &std::path::Path, present: bool| {
        let path = path.display().to_string();
        manager.report_device(&path, present, HashMap::new()).await
    };
    // A file is refused for good, and asked for again much later only.
    fs::write(&path, "")?;
    report(&path, true).await?;
    client.until(PANEL, "Emulator", "State", "refused").await?;
    fs::remove_file(&path)?;
    let (terminal, mut far_end) = Terminal::plug_in(&path)?;
    report(&fs::canonicalize(&path)?, true).await?;
    client.until(PANEL, "Emulator", "State", "command").await?;
    // One that is there is left alone.
    report(&path, true).await?;
    far_end.ok("AT")?;
    let error = report("/dev/null".as_ref(), true).await.err();
    let error = error.context("nobody has it")?.to_string();
    ensure!(error.contains("NotFound"), "{error}");
    report("/dev/ttyNobody".as_ref(), false).await?;
    terminal.unplug(far_end)?;
    Ok(())
}

/// The helper dies: the port is claimed again from the next one.
#[tokio::test]
async fn helper_dies_and_comes_back() -> Result<()> {
    let mut office = Office::open(Route::Ip, &Account::bare(ports::free()?)).await?;
    office.site.helper()?.kill()?;
    office
        .client
        .until(PANEL, "Emulator", "State", "absent")
        .await?;
    office.site.start_helper()?;
    office.ready().await?;
    let mut equipment = office.equipment()?;
    equipment.ok("AT")?;
    Ok(())
}

/// A planned restart costs the equipment nothing: the terminal stays open, what it types is kept.
#[tokio::test]
async fn restart_keeps_the_port() -> Result<()> {
    let mut office = Office::open(Route::Ip, &Account::bare(ports::free()?)).await?;
    let pty = office.site.pty("panel");
    ensure!(
        fs::metadata(&pty)?.mode() & 0o777 == 0o660,
        "mode of the terminal"
    );
    let node = fs::read_link(&pty)?;
    let mut equipment = office.equipment()?;
    equipment.ok("ATE0")?;
    office.site.stop()?;
    equipment.send("AT\r")?;
    office.client = office.site.start().await?;
    ensure!(equipment.result()? == ["OK"]);
    ensure!(fs::read_link(&pty)? == node);
    Ok(())
}
