//! The process around the service: command line, log, service manager, the helper it may start.

pub mod args;
pub mod check;
mod connect;
mod devices;
pub mod folder;
mod health;
pub mod helper;
mod journal;
pub mod log;
pub mod notify;
mod ports;
mod reload;
mod running;
pub mod serve;
mod status;
