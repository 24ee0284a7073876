//! A caller on the bus, as one who knows only the documented signatures.

use crate::bus::Bus;
use crate::wait;
use anyhow::{Context as _, Result, ensure};
use std::collections::HashMap;
use std::time::Duration;
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

/// The `options` and `message` arguments: string keys, values of any type.
pub type Map<'a> = HashMap<&'a str, Variant<'a>>;

/// What came of a job.
#[derive(Debug)]
pub struct Outcome {
    /// `done`, `failed`, `deferred` … (design: `Job.State`).
    pub state: String,
    /// The result's entries.
    pub result: HashMap<String, OwnedVariant>,
    /// `Job.ErrorName`, without its prefix; empty without error.
    pub error: String,
}

impl Outcome {
    /// An entry of the result as text.
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.result.get(key)?;
        String::try_from(value.try_clone().ok()?).ok()
    }

    /// The recipients that the server refused, with its words.
    pub fn rejected(&self) -> Vec<(String, String)> {
        self.result
            .get("rejected")
            .and_then(|value| value.try_clone().ok()?.try_into().ok())
            .unwrap_or_default()
    }
}

/// A connection to a bus on which `org.hayesd1` is, or will be.
#[derive(Clone, Debug)]
pub struct Client {
    connection: zbus::Connection,
}

impl Client {
    /// Connects to the bus.
    ///
    /// # Errors
    /// The bus refuses us.
    pub async fn connect(bus: &Bus) -> Result<Self> {
        Ok(Self {
            connection: bus.connect().await?,
        })
    }

    /// On a connection that is there already.
    pub fn on(connection: zbus::Connection) -> Self {
        Self { connection }
    }

    /// The connection itself.
    pub fn connection(&self) -> &zbus::Connection {
        &self.connection
    }

    /// Whether somebody owns `org.hayesd1`.
    pub async fn is_up(&self) -> bool {
        let proxy = zbus::fdo::DBusProxy::new(&self.connection).await;
        match (proxy, "org.hayesd1".try_into()) {
            (Ok(proxy), Ok(name)) => proxy.name_has_owner(name).await.unwrap_or(false),
            _ => false,
        }
    }

    /// Calls a method of `org.hayesd1.INTERFACE` at `path`.
    ///
    /// # Errors
    /// The error that hayesd answered.
    pub async fn call<A, R>(
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
        let interface = format!("org.hayesd1.{interface}");
        let reply = self
            .connection
            .call_method(
                Some("org.hayesd1"),
                path,
                Some(interface.as_str()),
                method,
                arguments,
            )
            .await?;
        reply.body().deserialize()
    }

    /// A property of `org.hayesd1.INTERFACE` at `path`.
    ///
    /// # Errors
    /// There is no such object or property, or it is of another type.
    pub async fn property<T>(&self, path: &str, interface: &str, name: &str) -> Result<T>
    where
        T: serde::de::DeserializeOwned + zbus::Type,
    {
        let interface = format!("org.hayesd1.{interface}");
        let proxy =
            zbus::Proxy::new(&self.connection, "org.hayesd1", path, interface.as_str()).await?;
        proxy
            .get_property(name)
            .await
            .with_context(|| format!("{interface}.{name} of {path}"))
    }

    /// `Mail.SendSimple`; returns the job's path.
    ///
    /// # Errors
    /// As `org.hayesd1` answers.
    pub async fn send_simple(
        &self,
        to: &str,
        subject: &str,
        text: &str,
        options: Map<'_>,
    ) -> zbus::Result<String> {
        let job: OwnedObjectPath = self
            .call(
                "/org/hayesd1",
                "Mail",
                "SendSimple",
                &("", to, subject, text, options),
            )
            .await?;
        Ok(job.to_string())
    }

    /// `Mail.Send`; returns the job's path.
    ///
    /// # Errors
    /// As `org.hayesd1` answers.
    pub async fn send(&self, message: Map<'_>, options: Map<'_>) -> zbus::Result<String> {
        let job: OwnedObjectPath = self
            .call("/org/hayesd1", "Mail", "Send", &("", message, options))
            .await?;
        Ok(job.to_string())
    }

    /// `Job.Wait`, until the job is in a final state or `deferred`.
    ///
    /// # Errors
    /// As `org.hayesd1` answers.
    pub async fn wait(&self, job: &str) -> Result<Outcome> {
        let limit = u64::try_from(wait::LONG.as_micros())?;
        let (state, result) = self
            .call(job, "Job", "Wait", &(limit, Map::new()))
            .await
            .with_context(|| format!("waiting for {job}"))?;
        let error = self.error_of(job).await?;
        Ok(Outcome {
            state,
            result,
            error,
        })
    }

    /// `Job.ErrorName` without the prefix that all have.
    ///
    /// # Errors
    /// There is no such job.
    pub async fn error_of(&self, job: &str) -> Result<String> {
        let name: String = self.property(job, "Job", "ErrorName").await?;
        let short = name.strip_prefix("org.hayesd1.Error.").unwrap_or(&name);
        Ok(short.to_owned())
    }

    /// Waits for a job and expects it to be `done`.
    ///
    /// # Errors
    /// It came to something else.
    pub async fn done(&self, job: &str) -> Result<Outcome> {
        let outcome = self.wait(job).await?;
        ensure!(outcome.state == "done", "{job}: {outcome:?}");
        Ok(outcome)
    }

    /// Waits until a property has a value.
    ///
    /// # Errors
    /// It had another one for a long time.
    pub async fn until(&self, path: &str, interface: &str, name: &str, value: &str) -> Result<()> {
        let mut last = None;
        let reached = wait::until_async(&format!("{path} to be {value}"), wait::LONG, async || {
            last = self.property::<String>(path, interface, name).await.ok();
            (last.as_deref() == Some(value)).then_some(())
        })
        .await;
        reached.with_context(|| format!("{name} is {last:?}"))
    }
}

/// The last part of a D-Bus error's name, if hayesd made it.
pub fn error_name(error: &zbus::Error) -> Option<String> {
    match error {
        zbus::Error::MethodError(name, _, _) => name
            .as_str()
            .strip_prefix("org.hayesd1.Error.")
            .map(str::to_owned),
        _ => None,
    }
}

/// How long a job may take at most, as the `timeout_usec` option.
pub fn timeout(limit: Duration) -> (&'static str, Variant<'static>) {
    let microseconds = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
    ("timeout_usec", Variant::from(microseconds))
}
