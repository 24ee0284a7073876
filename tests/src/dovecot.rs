//! A real Dovecot on loopback: POP3 with APOP and SASL, STLS, implicit TLS, PIPELINING.

use crate::authority::Authority;
use crate::folder::Folder;
use crate::ports;
use crate::postfix::mail_uid;
use crate::server::{Plan, Server, tried};
use anyhow::Result;
use std::fs;

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
    server: Server,
    ports: Ports,
    authority: Authority,
}

impl Dovecot {
    /// Starts one with these messages in the mailbox of [`USER`], in their order; lines may end in LF. Its
    /// certificate is for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// Dovecot is not installed, we are neither root nor may become it by `sudo -n`, or it does not
    /// start; the text holds its log.
    pub fn start(messages: &[Vec<u8>]) -> Result<Self> {
        tried(|| Self::try_start(messages))
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
        let arguments = vec![folder.path().into(), mail_uid().to_string().into()];
        let plan = Plan {
            name: "Dovecot",
            script: "dovecot.sh",
            arguments,
            input: "",
            ports: &[ports.plain, ports.implicit],
            log: "dovecot.log",
        };
        Ok(Self {
            server: Server::start(folder, plan)?,
            ports,
            authority,
        })
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
        self.server.log()
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
