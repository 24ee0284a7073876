//! `org.hayesd1.Account`.

use super::Options;
use zbus::{Fd, OwnedObjectPath};

/// An account.
#[zbus::proxy(interface = "org.hayesd1.Account", default_service = "org.hayesd1")]
pub trait Account {
    /// Changes it.
    fn configure(&self, settings: Options<'_>, options: Options<'_>) -> zbus::Result<()>;
    /// Gives it a password, read from a descriptor.
    fn set_secret(&self, kind: &str, secret: Fd<'_>, options: Options<'_>) -> zbus::Result<()>;
    /// Lets it have its password from a credential of systemd.
    fn set_secret_from_credential(
        &self,
        kind: &str,
        credential: &str,
        options: Options<'_>,
    ) -> zbus::Result<()>;
    /// Logs in to each of its servers.
    fn test(&self, options: Options<'_>) -> zbus::Result<OwnedObjectPath>;
    /// Forgets it.
    fn remove(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Its name.
    #[zbus(property(emits_changed_signal = "const"))]
    fn name(&self) -> zbus::Result<String>;
    /// Whether it stands in the configuration.
    #[zbus(property)]
    fn configured(&self) -> zbus::Result<bool>;
    /// Which servers it has.
    #[zbus(property)]
    fn services(&self) -> zbus::Result<Vec<String>>;
}
