//! `org.hayesd1.Account`, at `/org/hayesd1/account/NAME`.

use super::accounts::AccountExporter;
use super::dict::Dict;
use super::error::{Refused, Result};
use super::options::Options;
use super::requests::Requests;
use super::view::Properties;
use crate::account::{Change, Kept, ServerSettings, View};
use crate::config::secret_text;
use crate::job::{Request, Service};
use std::os::fd::OwnedFd;
use std::sync::Weak;
use tokio::sync::watch;
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath, Variant, interface};

/// The longest secret, in bytes, with the line end that may follow it.
const LONGEST_SECRET: usize = 4096;

const SERVICES: [Service; 3] = [Service::Smtp, Service::Pop3, Service::Ftp];

/// An account on the bus.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) view: watch::Receiver<View>,
    pub(super) requests: Requests,
    pub(super) accounts: Weak<AccountExporter>,
}

impl Properties for View {
    fn changing(&self) -> Vec<(&'static str, Variant<'static>)> {
        vec![
            ("Configured", Variant::from(self.configured)),
            ("Services", Variant::from(names(&self.services))),
        ]
    }
}

fn names(services: &[Service]) -> Vec<&'static str> {
    services.iter().map(|service| service.name()).collect()
}

fn service(kind: &str) -> Result<Service> {
    let found = SERVICES.into_iter().find(|service| service.name() == kind);
    found.ok_or_else(|| Refused::argument("the kind of a secret is smtp, pop3 or ftp"))
}

/// Secrets are refused by name, so that nobody wonders where they went.
fn refuse_secrets(dict: &Dict<'_>, service: &str) -> Result<()> {
    for key in ["password", "secret", "token"] {
        if dict.has(key) {
            let place = dict.place(key);
            return Err(Refused::argument(format!(
                "the key `{place}`: a secret is no setting; give it by Account.SetSecret(\"{service}\", DESCRIPTOR) \
                 or SetSecretFromCredential; tokens are fetched as the configuration says"
            )));
        }
    }
    Ok(())
}

/// The settings of an account: what is named is to become so.
pub(super) fn change(mut settings: Dict<'_>) -> Result<Change> {
    refuse_secrets(&settings, "smtp")?;
    let mut change = Change {
        from: settings.text("from")?.map(str::to_owned),
        ..Change::default()
    };
    for service in SERVICES {
        if let Some(server) = settings.dict(service.name())? {
            change.servers.insert(service, of_server(server, service)?);
        }
    }
    settings.finish()?;
    Ok(change)
}

/// The settings of a server; `None` where there are none.
fn of_server(mut server: Dict<'_>, service: Service) -> Result<Option<ServerSettings>> {
    if server.is_empty() {
        return Ok(None);
    }
    refuse_secrets(&server, service.name())?;
    let host = server.text("host")?.ok_or_else(|| {
        let place = server.place("host");
        Refused::argument(format!("the key `{place}` is needed"))
    })?;
    let settings = ServerSettings {
        host: host.to_owned(),
        port: server.u32("port")?,
        tls: server.text("tls")?.map(str::to_owned),
        user: server.text("user")?.map(str::to_owned),
        plain_auth: server.bool("plain_auth")?.unwrap_or_default(),
    };
    server.finish()?;
    Ok(Some(settings))
}

impl Account {
    /// The bus shows what has become of it before the call returns.
    async fn show(&self) {
        if let Some(accounts) = self.accounts.upgrade() {
            accounts.sync().await;
        }
    }
}

#[interface(name = "org.hayesd1.Account", introspection_docs = false)]
impl Account {
    async fn configure(&self, settings: Dict<'_>, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        let change = change(settings)?;
        let book = &self.requests.world.book;
        book.configure(&self.name, change).await?;
        self.show().await;
        Ok(())
    }

    async fn set_secret(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        kind: &str,
        secret: zbus::OwnedFd,
        options: Dict<'_>,
    ) -> Result<()> {
        options.finish()?;
        let service = service(kind)?;
        let caller = self.requests.caller(&header, connection).await?;
        let world = &self.requests.world;
        let bytes = world
            .copies
            .read_secret(OwnedFd::from(secret), LONGEST_SECRET, caller.uid)
            .await?;
        let secret = secret_text(&bytes)
            .map_err(|text| Refused::argument(format!("the secret in the descriptor: {text}")))?;
        let kept = Kept::Text(secret);
        Ok(world.book.set_secret(&self.name, service, kept).await?)
    }

    async fn set_secret_from_credential(
        &self,
        kind: &str,
        credential: &str,
        options: Dict<'_>,
    ) -> Result<()> {
        options.finish()?;
        let service = service(kind)?;
        let credential = credential
            .parse()
            .map_err(|text: String| Refused::argument(text))?;
        let kept = Kept::Credential(credential);
        let book = &self.requests.world.book;
        Ok(book.set_secret(&self.name, service, kept).await?)
    }

    #[zbus(out_args("job"))]
    async fn test(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::AccountTest;
        self.requests
            .ask(&header, connection, &self.name, request, options)
            .await
    }

    async fn remove(&self, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        self.requests.world.book.remove(&self.name).await?;
        self.show().await;
        Ok(())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> String {
        self.name.clone()
    }

    #[zbus(property)]
    fn configured(&self) -> bool {
        self.view.borrow().configured
    }

    #[zbus(property)]
    fn services(&self) -> Vec<String> {
        let services = &self.view.borrow().services;
        names(services).into_iter().map(str::to_owned).collect()
    }
}
