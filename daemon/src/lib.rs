//! hayesd: mail, POP3 and FTP through cellular modules, or in place of them.
//!
//! Fronts ask through [`service`]; backs carry it out. Nothing else crosses.

pub mod account;
pub mod at;
pub mod bus;
mod catalog;
pub mod clock;
pub mod config;
pub mod dialect;
pub mod disk;
pub mod emulator;
pub mod inbox;
pub mod job;
pub mod message;
pub mod modem;
pub mod net;
pub mod port;
pub mod process;
pub mod service;
pub mod trace;
#[cfg(feature = "try")]
pub mod try_run;
pub mod wiring;
