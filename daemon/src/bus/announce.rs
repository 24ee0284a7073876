//! Telling what changes of an object whose state comes by a channel.

use super::view::Properties;
use std::borrow::Cow;
use std::collections::HashMap;
use tokio::sync::watch;
use tracing::debug;
use zbus::fdo;
use zbus::names::InterfaceName;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedObjectPath};

/// Tells what differs from what was `told`, and all further changes of an object's properties, until its task has ended. What changed between two looks is
/// told once, with its last value.
pub(super) async fn announce<S: Properties>(
    connection: Connection,
    path: OwnedObjectPath,
    interface: InterfaceName<'static>,
    mut told: Vec<(&'static str, zbus::Variant<'static>)>,
    mut seen: watch::Receiver<S>,
) {
    loop {
        let now = seen.borrow_and_update().changing();
        let changed: HashMap<_, _> = now
            .iter()
            .zip(&told)
            .filter(|(new, old)| new != old)
            .map(|(new, _)| clone(new))
            .collect();
        if !changed.is_empty()
            && let Err(error) = tell(&connection, &path, &interface, changed).await
        {
            debug!("telling what changed of {path}: {error}");
        }
        told = now;
        if seen.changed().await.is_err() {
            return;
        }
    }
}

fn clone(
    property: &(&'static str, zbus::Variant<'static>),
) -> (&'static str, zbus::Variant<'static>) {
    // Only descriptors can fail to be cloned, and no property is one.
    (
        property.0,
        property.1.try_clone().unwrap_or(zbus::Variant::Bool(false)),
    )
}

async fn tell(
    connection: &Connection,
    path: &OwnedObjectPath,
    interface: &InterfaceName<'static>,
    changed: HashMap<&'static str, zbus::Variant<'static>>,
) -> zbus::Result<()> {
    let emitter = SignalEmitter::new(connection, path)?;
    fdo::Properties::properties_changed(&emitter, interface.clone(), changed, Cow::Borrowed(&[]))
        .await
}
