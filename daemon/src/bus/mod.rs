//! The D-Bus service `org.hayesd1`: one thin file an interface.
//!
//! Interfaces are `&self` only and hold handles; state lives in tasks. Methods never wait for a network
//! or a module, except `Job.Wait` and `Modem.Command`.

mod account;
mod accounts;
mod announce;
mod answers;
mod copy;
mod dialogue;
mod dict;
mod emulator_object;
mod error;
mod exporter;
mod extent;
mod fd_sink;
mod ftp;
mod gone;
mod job;
mod late;
mod letter;
mod mail;
mod manager;
mod message;
mod messages;
mod modem_object;
mod options;
mod path;
mod pop3;
mod requests;
mod rights;
#[cfg(test)]
mod sample;
mod teller;
#[cfg(test)]
mod tests;
mod view;
mod waits;
mod world;

pub use error::PREFIX;
pub use world::{DaemonState, Errand, JobStore, Settings, World};

pub use late::Coming;

use crate::{emulator, modem};
use accounts::AccountExporter;
use exporter::Exporter;
use late::Late;
use messages::MessageExporter;
use requests::Requests;
use rights::Rights;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::debug;
use view::Properties;
use zbus::fdo::{ObjectManager, RequestNameFlags};
use zbus::object_server::Interface;
use zbus::{Connection, ObjectPath, OwnedObjectPath, Variant};

/// The name that we own.
pub const NAME: &str = "org.hayesd1";

/// The service on a bus, until it is dropped.
pub struct Service {
    connection: Connection,
    rights: Arc<Rights>,
    /// Who tells what changes of a port.
    announcers: Mutex<HashMap<OwnedObjectPath, AbortHandle>>,
}

impl Service {
    /// Puts the interfaces on a connection. Ports follow, then [`Service::own`].
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub async fn new(connection: Connection, world: Arc<World>) -> zbus::Result<Self> {
        let exporter = Exporter::start(connection.clone(), world.clone());
        let service = Self {
            connection,
            rights: world.rights.clone(),
            announcers: Mutex::default(),
        };
        let server = service.connection.object_server();
        server.at(path::ROOT, ObjectManager).await?;
        let state = world.state.clone();
        let told = state.borrow().changing();
        let messages = MessageExporter::start(service.connection.clone(), world.clone());
        let requests = Requests {
            world: world.clone(),
            exporter: exporter.clone(),
        };
        let manager = manager::Manager {
            world: world.clone(),
            exporter: exporter.clone(),
            accounts: AccountExporter::start(service.connection.clone(), requests.clone()).await,
        };
        let root: OwnedObjectPath = ObjectPath::from_static_str_unchecked(path::ROOT).into();
        service.put(&root, manager).await?;
        let pop3 = pop3::Pop3 {
            requests: requests.clone(),
            messages,
        };
        service.put(&root, pop3).await?;
        service.put(&root, ftp::Ftp { requests }).await?;
        service.put(&root, mail::Mail { world, exporter }).await?;
        let connection = service.connection.clone();
        tokio::spawn(announce::announce(
            connection,
            root,
            manager::Manager::name(),
            told,
            state,
        ));
        Ok(service)
    }

    /// Asks for the name: who sees it can call everything.
    ///
    /// # Errors
    ///
    /// What the bus says, so that somebody else has the name, or that we may not have it.
    pub async fn own(&self) -> zbus::Result<()> {
        let flags = RequestNameFlags::DO_NOT_QUEUE;
        self.connection
            .request_name_with_flags(NAME, flags)
            .await
            .map(drop)
    }

    /// Puts a modem on the bus; its handle may come later.
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub async fn add_modem(&self, name: &str, device: &str) -> zbus::Result<Coming<modem::Handle>> {
        let before = modem::Snapshot {
            device: device.into(),
            ..modem::Snapshot::default()
        };
        let told = before.changing();
        let (coming, handle) = Late::new();
        let late = handle.again();
        self.add(
            path::modem(name),
            modem_object::Modem { before, handle },
            told,
            async move { late.get().await.ok().map(|handle| handle.watch()) },
        )
        .await?;
        Ok(coming)
    }

    /// Puts an emulator on the bus; its handle may come later.
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub async fn add_emulator(
        &self,
        settings: emulator::Settings,
    ) -> zbus::Result<Coming<emulator::Handle>> {
        let path = path::emulator(&settings.name);
        let told = emulator::Snapshot::default().changing();
        let (coming, handle) = Late::new();
        let late = handle.again();
        self.add(
            path,
            emulator_object::Emulator { settings, handle },
            told,
            async move { late.get().await.ok().map(|handle| handle.snapshot()) },
        )
        .await?;
        Ok(coming)
    }

    /// Takes a modem off the bus; calls that it has not answered yet go on.
    pub async fn remove_modem(&self, name: &str) {
        self.remove::<modem_object::Modem>(&path::modem(name)).await;
    }

    /// Takes an emulator off the bus; calls that it has not answered yet go on.
    pub async fn remove_emulator(&self, name: &str) {
        self.remove::<emulator_object::Emulator>(&path::emulator(name))
            .await;
    }

    async fn remove<I: Interface>(&self, path: &OwnedObjectPath) {
        if let Some(announcer) = self.announcers().remove(path) {
            announcer.abort();
        }
        if let Err(error) = Rights::take::<I>(&self.connection, path).await {
            debug!(%path, "taking the port off the bus: {error}");
        }
    }

    fn announcers(&self) -> MutexGuard<'_, HashMap<OwnedObjectPath, AbortHandle>> {
        self.announcers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an object on the bus, guarded.
    async fn put<I: Interface>(&self, path: &OwnedObjectPath, object: I) -> zbus::Result<()> {
        self.rights.put(&self.connection, path, object).await
    }

    async fn add<I: Interface, S: Properties>(
        &self,
        path: OwnedObjectPath,
        object: I,
        told: Vec<(&'static str, Variant<'static>)>,
        seen: impl Future<Output = Option<watch::Receiver<S>>> + Send + 'static,
    ) -> zbus::Result<()> {
        self.put(&path, object).await?;
        let connection = self.connection.clone();
        let of = path.clone();
        let announcer = tokio::spawn(async move {
            if let Some(seen) = seen.await {
                announce::announce(connection, path, I::name(), told, seen).await;
            }
        });
        self.announcers().insert(of, announcer.abort_handle());
        Ok(())
    }

    /// Returns when the bus is gone.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }

    /// Takes all objects off the bus, so that what they hold ends with its other owners, and lets go of
    /// the name.
    pub async fn stop(self) {
        // What can't be sent any more need not be.
        let _ = self.connection.release_name(NAME).await;
        let _ = self.connection.close().await;
    }
}
