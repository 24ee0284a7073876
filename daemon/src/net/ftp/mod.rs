//! Files by FTP (RFC 959, 2228, 2389, 2428, 3659, 4217): a client of our own.
//!
//! Replies, addresses, dates, listings and the login are read and decided without I/O; the rest moves bytes
//! between them and two connections: one for commands, which lasts as long as the session, and one for each
//! transfer. Data goes nowhere but to the address that commands go to.

mod address;
mod connection;
mod data;
mod date;
mod failure;
mod features;
mod folder;
mod listing;
mod login;
mod path;
mod reply;
mod session;
mod transfer;
mod upload;

#[cfg(test)]
mod tests;

pub use listing::{fuzz_listing, read_listing};
pub use reply::fuzz_ftp_replies;

use super::stream::Stream;
use super::tls::Versions;
use super::{Dialer, Tls};
use crate::service::{BoxFuture, FileBack, FileOpen, FileSession, Phase, Progress, Result, Server};
use connection::Connection;
use session::Session;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The ip back for files.
#[derive(Clone, Debug)]
pub struct FtpBack {
    dialer: Dialer,
    tls: Tls,
    /// Servers that resume no TLS 1.3 session on a data connection although they insist on one: host and port.
    pinned: Arc<Mutex<HashSet<(String, u16)>>>,
}

impl FtpBack {
    /// A back that connects and verifies with these.
    pub fn new(dialer: Dialer, tls: Tls) -> Self {
        Self {
            dialer,
            tls,
            pinned: Arc::default(),
        }
    }

    /// From the server's name to a connection that is ready for files.
    async fn connect(&self, request: &FileOpen, progress: &dyn Progress) -> Result<Connection> {
        let server = &request.server;
        progress.phase(Phase::Resolving);
        let dialer = self.dialer.under(&request.reach, &server.host);
        let addresses = dialer.resolve(&server.host, server.port).await?;
        progress.phase(Phase::Connecting);
        let stream = dialer.connect(&server.host, &addresses).await?;
        self.open_over(stream, request, progress).await
    }

    /// The same, over a stream that is connected.
    async fn open_over(
        &self,
        stream: Stream,
        request: &FileOpen,
        progress: &dyn Progress,
    ) -> Result<Connection> {
        let versions = match self.is_pinned(&request.server) {
            true => Versions::Tls12,
            false => Versions::All,
        };
        // Its data connections resume its sessions, and nobody else's.
        let tls = self.tls.conversation(versions)?;
        let dialer = self.dialer.under(&request.reach, &request.server.host);
        let opened = Connection::open(stream, dialer, tls, request, progress).await;
        let secrets = request.credentials.iter().map(|who| &who.password);
        let secrets = secrets.chain(&request.account);
        opened.map_err(|error| secrets.fold(error, |error, secret| error.without(secret)))
    }

    fn is_pinned(&self, server: &Server) -> bool {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.contains(&(server.host.clone(), server.port))
    }

    fn pin(&self, server: &Server) {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.insert((server.host.clone(), server.port));
    }
}

impl FileBack for FtpBack {
    fn open<'a>(
        &'a self,
        request: &'a FileOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn FileSession>>> {
        Box::pin(async move {
            // What can't be right is told before anybody is bothered.
            login::Login::check(request)?;
            let connection = self.connect(request, progress).await?;
            let session = Session::new(self.clone(), request.clone(), connection);
            Ok(Box::new(session) as Box<dyn FileSession>)
        })
    }
}
