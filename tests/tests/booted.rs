//! The service as systemd and a system bus run it: a small Debian that is booted, with our package.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::machine::{Machine, SystemBus};
use hayes_tests::planted::Planted;
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::smtp::SmtpServer;

const PANEL: &str = "[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\nallow = [\"127.0.0.1:25\", \"[::1]:25\"]\n";

/// A service with the emulator `panel`.
fn with_panel(bus: SystemBus) -> Result<Option<Machine>> {
    let machine = Machine::with_package(bus)?;
    if let Some(machine) = &machine {
        machine.configure(PANEL)?;
        machine.run("systemctl restart hayesd")?;
        machine.until("test -e /run/hayes-ldisc/pty/panel")?;
    }
    Ok(machine)
}

/// What stands in the mailbox, once so many mails are in it.
fn mailbox(machine: &Machine, mails: usize) -> Result<String> {
    machine.until(&format!("test $(grep -c '^From ' /var/mail/one) = {mails}"))?;
    machine.run("cat /var/mail/one")
}

/// Equipment composes a mail, and the daemon is started again at every step; Postfix delivers the mail.
#[test]
fn a_session_goes_on_over_a_restart_of_the_daemon() -> Result<()> {
    let Some(machine) = with_panel(SystemBus::Daemon)? else {
        return Ok(());
    };
    // A terminal program comes, types and goes.
    let types = r#"printf "ATI\\\\r"; while read -r line; do echo "$line" >&2; case $line in OK*) exit;; esac; done"#;
    let told = machine.run(&format!(
        "socat /run/hayes-ldisc/pty/panel,rawer SYSTEM:'{types}'"
    ))?;
    ensure!(told.contains("Quectel") && told.contains("OK"), "{told}");

    let mut equipment = Equipment::open(&machine.pty("panel")?)?;
    equipment.ok("ATE0")?;
    quectel::set_up(&mut equipment, 25, SslType::None, None)?;
    quectel::recipients(&mut equipment, &[(Kind::To, "one@example.org")])?;
    machine.run("systemctl restart hayesd")?;
    equipment.ok("AT")?;
    // In the middle of a body: its rest is never run as commands, and the equipment is told.
    let lines = equipment.command("AT+QSMTPBODY=0,14,60")?;
    ensure!(
        lines.last().is_some_and(|last| last == "CONNECT"),
        "{lines:?}"
    );
    equipment.send("half\r")?;
    machine.run("systemctl restart hayesd")?;
    equipment.send("AT+QPOWD\r")?;
    let lines = equipment.result()?;
    ensure!(
        lines.last().is_some_and(|last| last.contains("ERROR")),
        "{lines:?}"
    );
    quectel::body(&mut equipment, 0, b"whole")?;
    // Typed while nobody is there to answer.
    machine.run("systemctl stop hayesd")?;
    equipment.send("AT+QSMTPPUT=60\r")?;
    machine.run("systemctl start hayesd")?;
    let lines = equipment.result()?;
    ensure!(lines == ["OK"], "{lines:?}");
    let result = quectel::put_result(&mut equipment)?;
    ensure!(result == "0,0", "{result}");
    // The job's end is told a moment after the equipment heard of it.
    machine.run(
        "for _ in $(seq 200); do status=$(systemctl show -P StatusText hayesd); \
         [ \"$status\" != 'ready; 1 emulator, 0 modems, 0 accounts' ] || exit 0; sleep 0.1; done; \
         echo \"$status\"; exit 1",
    )?;
    let mail = mailbox(&machine, 1)?;
    ensure!(mail.contains("whole") && !mail.contains("half"), "{mail}");
    Ok(())
}

/// A broken file changes nothing: the journal names file, line and key, and the old configuration holds.
#[test]
fn a_broken_file_at_reload() -> Result<()> {
    let Some(machine) = with_panel(SystemBus::Daemon)? else {
        return Ok(());
    };
    machine.configure(&PANEL.replace("dialect", "dialekt"))?;
    let reloaded = machine.try_run("systemctl reload hayesd")?;
    ensure!(!reloaded.status.success());
    machine.until("journalctl -o cat -u hayesd -p err | grep '/etc/hayesd/hayesd.toml:[0-9].*emulator.panel.*dialekt'")?;
    Equipment::open(&machine.pty("panel")?)?.ok("AT")?;
    machine.until("systemctl status --no-pager hayesd | grep 'the old one holds'")?;
    machine.configure(PANEL)?;
    machine.run("systemctl reload hayesd && systemctl is-active hayesd")?;
    machine.until("! systemctl status --no-pager hayesd | grep 'the old one holds'")?;
    // At the start, a broken file ends it, and it is not started again and again.
    machine.configure("[daemon]\nbuss = 1\n")?;
    let started = machine.try_run("systemctl restart hayesd")?;
    ensure!(!started.status.success());
    machine.until(
        "journalctl --no-pager -x -u hayesd | grep 'Subject: The configuration of hayesd is wrong'",
    )?;
    machine.run("systemctl is-failed hayesd && test $(systemctl show -P NRestarts hayesd) = 0")?;
    machine.configure(PANEL)?;
    machine.run("systemctl restart hayesd")?;
    Ok(())
}

/// Passwords from systemd, from a caller and from equipment reach the server, and stand nowhere in the journal, not
/// even where everything is logged.
#[test]
fn passwords_reach_the_server_and_no_journal() -> Result<()> {
    let Some(machine) = Machine::with_package(SystemBus::Daemon)? else {
        return Ok(());
    };
    let server = machine.in_network(SmtpServer::accept_all)?;
    let port = server.port();
    let mut planted = Planted::default();
    let credential = planted.plant("a credential");
    let given = planted.plant("a password given by hayesctl");
    let equipments = planted.plant("the equipment's password");
    let mistaken = planted.plant("a password in a command that is not understood");
    machine.configure(&format!(
        "[account.alerts]\nfrom = \"pump7@example.org\"\nsmtp = {{ host = \"localhost\", tls = \"none\", port = {port}, \
         user = \"pump7\", plain_auth = true, password = {{ credential = \"alerts\" }} }}\n\
         {PANEL}\n",
    ).replace(":25", &format!(":{port}")))?;
    machine.run(&format!(
        "umask 077; echo {credential} > /etc/hayesd/secret/alerts; mkdir /etc/systemd/system/hayesd.service.d
         printf '[Service]\nLoadCredential=alerts:/etc/hayesd/secret/alerts\n' > /etc/systemd/system/hayesd.service.d/alerts.conf
         systemctl daemon-reload; systemctl restart hayesd
         busctl call org.hayesd1 /org/hayesd1 org.hayesd1.Manager SetLogLevel 'sa{{sv}}' trace 0
         hayesctl account add made --from made@example.org --smtp localhost,port={port},tls=none,user=made,plain_auth=yes
         echo {given} | hayesctl account secret made smtp
         for account in alerts made; do echo text | hayesctl mail send --account $account one@example.org; done",
    ))?;
    let mut panel = Equipment::open(&machine.pty("panel")?)?;
    panel.ok("ATE0")?;
    panel.command(&format!(r#"AT+QSMTPUSER="u","{mistaken}""#))?;
    quectel::set_up(&mut panel, port, SslType::None, Some(&equipments))?;
    quectel::recipients(&mut panel, &[(Kind::To, "one@example.org")])?;
    quectel::body(&mut panel, 0, b"text")?;
    let result = quectel::put(&mut panel)?;
    ensure!(result == "0,0", "{result}");

    let mut logins = server.lines();
    logins.retain(|line| line.starts_with("AUTH "));
    ensure!(logins.len() == 3, "{logins:?}");
    for login in &logins {
        ensure!(planted.look(login, login.as_bytes()).is_err(), "{login}");
    }
    let journal = machine
        .try_run("journalctl --sync && journalctl -o export")?
        .stdout;
    let is_whole = memchr::memmem::find(&journal, b"HAYESD_JOB=3").is_some();
    ensure!(is_whole, "the journal lacks the last job");
    planted.look("the journal", &journal)
}

/// A daemon that hangs is started again; one that does not is left alone, since the watchdog is fed.
#[test]
fn the_watchdog() -> Result<()> {
    let Some(machine) = Machine::with_package(SystemBus::Daemon)? else {
        return Ok(());
    };
    machine.run(
        "mkdir /etc/systemd/system/hayesd.service.d
         printf '[Service]\nWatchdogSec=2\n' > /etc/systemd/system/hayesd.service.d/watchdog.conf
         systemctl daemon-reload; systemctl restart hayesd",
    )?;
    let pid = "systemctl show -P MainPID hayesd";
    let first = machine.run(pid)?;
    let fed = "systemctl show -P WatchdogTimestampMonotonic hayesd";
    for _ in 0..3 {
        let before = machine.run(fed)?;
        machine.until(&format!("test $({fed}) != {before}"))?;
    }
    ensure!(machine.run(pid)? == first);
    machine.run(&format!("kill -STOP $({pid})"))?;
    // Between the two it is counted as active, with no process at all.
    machine
        .until("test $(systemctl show -P NRestarts hayesd) = 1 && systemctl is-active hayesd")?;
    ensure!(machine.run(pid)? != first);
    machine.until("journalctl --no-pager -u hayesd | grep 'Watchdog timeout'")?;
    Ok(())
}

/// The examples of a manual page that follow this mark, as they are read.
fn examples(page: &str, mark: &str) -> Vec<String> {
    page.split(&format!(".\\\" {mark}\n.EX\n"))
        .skip(1)
        .filter_map(|rest| rest.split_once("\n.EE"))
        .map(|(example, _)| example.replace("\\-", "-"))
        .collect()
}

#[test]
fn examples_of_the_manual_pages_work() -> Result<()> {
    let Some(machine) = with_panel(SystemBus::Daemon)? else {
        return Ok(());
    };
    let mut tried = 0;
    for name in ["man8/hayesd.8", "man8/hayes-ldisc.8", "man5/org.hayesd1.5"] {
        let page = machine.run(&format!("zcat /usr/share/man/{name}.gz"))?;
        for example in examples(&page, "console") {
            machine.run(&example)?;
            tried += 1;
        }
    }
    ensure!(tried == 2, "{tried} examples");
    let page = machine.run("zcat /usr/share/man/man5/hayesd.toml.5.gz")?;
    let examples = examples(&page, "configuration");
    machine.configure(examples.first().context("no example")?)?;
    machine.run("mkdir /run/given && echo geheim > /run/given/alerts")?;
    machine.run("CREDENTIALS_DIRECTORY=/run/given hayesd check")?;
    Ok(())
}
