//! The line discipline of a Hayes modem, in userspace.
//!
//! - [`discipline`] finds the ends of command lines and of data mode: bytes and a clock value go in,
//!   events come out. No I/O and no clock of its own; `hayesd` reads real modules with it as well.
//! - [`port`] adds what one claimed TTY needs around it: one thing at a time, kept bytes, the queue of
//!   unsolicited result codes, what is still owed after the daemon went away. No I/O either.
//! - [`record`] is what helper and daemon say to each other, and nothing else they share.
//!
//! The process itself (feature `server`) is thin: the TTY, the socket, one loop. See [`server::run`].

pub mod discipline;
#[doc(hidden)]
pub mod fuzzing;
pub mod port;
pub mod record;
pub mod time;

#[cfg(feature = "server")]
mod allow;
#[cfg(feature = "server")]
mod glob;
#[cfg(feature = "server")]
mod pty;
#[cfg(feature = "server")]
mod refused;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
mod tty;
#[cfg(feature = "server")]
mod watch;
