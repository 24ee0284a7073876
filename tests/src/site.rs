//! A private hayesd: bus, helper and daemon as processes of their own, with a configuration of the test.

use crate::binaries;
use crate::bus::Bus;
use crate::client::Client;
use crate::folder::Folder;
use crate::process::Process;
use crate::stranger;
use crate::wait;
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

/// The bus, the two processes, and where their files are. Fields are dropped in this order: the daemon
/// goes first.
pub struct Site {
    daemon: Option<Process>,
    helper: Option<Process>,
    bus: Bus,
    folder: Folder,
    environment: Vec<(OsString, OsString)>,
    groups: Option<PathBuf>,
}

impl Site {
    /// Starts bus and helper. The helper allows pseudo-terminals and [`Site::device`] only.
    ///
    /// # Errors
    /// The programs do not build or start.
    pub fn new() -> Result<Self> {
        Self::on(Bus::start()?)
    }

    /// The same on a bus with other rules.
    ///
    /// # Errors
    /// As [`Site::new`].
    pub fn on(bus: Bus) -> Result<Self> {
        let folder = Folder::new("site")?;
        for name in ["helper", "state", "run", "dev"] {
            fs::create_dir(folder.join(name))?;
        }
        let mut site = Self {
            daemon: None,
            helper: None,
            bus,
            folder,
            environment: Vec::new(),
            groups: None,
        };
        site.start_helper()?;
        Ok(site)
    }

    /// Starts the helper, by its socket and not by systemd.
    ///
    /// # Errors
    /// It ends at once.
    pub fn start_helper(&mut self) -> Result<()> {
        let mut command = Command::new(binaries::hayes_ldisc()?);
        command
            .arg("--socket")
            .arg(self.helper_socket())
            .args(["--allow", "/dev/pts/*"])
            .arg("--allow")
            .arg(self.folder.join("helper/pty/*"))
            .arg("--allow")
            .arg(self.folder.join("dev/*"));
        let log = self.folder.join("helper.log");
        let mut helper = Process::start("hayes-ldisc", &mut command, &log)?;
        let socket = self.helper_socket();
        let up = wait::until("the helper's socket", wait::LONG, || {
            if !helper.is_running() {
                return Some(false);
            }
            socket.exists().then_some(true)
        })?;
        if !up {
            bail!("hayes-ldisc does not start: {}", helper.log());
        }
        self.helper = Some(helper);
        Ok(())
    }

    /// Writes the configuration. `[daemon]` begins with bus, helper and state folder of this site;
    /// what `config` begins with, before its first table, goes there as well.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn configure(&self, config: &str) -> Result<PathBuf> {
        let text = format!(
            "[daemon]\nbus = \"{}\"\nhelper = \"{}\"\nstate_dir = \"{}\"\n{config}",
            self.bus.address(),
            self.helper_socket().display(),
            self.state_dir().display(),
        );
        self.folder.write("hayesd.toml", text)
    }

    /// Writes a secret to a file that only this user can read, and returns its path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn secret(&self, name: &str, secret: &str) -> Result<PathBuf> {
        let path = self.folder.write(name, secret)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(path)
    }

    /// Starts the daemon and returns once it has its name on the bus.
    ///
    /// # Errors
    /// It ends at once; the text holds its log.
    pub async fn start(&mut self) -> Result<Client> {
        let mut command = self.daemon_command(&[])?;
        let log = self.folder.join("hayesd.log");
        let mut daemon = Process::start("hayesd", &mut command, &log)?;
        let client = Client::connect(&self.bus).await?;
        let up = wait::until_async("org.hayesd1 on the bus", wait::LONG, async || {
            if !daemon.is_running() {
                return Some(false);
            }
            client.is_up().await.then_some(true)
        })
        .await?;
        if !up {
            bail!("hayesd does not start: {}", daemon.log());
        }
        self.daemon = Some(daemon);
        Ok(client)
    }

    /// A command that runs `hayesd` with this configuration: the service, or a subcommand.
    ///
    /// # Errors
    /// It does not build.
    pub fn daemon_command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binaries::hayesd()?);
        command
            .args(arguments)
            .arg("--config")
            .arg(self.folder.join("hayesd.toml"))
            .env("RUNTIME_DIRECTORY", self.folder.join("run"))
            .env_remove("JOURNAL_STREAM")
            .env_remove("NOTIFY_SOCKET")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(groups) = &self.groups {
            stranger::with_groups(&mut command, groups)?;
        }
        Ok(command)
    }

    /// What daemons started from now on find in their environment besides.
    pub fn set_environment(&mut self, variables: &[(&str, &OsStr)]) {
        let owned = |&(name, value): &(&str, &OsStr)| (name.into(), value.into());
        self.environment = variables.iter().map(owned).collect();
    }

    /// Daemons started from now on find the group `hayesd`, of [`stranger::GROUP`].
    ///
    /// # Errors
    /// The file for it cannot be written.
    pub fn make_group(&mut self) -> Result<()> {
        self.groups = Some(stranger::group_file(&self.folder)?);
        Ok(())
    }

    /// The daemon's process.
    ///
    /// # Errors
    /// It was not started.
    pub fn daemon(&mut self) -> Result<&mut Process> {
        self.daemon.as_mut().context("the daemon was not started")
    }

    /// The helper's process.
    ///
    /// # Errors
    /// It was not started.
    pub fn helper(&mut self) -> Result<&mut Process> {
        self.helper.as_mut().context("the helper was not started")
    }

    /// `kill -9` of the daemon.
    ///
    /// # Errors
    /// It was not started.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon()?.kill()?;
        self.daemon = None;
        Ok(())
    }

    /// Asks the daemon to end by SIGTERM, and waits for that.
    ///
    /// # Errors
    /// It does not end, or not with success.
    pub fn stop(&mut self) -> Result<()> {
        let daemon = self.daemon()?;
        daemon.signal(Signal::SIGTERM);
        let status = daemon.wait(wait::LONG)?;
        self.daemon = None;
        if !status.success() {
            bail!("hayesd ended with {status} at SIGTERM");
        }
        Ok(())
    }

    /// What all daemons of this site have logged.
    pub fn daemon_log(&self) -> String {
        fs::read_to_string(self.folder.join("hayesd.log")).unwrap_or_default()
    }

    /// The helper's socket.
    pub fn helper_socket(&self) -> PathBuf {
        self.folder.join("helper/ldisc.sock")
    }

    /// Where equipment opens the pseudo-terminal `pty:NAME`.
    pub fn pty(&self, name: &str) -> PathBuf {
        self.folder.join("helper/pty").join(name)
    }

    /// A path for a device of the test's own, which the helper allows.
    pub fn device(&self, name: &str) -> PathBuf {
        self.folder.join("dev").join(name)
    }

    /// Spool, module memories and files.
    pub fn state_dir(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The bus.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The bus, to be restarted.
    pub fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    /// The folder for whatever else a test needs.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }
}
