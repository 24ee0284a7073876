//! `org.hayesd1.Job`.

use super::{Details, Options};

/// A request under way or done.
#[zbus::proxy(
    interface = "org.hayesd1.Job",
    default_service = "org.hayesd1",
    assume_defaults = false
)]
pub trait Job {
    /// Waits until the job rests, and tells its state and result.
    fn wait(&self, timeout_usec: u64, options: Options<'_>) -> zbus::Result<(String, Details)>;
    /// Cancels it for good.
    fn cancel(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Everything about it.
    fn describe(&self, options: Options<'_>) -> zbus::Result<Details>;
    /// Tries it now, if it is deferred.
    fn retry(&self, options: Options<'_>) -> zbus::Result<()>;
    /// Forgets it, if it is over.
    fn release(&self, options: Options<'_>) -> zbus::Result<()>;
    /// It is over.
    #[zbus(signal)]
    fn finished(&self, state: &str, error_name: &str) -> zbus::Result<()>;
    /// Its number.
    #[zbus(property(emits_changed_signal = "const"))]
    fn id(&self) -> zbus::Result<u32>;
    /// What it does.
    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> zbus::Result<String>;
    /// Where it is in its life.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    /// What it does now.
    #[zbus(property)]
    fn phase(&self) -> zbus::Result<String>;
    /// The way out.
    #[zbus(property)]
    fn via(&self) -> zbus::Result<String>;
    /// The user who asked for it.
    #[zbus(property(emits_changed_signal = "const"))]
    fn owner_uid(&self) -> zbus::Result<u32>;
    /// Bytes of content that have gone.
    #[zbus(property)]
    fn bytes_done(&self) -> zbus::Result<u64>;
    /// Of so many.
    #[zbus(property)]
    fn bytes_total(&self) -> zbus::Result<u64>;
    /// How often it was tried.
    #[zbus(property)]
    fn attempts(&self) -> zbus::Result<u32>;
    /// When it was asked for, in microseconds since 1970.
    #[zbus(property(emits_changed_signal = "const"), name = "CreatedUSec")]
    fn created_usec(&self) -> zbus::Result<u64>;
    /// When it is tried next, in microseconds since 1970; 0: not known.
    #[zbus(property, name = "NextAttemptUSec")]
    fn next_attempt_usec(&self) -> zbus::Result<u64>;
    /// The name of its error; empty without.
    #[zbus(property)]
    fn error_name(&self) -> zbus::Result<String>;
}
