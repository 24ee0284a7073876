//! The daemon as a process: its start, its helper, its bus, its end.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::bus::Bus;
use hayes_tests::client::{Client, Map};
use hayes_tests::equipment::Equipment;
use hayes_tests::folder::Folder;
use hayes_tests::process::Process;
use hayes_tests::site::Site;
use hayes_tests::terminal::Terminal;
use hayes_tests::wait;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Group, Pid, Uid, User, mkfifo, setgroups};
use std::fs;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

const ROOT: &str = "/org/hayesd1";
const PANEL: &str = "/org/hayesd1/emulator/panel";
const LTE: &str = "/org/hayesd1/modem/lte";

/// Whoever started us by calling us waits 25 s at most; a module may be silent for longer.
#[tokio::test]
async fn the_name_comes_before_a_module_that_never_answers() -> Result<()> {
    let mut site = Site::new()?;
    let device = site.device("ttyTest");
    let (_terminal, _far_end) = Terminal::plug_in(&device)?;
    site.configure(&format!(
        "[modem.lte]\ndevice = \"{}\"\n[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n",
        device.display()
    ))?;
    let client = site.start().await?;
    let state: String = client.property(LTE, "Modem", "State").await?;
    ensure!(["claiming", "syncing"].contains(&state.as_str()), "{state}");
    client.until(ROOT, "Manager", "State", "starting").await?;
    client.until(PANEL, "Emulator", "State", "command").await?;
    site.stop()
}

/// A disk that hangs while the spool is read: the service manager is told that we live, and SIGTERM ends us.
#[tokio::test]
async fn a_start_that_hangs_can_be_ended() -> Result<()> {
    let mut site = Site::new()?;
    site.configure("")?;
    let spool = site.state_dir().join("spool");
    fs::create_dir(&spool)?;
    mkfifo(&spool.join("next-id"), Mode::S_IRWXU)?;
    let manager = site.folder().join("notify");
    let socket = UnixDatagram::bind(&manager)?;
    socket.set_read_timeout(Some(wait::LONG))?;
    site.set_environment(&[
        ("NOTIFY_SOCKET", manager.as_os_str()),
        ("WATCHDOG_USEC", "200000".as_ref()),
    ]);
    let client = site.start().await?;
    let state: String = client.property(ROOT, "Manager", "State").await?;
    ensure!(state == "starting", "{state}");
    let mut buffer = [0; 256];
    for _ in 0..3 {
        while socket
            .recv(&mut buffer)
            .map(|n| &buffer[..n] != b"WATCHDOG=1\n")?
        {}
    }
    site.stop()
}

/// Nor does a bus that never answers keep us from ending.
#[tokio::test]
async fn a_bus_that_is_silent_does_not_hold_us() -> Result<()> {
    let site = Site::new()?;
    let socket = site.folder().join("silent");
    let silent = UnixListener::bind(&socket)?;
    let config = format!(
        "[daemon]\nbus = \"unix:path={}\"\nstate_dir = \"{}\"\n",
        socket.display(),
        site.state_dir().display()
    );
    site.folder().write("hayesd.toml", config)?;
    let log = site.folder().join("silent.log");
    let mut daemon = Process::start("hayesd", &mut site.daemon_command(&[])?, &log)?;
    let _connection = silent.accept()?;
    daemon.signal(Signal::SIGTERM);
    let status = daemon.wait(wait::LONG)?;
    // It gives the bus up after 20 s, but then with an error.
    ensure!(status.success(), "{status}: {}", daemon.log());
    Ok(())
}

/// `Manager.State` follows a port that goes and comes.
#[tokio::test]
async fn state_follows_the_ports() -> Result<()> {
    let mut site = Site::new()?;
    let device = site.device("ttyTest");
    site.configure(&format!(
        "[emulator.panel]\ndevice = \"{}\"\ndialect = \"quectel\"\n",
        device.display()
    ))?;
    let client = site.start().await?;
    client.until(ROOT, "Manager", "State", "degraded").await?;
    let (terminal, mut far_end) = Terminal::plug_in(&device)?;
    client.until(ROOT, "Manager", "State", "ready").await?;
    far_end.ok("AT")?;
    terminal.unplug(far_end)?;
    client.until(PANEL, "Emulator", "State", "absent").await?;
    client.until(ROOT, "Manager", "State", "degraded").await?;
    let (_terminal, _far_end) = Terminal::plug_in(&device)?;
    client.until(ROOT, "Manager", "State", "ready").await?;
    // The journal's HAYESD_PORT.
    let log = site.daemon_log();
    ensure!(log.contains("port=\"panel\""), "{log}");
    Ok(())
}

/// The processes of `hayes-ldisc` that the daemon has told of.
fn helpers(site: &Site) -> Vec<i32> {
    let log = site.daemon_log();
    log.lines()
        .filter_map(|line| {
            line.split_once("the helper runs as process ")?
                .1
                .trim()
                .parse()
                .ok()
        })
        .collect()
}

/// A helper of our own: started again when it crashes; stopped at the end, in silence, with all given back.
#[tokio::test]
async fn spawned_helper_crashes_and_ends() -> Result<()> {
    let mut site = Site::new()?;
    let config = format!(
        "[daemon]\nbus = \"{}\"\nhelper = \"spawn\"\nstate_dir = \"{}\"\n\
         [emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n",
        site.bus().address(),
        site.state_dir().display()
    );
    site.folder().write("hayesd.toml", config)?;
    let pty = site.folder().join("run/pty/panel");
    let client = site.start().await?;
    client.until(PANEL, "Emulator", "State", "command").await?;
    Equipment::open(&pty)?.ok("AT")?;

    let first = *helpers(&site).first().context("no helper")?;
    kill(Pid::from_raw(first), Signal::SIGKILL)?;
    wait::until_async("another helper", wait::LONG, async || {
        (helpers(&site).len() == 2).then_some(())
    })
    .await?;
    client.until(PANEL, "Emulator", "State", "absent").await?;
    client.until(PANEL, "Emulator", "State", "command").await?;
    Equipment::open(&pty)?.ok("AT")?;

    let told = site.daemon_log().len();
    let second = *helpers(&site).last().context("no helper")?;
    site.stop()?;
    ensure!(
        fs::symlink_metadata(&pty).is_err(),
        "the port's name is left"
    );
    ensure!(
        !Path::new(&format!("/proc/{second}")).exists(),
        "the helper is left"
    );
    let log = site.daemon_log();
    ensure!(!log[told..].contains("WARN"), "{}", &log[told..]);
    Ok(())
}

#[tokio::test]
async fn without_its_bus_it_ends_and_says_so() -> Result<()> {
    let site = Site::new()?;
    let bus = Bus::start()?;
    let config = format!(
        "[daemon]\nbus = \"{}\"\nhelper = \"{}\"\nstate_dir = \"{}\"\n",
        bus.address(),
        site.helper_socket().display(),
        site.state_dir().display()
    );
    site.folder().write("hayesd.toml", config)?;
    let log = site.folder().join("alone.log");
    let mut daemon = Process::start("hayesd", &mut site.daemon_command(&[])?, &log)?;
    let client = Client::connect(&bus).await?;
    wait::until_async("org.hayesd1", wait::LONG, async || {
        client.is_up().await.then_some(())
    })
    .await?;
    drop(bus);
    let status = daemon.wait(wait::LONG)?;
    ensure!(status.code() == Some(1), "{status}");
    ensure!(
        daemon.log().contains("the bus went away"),
        "{}",
        daemon.log()
    );
    // And when it is not there at all.
    let output = site.daemon_command(&[])?.output()?;
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(
        output.status.code() == Some(1) && said.contains("bus"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn a_broken_file_changes_nothing() -> Result<()> {
    let mut site = Site::new()?;
    let good =
        "default_account = \"a\"\n[account.a]\nfrom = \"a@example.org\"\nsmtp = { host = \"h\" }\n";
    let path = site.configure(good)?;
    let client = site.start().await?;
    site.configure(&good.replace("\"a\"", "\"b\"").replace("smtp", "smpt"))?;
    let reload: zbus::Result<()> = client.call(ROOT, "Manager", "Reload", &(Map::new(),)).await;
    let refusal = reload.err().context("it was taken")?.to_string();
    let place = format!("{}:8", path.display());
    let names =
        |text: &str| text.contains(&place) && text.contains("account.a") && text.contains("smpt");
    ensure!(
        refusal.contains("InvalidArgument") && names(&refusal),
        "{refusal}"
    );
    let told = site.daemon_log().len();
    site.daemon()?.signal(Signal::SIGHUP);
    wait::until("the log", wait::LONG, || {
        names(&site.daemon_log()[told..]).then_some(())
    })?;
    let account: String = client.property(ROOT, "Mail", "DefaultAccount").await?;
    ensure!(account == "a", "{account}");
    site.stop()
}

/// Calls `org.hayesd1` by busctl as another user; what is printed.
fn call_as(address: &str, uid: Uid, groups: Vec<Gid>, member: &[&str]) -> Result<String> {
    let mut command = Command::new("busctl");
    command
        .arg(format!("--address={address}"))
        .args(["call", "org.hayesd1", "/org/hayesd1"])
        .args(member);
    // SAFETY: between fork and exec only system calls are made.
    unsafe {
        command.pre_exec(move || {
            if !uid.is_root() {
                setgroups(&groups)?;
                nix::unistd::setuid(uid)?;
            }
            Ok(())
        });
    }
    let output = command.output()?;
    Ok(String::from_utf8([output.stdout, output.stderr].concat())?)
}

/// The policy file on a bus with the rules of Debian's: root and the group may call, nobody else.
#[tokio::test]
async fn policy_lets_root_and_the_group_call() -> Result<()> {
    if !Uid::effective().is_root() {
        // Other users cannot be tried; `tests/run` says so by its own user.
        return Ok(());
    }
    // A group that every system has stands for the one that the package makes.
    let policy =
        include_str!("../../dbus/org.hayesd1.conf").replace("group=\"hayesd\"", "group=\"games\"");
    let folder = Folder::new("policy")?.open_to_all()?;
    let bus = Bus::like_system(&folder.write("policy.conf", policy)?)?;
    let service = bus.connect().await?;
    // It answers each call: busctl would wait 25 s for one that is let through to nobody.
    service
        .object_server()
        .at(ROOT, zbus::fdo::ObjectManager)
        .await?;
    service.request_name("org.hayesd1").await?;

    let nobody = User::from_name("nobody")?.context("nobody")?.uid;
    let games = Group::from_name("games")?.context("games")?.gid;
    const PING: &[&str] = &["org.freedesktop.DBus.Peer", "Ping"];
    const RELOAD: &[&str] = &["org.hayesd1.Manager", "Reload", "a{sv}", "0"];
    const OTHER: &[&str] = &["org.example.Other", "Method"];
    for (member, uid, groups, is_let) in [
        (PING, Uid::from_raw(0), vec![], true),
        (PING, nobody, vec![], false),
        (RELOAD, nobody, vec![], false),
        (PING, nobody, vec![games], true),
        (RELOAD, nobody, vec![games], true),
        (OTHER, nobody, vec![games], false),
    ] {
        let said = {
            let (address, groups) = (bus.address(), groups.clone());
            tokio::task::spawn_blocking(move || call_as(&address, uid, groups, member)).await??
        };
        let denied =
            said.to_lowercase().contains("access denied") || said.contains("rejected send message");
        // What the service itself says: an empty answer, or that it has no such method.
        let answered = said.trim().is_empty() || said.contains("Unknown");
        ensure!(
            denied != is_let && answered == is_let,
            "{member:?} by {uid} in {groups:?}: {said}"
        );
    }
    Ok(())
}
