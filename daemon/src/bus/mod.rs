//! The D-Bus service `org.hayesd1`: one thin file an interface.
//!
//! Interfaces are `&self` only and hold handles; state lives in tasks. Methods never wait for a network
//! or a module, except `Job.Wait` and `Modem.Command`.

mod announce;
mod caller;
mod copy;
mod dialogue;
mod dict;
mod emulator;
mod error;
mod exporter;
mod gone;
mod job;
mod letter;
mod mail;
mod manager;
mod modem;
mod path;
#[cfg(test)]
mod sample;
mod teller;
#[cfg(test)]
mod tests;
mod view;
mod waits;
mod world;

pub use error::PREFIX;
pub use world::{DaemonState, JobStore, ReloadRequest, Settings, World};

use exporter::Exporter;
use std::sync::Arc;
use tokio::sync::watch;
use zbus::fdo::{ObjectManager, RequestNameFlags};
use zbus::object_server::Interface;
use zbus::{Connection, ObjectPath, OwnedObjectPath};

/// The name that we own.
pub const NAME: &str = "org.hayesd1";

/// The service on a bus, until it is dropped.
pub struct Service {
    connection: Connection,
}

impl Service {
    /// Puts the interfaces on a connection, then asks for the name: who sees the name can call everything.
    ///
    /// # Errors
    ///
    /// What the bus says, so that somebody else has the name, or that we may not have it.
    pub async fn start(connection: Connection, world: Arc<World>) -> zbus::Result<Self> {
        let exporter = Exporter::start(connection.clone(), world.clone());
        let server = connection.object_server();
        server.at(path::ROOT, ObjectManager).await?;
        let state = world.state.clone();
        let manager = manager::Manager {
            world: world.clone(),
            exporter: exporter.clone(),
        };
        server.at(path::ROOT, manager).await?;
        server
            .at(path::ROOT, mail::Mail { world, exporter })
            .await?;
        let flags = RequestNameFlags::DO_NOT_QUEUE;
        connection.request_name_with_flags(NAME, flags).await?;
        let root = ObjectPath::from_static_str_unchecked(path::ROOT).into();
        tokio::spawn(announce::announce(
            connection.clone(),
            root,
            manager::Manager::name(),
            state,
        ));
        Ok(Self { connection })
    }

    /// Puts a modem on the bus.
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub async fn add_modem(&self, name: &str, modem: crate::modem::Handle) -> zbus::Result<()> {
        let seen = modem.watch();
        self.add(path::modem(name), modem::Modem(modem), seen).await
    }

    /// Puts an emulator on the bus.
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub async fn add_emulator(&self, emulator: crate::emulator::Handle) -> zbus::Result<()> {
        let seen = emulator.snapshot();
        let path = path::emulator(&emulator.settings().name);
        self.add(path, emulator::Emulator(emulator), seen).await
    }

    async fn add<I: Interface, S: view::Properties>(
        &self,
        path: OwnedObjectPath,
        object: I,
        seen: watch::Receiver<S>,
    ) -> zbus::Result<()> {
        self.connection.object_server().at(&path, object).await?;
        tokio::spawn(announce::announce(
            self.connection.clone(),
            path,
            I::name(),
            seen,
        ));
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
