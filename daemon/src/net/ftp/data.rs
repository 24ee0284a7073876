//! Data connections: how one comes to be, and that nobody else is at its other end.

use super::super::failure as net_failure;
use super::super::replies::Reply;
use super::super::stream::Stream;
use super::address;
use super::connection::Connection;
use super::failure::{self, Step};
use crate::service::{Error, ErrorKind, Fault, Result};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// One read from the socket of a secured connection.
const SOCKET_PIECE: usize = 64 * 1024;
/// A control connection is silent while data flows, however long that takes.
pub(super) const UNTIL_DATA_ENDS: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A data connection.
pub(super) struct Data {
    /// `None` until it stands.
    pub(super) stream: Option<Stream>,
    /// The server's last word on the transfer, if it came early.
    pub(super) verdict: Option<Reply>,
    /// Content has gone over it.
    pub(super) used: bool,
    pub(super) secured: bool,
}

impl Data {
    /// The server is content with the transfer.
    pub(super) fn is_accepted(&self) -> bool {
        let verdict = self.verdict.as_ref();
        verdict.is_some_and(|reply| (200..300).contains(&reply.code))
    }
}

/// A data connection that is being made.
enum Way {
    Connected(Stream),
    Listening(TcpListener),
}

impl Connection {
    /// Begins a transfer: a way for data, REST where wanted, the command; gives the server's preliminary reply.
    /// From here until its end, [`Connection::data`] is there.
    pub(super) async fn begin(&mut self, command: &str, restart: u64, step: Step) -> Result<Reply> {
        let way = self.way().await?;
        if restart > 0 {
            self.restart(restart).await?;
        }
        self.data = Some(Data {
            stream: None,
            verdict: None,
            used: false,
            secured: false,
        });
        self.restart_is_set = false;
        let reply = match self.ask(command).await {
            Ok(reply) => reply,
            Err(error) => {
                self.data = None;
                return Err(error);
            }
        };
        match reply.code {
            100..=199 => self.channel.exchange().expect_another(),
            // Over already: a server that has so little to say.
            200..=299 => self.set_verdict(reply.clone()),
            _ => {
                self.data = None;
                self.no_reuse = self.is_reuse_refused(&reply);
                return Err(failure::from_reply(&reply, step));
            }
        }
        let stream = match way {
            Way::Connected(stream) => stream,
            Way::Listening(listener) => self.accept(&listener, step).await?,
        };
        let stream = self.secured(stream, step).await?;
        if let Some(data) = &mut self.data {
            data.secured = self.secured;
            data.stream = Some(stream);
        }
        self.channel.allow(UNTIL_DATA_ENDS);
        Ok(reply)
    }

    /// The server's words for data that does not resume the control connection's TLS session.
    fn is_reuse_refused(&self, reply: &Reply) -> bool {
        self.secured && matches!(reply.code, 425 | 522)
    }

    fn set_verdict(&mut self, reply: Reply) {
        if let Some(data) = &mut self.data {
            data.verdict = Some(reply);
        }
    }

    /// The next transfer begins at this byte.
    async fn restart(&mut self, at: u64) -> Result<()> {
        self.restart_is_set = true;
        let reply = self.ask(&format!("REST {at}")).await?;
        if reply.code == 350 {
            return Ok(());
        }
        self.restart_is_set = false;
        let mut error = failure::from_reply(&reply, Step::Hello);
        error.kind = match error.kind {
            ErrorKind::TemporaryFailure => ErrorKind::TemporaryFailure,
            _ => ErrorKind::NotSupported,
        };
        Err(error)
    }

    async fn way(&mut self) -> Result<Way> {
        if self.active {
            return self.listen().await.map(Way::Listening);
        }
        let peer = self.peer()?;
        if !self.lacks.epsv {
            match self.extended_passive(peer).await {
                Ok(stream) => return Ok(Way::Connected(stream)),
                // PASV knows no IPv6.
                Err(error) if !self.is_usable() || peer.is_ipv6() => return Err(error),
                Err(_) => self.lacks.epsv = true,
            }
        }
        let reply = self.done("PASV", Step::Hello).await?;
        let port = address::read_passive(reply.lines.first().map_or("", String::as_str));
        let port = port.ok_or_else(|| failure::from_reply(&reply, Step::Hello))?;
        self.dial(peer, port).await.map(Way::Connected)
    }

    /// EPSV. Its reply names no address, and PASV's is not believed: data goes where commands go.
    async fn extended_passive(&mut self, peer: SocketAddr) -> Result<Stream> {
        let reply = self.done("EPSV", Step::Hello).await?;
        let port = address::read_extended(reply.lines.first().map_or("", String::as_str));
        let port = port.ok_or_else(|| failure::from_reply(&reply, Step::Hello))?;
        self.dial(peer, port).await
    }

    async fn dial(&mut self, control: SocketAddr, port: u16) -> Result<Stream> {
        let what = format!("{}, for data", self.host);
        self.dialer.connect_beside(&what, control, port).await
    }

    fn peer(&self) -> Result<SocketAddr> {
        let stream = self.channel.stream();
        let peer = stream.ok_or_else(net_failure::closed)?.peer();
        Ok(SocketAddr::new(peer.ip().to_canonical(), peer.port()))
    }

    /// Waits where the server is asked to connect to.
    async fn listen(&mut self) -> Result<TcpListener> {
        let local = self.channel.stream().and_then(Stream::local);
        let local = local.ok_or_else(|| {
            Error::new(
                ErrorKind::NotSupported,
                "this connection has no address that the server could connect to",
            )
        })?;
        let no_port = |error| Error::new(ErrorKind::Internal, format!("no port for data: {error}"));
        let address = SocketAddr::new(local.to_canonical(), 0);
        let listener = TcpListener::bind(address).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        self.done(&address::ask_to_connect(address), Step::Hello)
            .await?;
        Ok(listener)
    }

    /// The server's connection, and nobody else's.
    async fn accept(&mut self, listener: &TcpListener, step: Step) -> Result<Stream> {
        let server = self.peer()?.ip();
        let within = self.dialer.timeouts.connect;
        let theirs = async {
            loop {
                let (stream, address) = listener.accept().await?;
                if address.ip().to_canonical() == server {
                    return Ok(Stream::new(stream, address));
                }
                tracing::warn!("a stranger connected to a port for FTP data: {address}");
            }
        };
        self.channel.allow(within * 2);
        let theirs = timeout(within, theirs);
        tokio::pin!(theirs);
        loop {
            let done = self.has_verdict();
            tokio::select! {
                biased;
                found = &mut theirs => return match found {
                    Ok(found) => found.map_err(|error: std::io::Error| {
                        Error::new(ErrorKind::Internal, format!("no data connection: {error}"))
                    }),
                    Err(_) => Err(Error::new(
                        ErrorKind::Timeout,
                        "the server does not connect to us for data",
                    )),
                },
                reply = self.channel.answer(), if !done => {
                    let reply = self.judge(reply)?;
                    if reply.code >= 400 {
                        self.data = None;
                        return Err(failure::from_reply(&reply, step));
                    }
                    // It has sent all before we looked.
                    self.set_verdict(reply);
                }
            }
        }
    }

    fn has_verdict(&self) -> bool {
        self.data
            .as_ref()
            .is_some_and(|data| data.verdict.is_some())
    }

    /// TLS over it, resuming the control connection's session. Whatever fails, the server's own words for it
    /// count more.
    async fn secured(&mut self, stream: Stream, step: Step) -> Result<Stream> {
        if !self.secured {
            return Ok(stream);
        }
        let stream = stream.buffered(SOCKET_PIECE);
        let within = self.dialer.timeouts.tls;
        self.channel.allow(within * 2);
        let done = self.has_verdict();
        let handshake = self.tls.secure(stream, &self.host, within);
        let error = tokio::select! {
            biased;
            secured = handshake => match secured {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            },
            reply = self.channel.answer(), if !done => {
                let reply = self.judge(reply)?;
                if reply.code < 400 {
                    self.set_verdict(reply);
                    return Err(failure::truncated());
                }
                self.data = None;
                self.no_reuse = self.is_reuse_refused(&reply);
                return Err(failure::from_reply(&reply, step));
            }
        };
        Err(self.last_words(error, step).await)
    }

    /// A server that cuts a transfer off says why, sooner or later.
    pub(super) async fn last_words(&mut self, error: Error, step: Step) -> Error {
        let Some(data) = &mut self.data else {
            return error;
        };
        data.stream = None;
        let reply = match data.verdict.take() {
            Some(reply) => reply,
            None => {
                self.channel.allow(self.dialer.timeouts.quit);
                let answer = timeout(self.dialer.timeouts.quit, self.channel.answer());
                match answer.await {
                    // It may still come: that is for whoever goes on.
                    Err(_) => return error,
                    Ok(Err(cause)) if cause.kind == ErrorKind::Timeout => return error,
                    Ok(result) => match self.judge(result) {
                        Ok(reply) => reply,
                        Err(cause) => return cause,
                    },
                }
            }
        };
        let used = self.data.take().is_some_and(|data| data.used);
        if reply.code < 400 {
            return error;
        }
        self.no_reuse = !used && self.is_reuse_refused(&reply);
        failure::from_reply(&reply, step)
    }

    /// Waits for the server's last word on a transfer whose data has ended.
    pub(super) async fn end(&mut self, step: Step) -> Result<Reply> {
        let verdict = match &mut self.data {
            Some(data) => {
                data.stream = None;
                data.verdict.take()
            }
            None => None,
        };
        let mut reply = match verdict {
            Some(reply) => reply,
            None => {
                self.channel.allow(self.dialer.timeouts.end);
                let result = self.channel.answer().await;
                self.judge(result)?
            }
        };
        while (100..200).contains(&reply.code) {
            self.channel.exchange().expect_another();
            let result = self.channel.answer().await;
            reply = self.judge(result)?;
        }
        let used = self.data.take().is_some_and(|data| data.used);
        if (200..300).contains(&reply.code) {
            return Ok(reply);
        }
        self.no_reuse = !used && self.is_reuse_refused(&reply);
        Err(failure::from_reply(&reply, step))
    }
}

/// Nothing came, or went, for too long.
pub(super) fn stalled() -> Error {
    Error::new(ErrorKind::Timeout, "the data connection stands still").by(Fault::Server)
}
