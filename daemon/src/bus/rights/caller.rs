//! Who calls: told by the bus, never by the caller.

use super::super::error::{Refused, Result};
use crate::service::ErrorKind;
use nix::unistd::Group;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use zbus::Connection;
use zbus::fdo::{ConnectionCredentials, DBusProxy};
use zbus::message::Header;
use zbus::names::OwnedUniqueName;

/// Those in it may do all but administer.
const GROUP: &str = "hayesd";

/// So many callers are known by heart.
const MOST: usize = 256;

/// How a caller stands to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) enum Standing {
    /// Root, or the daemon's own user.
    Admin,
    /// In the group `hayesd`.
    Member,
    /// Neither.
    Stranger,
}

/// A caller, as the bus identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bus) struct Caller {
    /// Its user.
    pub(in crate::bus) uid: u32,
    /// Its connection.
    pub(in crate::bus) name: OwnedUniqueName,
    /// How it stands to us.
    pub(in crate::bus) standing: Standing,
}

/// Finds out who calls. A connection keeps its user and groups, and no other ever gets its name: so the bus
/// is asked once.
#[derive(Debug)]
pub(super) struct Callers {
    /// Users who may do everything.
    admins: Vec<u32>,
    /// The number of the group `hayesd`, where there is such a group.
    group: Option<u32>,
    known: Mutex<HashMap<OwnedUniqueName, Caller>>,
}

impl Default for Callers {
    fn default() -> Self {
        let group = Group::from_name(GROUP).ok().flatten();
        Self::new(
            vec![0, nix::unistd::geteuid().as_raw()],
            group.map(|group| group.gid.as_raw()),
        )
    }
}

impl Callers {
    /// With these users as administrators, and the members of this group as members.
    pub(super) fn new(admins: Vec<u32>, group: Option<u32>) -> Self {
        Self {
            admins,
            group,
            known: Mutex::default(),
        }
    }

    /// Who sent a message.
    ///
    /// # Errors
    ///
    /// `NotAuthorized` where the bus can't say, so also for a caller that is gone already.
    pub(super) async fn of(&self, header: &Header<'_>, connection: &Connection) -> Result<Caller> {
        let name = header
            .sender()
            .ok_or_else(|| unknown(&"no sender"))?
            .to_owned();
        let name = OwnedUniqueName::from(name);
        if let Some(caller) = self.known().get(&name) {
            return Ok(caller.clone());
        }
        let bus = DBusProxy::new(connection).await?;
        let credentials = bus
            .get_connection_credentials(name.clone().into_inner().into())
            .await
            .map_err(|error| unknown(&error))?;
        let caller = self.identify(name.clone(), &credentials)?;
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(name, caller.clone());
        Ok(caller)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<OwnedUniqueName, Caller>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identify(
        &self,
        name: OwnedUniqueName,
        credentials: &ConnectionCredentials,
    ) -> Result<Caller> {
        let uid = credentials
            .unix_user_id()
            .ok_or_else(|| unknown(&"no user"))?;
        let groups = credentials.unix_group_ids().map_or(&[][..], Vec::as_slice);
        let standing = if self.admins.contains(&uid) {
            Standing::Admin
        } else if self.group.is_some_and(|group| groups.contains(&group)) {
            Standing::Member
        } else {
            Standing::Stranger
        };
        Ok(Caller {
            uid,
            name,
            standing,
        })
    }
}

fn unknown(why: &dyn std::fmt::Display) -> Refused {
    Refused::new(
        ErrorKind::NotAuthorized,
        format!("the bus does not say who calls: {why}"),
    )
}
