//! A small Debian that is booted by systemd-nspawn, with a network of its own that reaches nothing. What is
//! changed in it is gone when it is dropped.

use crate::cgroup::Cgroup;
use crate::package::{self, run};
use crate::process::{Process, show};
use crate::{folder::Folder, wait};
use anyhow::{Context as _, Result, bail, ensure};
use nix::sched::{CloneFlags, setns};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

/// Which program is the system bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemBus {
    /// `dbus-daemon`.
    Daemon,
    /// `dbus-broker`.
    Broker,
}

/// The booted machine. The user `one` is on it, Postfix delivers mail for `one@example.org`, and the folder
/// `/package` holds what was given to [`Machine::boot`].
pub struct Machine {
    leader: u32,
    _nspawn: Process,
    _cgroup: Cgroup,
    _folder: Folder,
}

impl Machine {
    /// Boots one and waits until it is up. `None`, with a line on standard error that says why, where this
    /// machine can't: it takes root, systemd-nspawn, mmdebstrap and the right to make namespaces.
    ///
    /// # Errors
    /// It does not come up.
    pub fn boot(bus: SystemBus, packages: &Path) -> Result<Option<Self>> {
        if !can_boot() {
            return Ok(None);
        }
        let tree = tree()?;
        let folder = Folder::new("machine")?;
        // In a space of processes of its own: systemd-nspawn that is killed leaves its machine behind, but the
        // end of a space ends all in it. It ends with unshare, and that with us.
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["systemd-nspawn", "--directory"])
            .arg(&tree)
            .args([
                "--volatile=overlay",
                "--boot",
                "--register=no",
                "--keep-unit",
            ])
            .args([
                "--private-network",
                "--console=read-only",
                "--machine=hayes",
            ])
            .arg(format!("--bind-ro={}:/package", packages.display()));
        if bus == SystemBus::Broker {
            let units = tree.join("lib/systemd/system/dbus-broker.service");
            command.arg(format!(
                "--bind-ro={}:/etc/systemd/system/dbus.service",
                units.display()
            ));
        }
        let cgroup = Cgroup::new(&folder)?;
        cgroup.with(&mut command)?;
        let mut nspawn = Process::start("systemd-nspawn", &mut command, &folder.join("log"))?;
        let leader = wait::until("the machine's first process", wait::LONG, || {
            leader(nspawn.id()).or_else(|| (!nspawn.is_running()).then_some(0))
        })?;
        ensure!(leader != 0, "systemd-nspawn ended: {}", nspawn.log());
        let machine = Self {
            leader,
            _nspawn: nspawn,
            _cgroup: cgroup,
            _folder: folder,
        };
        wait::until("systemd in the machine", wait::LONG, || {
            let output = machine.try_run("systemctl is-system-running --wait").ok()?;
            output.status.success().then_some(())
        })?;
        Ok(Some(machine))
    }

    /// Boots one on which our package is installed.
    ///
    /// # Errors
    /// As [`Machine::boot`]; the package can't be built or installed.
    pub fn with_package(bus: SystemBus) -> Result<Option<Self>> {
        if !can_boot() {
            return Ok(None);
        }
        let package = package::built()?;
        let (folder, name) = (package.parent(), package.file_name());
        let (folder, name) = folder.zip(name).context("a package without name")?;
        let machine = Self::boot(bus, folder)?;
        if let Some(machine) = &machine {
            machine.run(&format!("dpkg -i /package/{}", name.to_string_lossy()))?;
        }
        Ok(machine)
    }

    /// Runs a shell script as root; what it printed.
    ///
    /// # Errors
    /// A command in it fails; the text holds its output.
    pub fn run(&self, script: &str) -> Result<String> {
        let output = self.try_run(script)?;
        let text = told(&output);
        ensure!(
            output.status.success(),
            "{script}\n{}: {text}",
            output.status
        );
        Ok(text)
    }

    /// Runs a shell script as root; how it ended.
    ///
    /// # Errors
    /// The shell does not start.
    pub fn try_run(&self, script: &str) -> Result<Output> {
        Ok(self.command(&["sh", "-e", "-c", script]).output()?)
    }

    /// Runs a shell script as another user; what it printed, also if it failed.
    ///
    /// # Errors
    /// The shell does not start.
    pub fn try_run_as(&self, user: &str, script: &str) -> Result<String> {
        let command = ["runuser", "-u", user, "--", "sh", "-e", "-c", script];
        Ok(told(&self.command(&command).output()?))
    }

    /// A command that runs in the machine, as root.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--target"])
            .arg(self.leader.to_string())
            .args(["--", "env", "-i", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"])
            .args([
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "DEBIAN_FRONTEND=noninteractive",
            ])
            .args(arguments);
        command
    }

    /// Where a path of the machine is here; not through symbolic links that begin with `/`.
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.leader))
    }

    /// The other side of an emulator's pseudo-terminal `pty:NAME`, once it is there.
    ///
    /// # Errors
    /// It does not come.
    pub fn pty(&self, name: &str) -> Result<PathBuf> {
        let link = self.path(&format!("/run/hayes-ldisc/pty/{name}"));
        let target = wait::until(&format!("pty:{name}"), wait::LONG, || {
            fs::read_link(&link).ok()
        })?;
        Ok(self.path(&target.to_string_lossy()))
    }

    /// Writes the configuration.
    ///
    /// # Errors
    /// It can't be written.
    pub fn configure(&self, config: &str) -> Result<()> {
        Ok(fs::write(self.path("/etc/hayesd/hayesd.toml"), config)?)
    }

    /// Waits until a script succeeds.
    ///
    /// # Errors
    /// It does not for a long time; the text holds what it printed last.
    pub fn until(&self, script: &str) -> Result<()> {
        let mut last = String::new();
        wait::until(script, wait::LONG, || {
            let output = self.try_run(script).ok()?;
            last = told(&output);
            output.status.success().then_some(())
        })
        .with_context(|| last)
    }

    /// Does something on a thread whose network is the machine's; sockets made there stay in it.
    ///
    /// # Errors
    /// As `action`; the network can't be entered.
    pub fn in_network<T: Send>(&self, action: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let network = File::open(format!("/proc/{}/ns/net", self.leader))?;
        let enter = || {
            setns(&network, CloneFlags::CLONE_NEWNET)?;
            action()
        };
        match thread::scope(|scope| scope.spawn(enter).join()) {
            Ok(done) => done,
            Err(_) => bail!("the thread in the machine's network panicked"),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(output) = self.try_run("journalctl --no-pager -o short-monotonic | tail -n 200") {
            show("journal", &told(&output));
        }
    }
}

fn told(output: &Output) -> String {
    [&*output.stdout, &*output.stderr]
        .map(String::from_utf8_lossy)
        .concat()
}

/// Whether something can be booted here; if not, standard error says why.
fn can_boot() -> bool {
    let needs = needs();
    if let Err(why) = &needs {
        let _ = writeln!(io::stderr(), "skipped: nothing can be booted here: {why:#}");
    }
    needs.is_ok()
}

fn needs() -> Result<()> {
    ensure!(nix::unistd::geteuid().is_root(), "this takes root");
    for (program, package) in [
        ("systemd-nspawn", "systemd-container"),
        ("mmdebstrap", "mmdebstrap"),
    ] {
        let found = Command::new(program).arg("--version").output().is_ok();
        ensure!(found, "{program} is missing (Debian's package {package})");
    }
    let spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork"];
    run(Command::new("unshare").args(spaces).arg("true")).context("no namespaces")?;
    Ok(())
}

/// The tree that is booted, made once and kept in the target folder.
fn tree() -> Result<PathBuf> {
    let target = crate::binaries::hayesd()?;
    let target = target.ancestors().nth(2).context("no target folder")?;
    let tree = target.join("tree");
    run(Command::new(package::root().join("tests/tree")).arg(&tree))?;
    Ok(tree)
}

/// The first process of the machine: unshare's grandchild, by systemd-nspawn, once it has become systemd.
fn leader(unshare: u32) -> Option<u32> {
    let nspawn = children(unshare).into_iter().next()?;
    children(nspawn).into_iter().find(|id| {
        fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name == "systemd\n")
    })
}

fn children(id: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let ids = list.split_whitespace();
    ids.filter_map(|id| id.parse().ok()).collect()
}
