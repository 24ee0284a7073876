//! What the real servers share: each is run as root by a script of `fixtures`, in a folder of its own.

use crate::folder::Folder;
use crate::process::{as_root, show};
use crate::wait;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

/// Both write here before the server has a log of its own.
const START_LOG: &str = "start.log";

/// How a server is started.
pub(crate) struct Plan<'a> {
    /// For people.
    pub(crate) name: &'static str,
    /// A file of `fixtures`.
    pub(crate) script: &'static str,
    pub(crate) arguments: Vec<OsString>,
    /// What the script reads first; it goes on until its input ends.
    pub(crate) input: &'a str,
    /// Where it will listen, on 127.0.0.1.
    pub(crate) ports: &'a [u16],
    /// Its log, in the folder.
    pub(crate) log: &'static str,
}

/// A server that listens. It stops when it is dropped, and as well when the test's process dies.
pub(crate) struct Server {
    name: &'static str,
    log: &'static str,
    child: Child,
    // The last field: removed after the server has gone.
    folder: Folder,
}

impl Server {
    /// Starts one in this folder, which holds its configuration, and waits until it listens.
    ///
    /// # Errors
    /// We are neither root nor may become it by `sudo -n`, or it does not start; the text holds its log.
    pub(crate) fn start(folder: Folder, plan: Plan<'_>) -> Result<Self> {
        let log = File::create(folder.join(START_LOG))?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(plan.script);
        let mut child = as_root("sh")
            .arg(script)
            .args(plan.arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C at the terminal is for the test; the server ends after it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} does not start", plan.script))?;
        if let Some(stdin) = &mut child.stdin {
            stdin.write_all(plan.input.as_bytes())?;
        }
        let mut server = Self {
            name: plan.name,
            log: plan.log,
            child,
            folder,
        };
        for port in plan.ports {
            server.wait_until_it_listens(*port)?;
        }
        Ok(server)
    }

    fn wait_until_it_listens(&mut self, port: u16) -> Result<()> {
        let child = &mut self.child;
        let what = format!("{} to listen", self.name);
        let listens = wait::until(&what, wait::LONG, || {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return Some(false);
            }
            let answer = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
            answer.is_ok().then_some(true)
        })?;
        if !listens {
            bail!("{} does not start:\n{}", self.name, self.log());
        }
        Ok(())
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        [START_LOG, self.log]
            .map(|name| fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is what the script waits for.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        show(self.name, &self.log());
    }
}

/// Starts a server, up to three times: somebody may take a port between our look and the server's bind.
///
/// # Errors
/// Those of the last time.
pub(crate) fn tried<T>(start: impl Fn() -> Result<T>) -> Result<T> {
    for _ in 0..2 {
        if let Ok(server) = start() {
            return Ok(server);
        }
    }
    start()
}
