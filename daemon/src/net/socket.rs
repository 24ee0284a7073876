//! Sockets: a stream as it is, for protocols that are not ours.

use super::dial::Dialer;
use super::failure;
use super::stream::Stream;
use super::tls::Tls;
use crate::service::{
    BoxFuture, Error, ErrorKind, Phase, Progress, Result, Socket, SocketBack, SocketOpen,
    Tls as Protection,
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sockets over this machine's network.
#[derive(Clone, Debug)]
pub struct IpSockets {
    dialer: Dialer,
    tls: Tls,
}

impl IpSockets {
    /// Connects with this, and secures as this says.
    pub fn new(dialer: Dialer, tls: Tls) -> Self {
        Self { dialer, tls }
    }
}

impl SocketBack for IpSockets {
    fn open<'a>(
        &'a self,
        request: &'a SocketOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn Socket>>> {
        Box::pin(async move {
            let server = &request.server;
            if server.tls == Protection::StartTls {
                let text = "a socket knows no STARTTLS";
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            progress.phase(Phase::Resolving);
            let dialer = self.dialer.under(&request.reach, &server.host);
            let addresses = dialer.resolve(&server.host, server.port).await?;
            progress.phase(Phase::Connecting);
            let mut stream = dialer.connect(&server.host, &addresses).await?;
            if server.tls == Protection::Implicit {
                let limit = dialer.timeouts.tls;
                stream = self.tls.secure(stream, &server.host, limit).await?;
            }
            Ok(Box::new(Open(stream, dialer.timeouts.piece)) as Box<dyn Socket>)
        })
    }
}

/// A connection, and how long one step may take.
struct Open(Stream, Duration);

impl Socket for Open {
    fn send<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.allow(self.1);
            let sent = match self.0.write_all(bytes).await {
                Ok(()) => self.0.flush().await,
                Err(error) => Err(error),
            };
            sent.map_err(|error| failure::from_io(&error))
        })
    }

    fn receive<'a>(&'a mut self, into: &'a mut Vec<u8>, most: usize) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.allow(self.1);
            into.reserve(most);
            let mut limited = (&mut self.0).take(most as u64);
            let received = limited.read_buf(into).await;
            received.map(drop).map_err(|error| failure::from_io(&error))
        })
    }
}
