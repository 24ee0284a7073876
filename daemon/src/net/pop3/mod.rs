//! Mailboxes by POP3 (RFC 1939; CAPA RFC 2449, STLS RFC 2595, SASL RFC 5034).
//!
//! What parses or decides has no I/O: [`status`], [`unstuff`], [`lists`], [`uid`], [`offers`], [`login`],
//! [`failure`], and the flight in [`transfer`]. [`connection`] joins them over an exchange.

mod connection;
mod failure;
mod fuzz;
mod lists;
mod login;
mod offers;
mod session;
mod status;
mod transfer;
mod uid;
mod unstuff;

#[cfg(test)]
mod tests;

pub use fuzz::fuzz_pop3;

use super::stream::Stream;
use super::{Dialer, Tls};
use crate::service::{
    BoxFuture, MailboxBack, MailboxOpen, MailboxSession, Phase, Progress, Result,
};
use connection::Connection;
use session::Session;

/// The ip back for mailboxes.
#[derive(Clone, Debug)]
pub struct Pop3Back {
    dialer: Dialer,
    tls: Tls,
}

impl Pop3Back {
    /// A back that connects and verifies with these.
    pub fn new(dialer: Dialer, tls: Tls) -> Self {
        Self { dialer, tls }
    }

    /// Opens a session over a stream that is connected.
    async fn open_over(
        &self,
        stream: Stream,
        request: &MailboxOpen,
        progress: &dyn Progress,
    ) -> Result<Session> {
        let timeouts = self.dialer.timeouts;
        let connection = Connection::open(stream, &self.tls, request, timeouts, progress).await?;
        progress.phase(Phase::Preparing);
        Ok(Session::new(connection))
    }
}

impl MailboxBack for Pop3Back {
    fn open<'a>(
        &'a self,
        request: &'a MailboxOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailboxSession>>> {
        Box::pin(async move {
            let server = &request.server;
            // What can't be right is told before anybody is bothered.
            login::check(&request.credentials, server.tls)?;
            progress.phase(Phase::Resolving);
            let dialer = self.dialer.under(&request.reach, &server.host);
            let addresses = dialer.resolve(&server.host, server.port).await?;
            progress.phase(Phase::Connecting);
            let stream = dialer.connect(&server.host, &addresses).await?;
            let session = self.open_over(stream, request, progress).await;
            let session = session.map_err(|error| error.without(&request.credentials.password))?;
            Ok(Box::new(session) as Box<dyn MailboxSession>)
        })
    }
}
