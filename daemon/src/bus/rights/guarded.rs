//! An interface whose methods are called by those alone who may.

use super::Rights;
use async_trait::async_trait;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use zbus::message::{Header, Message};
use zbus::names::{InterfaceName, MemberName};
use zbus::object_server::{DispatchResult, Interface, SignalEmitter};
use zbus::{BoxDBusError, Connection, ObjectServer, OwnedVariant, Variant, fdo};

/// An interface with a guard before it: no method is reached that [`super::members`] does not name.
pub(in crate::bus) struct Guarded<I> {
    rights: Arc<Rights>,
    interface: I,
}

impl<I> Guarded<I> {
    /// Guards an interface.
    pub(in crate::bus) fn new(rights: Arc<Rights>, interface: I) -> Self {
        Self { rights, interface }
    }
}

#[async_trait]
impl<I: Interface> Interface for Guarded<I> {
    fn name() -> InterfaceName<'static> {
        I::name()
    }

    fn spawn_tasks_for_methods(&self) -> bool {
        self.interface.spawn_tasks_for_methods()
    }

    async fn get(
        &self,
        property_name: &str,
        server: &ObjectServer,
        connection: &Connection,
        header: Option<&Header<'_>>,
        emitter: &SignalEmitter<'_>,
    ) -> Option<Result<OwnedVariant, BoxDBusError>> {
        self.interface
            .get(property_name, server, connection, header, emitter)
            .await
    }

    async fn get_all(
        &self,
        server: &ObjectServer,
        connection: &Connection,
        header: Option<&Header<'_>>,
        emitter: &SignalEmitter<'_>,
    ) -> fdo::Result<HashMap<String, OwnedVariant>> {
        self.interface
            .get_all(server, connection, header, emitter)
            .await
    }

    /// No property of ours can be set.
    async fn set_mut(
        &mut self,
        _property_name: &str,
        _value: &Variant<'_>,
        _server: &ObjectServer,
        _connection: &Connection,
        _header: Option<&Header<'_>>,
        _emitter: &SignalEmitter<'_>,
    ) -> Option<Result<(), BoxDBusError>> {
        None
    }

    fn call<'call>(
        &'call self,
        server: &'call ObjectServer,
        connection: &'call Connection,
        msg: &'call Message,
        name: MemberName<'call>,
    ) -> DispatchResult<'call> {
        let Some(need) = super::members::need(I::name().as_str(), name.as_str()) else {
            return DispatchResult::NotFound;
        };
        DispatchResult::Async(Box::pin(async move {
            let admitted = self.rights.admit(&msg.header(), connection, need).await;
            admitted.map_err(|refused| -> BoxDBusError { Box::new(refused) })?;
            match self.interface.call(server, connection, msg, name) {
                DispatchResult::Async(call) => call.await,
                _ => Err(fdo::Error::UnknownMethod("there is no such method".into()).into()),
            }
        }))
    }

    /// No method of ours needs it.
    fn call_mut<'call>(
        &'call mut self,
        _server: &'call ObjectServer,
        _connection: &'call Connection,
        _msg: &'call Message,
        _name: MemberName<'call>,
    ) -> DispatchResult<'call> {
        DispatchResult::NotFound
    }

    fn introspect_to_writer(&self, writer: &mut dyn Write, level: usize) {
        self.interface.introspect_to_writer(writer, level);
    }
}
