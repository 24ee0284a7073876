//! What `hayesd try` asks of the daemon, as any program on the bus would.

use anyhow::{Context as _, Result, bail};
use std::collections::HashMap;
use std::fs::File;
use std::time::Duration;
use zbus::{Connection, OwnedFd, OwnedObjectPath, OwnedVariant, Variant};

type Options = HashMap<&'static str, Variant<'static>>;

/// The service's name.
const SERVICE: &str = "org.hayesd1";

/// A program on the bus.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    connection: Connection,
}

impl Caller {
    /// Connects to the bus at `address`.
    pub(super) async fn connect(address: &str) -> Result<Self> {
        let connection = zbus::connection::Builder::address(address).build().await?;
        Ok(Self { connection })
    }

    /// The state of the modem `name`.
    pub(super) async fn modem_state(&self, name: &str) -> Result<String> {
        let path = format!("/org/hayesd1/modem/{name}");
        let modem = zbus::Proxy::new(&self.connection, SERVICE, path, "org.hayesd1.Modem").await?;
        Ok(modem.get_property("State").await?)
    }

    /// The dialogue of a port from now on, as lines of text; `kind` is `modem` or `emulator`.
    pub(super) async fn trace(&self, kind: &str, name: &str) -> Result<File> {
        let path = format!("/org/hayesd1/{kind}/{name}");
        let interface = match kind {
            "modem" => "org.hayesd1.Modem",
            _ => "org.hayesd1.Emulator",
        };
        let fd: OwnedFd = self
            .call(&path, interface, "Trace", &(Options::new(),))
            .await
            .with_context(|| format!("watching {kind} {name}"))?;
        Ok(File::from(std::os::fd::OwnedFd::from(fd)))
    }

    /// Sends a mail and returns its job.
    pub(super) async fn send(
        &self,
        to: &str,
        subject: &str,
        text: &str,
    ) -> Result<OwnedObjectPath> {
        let arguments = ("", to, subject, text, Options::new());
        self.call("/org/hayesd1", "org.hayesd1.Mail", "SendSimple", &arguments)
            .await
            .context("sending a mail")
    }

    /// Waits for a job to be done.
    pub(super) async fn done(&self, job: &OwnedObjectPath, limit: Duration) -> Result<()> {
        let limit = u64::try_from(limit.as_micros())?;
        let (state, result): (String, HashMap<String, OwnedVariant>) = self
            .call(job, "org.hayesd1.Job", "Wait", &(limit, Options::new()))
            .await
            .context("waiting for the mail")?;
        if state != "done" {
            bail!("the mail is {state}: {result:?}");
        }
        Ok(())
    }

    async fn call<A, R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        arguments: &A,
    ) -> zbus::Result<R>
    where
        A: serde::Serialize + zbus::DynamicType,
        R: serde::de::DeserializeOwned + zbus::Type,
    {
        let reply = self
            .connection
            .call_method(Some(SERVICE), path, Some(interface), method, arguments)
            .await?;
        reply.body().deserialize()
    }
}
