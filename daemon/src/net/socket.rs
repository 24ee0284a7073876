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

#[cfg(test)]
mod tests {
    use super::super::dial::Timeouts;
    use super::super::tls::Roots;
    use super::*;
    use crate::clock::SystemClock;
    use crate::service::{Reach, Server, Unwatched};
    use std::sync::Arc;
    use tokio::net::TcpListener;

    fn asked(port: u16, reach: Reach, tls: Protection) -> SocketOpen {
        SocketOpen {
            server: Server {
                host: "127.0.0.1".into(),
                port,
                tls,
            },
            reach,
        }
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_close_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tls = Tls::load(&Roots::System, Arc::new(SystemClock)).unwrap();
        let back = IpSockets::new(Dialer::new(Timeouts::default()), tls);
        let open = asked(port, Reach::default(), Protection::None);
        let mut socket = back.open(&open, &Unwatched).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let sent: Vec<u8> = (0..=255).collect();
        socket.send(&sent).await.unwrap();
        let mut came = vec![0; sent.len()];
        peer.read_exact(&mut came).await.unwrap();
        assert_eq!(came, sent);
        peer.write_all(b"abcdef").await.unwrap();
        let mut got = Vec::new();
        socket.receive(&mut got, 4).await.unwrap();
        assert_eq!(got, b"abcd");
        socket.receive(&mut got, 4).await.unwrap();
        assert_eq!(got, b"abcdef");
        peer.shutdown().await.unwrap();
        socket.receive(&mut got, 4).await.unwrap();
        assert_eq!(got.len(), 6);
        drop(socket);
        assert_eq!(peer.read(&mut [0; 4]).await.unwrap(), 0);

        // The bounds of equipment hold, and nothing is agreed on by STARTTLS.
        let reach = Reach::of_emulator("panel", Vec::new(), Vec::new());
        let refused = back
            .open(&asked(port, reach, Protection::None), &Unwatched)
            .await;
        assert_eq!(refused.err().unwrap().kind, ErrorKind::NotAuthorized);
        let open = asked(port, Reach::default(), Protection::StartTls);
        let refused = back.open(&open, &Unwatched).await;
        assert_eq!(refused.err().unwrap().kind, ErrorKind::InvalidArgument);
    }
}
