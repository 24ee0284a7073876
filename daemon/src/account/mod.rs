//! Accounts: those of the configuration and those that callers made, with their secrets.
//!
//! Secrets are read where they are kept, go into [`crate::service::Secret`] at once, and leave it only on
//! the wire to their server and into the account's own file.

mod book;
mod entry;
mod equipment;
mod token;

pub use book::Book;
pub use entry::{Entry, configured};
pub use equipment::Equipment;
