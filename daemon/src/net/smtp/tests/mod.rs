//! The SMTP back against a server that does as it is told, in one process, on a paused clock.

mod content;
mod fake;
mod faults;
mod kept;
mod offers;
mod tls;
