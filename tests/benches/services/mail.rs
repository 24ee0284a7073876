//! Small mails to a Postfix.

use crate::access::Access;
use crate::contest::{Plan, Run};
use crate::figures::Used;
use crate::hayesd::{Hayesd, done};
use crate::tool;
use anyhow::Result;
use hayes_tests::client::Map;
use hayes_tests::folder::Folder;
use hayes_tests::mailbox::Mailbox;
use hayes_tests::postfix::{PASSWORD, Postfix, USER};
use hayes_tests::wait;
use std::cell::Cell;
use std::fs::File;

const TO: &str = "one@example.org";
const SUBJECT: &str = "Pump 7";

pub(crate) fn bench(plan: &Plan) -> Result<()> {
    for tls in [false, true] {
        let kind = if tls { "TLS" } else { "plain" };
        let work = format!("{} mails of 1 kB, {kind}", plan.scale.mails);
        if plan.wanted(&work) {
            compare(plan, &work, tls)?;
        }
    }
    Ok(())
}

fn compare(plan: &Plan, work: &str, tls: bool) -> Result<()> {
    let mails = plan.scale.mails;
    let postfix = Postfix::start()?;
    let tools = Tools::new(&postfix, tls, mails)?;
    let mut hayesd = Hayesd::start(|site| {
        let (roots, smtp) = (tools.access.roots(), tools.access.endpoint(site)?);
        Ok(format!(
            "{roots}[account.run0]\nfrom = \"{USER}\"\nsmtp = {smtp}\n"
        ))
    })?;
    let arrived = Arrived {
        mailbox: postfix.mailbox(TO),
        sent: Cell::new(0),
    };
    let text = text();
    let by_hayesd: Run<'_> = Box::new(|_| {
        let used = hayesd.measure(async |client| {
            let mut jobs = Vec::new();
            for _ in 0..mails {
                jobs.push(client.send_simple(TO, SUBJECT, &text, Map::new()).await?);
            }
            for job in &jobs {
                done(client, job).await?;
            }
            Ok(())
        })?;
        arrived.expect(mails, used)
    });
    let by_curl = |_| arrived.expect(mails, repeat(mails, || tools.curl("mail1"))?);
    let at_once = |_| arrived.expect(mails, tools.curl(&format!("mail[1-{mails}]"))?);
    let by_msmtp = |_| arrived.expect(mails, repeat(mails, || tools.msmtp())?);
    plan.contest(
        work,
        vec![
            ("hayesd", by_hayesd),
            ("curl, for each mail", Box::new(by_curl)),
            ("curl, once for all", Box::new(at_once)),
            ("msmtp, for each mail", Box::new(by_msmtp)),
        ],
    )
}

/// A program for each mail, one after the other.
fn repeat(times: usize, mut once: impl FnMut() -> Result<Option<Used>>) -> Result<Option<Used>> {
    let mut sum = Used::default();
    for _ in 0..times {
        match once()? {
            Some(used) => sum = sum.then(used),
            None => return Ok(None),
        }
    }
    Ok(Some(sum))
}

/// What the server delivers after it has taken a mail must not disturb whoever is next. There may be more: a
/// run that failed may have sent some.
struct Arrived {
    mailbox: Mailbox,
    sent: Cell<usize>,
}

impl Arrived {
    fn expect(&self, mails: usize, used: Option<Used>) -> Result<Option<Used>> {
        if used.is_some() {
            self.sent.set(self.sent.get() + mails);
            wait::until("all mails", 4 * wait::LONG, || {
                (self.mailbox.count() >= self.sent.get()).then_some(())
            })?;
        }
        Ok(used)
    }
}

/// What the others need: configurations with the password, and the mail in files.
struct Tools {
    access: Access,
    url: String,
    folder: Folder,
}

impl Tools {
    fn new(postfix: &Postfix, tls: bool, mails: usize) -> Result<Self> {
        let folder = Folder::new("mails")?;
        let mail = format!(
            "From: {USER}\r\nTo: {TO}\r\nSubject: {SUBJECT}\r\n\
             Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n{}\r\n",
            text()
        );
        for number in 1..=mails {
            folder.write(format!("mail{number}"), &mail)?;
        }
        let (scheme, port, word) = match tls {
            true => ("smtps", postfix.ports().implicit, "implicit"),
            false => ("smtp", postfix.ports().plain, "none"),
        };
        let access = Access {
            port,
            tls: word,
            root: postfix.authority().root().display().to_string(),
            user: USER,
            password: PASSWORD,
        };
        access.account(&folder, "msmtp", &format!("from {USER}\n"))?;
        Ok(Self {
            access,
            url: format!("{scheme}://127.0.0.1:{port}"),
            folder,
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Sends a file, or all that a pattern of curl's names.
    fn curl(&self, mails: &str) -> Result<Option<Used>> {
        let mails = self.path(mails);
        let (from, to) = (["--mail-from", USER], ["--mail-rcpt", TO]);
        let what = ["--upload-file", &mails, &self.url];
        self.access
            .curl(&self.folder, &[&from[..], &to, &what].concat())
    }

    fn msmtp(&self) -> Result<Option<Used>> {
        let config = self.path("msmtp");
        let mail = File::open(self.folder.join("mail1"))?;
        tool::measure("msmtp", &["-C", &config, TO], Some(mail))
    }
}

/// The text of each mail, of 1 kB.
fn text() -> String {
    "Pressure 4.2 bar, flow 17 l/min, all valves closed\r\n".repeat(20)
}
