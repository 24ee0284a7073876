//! What takes long, in the engine and with servers in memory.

mod clients;
mod engine;
mod mailboxes;
mod servers;
mod session;
mod toy;
