//! `org.hayesd1.Message`.

use super::{Details, Options};
use zbus::OwnedFd;

/// A message that was fetched.
#[zbus::proxy(interface = "org.hayesd1.Message", default_service = "org.hayesd1")]
pub trait Message {
    /// What is known of it.
    fn describe(&self, options: Options<'_>) -> zbus::Result<Details>;
    /// Opens it.
    fn open(&self, options: Options<'_>) -> zbus::Result<OwnedFd>;
    /// Reads some of it.
    fn read(&self, offset: u64, max: u32, options: Options<'_>) -> zbus::Result<Vec<u8>>;
    /// Removes it here.
    fn remove(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Its size in bytes.
    #[zbus(property(emits_changed_signal = "const"))]
    fn size(&self) -> zbus::Result<u64>;
    /// When it was fetched.
    #[zbus(property(emits_changed_signal = "const"), name = "ReceivedUSec")]
    fn received_usec(&self) -> zbus::Result<u64>;
}
