//! Peers with a fault: one script a file, the server's side and the client's in one dialogue.
//!
//! `tests/faults/FOLDER/*.txt` hold the scripts, `tests/faults/FOLDER/LIST` says which there must be.
//! CONTRIBUTING describes the format. The server listens on loopback; what the client's lines mean is each
//! protocol's affair ([`Client`]).

pub mod certificates;
mod data;
pub mod ftp;
pub mod inbox;
pub mod pop3;
mod run;
mod script;
mod server;
pub mod smtp;

pub use run::{Client, Clients, check_folder};
pub use script::{Script, Settings};

/// The clients' password: in no error.
pub const SECRET: &str = "geheim-4711";
