//! The way to hayesd, which may break and come back.

use super::failure::{Failure, Result};
use super::out::Out;
use std::cell::RefCell;
use std::time::{Duration, Instant};
use zbus::Connection;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// How long hayesd or the bus may be gone until we give up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often we look meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// Where hayesd is, and how to print what it says.
pub(super) struct Context {
    pub(super) out: Out,
    address: Option<String>,
    connection: RefCell<Option<Connection>>,
}

impl Context {
    /// Connects when that is needed.
    pub(super) fn new(address: Option<String>, out: Out) -> Self {
        Self {
            out,
            address,
            connection: RefCell::new(None),
        }
    }

    /// The connection to the bus.
    pub(super) async fn bus(&self) -> Result<Connection> {
        let there = self.connection.borrow().clone();
        if let Some(there) = there.filter(|one| !one.is_closed()) {
            return Ok(there);
        }
        let builder = match &self.address {
            Some(address) => Builder::address(address.as_str()),
            None => Builder::system(),
        };
        let made = builder.build().await?;
        *self.connection.borrow_mut() = Some(made.clone());
        Ok(made)
    }

    /// Returns when hayesd is on the bus again.
    ///
    /// # Errors
    /// It stays away: `lost`, which says what broke, with what is left of it.
    pub(super) async fn wait_for_return(&self, lost: Failure, left: &str) -> Result<()> {
        self.out.note(&format!("{}; waiting for it", lost.text));
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK).await;
            if self.is_there().await {
                return Ok(());
            }
        }
        Err(Failure {
            text: format!(
                "{}; it did not come back within {} s{left}",
                lost.text,
                PATIENCE.as_secs()
            ),
            lost: false,
            ..lost
        })
    }

    async fn is_there(&self) -> bool {
        let Ok(bus) = self.bus().await else {
            return false;
        };
        let Ok(proxy) = DBusProxy::new(&bus).await else {
            return false;
        };
        match BusName::try_from("org.hayesd1") {
            Ok(name) => proxy.name_has_owner(name).await.unwrap_or(false),
            Err(_) => false,
        }
    }
}
