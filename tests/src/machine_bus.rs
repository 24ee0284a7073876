//! Callers on a machine's system bus, which are processes there.

use crate::client::Client;
use crate::machine::Machine;
use crate::process::spawn_bound;
use anyhow::{Context as _, Result};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

/// Connects its standard input to the bus, says as whom, and stays: what the kernel tells the bus of the
/// connection (user, groups, process) is of this process, and we only speak through it.
const CONNECT: &str = r#"
use Socket;
connect(STDIN, pack_sockaddr_un("/run/dbus/system_bus_socket")) or die "system bus: $!";
close(STDIN);
$| = 1;
print "$<\n";
sleep;
"#;

/// A process of the machine that is on its bus.
pub struct Caller {
    client: Client,
    process: Child,
}

impl Machine {
    /// Has a user log in and connect to the system bus.
    ///
    /// # Errors
    /// There is no such user, or the bus refuses it.
    pub async fn caller(&self, user: &str) -> Result<Caller> {
        let unconnected = socket(
            AddressFamily::Unix,
            SockType::Stream,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        let mut command = self.command(&["runuser", "-u", user, "--", "perl", "-e", CONNECT]);
        command
            .stdin(Stdio::from(unconnected.try_clone()?))
            .stdout(Stdio::piped());
        let mut process = spawn_bound(&mut command)?;
        let stdout = process.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let uid = line
            .trim()
            .parse()
            .with_context(|| format!("{user} is not on the bus"))?;
        let connection = zbus::connection::Builder::unix_stream(UnixStream::from(unconnected))
            .user_id(uid)
            .build()
            .await?;
        Ok(Caller {
            client: Client::on(connection),
            process,
        })
    }
}

impl Caller {
    /// It, calling.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // What it started in the machine ends with the machine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
