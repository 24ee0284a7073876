//! A caller that went away: what it waits for need not be waited for any more.

use super::error::Result;
use super::rights::Caller;
use futures_core::Stream;
use std::future::poll_fn;
use std::pin::Pin;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream};

/// Tells when a caller's connection ends.
pub(super) struct Gone {
    changes: MessageStream,
    is_gone: bool,
}

impl Gone {
    /// Watches from now on; one that is gone already is seen as well.
    pub(super) async fn watch(connection: &Connection, caller: &Caller) -> Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")
            .path("/org/freedesktop/DBus")
            .interface("org.freedesktop.DBus")
            .member("NameOwnerChanged")
            .arg(0, caller.name.as_str())
            .build()?;
        let changes = MessageStream::for_match_rule(rule, connection, None).await?;
        let bus = DBusProxy::new(connection).await?;
        let is_gone = !bus
            .name_has_owner(caller.name.clone().into_inner().into())
            .await
            .unwrap_or(true);
        Ok(Self { changes, is_gone })
    }

    /// Returns when the caller, or the bus, is gone. Unique names are never given again, so any change of
    /// this one's owner is its end.
    pub(super) async fn wait(&mut self) {
        if !self.is_gone {
            poll_fn(|context| Pin::new(&mut self.changes).poll_next(context)).await;
        }
    }
}
