//! Real FTP servers on loopback: vsftpd, and ProFTPD beside the system, since Debian installs one only.

use crate::authority::Authority;
use crate::folder::Folder;
use crate::ports;
use crate::server::{Plan, Server, tried};
use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The user that both know.
pub const USER: &str = "ftp";

/// Its password.
pub const PASSWORD: &str = "geheim-4712";

/// What of ProFTPD is unpacked beside the system.
const PROFTPD: [&str; 7] = [
    "proftpd-core",
    "proftpd-mod-crypto",
    "libhashkit2",
    "libhiredis0.14",
    "libmemcached11",
    "libmemcachedutil2",
    "libpcre2-posix3",
];

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// vsftpd with `require_ssl_reuse=YES`: LIST only, anonymous login with a password.
    Vsftpd,
    /// ProFTPD, which insists on session reuse as well: MLSD.
    Proftpd,
}

/// A server. It stops when it is dropped, and as well when the test's process dies.
pub struct FtpServer {
    server: Server,
    explicit: u16,
    implicit: u16,
    authority: Authority,
}

impl FtpServer {
    /// Starts one. Its certificate is for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// It is not installed and can't be fetched, we are neither root nor may become it by `sudo -n`, or it
    /// does not start; the text holds its log.
    pub fn start(kind: Kind) -> Result<Self> {
        tried(|| Self::try_start(kind))
    }

    fn try_start(kind: Kind) -> Result<Self> {
        let beside = match kind {
            Kind::Vsftpd => PathBuf::from("/"),
            Kind::Proftpd => unpack()?,
        };
        let folder = Folder::new("ftpd")?.open_to_all()?;
        let authority = Authority::new(&folder)?;
        let (explicit, implicit) = (ports::free()?, ports::free()?);
        let place = |template: &str| {
            template
                .replace("@FOLDER@", &folder.path().to_string_lossy())
                .replace("@BESIDE@", &beside.to_string_lossy())
                .replace("@EXPLICIT@", &explicit.to_string())
                .replace("@IMPLICIT@", &implicit.to_string())
                .replace("@TLS@", "TLSv1.2 TLSv1.3")
        };
        let (name, template) = match kind {
            Kind::Vsftpd => ("vsftpd", include_str!("../fixtures/vsftpd.conf")),
            Kind::Proftpd => ("proftpd", include_str!("../fixtures/proftpd.conf")),
        };
        folder.write(format!("conf/{name}.conf"), place(template))?;
        folder.write("conf/passwords", format!("{PASSWORD}\n"))?;
        folder.write(
            "conf/server.pem",
            authority.server(&["localhost", "127.0.0.1"])?,
        )?;
        let arguments = vec![
            name.into(),
            folder.path().into(),
            explicit.to_string().into(),
            implicit.to_string().into(),
            beside.into(),
        ];
        let plan = Plan {
            name: "the FTP server",
            script: "ftpd.sh",
            arguments,
            input: &format!("{PASSWORD}\n"),
            ports: &[explicit, implicit],
            log: "ftpd.log",
        };
        Ok(Self {
            server: Server::start(folder, plan)?,
            explicit,
            implicit,
            authority,
        })
    }

    /// Its port without TLS, or with TLS after AUTH.
    pub fn explicit(&self) -> u16 {
        self.explicit
    }

    /// Its port with TLS from the first byte.
    pub fn implicit(&self) -> u16 {
        self.implicit
    }

    /// The authority of its certificate.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Where a file of its folder `work` is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.server.folder().join("files/work").join(name)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.server.log()
    }
}

fn unpack() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    // TARGET/PROFILE/deps/TEST
    let target = test
        .ancestors()
        .nth(3)
        .context("a test binary without target folder")?;
    let folder = target.join("beside");
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/unpack"))
        .arg(&folder)
        .args(PROFTPD)
        .output()?;
    if !output.status.success() {
        bail!(
            "ProFTPD can't be fetched: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(folder)
}
