//! Mail by SMTP submission (RFC 5321, 6409, 8314): lettre's connection on our own stream.
//!
//! lettre formats commands, reads replies and ends the content; connecting, deadlines, TLS, STARTTLS,
//! what the server offers, and the content itself are ours.

mod connection;
mod content;
mod failure;
mod kept;
mod open;
mod session;
mod wire;

#[cfg(test)]
mod tests;

use super::{Dialer, Tls};
use crate::disk::Disk;
use crate::service::{BoxFuture, MailBack, MailOpen, MailSession, Phase, Progress, Result};

/// The ip back for mail.
#[derive(Clone, Debug)]
pub struct SmtpBack {
    dialer: Dialer,
    tls: Tls,
    disk: Disk,
    kept: kept::Kept,
}

impl SmtpBack {
    /// A back that connects, verifies and reads the spool with these.
    pub fn new(dialer: Dialer, tls: Tls, disk: Disk) -> Self {
        Self {
            dialer,
            tls,
            disk,
            kept: kept::Kept::default(),
        }
    }
}

impl MailBack for SmtpBack {
    fn open<'a>(
        &'a self,
        request: &'a MailOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailSession>>> {
        Box::pin(async move {
            // What can't be right is told before anybody is bothered.
            let envelope = open::Envelope::check(request)?;
            if let Some(session) = self.open_again(request, &envelope, progress).await {
                return Ok(Box::new(session) as Box<dyn MailSession>);
            }
            let server = &request.server;
            progress.phase(Phase::Resolving);
            let dialer = self.dialer.under(&request.reach, &server.host);
            let addresses = dialer.resolve(&server.host, server.port).await?;
            progress.phase(Phase::Connecting);
            let stream = dialer.connect(&server.host, &addresses).await?;
            let session = self.open_over(stream, request, envelope, progress).await;
            let session = session.map_err(|error| match &request.credentials {
                Some(who) => error.without(&who.password),
                None => error,
            })?;
            Ok(Box::new(session) as Box<dyn MailSession>)
        })
    }
}
