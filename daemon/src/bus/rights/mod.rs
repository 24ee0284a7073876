//! Who may do what: the daemon's own user and root everything, the group `hayesd` all but administer,
//! others what polkit allows them. What is not in the table [`members`] nobody may.

mod action;
mod caller;
mod guarded;
pub(super) mod members;
mod polkit;

pub(super) use action::Action;
pub(super) use caller::Caller;
#[cfg(test)]
pub(super) use caller::Standing;

use super::error::{Refused, Result};
use crate::service::ErrorKind;
use caller::Callers;
use guarded::Guarded;
use members::Need;
use polkit::Verdict;
use std::sync::Arc;
use zbus::message::{Flags, Header};
use zbus::object_server::Interface;
use zbus::{Connection, OwnedObjectPath};

/// Judges calls.
#[derive(Debug, Default)]
pub(super) struct Rights {
    callers: Callers,
}

impl Rights {
    /// With these users as administrators, and the members of this group as members.
    #[cfg(test)]
    pub(super) fn with(admins: Vec<u32>, group: Option<u32>) -> Self {
        Self {
            callers: Callers::new(admins, group),
        }
    }

    /// Puts an object on the bus, with a guard before its methods.
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub(super) async fn put<I: Interface>(
        self: &Arc<Self>,
        connection: &Connection,
        path: &OwnedObjectPath,
        object: I,
    ) -> zbus::Result<()> {
        let guarded = Guarded::new(self.clone(), object);
        connection.object_server().at(path, guarded).await.map(drop)
    }

    /// Takes an object off the bus.
    ///
    /// # Errors
    ///
    /// What the bus says.
    pub(super) async fn take<I: Interface>(
        connection: &Connection,
        path: &OwnedObjectPath,
    ) -> zbus::Result<()> {
        let server = connection.object_server();
        server.remove::<Guarded<I>, _>(path).await.map(drop)
    }

    /// Who sent a message.
    ///
    /// # Errors
    ///
    /// As [`Callers::of`].
    pub(super) async fn caller(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Caller> {
        self.callers.of(header, connection).await
    }

    /// Lets a call through to its method.
    ///
    /// # Errors
    ///
    /// `NotAuthorized`.
    async fn admit(&self, header: &Header<'_>, connection: &Connection, need: Need) -> Result<()> {
        match need {
            Need::Nothing | Need::Job => Ok(()),
            Need::Action(action) => {
                let caller = self.caller(header, connection).await?;
                self.check(&caller, action, header, connection).await
            }
        }
    }

    /// Whether a caller may do this; the person behind it is asked for a password where the call allows that.
    ///
    /// # Errors
    ///
    /// `NotAuthorized`.
    pub(super) async fn check(
        &self,
        caller: &Caller,
        action: Action,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<()> {
        if action.is_granted_to(caller.standing) {
            return Ok(());
        }
        let interactive = header
            .primary()
            .flags()
            .contains(Flags::ALLOW_INTERACTIVE_AUTH);
        let verdict = polkit::ask(connection, &caller.name, action.id(), interactive).await;
        judge(verdict, action)
    }

    /// The same, where nobody is to be asked for a password.
    pub(super) async fn may(
        &self,
        caller: &Caller,
        action: Action,
        connection: &Connection,
    ) -> bool {
        action.is_granted_to(caller.standing)
            || polkit::ask(connection, &caller.name, action.id(), false).await == Verdict::Yes
    }
}

fn judge(verdict: Verdict, action: Action) -> Result<()> {
    let who = if action == Action::Administer {
        "only root may do this"
    } else {
        "only root and the group hayesd may do this"
    };
    let text = match verdict {
        Verdict::Yes => return Ok(()),
        Verdict::No => format!("polkit does not allow it ({})", action.id()),
        Verdict::Challenge => format!(
            "polkit wants somebody to authenticate ({}), and the call does not allow to ask",
            action.id()
        ),
        Verdict::Absent => who.to_owned(),
    };
    Err(Refused::new(ErrorKind::NotAuthorized, text))
}
