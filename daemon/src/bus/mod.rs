//! The D-Bus service `org.hayesd1`: one thin file an interface.
//!
//! Interfaces are `&self` only and hold handles; state lives in tasks. Methods never wait for a network
//! or a module, except `Job.Wait` and `Modem.Command`.

mod caller;
mod copy;
mod dict;
mod error;
mod exporter;
mod gone;
mod job;
mod letter;
mod mail;
mod manager;
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
use zbus::Connection;
use zbus::fdo::{ObjectManager, RequestNameFlags};

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
        let manager = manager::Manager {
            world: world.clone(),
            exporter: exporter.clone(),
        };
        server.at(path::ROOT, manager).await?;
        let mail = mail::Mail { world, exporter };
        server.at(path::ROOT, mail).await?;
        connection
            .request_name_with_flags(NAME, RequestNameFlags::DO_NOT_QUEUE)
            .await?;
        Ok(Self { connection })
    }

    /// Returns when the bus is gone.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }
}
