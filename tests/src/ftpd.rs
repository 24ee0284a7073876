//! Real FTP servers on loopback: vsftpd, and ProFTPD beside the system, since Debian installs one only.

use crate::authority::Authority;
use crate::folder::Folder;
use crate::process::{as_root, show};
use crate::{ports, wait};
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

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
    child: Child,
    explicit: u16,
    implicit: u16,
    authority: Authority,
    // The last field: removed after the server has gone.
    folder: Folder,
}

impl FtpServer {
    /// Starts one. Its certificate is for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    /// It is not installed and can't be fetched, we are neither root nor may become it by `sudo -n`, or it
    /// does not start; the text holds its log.
    pub fn start(kind: Kind) -> Result<Self> {
        // Somebody may take a port between our look and the server's bind.
        for _ in 0..2 {
            if let Ok(server) = Self::try_start(kind) {
                return Ok(server);
            }
        }
        Self::try_start(kind)
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
        let log = File::create(folder.join("start.log"))?;
        let mut child = as_root("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/ftpd.sh"))
            .arg(name)
            .arg(folder.path())
            .args([explicit.to_string(), implicit.to_string()])
            .arg(&beside)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C at the terminal is for the test; the server ends after it.
            .process_group(0)
            .spawn()
            .context("ftpd.sh does not start")?;
        if let Some(stdin) = &mut child.stdin {
            writeln!(stdin, "{PASSWORD}")?;
        }
        let mut server = Self {
            child,
            explicit,
            implicit,
            authority,
            folder,
        };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        for port in [self.explicit, self.implicit] {
            let child = &mut self.child;
            let listens = wait::until("the FTP server to listen", wait::LONG, || {
                if matches!(child.try_wait(), Ok(Some(_))) {
                    return Some(false);
                }
                let answer = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
                answer.is_ok().then_some(true)
            })?;
            if !listens {
                bail!("the FTP server does not start:\n{}", self.log());
            }
        }
        Ok(())
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
        self.folder.join("files/work").join(name)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        ["start.log", "conf/log"]
            .map(|name| fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for FtpServer {
    fn drop(&mut self) {
        let log = self.log();
        // The end of its input is what the script waits for.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        show("the FTP server", &log);
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
