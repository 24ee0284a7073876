//! From a server's name to a stream.

use super::resolve::Resolver;
use super::stream::Stream;
use crate::service::{Error, ErrorKind, Fault, Result};
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long each step may take. A job's own deadline holds besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Looking a name up.
    pub resolve: Duration,
    /// Connecting, over all addresses of a name.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// The server's greeting (RFC 5321 section 4.5.3.2.1).
    pub greeting: Duration,
    /// A command and its reply (RFC 5321 section 4.5.3.2.2 and .3).
    pub command: Duration,
    /// The reply to DATA (RFC 5321 section 4.5.3.2.4).
    pub data: Duration,
    /// One piece of content (RFC 5321 section 4.5.3.2.5).
    pub piece: Duration,
    /// The last reply, to the content (RFC 5321 section 4.5.3.2.6).
    pub end: Duration,
    /// Saying good-bye.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(20),
            connect: Duration::from_secs(60),
            tls: Duration::from_secs(60),
            greeting: Duration::from_secs(5 * 60),
            command: Duration::from_secs(5 * 60),
            data: Duration::from_secs(2 * 60),
            piece: Duration::from_secs(3 * 60),
            end: Duration::from_secs(10 * 60),
            quit: Duration::from_secs(3),
        }
    }
}

/// The next address gets its chance after this (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// Seconds of silence after which the other end is asked whether it is still there.
const KEEP_ALIVE: u32 = 60;
/// More addresses than this are not tried.
const MAX_ADDRESSES: usize = 8;

/// Connects to servers.
#[derive(Clone, Debug, Default)]
pub struct Dialer {
    resolver: Resolver,
    /// How long its steps may take.
    pub(super) timeouts: Timeouts,
}

impl Dialer {
    /// One with these times.
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            resolver: Resolver::default(),
            timeouts,
        }
    }

    /// The addresses of a host.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        self.resolver
            .resolve(host, port, self.timeouts.resolve)
            .await
    }

    /// A stream to the first of these addresses that answers; the others get their chance a little later.
    /// NoNetwork, Timeout.
    pub(super) async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> Result<Stream> {
        match timeout(self.timeouts.connect, race(host, addresses)).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("{host} does not answer"),
            )),
        }
    }
}

async fn race(host: &str, addresses: &[SocketAddr]) -> Result<Stream> {
    let mut waiting = addresses.iter().copied().take(MAX_ADDRESSES);
    let mut running = JoinSet::new();
    let mut first_error = None;
    let mut next = waiting.next();
    loop {
        if let Some(address) = next.take() {
            running.spawn(reach(address));
        }
        tokio::select! {
            done = running.join_next() => match done {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err((address, error)))) => {
                    first_error.get_or_insert((address, error));
                    next = waiting.next();
                }
                // Ours never panic and are not aborted while they are waited for.
                Some(Err(_)) => next = waiting.next(),
                None => break,
            },
            () = sleep(STAGGER), if waiting.len() > 0 => next = waiting.next(),
        }
    }
    Err(match first_error {
        Some((address, error)) => refused(host, address, &error),
        None => Error::new(ErrorKind::NameNotFound, format!("no address for {host}")),
    })
}

/// The one place where a connection is opened, and where the address that it really goes to is known:
/// rules on destinations are asked here.
async fn reach(address: SocketAddr) -> std::result::Result<Stream, (SocketAddr, io::Error)> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| (address, error))?;
    // Each command is one write; waiting for more only costs time.
    stream.set_nodelay(true).map_err(|error| (address, error))?;
    // Routers forget a connection on which nothing is said for minutes: FTP's own, while a long file goes over
    // another. Without it, it is only less robust.
    let _ = setsockopt(&stream, sockopt::KeepAlive, &true);
    let _ = setsockopt(&stream, sockopt::TcpKeepIdle, &KEEP_ALIVE);
    let local = stream.local_addr().ok().map(|local| local.ip());
    Ok(Stream::new(stream, address).from(local))
}

fn refused(host: &str, address: SocketAddr, error: &io::Error) -> Error {
    let text = format!("no connection to {host} ({address}): {error}");
    match error.kind() {
        io::ErrorKind::TimedOut => Error::new(ErrorKind::Timeout, text),
        // The host is there, so it is no missing link.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            Error::new(ErrorKind::NoNetwork, text).by(Fault::Server)
        }
        _ => Error::new(ErrorKind::NoNetwork, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_next_address_is_tried() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.2:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let stream = Dialer::default()
            .connect("mail.example.org", &[closed, good])
            .await
            .unwrap();
        assert_eq!(stream.peer(), good);
    }

    #[tokio::test]
    async fn a_refusal_is_the_servers() {
        let closed = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let error = Dialer::default()
            .connect("mail.example.org", &[closed])
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.fault),
            (ErrorKind::NoNetwork, Fault::Server)
        );
        assert!(error.try_next() && error.is_temporary());
    }

    #[tokio::test]
    async fn no_address_is_no_panic() {
        let error = Dialer::default().connect("x", &[]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NameNotFound);
    }
}
