//! `org.hayesd1.Emulator`.

use super::Options;
use zbus::OwnedFd;

/// A module that hayesd plays.
#[zbus::proxy(
    interface = "org.hayesd1.Emulator",
    default_service = "org.hayesd1",
    assume_defaults = false
)]
pub trait Emulator {
    /// Switches the module on.
    fn start(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Switches the module off.
    fn stop(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Switches the module off and on.
    fn reset(&self, options: Options<'_>) -> zbus::Result<()>;
    /// The dialogue from now on.
    fn trace(&self, options: Options<'_>) -> zbus::Result<OwnedFd>;
    /// The device as configured.
    #[zbus(property(emits_changed_signal = "const"))]
    fn device(&self) -> zbus::Result<String>;
    /// The dialect that it plays.
    #[zbus(property(emits_changed_signal = "const"))]
    fn dialect(&self) -> zbus::Result<String>;
    /// What it is doing.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// The ways out of its mails.
    #[zbus(property(emits_changed_signal = "false"))]
    fn via(&self) -> zbus::Result<Vec<String>>;
    /// Whether the equipment is there.
    #[zbus(property)]
    fn dtr(&self) -> zbus::Result<bool>;
    /// Command lines so far.
    #[zbus(property(emits_changed_signal = "false"))]
    fn commands(&self) -> zbus::Result<u64>;
    /// Bytes from the equipment.
    #[zbus(property(emits_changed_signal = "false"))]
    fn bytes_in(&self) -> zbus::Result<u64>;
    /// Bytes to the equipment.
    #[zbus(property(emits_changed_signal = "false"))]
    fn bytes_out(&self) -> zbus::Result<u64>;
    /// Data modes that an escape ended.
    #[zbus(property(emits_changed_signal = "false"))]
    fn escapes(&self) -> zbus::Result<u32>;
}
