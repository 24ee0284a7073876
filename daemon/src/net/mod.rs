//! The ip back: our own protocols over this machine's network.
//!
//! Whatever a server does, nothing here waits without a deadline, and nothing that it says reaches a log
//! or a caller before control characters are taken out of it.

mod dial;
mod replies;
mod resolve;
mod smtp;
mod stream;
mod tls;

pub use dial::{Dialer, Timeouts};
pub use smtp::SmtpBack;
pub use tls::{Roots, Tls};

pub use replies::fuzz_replies;
