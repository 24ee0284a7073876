//! The Debian package: what is in it, and what it leaves behind.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::folder::Folder;
use hayes_tests::machine::{Machine, SystemBus};
use hayes_tests::package::{self, run};
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;

#[test]
fn contents_are_as_listed() -> Result<()> {
    let listed = run(Command::new("dpkg-deb").arg("-c").arg(package::built()?))?;
    let mut found: Vec<String> = listed
        .lines()
        .filter(|line| !line.starts_with('d'))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (mode, owner, path) = (words.next()?, words.next()?, words.nth(3)?);
            Some(format!("{mode} {owner} {}", path.trim_start_matches('.')))
        })
        .collect();
    found.sort_by(|a, b| a.rsplit(' ').next().cmp(&b.rsplit(' ').next()));
    let wanted = include_str!("../fixtures/package-contents");
    let found = found.join("\n");
    ensure!(found == wanted.trim_end(), "found:\n{found}");
    Ok(())
}

#[test]
fn lintian_finds_no_error() -> Result<()> {
    let mut lintian = Command::new("lintian");
    lintian.args(["--no-cfg", "--allow-root", "--fail-on=error,warning"]);
    // The first is for what Debian itself takes up. The modes: only the daemon reads the configuration.
    lintian.arg("--suppress-tags=initial-upload-closes-no-bugs,non-standard-file-perm");
    match lintian.arg(package::built()?).output() {
        Ok(output) => ensure!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => writeln!(io::stderr(), "skipped: lintian: {error}")?,
    }
    Ok(())
}

/// What cargo strips, a package with a profile of its own does not inherit.
#[test]
fn every_program_of_a_release_is_stripped() -> Result<()> {
    let manifest = fs::read_to_string(package::root().join("Cargo.toml"))?;
    let (_, release) = manifest
        .split_once("\n[profile.release]\n")
        .context("no profile")?;
    let (all, packages) = release
        .split_once("\n[profile.release.package]\n")
        .context("no packages")?;
    ensure!(all.lines().any(|line| line == "strip = true"), "{all}");
    for line in packages.lines().filter(|line| line.starts_with("hayes")) {
        ensure!(line.contains("strip = true"), "{line}");
    }
    Ok(())
}

#[test]
fn the_changelog_tells_of_this_version() -> Result<()> {
    let changelog = fs::read_to_string(package::root().join("packaging/debian/changelog"))?;
    let version = format!("({}-1)", env!("CARGO_PKG_VERSION"));
    let first = changelog.lines().next().context("an empty changelog")?;
    ensure!(first.contains(&version), "{first}");
    let package = package::built()?;
    let field = run(Command::new("dpkg-deb")
        .arg("-f")
        .arg(package)
        .arg("Version"))?;
    ensure!(version.contains(field.trim()), "{field}");
    Ok(())
}

/// A plain Debian gets a running service by apt; an upgrade keeps what is kept, removing leaves configuration
/// and mail, purging nothing but the users.
#[test]
fn install_upgrade_remove_and_purge() -> Result<()> {
    let folder = Folder::new("packages")?;
    let built = package::built()?;
    fs::copy(&built, folder.join("first.deb"))?;
    let next = package::of_version(&built, "99.0-1", &folder)?;
    fs::rename(next, folder.join("next.deb"))?;
    let Some(machine) = Machine::boot(SystemBus::Daemon, folder.path())? else {
        return Ok(());
    };

    machine.run("apt-get install -y -q /package/first.deb")?;
    let up = "systemctl is-active hayesd hayes-ldisc.socket && systemctl is-enabled hayesd hayes-ldisc.socket";
    machine.run(up)?;
    let modes = machine
        .run("stat -c '%a %U:%G %n' /etc/hayesd/* /var/lib/hayesd /run/hayes-ldisc/ldisc.sock")?;
    let wanted = "640 root:hayesd /etc/hayesd/hayesd.toml\n750 root:hayesd /etc/hayesd/secret\n\
                  700 hayesd:hayesd /var/lib/hayesd\n660 hayes-ldisc:hayesd /run/hayes-ldisc/ldisc.sock\n";
    ensure!(modes == wanted, "{modes}");
    machine.run("hayesd check && systemctl is-system-running")?;

    // What the administrator changed stays, what the daemon runs is new.
    machine.run("echo '[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"' >> /etc/hayesd/hayesd.toml")?;
    machine.run("chmod 600 /etc/hayesd/hayesd.toml && chown hayesd /etc/hayesd/hayesd.toml")?;
    machine.run("touch /var/lib/hayesd/inbox/mark && systemctl restart hayesd")?;
    machine.run("hayesctl port add /dev/ttyS1")?;
    machine.pty("panel")?;
    let pid = |unit: &str| machine.run(&format!("systemctl show -P MainPID {unit}"));
    let (daemon, helper) = (pid("hayesd")?, pid("hayes-ldisc.service")?);
    machine.run("apt-get install -y -q /package/next.deb")?;
    machine.run(up)?;
    let new = pid("hayesd")?;
    ensure!(daemon != new && new.trim() != "0", "{daemon}{new}");
    // Equipment keeps its line.
    let same = pid("hayes-ldisc.service")?;
    ensure!(helper == same && same.trim() != "0", "{helper}{same}");
    machine.run("grep -q ^device /etc/hayesd/hayesd.toml && test -e /var/lib/hayesd/inbox/mark")?;
    machine.run("test $(stat -c %a%U /etc/hayesd/hayesd.toml) = 600hayesd")?;
    machine.pty("panel")?;

    machine.run("apt-get remove -y -q hayesd")?;
    machine.run("test -e /etc/hayesd/hayesd.toml && test -e /var/lib/hayesd/inbox/mark")?;
    let left = machine.run(
        "ls -d /run/hayes* /usr/sbin/hayes* 2>/dev/null || true; grep -l hayes /proc/[0-9]*/comm 2>/dev/null || true",
    )?;
    ensure!(left.is_empty(), "{left}");
    // A caller is told so at once.
    let told =
        machine.try_run("busctl call org.hayesd1 /org/hayesd1 org.freedesktop.DBus.Peer Ping")?;
    ensure!(!told.status.success());

    // What `hayesctl port` wrote goes with the rest.
    machine.run("test -e /etc/udev/rules.d/99-hayesd.rules")?;
    machine.run("touch /etc/hayesd/secret/alerts && apt-get purge -y -q hayesd")?;
    let left =
        machine.run("find / -xdev -name '*hayes*' -not -path '/proc/*' -not -path '/var/log/*'")?;
    ensure!(left.is_empty(), "{left}");
    machine.run("getent passwd hayesd hayes-ldisc && systemctl is-system-running")?;

    machine.run("apt-get install -y -q /package/next.deb")?;
    machine.run(up)?;
    Ok(())
}
