//! Typed proxies for `org.hayesd1`. What methods do, which errors they answer and what the keys of
//! options and results are, stands in `org.hayesd1.*.xml` beside this crate.
//!
//! The feature `cli` adds the program `hayesctl`, which is built on them and on nothing else.

mod account;
#[cfg(feature = "cli")]
pub mod cli;
mod emulator;
mod ftp;
mod job;
mod mail;
mod manager;
mod message;
mod modem;
mod pop3;

pub use account::AccountProxy;
pub use emulator::EmulatorProxy;
pub use ftp::FtpProxy;
pub use job::{Finished, FinishedArgs, FinishedStream, JobProxy};
pub use mail::{MailProxy, QueuedMail};
pub use manager::{ListedJob, ManagerProxy};
pub use message::MessageProxy;
pub use modem::ModemProxy;
pub use pop3::Pop3Proxy;

use std::collections::HashMap;
use zbus::{OwnedVariant, Variant};

/// Options by name.
pub type Options<'a> = HashMap<&'a str, Variant<'a>>;

/// Results by name.
pub type Details = HashMap<String, OwnedVariant>;
