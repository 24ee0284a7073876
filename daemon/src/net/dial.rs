//! From a server's name to a stream.

use super::resolve::Resolver;
use super::stream::Stream;
use crate::service::{Error, ErrorKind, Fault, NO_CONNECTION, Reach, Result};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::{IpAddr, SocketAddr};
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

impl Timeouts {
    /// The same for who waits at most so long for an answer. The last one, to the content, may take five times as
    /// long: a mail whose answer nobody has waited for is sent again.
    #[must_use]
    pub fn within(self, patience: Option<Duration>) -> Self {
        let Some(most) = patience else {
            return self;
        };
        Self {
            greeting: self.greeting.min(most),
            command: self.command.min(most),
            data: self.data.min(most),
            end: self.end.min(most * 5),
            ..self
        }
    }
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
    /// Where it may connect to.
    reach: Reach,
    /// The name of the server, as it was asked for.
    server: String,
}

impl Dialer {
    /// One with these times.
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            ..Self::default()
        }
    }

    /// The same, for one session with a server: all that it connects is held to these rules, connections
    /// for data too.
    pub(super) fn under(&self, reach: &Reach, server: &str) -> Self {
        Self {
            reach: reach.clone(),
            server: server.to_owned(),
            ..self.clone()
        }
    }

    /// The addresses of a host.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        self.resolver
            .resolve(host, port, self.timeouts.resolve)
            .await
    }

    /// A stream to the first of these addresses that answers; the others get their chance a little later.
    /// Those that the rules forbid are left out. NoNetwork, Timeout; NotAuthorized where none may be tried.
    pub(super) async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> Result<Stream> {
        let mut refused = None;
        let permitted: Vec<_> = addresses
            .iter()
            .copied()
            .filter(|address| match self.check(*address) {
                Ok(()) => true,
                Err(error) => {
                    refused.get_or_insert(error);
                    false
                }
            })
            .collect();
        if let (Some(error), []) = (refused, permitted.as_slice()) {
            return Err(error);
        }
        self.first_of(host, &permitted).await
    }

    /// A stream for data to a port of the very address that a connection goes to. Errors as of
    /// [`Dialer::connect`].
    pub(super) async fn connect_beside(
        &self,
        host: &str,
        control: SocketAddr,
        port: u16,
    ) -> Result<Stream> {
        self.reach.check_data(&self.server, control, port, is_own)?;
        self.first_of(host, &[SocketAddr::new(control.ip(), port)])
            .await
    }

    async fn first_of(&self, host: &str, permitted: &[SocketAddr]) -> Result<Stream> {
        match timeout(self.timeouts.connect, race(host, permitted)).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("{host} does not answer"),
            )),
        }
    }

    fn check(&self, address: SocketAddr) -> Result<()> {
        let (ip, port) = (address.ip(), address.port());
        self.reach.check(&self.server, ip, port, is_own)
    }
}

/// Whether an interface of this machine has this address. Where that can't be told, it has.
fn is_own(address: IpAddr) -> bool {
    let Ok(mut interfaces) = nix::ifaddrs::getifaddrs() else {
        return true;
    };
    interfaces.any(|interface| {
        let Some(own) = interface.address else {
            return false;
        };
        let v4 = own.as_sockaddr_in().map(|own| IpAddr::V4(own.ip()));
        let v6 = own.as_sockaddr_in6().map(|own| IpAddr::V6(own.ip()));
        v4.or(v6) == Some(address)
    })
}

async fn race(host: &str, addresses: &[SocketAddr]) -> Result<Stream> {
    let mut waiting = addresses.iter().copied().take(MAX_ADDRESSES);
    let mut running = JoinSet::new();
    let mut first_error = None;
    let mut next = waiting.next();
    loop {
        if let Some(address) = next.take() {
            running.spawn(open(address));
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

/// The one place where a connection is opened.
async fn open(address: SocketAddr) -> std::result::Result<Stream, (SocketAddr, io::Error)> {
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
    let text = format!("{NO_CONNECTION} to {host} ({address}): {error}");
    match error.kind() {
        io::ErrorKind::TimedOut => Error::new(ErrorKind::Timeout, text),
        // The host is there, so it is no missing link.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            Error::new(ErrorKind::NoNetwork, text).by(Fault::Server)
        }
        _ if has_no_room(error) => Error::new(ErrorKind::NoNetwork, text).by(Fault::Us),
        _ => Error::new(ErrorKind::NoNetwork, text),
    }
}

/// This machine, or this process, has no socket left. Later there may be one.
fn has_no_room(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw);
    matches!(
        number,
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM)
    )
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

    #[test]
    fn a_machine_without_sockets_is_at_fault_itself() {
        let address = "203.0.113.77:21".parse().unwrap();
        for errno in [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM] {
            let error = refused("x", address, &errno.into());
            assert_eq!((error.kind, error.fault), (ErrorKind::NoNetwork, Fault::Us));
            assert!(error.try_next() && error.is_temporary());
        }
        let error = refused("x", address, &Errno::ENETUNREACH.into());
        assert_eq!(error.fault, Fault::Link);
    }

    fn equipment(allow: &[&str], deny: &[&str]) -> Dialer {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let reach = Reach::of_emulator("panel", list(allow), list(deny));
        Dialer::default().under(&reach, "mail.example.org")
    }

    #[tokio::test]
    async fn equipment_does_not_reach_this_machine_unless_that_is_listed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let kind = |result: Result<Stream>| result.unwrap_err().kind;
        let plain = equipment(&[], &[]);
        let refused = plain.connect("mail.example.org", &[here]).await;
        assert_eq!(kind(refused), ErrorKind::NotAuthorized);
        let listed = equipment(&[&here.to_string()], &["*"]);
        let stream = listed.connect("data", &[here]).await.unwrap();
        assert_eq!(stream.peer(), here);
        // Judged by what the server is called, not by what is said of the connection.
        let named = equipment(&["mail.example.org"], &["*"]);
        assert!(named.connect("data", &[here]).await.is_ok());
        let denied = equipment(&[], &["127.0.0.0/8"]);
        assert_eq!(
            kind(denied.connect("x", &[here]).await),
            ErrorKind::NotAuthorized
        );
    }

    #[tokio::test]
    async fn addresses_that_are_forbidden_are_left_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let other = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let bad = other.local_addr().unwrap();
        let dialer = equipment(&["127.0.0.1"], &[]);
        let stream = dialer.connect("x", &[bad, good]).await.unwrap();
        assert_eq!(stream.peer(), good);
        drop(stream);
        let nobody = other.into_std().unwrap().accept().unwrap_err();
        assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn own_addresses_are_known() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("203.0.113.77".parse().unwrap()));
    }

    #[tokio::test]
    async fn no_address_is_no_panic() {
        let error = Dialer::default().connect("x", &[]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NameNotFound);
    }
}
