//! Plays a module: the equipment at the other end of the TTY believes that it talks to one.
//!
//! The [`Engine`] is vendor-neutral and does no I/O. It looks commands up in a dialect's tables
//! ([`crate::dialect`]); only what no table can say is a dialect's code, which sees a [`Run`].

mod answers;
mod begun;
mod client;
mod clients;
mod clock;
mod data;
mod engine;
mod files;
mod fuzz;
mod handle;
mod interpret;
mod letter;
mod memory;
mod op;
mod played;
mod policy;
mod run;
mod runner;
mod session;
mod star;
mod value;
mod world;
pub mod xmodem;

#[cfg(test)]
mod tests;

pub use begun::{Apology, Ended};
pub use client::{Client, Fetch, FileServer, Host, Mailbox, Remote};
pub use clock::{Civil, ModuleClock};
pub use data::Tally;
pub use engine::{Doing, Engine, Saved};
pub use files::{Files, Writing};
pub use fuzz::fuzz_emulator;
pub use handle::{Handle, Settings, Snapshot, State};
pub use letter::{Letter, MailTime, Party, Words};
pub use memory::{Memory, Slot};
pub use op::{Done, Effect, FileError, MailEnd, MailId, Op, OpId, Space};
pub use policy::{Mapped, Plainly, Policy};
pub use run::{
    Call, Collected, DataMode, Exchange, Into, MailEnded, Outcome, Refusal, Resume, Run,
};
pub use runner::start;
pub use value::{Value, quote};
