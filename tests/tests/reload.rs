//! Another configuration while the daemon runs: what changes, and what does not even notice.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::{Client, Map, error_name};
use hayes_tests::equipment::Equipment;
use hayes_tests::module::Module;
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::terminal::Terminal;
use hayes_tests::wait;
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use zbus::{OwnedObjectPath, Variant};

const MANAGER: &str = "/org/hayesd1";
const PANEL: &str = "[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n";
const DOOR: &str = "[emulator.door]\ndevice = \"pty:door\"\ndialect = \"quectel\"\n";

/// A site with this configuration, whose emulators `names` wait for commands.
async fn site(config: &str, names: &[&str]) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    site.configure(config)?;
    let client = site.start().await?;
    for name in names {
        up(&client, name).await?;
    }
    Ok((site, client))
}

async fn up(client: &Client, emulator: &str) -> Result<()> {
    let path = format!("/org/hayesd1/emulator/{emulator}");
    client.until(&path, "Emulator", "State", "command").await
}

async fn reload(client: &Client) -> zbus::Result<()> {
    let options = (Map::new(),);
    client.call(MANAGER, "Manager", "Reload", &options).await
}

/// Another configuration for a running daemon.
async fn change(site: &Site, client: &Client, config: &str) -> Result<()> {
    site.configure(config)?;
    reload(client).await.with_context(|| site.daemon_log())
}

/// Whether there is such an object.
async fn is_there(client: &Client, path: &str, interface: &str) -> bool {
    let state = client.property::<String>(path, interface, "State").await;
    state.is_ok()
}

fn account(port: u16, more: &str) -> String {
    format!(
        "[account.main]\nfrom = \"Pump 7 <pump7@example.org>\"\n{more}\
         smtp = {{ host = \"localhost\", port = {port}, tls = \"none\" }}\n"
    )
}

/// Equipment that has said how its mail leaves.
fn set_up(site: &Site, port: u16) -> Result<Equipment> {
    let mut equipment = Equipment::open(&site.pty("panel"))?;
    equipment.ok("ATE0")?;
    quectel::set_up(&mut equipment, port, SslType::None, None)?;
    quectel::recipients(&mut equipment, &[(Kind::To, "one@example.org")])?;
    Ok(equipment)
}

/// Begins a body of so many bytes.
fn begin_body(equipment: &mut Equipment, length: usize) -> Result<()> {
    let lines = equipment.command(&format!("AT+QSMTPBODY=0,{length},60"))?;
    ensure!(lines == ["CONNECT"], "{lines:?}");
    Ok(())
}

/// Everything else changes, what its own mail may reach among it: the port itself is not touched.
#[tokio::test]
async fn a_body_under_way_does_not_notice() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, client) = site(&format!("{PANEL}{DOOR}"), &["panel", "door"]).await?;
    let mut equipment = set_up(&site, server.port())?;
    let node = fs::read_link(site.pty("panel"))?;
    let body: Vec<String> = (0..400).map(|n| format!("line {n} of the body")).collect();
    let body = body.join("\r\n").into_bytes();
    let (first, rest) = body.split_at(body.len() / 3);
    begin_body(&mut equipment, body.len())?;
    equipment.send(first)?;
    change(
        &site,
        &client,
        &format!(
            "queue = {{ first = \"2 s\" }}\ndefault_account = \"main\"\n{PANEL}\
             allow = [\"127.0.0.1\", \"::1\"]\nvia = [\"ip\"]\n{}",
            account(server.port(), "")
        ),
    )
    .await?;
    ensure!(!is_there(&client, "/org/hayesd1/emulator/door", "Emulator").await);
    equipment.send(rest)?;
    let lines = equipment.result()?;
    ensure!(
        lines == [format!("+QSMTPBODY: {}", body.len()), "OK".into()],
        "{lines:?}"
    );
    let told = quectel::put(&mut equipment)?;
    ensure!(told == "0,0", "{told}: {}", site.daemon_log());
    let taken = server.taken();
    ensure!(taken.len() == 1);
    let message = String::from_utf8_lossy(&taken[0].message);
    let text = message.trim_end().as_bytes();
    ensure!(text.ends_with(&body), "{message}");
    ensure!(fs::read_link(site.pty("panel"))? == node, "another pty");
    Ok(())
}

#[tokio::test]
async fn ports_come_and_go_and_change_alone() -> Result<()> {
    let (site, client) = site(&format!("{PANEL}{DOOR}"), &["panel", "door"]).await?;
    let mut panel = set_up(&site, 25)?;
    let mut door = Equipment::open(&site.pty("door"))?;
    door.ok("ATE0")?;
    let node = fs::read_link(site.pty("door"))?;

    // Changed in the middle of a body: that is as lost as with the daemon, and never taken for commands.
    begin_body(&mut panel, 30)?;
    panel.send("ATE1\rATE1\r")?;
    let other = format!("{PANEL}identity = {{ model = \"EC21\" }}\n");
    let gate = "[emulator.gate]\ndevice = \"pty:gate\"\ndialect = \"quectel\"\n";
    change(&site, &client, &format!("{other}{DOOR}{gate}")).await?;
    panel.send("ATE1\rATE1\rATE1\rATE1\r")?;
    let lines = panel.result()?;
    ensure!(lines == ["ERROR"], "{lines:?}");
    let lines = panel.command("AT+CGMM")?;
    ensure!(lines == ["EC21", "OK"], "its echo is off still: {lines:?}");
    up(&client, "gate").await?;
    Equipment::open(&site.pty("gate"))?.ok("AT")?;

    // Gone, and on another device: both names are free, what the panel had set it keeps.
    let moved = other.replace("pty:panel", "pty:hall");
    change(&site, &client, &format!("{moved}{DOOR}")).await?;
    up(&client, "panel").await?;
    wait::until("the ptys to go", wait::LONG, || {
        let is_gone = |name| fs::symlink_metadata(site.pty(name)).is_err();
        (is_gone("gate") && is_gone("panel")).then_some(())
    })?;
    ensure!(!is_there(&client, "/org/hayesd1/emulator/gate", "Emulator").await);
    let lines = Equipment::open(&site.pty("hall"))?.command("AT+CGMM")?;
    ensure!(lines == ["EC21", "OK"], "{lines:?}");

    let lines = door.command("AT")?;
    ensure!(lines == ["OK"], "the door heard of it: {lines:?}");
    ensure!(fs::read_link(site.pty("door"))? == node, "another pty");
    let commands: u64 = client
        .property("/org/hayesd1/emulator/door", "Emulator", "Commands")
        .await?;
    ensure!(commands == 2, "{commands} commands");
    client.until(MANAGER, "Manager", "State", "ready").await
}

/// A helper that the daemon starts itself allows what is configured: also what is configured later.
#[tokio::test]
async fn a_spawned_helper_opens_devices_that_come_later() -> Result<()> {
    let mut site = Site::new()?;
    let text = format!(
        "[daemon]\nbus = \"{}\"\nhelper = \"spawn\"\nstate_dir = \"{}\"\n{PANEL}",
        site.bus().address(),
        site.state_dir().display()
    );
    site.folder().write("hayesd.toml", &text)?;
    let client = site.start().await?;
    up(&client, "panel").await?;
    let device = site.device("ttyDoor");
    let (_terminal, mut far_end) = Terminal::plug_in(&device)?;
    let door = DOOR.replace("pty:door", &device.display().to_string());
    site.folder().write("hayesd.toml", text + &door)?;
    reload(&client).await?;
    up(&client, "door").await?;
    far_end.ok("AT")?;
    Ok(())
}

const LTE: &str = "/org/hayesd1/modem/lte";

/// A mail through the modem of this configuration; returns its job.
async fn by_modem(client: &Client, subject: &str) -> Result<String> {
    let via = Map::from([("via", Variant::from(vec!["modem:lte"]))]);
    Ok(client
        .send_simple("one@example.org", subject, "text", via)
        .await?)
}

#[tokio::test]
async fn a_modem_finishes_its_mail_and_others_wait_for_its_successor() -> Result<()> {
    let mut site = Site::new()?;
    let device = site.device("ttyModem");
    let (_terminal, far_end) = Terminal::plug_in(&device)?;
    let module = Module::start(far_end);
    let office = format!("default_account = \"main\"\n{}", account(25, ""));
    let modem = |apn: &str| {
        format!(
            "{office}[modem.lte]\ndevice = \"{}\"\napn = \"{apn}\"\n",
            device.display()
        )
    };
    site.configure(&modem("one"))?;
    let client = site.start().await?;
    client.until(LTE, "Modem", "State", "ready").await?;
    let first = by_modem(&client, "first").await?;
    module.reached("+QSMTPPUT", 1)?;

    let recognised = module.count("+CGMI");

    // Its successor is there, and leaves it alone until it has the module's word.
    change(&site, &client, &modem("two")).await?;
    let state: String = client.property(LTE, "Modem", "State").await?;
    ensure!(state == "claiming", "{state}");
    ensure!(module.count("+CGMI") == recognised, "two drive it at once");
    module.sending_ends("0,0")?;
    client.done(&first).await?;
    client.until(LTE, "Modem", "State", "ready").await?;
    ensure!(module.count("+CGMI") > recognised, "it is driven as before");

    // Gone: it finishes its mail, and what is to leave by it waits. Back: it leaves at once.
    let second = by_modem(&client, "second").await?;
    module.reached("+QSMTPPUT", 2)?;
    let third = by_modem(&client, "third").await?;
    change(&site, &client, &office).await?;
    module.sending_ends("0,0")?;
    client.done(&second).await?;
    let outcome = client.wait(&third).await?;
    ensure!(
        (&*outcome.state, &*outcome.error) == ("deferred", "NoModem"),
        "{outcome:?}"
    );
    ensure!(!is_there(&client, LTE, "Modem").await);
    let refused = by_modem(&client, "fourth").await;
    ensure!(refused.is_err(), "a modem that is not there took a mail");
    change(&site, &client, &modem("two")).await?;
    module.reached("+QSMTPPUT", 3)?;
    module.sending_ends("0,0")?;
    client.until(&third, "Job", "State", "done").await?;
    module.stop()
}

#[tokio::test]
async fn queue_and_limits_hold_at_once() -> Result<()> {
    let asked = AtomicUsize::new(0);
    let server = SmtpServer::start(move |step, _| match step {
        Step::Rcpt if asked.fetch_add(1, Ordering::Relaxed) == 0 => Answer::Line("451 4.3.0 later"),
        _ => Answer::Usual,
    })?;
    let office = account(server.port(), "");
    let (site, client) = site(&format!("default_account = \"main\"\n{office}"), &[]).await?;
    let to = "one@example.org";
    let job = client.send_simple(to, "later", "text", Map::new()).await?;
    ensure!(client.wait(&job).await?.state == "deferred");
    // A minute by the old schedule: the guard against hanging is shorter.
    let config = format!(
        "queue = {{ first = \"1 s\", longest = \"1 s\" }}\n\
         limits = {{ message = \"1 KiB\", spool = \"1 MiB\" }}\n{office}"
    );
    change(&site, &client, &config).await?;
    client.until(&job, "Job", "State", "done").await?;
    let nobody = client.send_simple(to, "no", "account", Map::new()).await;
    ensure!(nobody.is_err_and(|error| error_name(&error).as_deref() == Some("NotFound")));
    let large = "x".repeat(2000);
    let large: zbus::Result<OwnedObjectPath> = client
        .call(
            MANAGER,
            "Mail",
            "SendSimple",
            &("main", to, "large", &large, Map::new()),
        )
        .await;
    ensure!(large.is_err_and(|error| error_name(&error).as_deref() == Some("TooLarge")));
    // What can't change is told, and everything else does.
    let folder = site.folder().join("elsewhere");
    let text = site.configure(&format!("default_account = \"main\"\n{office}"))?;
    let moved = fs::read_to_string(&text)?.replace(
        &site.state_dir().display().to_string(),
        &folder.display().to_string(),
    );
    fs::write(&text, moved)?;
    reload(&client).await?;
    let log = site.daemon_log();
    ensure!(
        log.contains("needs a restart for daemon.state_dir"),
        "{log}"
    );
    let job = client.send_simple(to, "now", "text", Map::new()).await?;
    client.done(&job).await?;
    ensure!(!folder.exists());
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_is_wrong_changes_nothing() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let good = format!(
        "default_account = \"main\"\n{}{PANEL}",
        account(server.port(), "")
    );
    let (mut site, client) = site(&good, &["panel"]).await?;
    let mut panel = Equipment::open(&site.pty("panel"))?;
    panel.ok("ATE0")?;
    let roots = site.folder().write("roots.pem", "none at all\n")?;
    let unusable = format!("{DOOR}[tls]\nroots = \"{}\"\n", roots.display());
    for (wrong, key) in [
        (format!("{DOOR}sped = 9600\n"), "emulator.door.sped"),
        (
            format!("{DOOR}via = [\"modem:lte\"]\n"),
            "emulator.door.via",
        ),
        (unusable, "tls.roots"),
    ] {
        let file = site.configure(&wrong)?;
        let error = reload(&client).await.err().context("it was taken")?;
        ensure!(error_name(&error).as_deref() == Some("InvalidArgument"));
        let text = error.to_string();
        let place = format!("{}:", file.display());
        ensure!(text.contains(&place) && text.contains(key), "{text}");
        let log = site.daemon_log();
        ensure!(log.contains(&place) && log.contains(key), "{log}");
        ensure!(!is_there(&client, "/org/hayesd1/emulator/door", "Emulator").await);
        let lines = panel.command("AT")?;
        ensure!(lines == ["OK"], "{lines:?}");
        let job = client.send_simple("one@example.org", key, "text", Map::new());
        client.done(&job.await?).await?;
    }
    // The same by SIGHUP, which tells nobody but the log.
    let refusals = |site: &Site| {
        site.daemon_log()
            .matches("the one from before holds")
            .count()
    };
    let before = refusals(&site);
    site.daemon()?.signal(Signal::SIGHUP);
    wait::until("the refusal", wait::LONG, || {
        (refusals(&site) > before).then_some(())
    })?;
    site.configure(&format!("{good}{DOOR}"))?;
    site.daemon()?.signal(Signal::SIGHUP);
    up(&client, "door").await?;
    ensure!(panel.command("AT")? == ["OK"]);
    Ok(())
}

/// What `systemctl reload` runs: it returns when the reload is over, and fails with it.
#[tokio::test]
async fn systemctl_reload_tells_what_came_of_it() -> Result<()> {
    let (site, client) = site(PANEL, &["panel"]).await?;
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd/hayesd.service");
    let unit = fs::read_to_string(unit)?;
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecReload="));
    let mut words = line.context("no ExecReload")?.split_whitespace();
    let program = words.next().context("no program")?;
    let mut run = Command::new(program);
    run.arg(format!("--address={}", site.bus().address()))
        .args(words);
    site.configure(&format!("{PANEL}{DOOR}"))?;
    let output = run.output()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(is_there(&client, "/org/hayesd1/emulator/door", "Emulator").await);
    let file = site.configure("via = [\"modem:lte\"]\n")?;
    let output = run.output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !output.status.success() && told.contains("daemon.via"),
        "{told}"
    );
    ensure!(told.contains(&file.display().to_string()), "{told}");
    Ok(())
}
