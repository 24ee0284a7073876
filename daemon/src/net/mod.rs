//! The ip back: our own protocols over this machine's network.
//!
//! Whatever a server does, nothing here waits without a deadline, and nothing that it says reaches a log
//! or a caller before control characters are taken out of it.

mod dial;
mod exchange;
mod failure;
mod ftp;
mod lines;
mod pop3;
mod replies;
mod resolve;
mod smtp;
mod socket;
mod stream;
mod tls;
mod waiting;

pub use dial::{Dialer, Timeouts};
pub use ftp::FtpBack;
pub use pop3::Pop3Back;
pub use smtp::SmtpBack;
pub use socket::IpSockets;
pub use tls::{Roots, Tls};

pub use ftp::{fuzz_ftp_replies, fuzz_listing, read_listing};
pub use pop3::fuzz_pop3;
pub use replies::fuzz_replies;
