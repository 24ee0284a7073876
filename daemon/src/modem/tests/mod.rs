//! The driver against a module in memory, under a paused clock.

pub(crate) mod fake;
pub(crate) mod wire;

mod aftermath;
mod by_hand;
pub(crate) mod mail;
mod recovery;
pub(crate) mod start;
