//! A mailbox in a Dovecot: many small messages, and a large one.

use crate::access::Access;
use crate::contest::{Plan, Run};
use crate::figures::Used;
use crate::hayesd::{Hayesd, done};
use crate::tool;
use anyhow::{Context as _, Result, ensure};
use hayes_dbus::Pop3Proxy;
use hayes_tests::client::Map;
use hayes_tests::dovecot::{Dovecot, PASSWORD, USER};
use hayes_tests::folder::Folder;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn bench(plan: &Plan) -> Result<()> {
    let scale = plan.scale;
    let megabytes = scale.large as f64 / 1e6;
    for tls in [false, true] {
        let kind = if tls { "TLS" } else { "plain" };
        let work = format!("{} POP3 messages of 2 kB, {kind}", scale.messages);
        if plan.wanted(&work) {
            let messages: Vec<_> = (0..scale.messages).map(|n| message(n, 2000)).collect();
            compare(plan, &work, tls, &messages)?;
        }
        let work = format!("POP3 message of {megabytes} MB, {kind}");
        if plan.wanted(&work) {
            compare(plan, &work, tls, &[message(0, scale.large)])?;
        }
    }
    Ok(())
}

fn compare(plan: &Plan, work: &str, tls: bool, messages: &[Vec<u8>]) -> Result<()> {
    let count = messages.len();
    let dovecot = Dovecot::start(messages)?;
    let tools = Tools::new(&dovecot, tls, count)?;
    let mut hayesd = Hayesd::start(|site| {
        let pop3 = tools.access.endpoint(site)?;
        let mut config = tools.access.roots();
        // What an account has fetched it does not fetch again.
        for run in 0..plan.all_runs() {
            writeln!(config, "[account.run{run}]\npop3 = {pop3}")?;
        }
        Ok(config)
    })?;
    let by_hayesd: Run<'_> = Box::new(|run| {
        hayesd.measure(async |client| {
            let pop3 = Pop3Proxy::new(client.connection()).await?;
            let job = pop3.fetch(&format!("run{run}"), &[], Map::new()).await?;
            let mut result = done(client, job.as_str()).await?;
            let fetched = u32::try_from(result.remove("count").context("no count")?)?;
            ensure!(fetched as usize == count, "{fetched} messages, not {count}");
            Ok(())
        })
    });
    plan.contest(
        work,
        vec![
            ("hayesd", by_hayesd),
            ("curl", Box::new(|_| tools.curl())),
            ("mpop", Box::new(|_| tools.mpop())),
        ],
    )
}

/// What the others need, and where they put messages.
struct Tools {
    access: Access,
    url: String,
    count: usize,
    folder: Folder,
}

impl Tools {
    fn new(dovecot: &Dovecot, tls: bool, count: usize) -> Result<Self> {
        let folder = Folder::new("fetched")?;
        let (scheme, port, word) = match tls {
            true => ("pop3s", dovecot.ports().implicit, "implicit"),
            false => ("pop3", dovecot.ports().plain, "none"),
        };
        let access = Access {
            port,
            tls: word,
            root: dovecot.authority().root().display().to_string(),
            user: USER,
            password: PASSWORD,
        };
        let (place, uids) = (folder.join("place"), folder.join("uidls"));
        let lines = format!(
            "keep on\ndelivery maildir {}\nuidls_file {}\n",
            place.display(),
            uids.display(),
        );
        access.account(&folder, "mpop", &lines)?;
        Ok(Self {
            access,
            url: format!("{scheme}://127.0.0.1:{port}/[1-{count}]"),
            count,
            folder,
        })
    }

    /// Into a file for each message; their number is known to it beforehand.
    fn curl(&self) -> Result<Option<Used>> {
        let place = self.place(&[""])?;
        let output = place.join("#1").display().to_string();
        let arguments = ["--output", &output, &self.url];
        let used = self.access.curl(&self.folder, &arguments)?;
        self.check(used, &place)
    }

    /// Into a maildir, as hayesd does.
    fn mpop(&self) -> Result<Option<Used>> {
        let place = self.place(&["cur", "new", "tmp"])?;
        let config = self.folder.join("mpop").display().to_string();
        let used = tool::measure("mpop", &["-C", &config, "--quiet"], None)?;
        self.check(used, &place.join("new"))
    }

    /// An empty folder with these in it, and nothing remembered.
    fn place(&self, parts: &[&str]) -> Result<PathBuf> {
        let place = self.folder.join("place");
        for old in ["place", "uidls"].map(|name| self.folder.join(name)) {
            if old.is_dir() {
                fs::remove_dir_all(old)?;
            } else if old.exists() {
                fs::remove_file(old)?;
            }
        }
        for part in parts {
            fs::create_dir_all(place.join(part))?;
        }
        Ok(place)
    }

    /// Whether all have come.
    fn check(&self, used: Option<Used>, folder: &Path) -> Result<Option<Used>> {
        if used.is_some() {
            let found = fs::read_dir(folder)?.count();
            let wanted = self.count;
            ensure!(found == wanted, "{found} messages, not {wanted}");
        }
        Ok(used)
    }
}

/// A message of about so many bytes.
fn message(number: usize, length: usize) -> Vec<u8> {
    let line = "Pressure 4.2 bar, flow 17 l/min, all valves closed, nobody there\n";
    let head = format!("From: {USER}@example.org\nSubject: number {number}\n\n");
    (head + &line.repeat(length / line.len())).into_bytes()
}
