//! Who calls: told by the bus, never by the caller.

use super::error::{Refused, Result};
use crate::service::ErrorKind;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::names::OwnedUniqueName;

/// A caller, as the bus identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// Its user.
    pub(super) uid: u32,
    /// Its connection.
    pub(super) name: OwnedUniqueName,
}

impl Caller {
    /// Who sent a message.
    ///
    /// # Errors
    ///
    /// `NotAuthorized` where the bus can't say, so also for a caller that is gone already.
    pub(super) async fn of(header: &Header<'_>, connection: &Connection) -> Result<Self> {
        let unknown = |why: &dyn std::fmt::Display| {
            Refused::new(
                ErrorKind::NotAuthorized,
                format!("the bus does not say who calls: {why}"),
            )
        };
        let name = header
            .sender()
            .ok_or_else(|| unknown(&"no sender"))?
            .to_owned();
        let bus = DBusProxy::new(connection).await?;
        let credentials = bus
            .get_connection_credentials(name.clone().into())
            .await
            .map_err(|error| unknown(&error))?;
        let uid = credentials
            .unix_user_id()
            .ok_or_else(|| unknown(&"no user"))?;
        Ok(Self {
            uid,
            name: name.into(),
        })
    }

    /// Root and the daemon's own user may do everything.
    pub(super) fn is_admin(&self) -> bool {
        self.uid == 0 || self.uid == nix::unistd::geteuid().as_raw()
    }

    /// Lets only root and the daemon's own user through.
    pub(super) fn admin(&self) -> Result<()> {
        if self.is_admin() {
            return Ok(());
        }
        Err(Refused::new(
            ErrorKind::NotAuthorized,
            "only root may do this",
        ))
    }
}
