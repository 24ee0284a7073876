//! Accounts: those of the configuration and those that callers made, with their secrets.
//!
//! Secrets are read where they are kept, go into [`crate::service::Secret`] at once, and leave it only on
//! the wire to their server and into the account's own file.

mod book;
mod entry;
mod equipment;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod token;

pub use book::{Book, View};
pub use entry::{Entry, configured};
pub use equipment::Equipment;
pub use settings::{Change, ServerSettings, Settings};
pub use store::Kept;
