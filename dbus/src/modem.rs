//! `org.hayesd1.Modem`.

use super::Options;
use zbus::OwnedFd;

/// A module that hayesd drives.
#[zbus::proxy(
    interface = "org.hayesd1.Modem",
    default_service = "org.hayesd1",
    assume_defaults = false
)]
pub trait Modem {
    /// Sends one command line and returns the lines of its answer.
    fn command(
        &self,
        at: &str,
        timeout_usec: u64,
        options: Options<'_>,
    ) -> zbus::Result<Vec<String>>;
    /// Begins the recovery with a rung.
    fn reset(&self, rung: &str, options: Options<'_>) -> zbus::Result<()>;
    /// Switches the driver on or off.
    fn enable(&self, enabled: bool, options: Options<'_>) -> zbus::Result<()>;
    /// The dialogue from now on.
    fn trace(&self, options: Options<'_>) -> zbus::Result<OwnedFd>;
    /// The device as configured.
    #[zbus(property(emits_changed_signal = "const"))]
    fn device(&self) -> zbus::Result<String>;
    /// Its dialect.
    #[zbus(property)]
    fn dialect(&self) -> zbus::Result<String>;
    /// Who made it.
    #[zbus(property)]
    fn manufacturer(&self) -> zbus::Result<String>;
    /// Its model.
    #[zbus(property)]
    fn model(&self) -> zbus::Result<String>;
    /// Its firmware.
    #[zbus(property)]
    fn revision(&self) -> zbus::Result<String>;
    /// What the driver is doing.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// Registration in the network.
    #[zbus(property)]
    fn registration(&self) -> zbus::Result<String>;
    /// Signal in percent.
    #[zbus(property)]
    fn signal(&self) -> zbus::Result<u32>;
    /// What it can do.
    #[zbus(property)]
    fn services(&self) -> zbus::Result<Vec<String>>;
    /// The rung of the recovery under way.
    #[zbus(property)]
    fn recovery_rung(&self) -> zbus::Result<String>;
    /// Resyncs so far.
    #[zbus(property(emits_changed_signal = "false"))]
    fn resyncs(&self) -> zbus::Result<u32>;
    /// Bytes that came too late.
    #[zbus(property(emits_changed_signal = "false"))]
    fn late_bytes(&self) -> zbus::Result<u64>;
}
