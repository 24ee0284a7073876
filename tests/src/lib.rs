//! What the end-to-end tests share: one thing a file, each stopped and removed when it is dropped.
//!
//! Nothing here checks anything: the tests do. Everything runs on loopback, on high ports, in private
//! folders. Whatever a fixture wrote to its log is printed when it is dropped; the test harness shows
//! that for failed tests only.

pub mod arguments;
pub mod authority;
pub mod binaries;
pub mod bus;
pub mod cgroup;
pub mod client;
pub mod content;
pub mod dice;
pub mod documented;
pub mod dovecot;
pub mod equipment;
pub mod faketime;
pub mod faults;
pub mod folder;
pub mod footprint;
pub mod ftpd;
pub mod gate;
pub mod hayesctl;
pub mod introspection;
pub mod logged;
pub mod machine;
pub mod machine_bus;
pub mod mailbox;
pub mod message;
pub mod module;
pub mod monitor;
pub mod office;
pub mod package;
pub mod planted;
pub mod pop3;
pub mod ports;
pub mod postfix;
pub mod printed;
pub mod process;
pub mod quectel;
pub mod scale;
mod server;
pub mod simcom;
pub mod simcom_module;
pub mod site;
pub mod smtp;
pub mod stranger;
pub mod terminal;
pub mod transcript;
pub mod wait;
pub mod wakeups;
