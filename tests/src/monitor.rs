//! Everything that goes over a bus, as `dbus-monitor` sees it.

use crate::bus::Bus;
use anyhow::Result;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;
use zbus::MessageStream;
use zbus::export::futures_core::Stream as _;
use zbus::fdo::MonitoringProxy;

/// A monitor of a bus, until it is dropped.
#[derive(Debug)]
pub struct Monitor {
    seen: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Monitor {
    /// Begins to look. Who looks must be root or the bus's own user.
    ///
    /// # Errors
    /// The bus refuses us.
    pub async fn start(bus: &Bus) -> Result<Self> {
        let connection = bus.connect().await?;
        let mut stream = MessageStream::from(&connection);
        MonitoringProxy::new(&connection)
            .await?
            .become_monitor(&[], 0)
            .await?;
        let seen = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Some(message) =
                std::future::poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await
            {
                let Ok(message) = message else { continue };
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(message.data());
            }
            drop(connection);
        });
        Ok(Self { seen, task })
    }

    /// All messages so far, with their headers.
    pub fn seen(&self) -> Vec<u8> {
        let seen = self.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}
