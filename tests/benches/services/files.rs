//! A file to a vsftpd, and back.

use crate::access::Access;
use crate::contest::{Plan, Run};
use crate::figures::Used;
use crate::hayesd::{Hayesd, done};
use crate::tool;
use anyhow::{Result, ensure};
use hayes_dbus::FtpProxy;
use hayes_tests::client::{Client, Map};
use hayes_tests::content::noise;
use hayes_tests::folder::Folder;
use hayes_tests::ftpd::{FtpServer, Kind, PASSWORD, USER};
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

/// Where one may write on the server.
const FOLDER: &str = "work";

pub(crate) fn bench(plan: &Plan) -> Result<()> {
    let megabytes = plan.scale.file as f64 / 1e6;
    for tls in [false, true] {
        let kind = if tls { "TLS" } else { "plain" };
        let up = format!("FTP, {megabytes} MB up, {kind}");
        let down = format!("FTP, {megabytes} MB down, {kind}");
        if !plan.wanted(&up) && !plan.wanted(&down) {
            continue;
        }
        let tools = Tools::new(plan.scale.file, tls)?;
        let mut hayesd = Hayesd::start(|site| {
            let (roots, ftp) = (tools.access.roots(), tools.access.endpoint(site)?);
            Ok(format!("{roots}[account.run0]\nftp = {ftp}\n"))
        })?;
        if plan.wanted(&up) {
            upload(plan, &up, &mut hayesd, &tools)?;
        }
        if plan.wanted(&down) {
            download(plan, &down, &mut hayesd, &tools)?;
        }
    }
    Ok(())
}

fn upload(plan: &Plan, work: &str, hayesd: &mut Hayesd, tools: &Tools) -> Result<()> {
    let by_hayesd: Run<'_> = Box::new(|_| tools.upload(hayesd));
    plan.contest(
        work,
        vec![
            ("hayesd", by_hayesd),
            ("curl", Box::new(|_| tools.curl_up())),
            ("lftp", Box::new(|_| tools.lftp_up())),
        ],
    )
}

fn download(plan: &Plan, work: &str, hayesd: &mut Hayesd, tools: &Tools) -> Result<()> {
    hayesd.run(async |client| tools.send(client).await)?;
    let by_hayesd: Run<'_> = Box::new(|_| tools.download(hayesd));
    plan.contest(
        work,
        vec![
            ("hayesd", by_hayesd),
            ("curl", Box::new(|_| tools.curl_down())),
            ("lftp", Box::new(|_| tools.lftp_down())),
        ],
    )
}

/// The server, and what the others need.
pub(crate) struct Tools {
    server: FtpServer,
    pub(crate) access: Access,
    length: usize,
    folder: Folder,
}

impl Tools {
    pub(crate) fn new(length: usize, tls: bool) -> Result<Self> {
        let server = FtpServer::start(Kind::Vsftpd)?;
        let access = Access {
            port: server.explicit(),
            tls: if tls { "starttls" } else { "none" },
            root: server.authority().root().display().to_string(),
            user: USER,
            password: PASSWORD,
        };
        let folder = Folder::new("files")?;
        folder.write("up", noise(length, 7))?;
        Ok(Self {
            server,
            access,
            length,
            folder,
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn url(&self, name: &str) -> String {
        format!("ftp://127.0.0.1:{}/{FOLDER}/{name}", self.access.port)
    }

    /// By hayesd.
    async fn send(&self, client: &Client) -> Result<()> {
        let content = File::open(self.folder.join("up"))?;
        let ftp = FtpProxy::new(client.connection()).await?;
        let job = ftp.upload("", "work/hayesd", content.as_fd().into(), Map::new());
        done(client, job.await?.as_str()).await?;
        Ok(())
    }

    /// What is sent.
    pub(crate) fn content(&self) -> Result<Vec<u8>> {
        Ok(fs::read(self.folder.join("up"))?)
    }

    /// Where the server has a file.
    pub(crate) fn stored(&self, name: &str) -> PathBuf {
        self.server.file(name)
    }

    pub(crate) fn upload(&self, hayesd: &mut Hayesd) -> Result<Option<Used>> {
        let used = hayesd.measure(async |client| self.send(client).await)?;
        self.arrived(used, "hayesd")
    }

    pub(crate) fn download(&self, hayesd: &mut Hayesd) -> Result<Option<Used>> {
        let place = self.folder.join("down");
        let used = hayesd.measure(async |client| {
            let into = File::create(&place)?;
            let ftp = FtpProxy::new(client.connection()).await?;
            let options = Map::new();
            let job = ftp.download("", "work/hayesd", into.as_fd().into(), options);
            done(client, job.await?.as_str()).await?;
            Ok(())
        })?;
        self.came(used, &place)
    }

    pub(crate) fn curl_up(&self) -> Result<Option<Used>> {
        let (file, url) = (self.path("up"), self.url("curl"));
        let used = self.curl(&["--upload-file", &file, &url])?;
        self.arrived(used, "curl")
    }

    pub(crate) fn curl_down(&self) -> Result<Option<Used>> {
        let (file, url) = (self.path("down"), self.url("hayesd"));
        let used = self.curl(&["--output", &file, &url])?;
        self.came(used, Path::new(&file))
    }

    fn tls(&self) -> bool {
        self.access.tls != "none"
    }

    fn curl(&self, what: &[&str]) -> Result<Option<Used>> {
        let tls: &[&str] = if self.tls() { &["--ssl-reqd"] } else { &[] };
        self.access.curl(&self.folder, &[tls, what].concat())
    }

    fn lftp_up(&self) -> Result<Option<Used>> {
        let used = self.lftp(&format!("put {} -o work/lftp", self.path("up")))?;
        self.arrived(used, "lftp")
    }

    fn lftp_down(&self) -> Result<Option<Used>> {
        let file = self.folder.join("down");
        let used = self.lftp(&format!("get work/hayesd -o {}", file.display()))?;
        self.came(used, &file)
    }

    fn lftp(&self, what: &str) -> Result<Option<Used>> {
        let (allowed, forced) = if self.tls() {
            ("true", "true")
        } else {
            ("false", "false")
        };
        let script = format!(
            "set cmd:fail-exit true\nset net:max-retries 1\nset net:timeout 30\nset xfer:clobber true\n\
             set ftp:ssl-allow {allowed}\nset ftp:ssl-force {forced}\n\
             set ftp:ssl-protect-data {forced}\nset ssl:ca-file {}\n\
             open -u {USER},{PASSWORD} ftp://127.0.0.1:{}\n{what}\n",
            self.access.root, self.access.port,
        );
        let script = self.folder.write("lftp", script)?.display().to_string();
        tool::measure("lftp", &["--norc", "-f", &script], None)
    }

    /// Whether the server has the whole file.
    fn arrived(&self, used: Option<Used>, name: &str) -> Result<Option<Used>> {
        if used.is_some() {
            self.whole(&self.server.file(name))?;
        }
        Ok(used)
    }

    /// Whether the whole file has come; removes it.
    fn came(&self, used: Option<Used>, path: &Path) -> Result<Option<Used>> {
        if used.is_some() {
            self.whole(path)?;
            fs::remove_file(path)?;
        }
        Ok(used)
    }

    fn whole(&self, path: &Path) -> Result<()> {
        let length = fs::metadata(path)?.len();
        ensure!(length == self.length as u64, "{length} bytes came");
        Ok(())
    }
}
