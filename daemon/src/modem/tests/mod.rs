//! The driver against a module in memory, under a paused clock.

pub(crate) mod fake;
pub(crate) mod wire;

mod aftermath;
mod by_hand;
mod mail;
mod recovery;
mod start;
