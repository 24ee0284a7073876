//! A private message bus.

use crate::folder::Folder;
use crate::process::Process;
use crate::wait;
use anyhow::{Result, bail};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A `dbus-daemon` that knows no service and no policy but what a test gives it.
#[derive(Debug)]
pub struct Bus {
    process: Process,
    folder: Folder,
}

impl Bus {
    /// Starts one on which this user may do everything.
    ///
    /// # Errors
    /// `dbus-daemon` is not installed or does not start.
    pub fn start() -> Result<Self> {
        Self::with_policy(
            r#"<policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
  </policy>"#,
        )
    }

    /// Starts one with the rules of Debian's system bus and a service's policy file.
    ///
    /// # Errors
    /// As [`Bus::start`].
    pub fn like_system(policy: &Path) -> Result<Self> {
        let system = include_str!("../fixtures/system-bus.xml");
        Self::with_policy(&format!("{system}<include>{}</include>", policy.display()))
    }

    fn with_policy(policy: &str) -> Result<Self> {
        let folder = Folder::new("bus")?.open_to_all()?;
        let socket = folder.join("socket");
        let config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  {policy}
</busconfig>
"#,
            socket.display()
        );
        folder.write("bus.conf", config)?;
        let process = Self::run(&folder)?;
        Ok(Self { process, folder })
    }

    fn run(folder: &Folder) -> Result<Process> {
        let mut command = Command::new("dbus-daemon");
        command
            .arg(format!(
                "--config-file={}",
                folder.join("bus.conf").display()
            ))
            .args(["--nofork", "--nopidfile", "--nosyslog"]);
        let log = folder.join("bus.log");
        let mut process = Process::start("dbus-daemon", &mut command, &log)?;
        let socket = folder.join("socket");
        let up = wait::until("the bus", wait::LONG, || {
            if !process.is_running() {
                return Some(false);
            }
            UnixStream::connect(&socket).is_ok().then_some(true)
        })?;
        if !up {
            bail!("dbus-daemon does not start: {}", process.log());
        }
        Ok(process)
    }

    /// `kill -9` of it, and another in its place: whoever was on it is on none any more.
    ///
    /// # Errors
    /// As [`Bus::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = Self::run(&self.folder)?;
        Ok(())
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Its address, as `busctl --address=` and the configuration's `bus` take it.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// The bus refuses us.
    pub async fn connect(&self) -> Result<zbus::Connection> {
        Ok(zbus::connection::Builder::address(self.address().as_str())
            .build()
            .await?)
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
