//! `org.hayesd1.Manager`.

use super::{Details, Options};
use zbus::OwnedObjectPath;

/// A job's number, and what everybody may see of it.
pub type ListedJob = (u32, Details);

/// The daemon.
#[zbus::proxy(
    interface = "org.hayesd1.Manager",
    default_service = "org.hayesd1",
    default_path = "/org/hayesd1"
)]
pub trait Manager {
    /// Reads the configuration again; returns when all of it holds, or nothing where something is wrong.
    fn reload(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Tells that a device came or went: its ports look at it at once.
    fn report_device(&self, path: &str, present: bool, options: Options<'_>) -> zbus::Result<()>;
    /// Changes how much is logged.
    fn set_log_level(&self, level: &str, options: Options<'_>) -> zbus::Result<()>;
    /// Lists jobs, active ones first, then the newest.
    fn list_jobs(
        &self,
        filter: Options<'_>,
        offset: u32,
        max: u32,
        options: Options<'_>,
    ) -> zbus::Result<Vec<ListedJob>>;
    /// Makes an account.
    fn create_account(
        &self,
        name: &str,
        settings: Options<'_>,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Finds a job by its number.
    fn get_job(&self, id: u32, options: Options<'_>) -> zbus::Result<OwnedObjectPath>;
    /// The version of the daemon.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::Result<String>;
    /// How the daemon is.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// Whether the machine's clock was ever set.
    #[zbus(property(emits_changed_signal = "false"))]
    fn clock_trusted(&self) -> zbus::Result<bool>;
    /// Jobs that are queued or running.
    #[zbus(property(emits_changed_signal = "false"))]
    fn jobs_active(&self) -> zbus::Result<u32>;
    /// Jobs that are tried again.
    #[zbus(property(emits_changed_signal = "false"))]
    fn jobs_deferred(&self) -> zbus::Result<u32>;
    /// Bytes of messages in the spool.
    #[zbus(property(emits_changed_signal = "false"))]
    fn spool_bytes(&self) -> zbus::Result<u64>;
}
