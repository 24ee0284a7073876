//! A whole mail office: Postfix, hayesd, an account for it, a module played on a pseudo-terminal and a
//! modem driver on its other end.

use crate::client::{Client, Map};
use crate::equipment::Equipment;
use crate::message::Mail;
use crate::postfix::{PASSWORD, Postfix, USER};
use crate::site::Site;
use anyhow::{Context as _, Result, ensure};
use std::path::PathBuf;
use zbus::Variant;

/// How mail leaves the caller's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Straight from the daemon to the server.
    Ip,
    /// Daemon → AT commands → pseudo-terminal → played module → server.
    Driver,
}

/// How the account's server is reached.
#[derive(Clone, Debug)]
pub struct Account {
    /// The server's port on `localhost`.
    pub port: u16,
    /// `implicit`, `starttls` or `none`.
    pub tls: &'static str,
    /// The password, if there is a user at all.
    pub password: Option<&'static str>,
    /// `plain_auth` of the account.
    pub plain_auth: bool,
    /// A PEM file with what `[tls] roots` names.
    pub roots: Option<PathBuf>,
}

impl Account {
    /// Without TLS and without AUTH, as scripted servers have it.
    pub fn bare(port: u16) -> Self {
        Self {
            port,
            tls: "none",
            password: None,
            plain_auth: false,
            roots: None,
        }
    }

    /// Postfix by implicit TLS, with the right password.
    pub fn of(postfix: &Postfix) -> Self {
        Self {
            port: postfix.ports().implicit,
            tls: "implicit",
            password: Some(PASSWORD),
            plain_auth: false,
            roots: Some(postfix.authority().root().clone()),
        }
    }
}

/// A running site with one account, one emulator (`panel`) and, for [`Route::Driver`], one modem (`lte`)
/// on the emulator's pseudo-terminal.
pub struct Office {
    /// The processes.
    pub site: Site,
    /// A caller.
    pub client: Client,
    route: Route,
}

impl Office {
    /// Starts everything and waits until the driver is ready.
    ///
    /// # Errors
    /// Something does not start; the log says what.
    pub async fn open(route: Route, account: &Account) -> Result<Self> {
        Self::open_with(route, account, "").await
    }

    /// The same with more lines for `[daemon]`.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub async fn open_with(route: Route, account: &Account, daemon: &str) -> Result<Self> {
        let mut site = Site::new()?;
        let config = configuration(&site, route, account)?;
        site.configure(&format!("{daemon}\n{config}"))?;
        let client = site.start().await?;
        let office = Self {
            site,
            client,
            route,
        };
        office.ready().await?;
        Ok(office)
    }

    /// `kill -9` of the daemon, and a new one.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn crash(&mut self) -> Result<()> {
        self.site.kill()?;
        self.client = self.site.start().await?;
        Ok(())
    }

    /// Waits until the port is served: by the driver, or for equipment.
    ///
    /// # Errors
    /// It is not for a long time.
    pub async fn ready(&self) -> Result<()> {
        if self.route == Route::Driver {
            let path = "/org/hayesd1/modem/lte";
            self.client.until(path, "Modem", "State", "ready").await?;
        } else {
            let path = "/org/hayesd1/emulator/panel";
            self.client
                .until(path, "Emulator", "State", "command")
                .await?;
        }
        Ok(())
    }

    /// Opens the emulator's port as equipment does. Not for [`Route::Driver`], whose driver has it.
    ///
    /// # Errors
    /// It does not open.
    pub fn equipment(&self) -> Result<Equipment> {
        ensure!(self.route == Route::Ip, "the driver has the port");
        Equipment::open(&self.site.pty("panel"))
    }

    /// Sends a mail with everything to its end and returns what `Job.Wait` told.
    ///
    /// # Errors
    /// As `org.hayesd1` answers.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<crate::client::Outcome> {
        let job = self.client.send(letter.message(), Map::new()).await?;
        self.client.wait(&job).await
    }
}

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Letter<'a> {
    /// To.
    pub to: &'a [&'a str],
    /// Cc.
    pub cc: &'a [&'a str],
    /// Bcc.
    pub bcc: &'a [&'a str],
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub text: &'a str,
    /// Names and bytes.
    pub attachments: &'a [(&'a str, &'a [u8])],
}

impl Letter<'_> {
    /// As `Mail.Send` takes it.
    pub fn message(&self) -> Map<'static> {
        let list = |addresses: &[&str]| -> Variant<'static> {
            let list: Vec<String> = addresses.iter().map(|&one| one.to_owned()).collect();
            Variant::from(list)
        };
        let attachments: Vec<(String, String, Vec<u8>)> = self
            .attachments
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), String::new(), bytes.to_vec()))
            .collect();
        Map::from([
            ("to", list(self.to)),
            ("cc", list(self.cc)),
            ("bcc", list(self.bcc)),
            ("subject", Variant::from(self.subject.to_owned())),
            ("text", Variant::from(self.text.to_owned())),
            ("attachments", Variant::from(attachments)),
        ])
    }

    /// Compares a mail that came with this one, as its recipients may see it.
    ///
    /// # Errors
    /// It differs; the text says in what.
    pub fn check(&self, raw: &[u8]) -> Result<Mail> {
        let mail = Mail::parse(raw)?;
        ensure!(
            mail.from == ["pump7@example.org"],
            "From is {:?}",
            mail.from
        );
        ensure!(mail.to == self.to, "To is {:?}", mail.to);
        ensure!(mail.cc == self.cc, "Cc is {:?}", mail.cc);
        ensure!(
            mail.subject == self.subject,
            "Subject is {:?}",
            mail.subject
        );
        let text = mail.text().context("the text")?;
        let wanted = self.text.replace("\r\n", "\n");
        let wanted = wanted.trim_end_matches('\n');
        ensure!(text == wanted, "text is {text:?}, not {wanted:?}");
        let names = |list: &mut dyn Iterator<Item = &str>| list.collect::<Vec<_>>().join(", ");
        let came = names(&mut mail.attachments.iter().map(|(name, _)| name.as_str()));
        let sent = names(&mut self.attachments.iter().map(|(name, _)| *name));
        ensure!(came == sent, "attachments are {came}, not {sent}");
        for ((name, came), (_, sent)) in mail.attachments.iter().zip(self.attachments) {
            ensure!(came == sent, "{name} was changed on its way");
        }
        for &address in self.bcc {
            ensure!(
                !mail.mentions(address) || trace_only(&mail, address),
                "{address} can be seen"
            );
        }
        ensure!(!mail.mentions("\nbcc:"), "there is a Bcc field");
        Ok(mail)
    }
}

/// Whether an address stands only in what the server of its own mailbox added (`Delivered-To`,
/// `X-Original-To`, `Received: … for`).
fn trace_only(mail: &Mail, address: &str) -> bool {
    let text = String::from_utf8_lossy(&mail.raw);
    let sent = text.find("\nFrom:").or_else(|| text.find("\nDate:"));
    sent.is_some_and(|at| !text[at..].contains(address))
}

/// The configuration, from the rest of `[daemon]` on.
fn configuration(site: &Site, route: Route, account: &Account) -> Result<String> {
    let via = match route {
        Route::Ip => "ip",
        Route::Driver => "modem:lte",
    };
    let mut smtp = format!(
        "host = \"localhost\", port = {}, tls = \"{}\"",
        account.port, account.tls
    );
    if let Some(password) = account.password {
        let file = site.secret("password", password)?;
        smtp += &format!(
            ", user = \"{USER}\", password = {{ file = \"{}\" }}, plain_auth = {}",
            file.display(),
            account.plain_auth
        );
    }
    let mut config = format!(
        r#"via = ["{via}"]
default_account = "main"

[account.main]
from = "Pump 7 <pump7@example.org>"
smtp = {{ {smtp} }}

[emulator.panel]
device = "pty:panel"
dialect = "quectel"
via = ["ip"]
allow = ["127.0.0.0/8", "::1"]
"#
    );
    if let Some(roots) = &account.roots {
        config += &format!("\n[tls]\nroots = \"{}\"\n", roots.display());
    }
    if route == Route::Driver {
        config += &format!(
            "\n[modem.lte]\ndevice = \"{}\"\napn = \"internet\"\n",
            site.pty("panel").display()
        );
    }
    Ok(config)
}
