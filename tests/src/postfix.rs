//! A real Postfix on loopback: AUTH, STARTTLS, implicit TLS, five mailboxes.

use crate::authority::Authority;
use crate::folder::Folder;
use crate::mailbox::Mailbox;
use crate::ports;
use crate::server::{Plan, Server, tried};
use anyhow::Result;
use nix::unistd::Uid;
use std::path::PathBuf;

/// The user that may relay.
pub const USER: &str = "pump7@example.org";

/// The password of [`USER`].
pub const PASSWORD: &str = "geheim-4711";

/// The recipients that have a mailbox; every other one is refused at RCPT with 550.
pub const RECIPIENTS: [&str; 5] = [
    "one@example.org",
    "two@example.org",
    "three@example.org",
    "cc@example.org",
    "bcc@example.org",
];

/// A recipient without mailbox.
pub const REFUSED: &str = "nobody@example.org";

/// TCP ports on 127.0.0.1. All ask for AUTH before they take mail.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Without TLS.
    pub plain: u16,
    /// AUTH and mail only after STARTTLS.
    pub starttls: u16,
    /// TLS from the first byte.
    pub implicit: u16,
    /// TLS from the first byte with a certificate for `other.example.org` only.
    pub other_host: u16,
}

/// The server. It stops when it is dropped, and as well when the test's process dies.
pub struct Postfix {
    server: Server,
    ports: Ports,
    authority: Authority,
}

impl Postfix {
    /// Starts one. Its certificates are for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// Postfix is not installed, we are neither root nor may become it by `sudo -n`, or it does not
    /// start; the text holds its log.
    pub fn start() -> Result<Self> {
        tried(Self::try_start)
    }

    fn try_start() -> Result<Self> {
        let folder = Folder::new("postfix")?.open_to_all()?;
        let authority = Authority::new(&folder)?;
        let ports = Ports {
            plain: ports::free()?,
            starttls: ports::free()?,
            implicit: ports::free()?,
            other_host: ports::free()?,
        };
        configure(&folder, &authority, ports)?;
        let arguments = vec![folder.path().into(), mail_uid().to_string().into()];
        let plan = Plan {
            name: "Postfix",
            script: "postfix.sh",
            arguments,
            input: &format!("{PASSWORD}\n"),
            ports: &[
                ports.plain,
                ports.starttls,
                ports.implicit,
                ports.other_host,
            ],
            log: "mail.log",
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

    /// The authority of its certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The mailbox of one of [`RECIPIENTS`].
    pub fn mailbox(&self, recipient: &str) -> Mailbox {
        let name = recipient.split('@').next().unwrap_or(recipient);
        Mailbox::new(recipient, self.server.folder().join("mail").join(name))
    }

    /// All mailboxes.
    pub fn mailboxes(&self) -> impl Iterator<Item = Mailbox> {
        RECIPIENTS.iter().map(|recipient| self.mailbox(recipient))
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.server.log()
    }
}

/// Whose the mail is that comes in: ours, so that we can read it; but Postfix writes nothing as root.
pub(crate) fn mail_uid() -> Uid {
    match nix::unistd::geteuid() {
        root if root.is_root() => Uid::from_raw(65_534),
        user => user,
    }
}

fn configure(folder: &Folder, authority: &Authority, ports: Ports) -> Result<()> {
    let address = |port: u16| format!("127.0.0.1:{port}");
    let place = |template: &str| {
        template
            .replace("@FOLDER@", &folder.path().to_string_lossy())
            .replace("@UID@", &mail_uid().to_string())
            .replace("@PLAIN@", &address(ports.plain))
            .replace("@STARTTLS@", &address(ports.starttls))
            .replace("@IMPLICIT@", &address(ports.implicit))
            .replace("@OTHER@", &address(ports.other_host))
    };
    folder.write("conf/main.cf", place(include_str!("../fixtures/main.cf")))?;
    folder.write(
        "conf/master.cf",
        place(include_str!("../fixtures/master.cf")),
    )?;
    let sasl: PathBuf = folder.join("data/sasldb2");
    folder.write(
        "conf/sasl/smtpd.conf",
        format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: PLAIN LOGIN\n",
            sasl.display()
        ),
    )?;
    folder.write(
        "conf/server.pem",
        authority.server(&["localhost", "127.0.0.1"])?,
    )?;
    folder.write("conf/other.pem", authority.server(&["other.example.org"])?)?;
    Ok(())
}
