//! The server's side of a script, on loopback.

use super::certificates::Certificates;
use super::data::Data;
use super::script::Step;
use anyhow::{Context as _, Result, bail, ensure};
use rustls::{HandshakeKind, ServerConfig};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A connection.
pub(super) enum Line {
    Clear(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
    Over,
}

pub(super) trait Both: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

impl Line {
    pub(super) fn io(&mut self) -> Result<&mut dyn Both> {
        match self {
            Self::Clear(io) => Ok(io),
            Self::Secured(io) => Ok(io),
            Self::Over => bail!("the connection is over"),
        }
    }
}

/// A server that does as a script says.
pub(super) struct Server {
    listener: TcpListener,
    certificates: Arc<Certificates>,
    /// It writes so many bytes at a time; 0: all.
    chunk: usize,
    line: Line,
    input: Vec<u8>,
    data: Data,
}

impl Server {
    /// Listens on a port of 127.0.0.1 that the system chose.
    pub(super) async fn listen(certificates: Arc<Certificates>, chunk: usize) -> Result<Self> {
        Ok(Self {
            listener: TcpListener::bind("127.0.0.1:0").await?,
            certificates,
            chunk,
            line: Line::Over,
            input: Vec::new(),
            data: Data::listen().await?,
        })
    }

    /// Its port.
    pub(super) fn port(&self) -> Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Does all of the steps, and then waits until the client has closed: what it says besides its good-bye
    /// is a mistake.
    pub(super) async fn run(mut self, steps: &[(usize, Step)]) -> Result<()> {
        for (number, step) in steps {
            if matches!(self.line, Line::Over) && !matches!(step, Step::Accept) {
                self.accept().await?;
            }
            self.perform(step)
                .await
                .with_context(|| format!("server, line {number}: {step:?}"))?;
        }
        self.until_gone().await.context("server, after its script")
    }

    async fn accept(&mut self) -> Result<()> {
        let (io, _) = self.listener.accept().await?;
        io.set_nodelay(true)?;
        self.line = Line::Clear(io);
        self.input.clear();
        Ok(())
    }

    async fn perform(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Say(bytes, times) => self.say(bytes, *times).await,
            Step::Hear(pattern) => {
                let line = self.hear().await?.context("the client has gone")?;
                ensure!(matches(pattern, &line), "heard {line:?}");
                self.data.heard(&line);
                Ok(())
            }
            Step::Swallow => {
                self.input.clear();
                let count = self.line.io()?.read(&mut [0; 16 * 1024]).await?;
                ensure!(count > 0, "the client has gone");
                Ok(())
            }
            Step::Wait(time) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
            Step::Tls(certificate, resumed) => {
                let io = self.handshake(certificate).await?;
                self.line = judged(io, *resumed)?;
                Ok(())
            }
            Step::NoTls(certificate) => {
                ensure!(
                    self.handshake(certificate).await.is_err(),
                    "the handshake succeeded"
                );
                Ok(())
            }
            Step::Close => {
                // The client may have closed before.
                let _ = self.line.io()?.shutdown().await;
                self.line = Line::Over;
                Ok(())
            }
            Step::Cut => {
                self.line = Line::Over;
                Ok(())
            }
            Step::Gone => self.until_gone().await,
            Step::Accept => self.accept().await,
            Step::Data(step) => self.data.perform(step, &self.certificates).await,
        }
    }

    async fn handshake(&mut self, certificate: &str) -> Result<TlsStream<TcpStream>> {
        ensure!(self.input.is_empty(), "the client spoke before TLS");
        let config = self.certificates.server(certificate)?;
        match std::mem::replace(&mut self.line, Line::Over) {
            Line::Clear(io) => Ok(TlsAcceptor::from(config).accept(io).await?),
            _ => bail!("TLS begins on a connection in clear"),
        }
    }

    async fn say(&mut self, bytes: &[u8], times: usize) -> Result<()> {
        let bytes = &self.data.named(bytes);
        let mut all = Vec::new();
        for count in 1..=times {
            all.extend(replaced(bytes, count));
        }
        let size = if self.chunk == 0 {
            all.len()
        } else {
            self.chunk
        };
        for piece in all.chunks(size.max(1)) {
            // A client that closed meanwhile says so by what comes of it.
            let io = self.line.io()?;
            if io.write_all(piece).await.is_err() || io.flush().await.is_err() {
                return Ok(());
            }
            if self.chunk > 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn hear(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                let line = line.strip_suffix(b"\r\n").context("a bare LF")?;
                return Ok(Some(String::from_utf8_lossy(line).into_owned()));
            }
            let mut piece = [0; 4096];
            match self.line.io()?.read(&mut piece).await {
                Ok(count @ 1..) => self.input.extend_from_slice(&piece[..count]),
                // Some close without close_notify.
                _ => return Ok(None),
            }
        }
    }

    async fn until_gone(&mut self) -> Result<()> {
        if matches!(self.line, Line::Over) {
            return Ok(());
        }
        while let Some(line) = self.hear().await? {
            ensure!(line == "QUIT", "heard {line:?}");
        }
        self.line = Line::Over;
        Ok(())
    }
}

/// The server's side of TLS, as a session that is resumed or not.
pub(super) async fn secured(
    io: TcpStream,
    config: Arc<ServerConfig>,
    resumed: bool,
) -> Result<Line> {
    judged(TlsAcceptor::from(config).accept(io).await?, resumed)
}

fn judged(io: TlsStream<TcpStream>, resumed: bool) -> Result<Line> {
    let kind = io.get_ref().1.handshake_kind();
    ensure!(
        (kind == Some(HandshakeKind::Resumed)) == resumed,
        "the handshake was {kind:?}"
    );
    Ok(Line::Secured(Box::new(io)))
}

fn replaced(bytes: &[u8], count: usize) -> Vec<u8> {
    match bytes.windows(3).position(|window| window == b"{n}") {
        Some(place) => {
            let number = count.to_string();
            let rest = replaced(&bytes[place + 3..], count);
            [&bytes[..place], number.as_bytes(), &rest].concat()
        }
        None => bytes.to_vec(),
    }
}

/// Whether a line matches: `*` stands for anything.
fn matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == line,
        Some((begin, more)) => line.strip_prefix(begin).is_some_and(|rest| {
            (0..=rest.len()).any(|skip| rest.get(skip..).is_some_and(|rest| matches(more, rest)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("USER *", "USER a") && matches("*", "") && matches("a*c*", "abcd"));
        assert!(!matches("USER *", "PASS a") && !matches("a", "ab") && !matches("a*c", "abd"));
        assert_eq!(replaced(b"{n} {n}x", 12), b"12 12x");
    }
}
