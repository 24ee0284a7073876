//! The POP3 back against a server that does as it is told, in one process, on a paused clock.

mod bulk;
mod fake;
mod steps;
mod times;
