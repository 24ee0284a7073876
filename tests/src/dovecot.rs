//! A real Dovecot on loopback: POP3 with APOP and SASL, STLS, implicit TLS, PIPELINING.

use crate::authority::Authority;
use crate::folder::Folder;
use crate::postfix::mail_uid;
use crate::process::{as_root, show};
use crate::{ports, wait};
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

/// The user that has a mailbox.
pub const USER: &str = "pump7";

/// The password of [`USER`].
pub const PASSWORD: &str = "geheim-4711";

/// TCP ports on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Without TLS at first; STLS is offered.
    pub plain: u16,
    /// TLS from the first byte.
    pub implicit: u16,
}

/// The server. It stops when it is dropped, and as well when the test's process dies.
pub struct Dovecot {
    child: Child,
    ports: Ports,
    authority: Authority,
    // The last field: removed after the server has gone.
    folder: Folder,
}

impl Dovecot {
    /// Starts one with these messages in the mailbox of [`USER`], in their order; lines may end in LF. Its
    /// certificate is for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// Dovecot is not installed, we are neither root nor may become it by `sudo -n`, or it does not
    /// start; the text holds its log.
    pub fn start(messages: &[Vec<u8>]) -> Result<Self> {
        // Somebody may take a port between our look and Dovecot's bind.
        for _ in 0..2 {
            if let Ok(dovecot) = Self::try_start(messages) {
                return Ok(dovecot);
            }
        }
        Self::try_start(messages)
    }

    fn try_start(messages: &[Vec<u8>]) -> Result<Self> {
        let folder = Folder::new("dovecot")?.open_to_all()?;
        let authority = Authority::new(&folder)?;
        let ports = Ports {
            plain: ports::free()?,
            implicit: ports::free()?,
        };
        configure(&folder, &authority, ports)?;
        deliver(&folder, messages)?;
        let log = File::create(folder.join("start.log"))?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/dovecot.sh");
        let child = as_root("sh")
            .arg(script)
            .arg(folder.path())
            .arg(mail_uid().to_string())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C at the terminal is for the test; the server ends after it.
            .process_group(0)
            .spawn()
            .context("dovecot.sh does not start")?;
        let mut dovecot = Self {
            child,
            ports,
            authority,
            folder,
        };
        for port in [ports.plain, ports.implicit] {
            let child = &mut dovecot.child;
            let listens = wait::until("Dovecot to listen", wait::LONG, || {
                if matches!(child.try_wait(), Ok(Some(_))) {
                    return Some(false);
                }
                let answer = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
                answer.is_ok().then_some(true)
            })?;
            if !listens {
                bail!("Dovecot does not start:\n{}", dovecot.log());
            }
        }
        Ok(dovecot)
    }

    /// Its ports.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The authority of its certificate.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        ["start.log", "dovecot.log"]
            .map(|name| fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // The end of its input is what the script waits for.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        show("Dovecot", &self.log());
    }
}

fn configure(folder: &Folder, authority: &Authority, ports: Ports) -> Result<()> {
    let config = include_str!("../fixtures/dovecot.conf")
        .replace("@FOLDER@", &folder.path().to_string_lossy())
        .replace("@UID@", &mail_uid().to_string())
        .replace("@PLAIN@", &ports.plain.to_string())
        .replace("@IMPLICIT@", &ports.implicit.to_string());
    folder.write("conf/dovecot.conf", config)?;
    folder.write("conf/users", format!("{USER}:{PASSWORD}\n"))?;
    let pem = authority.server(&["localhost", "127.0.0.1"])?;
    folder.write("conf/server.pem", pem)?;
    Ok(())
}

fn deliver(folder: &Folder, messages: &[Vec<u8>]) -> Result<()> {
    let maildir = format!("mail/{USER}/Maildir");
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(folder.join(format!("{maildir}/{part}")))?;
    }
    for (number, message) in (1..).zip(messages) {
        // Dovecot numbers them by name.
        folder.write(
            format!("{maildir}/new/1700000000.M{number:06}.hayes"),
            message,
        )?;
    }
    Ok(())
}
