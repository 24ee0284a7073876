//! The ip back: our own protocols over this machine's network.
//!
//! Whatever a server does, nothing here waits without a deadline, and nothing that it says reaches a log
//! or a caller before control characters are taken out of it.

mod dial;
// Its first users, POP3 and FTP, come next.
#[allow(dead_code, unused_imports, reason = "nobody uses it yet")]
mod exchange;
mod failure;
// Its client comes next.
#[allow(dead_code, reason = "nobody uses it yet")]
mod ftp;
mod replies;
mod resolve;
mod smtp;
mod stream;
mod tls;
mod waiting;

pub use dial::{Dialer, Timeouts};
pub use smtp::SmtpBack;
pub use tls::{Roots, Tls};

pub use ftp::{fuzz_ftp_replies, fuzz_listing};
pub use replies::fuzz_replies;
