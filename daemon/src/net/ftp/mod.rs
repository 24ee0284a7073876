//! Files by FTP (RFC 959, 2228, 2389, 2428, 3659, 4217): a client of our own.

mod address;
mod date;
mod features;
mod listing;
mod path;
mod reply;

pub use listing::fuzz_listing;
pub use reply::fuzz_ftp_replies;
