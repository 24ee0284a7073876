//! The stream as lettre sees it: replies are judged and made harmless before it reads them.

use super::super::exchange::Answers;
use super::super::replies::{Replies, Reply};
use super::super::stream::Stream;
use super::super::{Timeouts, Tls};
use crate::service::{Error, ErrorKind, Result};
use lettre::transport::smtp::client::AsyncTokioStream;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One read; a reply fits in it.
const PIECE: usize = 1024;

#[derive(Debug)]
struct Inner {
    /// `None` while, or after, a handshake failed half-way.
    stream: Option<Stream>,
    peer: SocketAddr,
    timeouts: Timeouts,
    /// What was read and not yet judged.
    input: Vec<u8>,
    replies: Replies,
    /// A reply on its way to lettre.
    output: Vec<u8>,
    given: usize,
    /// The last whole reply to anything but QUIT, which lettre sends by itself after some errors.
    last: Reply,
    quitting: bool,
}

/// A handle to the connection: lettre has one, the session another. Only one of them is ever in use.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<Mutex<Inner>>);

impl Wire {
    pub(super) fn new(stream: Stream, timeouts: Timeouts) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            peer: stream.peer(),
            stream: Some(stream),
            timeouts,
            input: Vec::new(),
            replies: Replies::default(),
            output: Vec::new(),
            given: 0,
            last: Reply::default(),
            quitting: false,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing that panics runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on so long for everything, until it is set again.
    pub(super) fn allow(&self, time: Duration) {
        if let Some(stream) = &mut self.inner().stream {
            stream.allow(time);
        }
    }

    pub(super) fn last(&self) -> Reply {
        self.inner().last.clone()
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.inner().peer
    }

    /// The server has spoken although nobody asked.
    pub(super) fn has_unasked(&self) -> bool {
        let inner = self.inner();
        !inner.input.is_empty() || !inner.replies.is_empty() || inner.given < inner.output.len()
    }

    /// Reads one reply past lettre.
    pub(super) async fn reply(&self) -> Result<Reply> {
        poll_fn(|cx| self.inner().poll_reply(cx))
            .await
            .map_err(|error| super::failure::from_io(&error))
    }

    /// Writes all of this past lettre.
    pub(super) async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = poll_fn(|cx| Pin::new(&mut *self.inner()).poll_write(cx, rest)).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(written..).unwrap_or_default();
        }
        poll_fn(|cx| Pin::new(&mut *self.inner()).poll_flush(cx)).await
    }

    /// Goes on over TLS. What came in clear must have been read: anything left was sent by somebody who
    /// hopes that it is taken for the server's secured words (CVE-2011-0411 and its kin).
    pub(super) async fn secure(&self, tls: &Tls, host: &str) -> Result<()> {
        if self.has_unasked() {
            return Err(Error::new(
                ErrorKind::TlsFailed,
                "the server sent more in clear after it agreed to STARTTLS",
            ));
        }
        let (stream, within) = {
            let mut inner = self.inner();
            (inner.stream.take(), inner.timeouts.tls)
        };
        let stream = stream.ok_or_else(super::failure::closed)?;
        let stream = tls.secure(stream, host, within).await?;
        self.inner().stream = Some(stream);
        Ok(())
    }

    /// Lets lettre read this reply as if it came now.
    pub(super) fn replay(&self, reply: &Reply) {
        self.inner().give(reply);
    }
}

impl Inner {
    fn give(&mut self, reply: &Reply) {
        self.output = for_lettre(reply);
        self.given = 0;
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Reply>> {
        loop {
            let (taken, reply) = match self.replies.take(&self.input) {
                Ok(found) => found,
                Err(error) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
                }
            };
            self.input.drain(..taken);
            if let Some(reply) = reply {
                if !self.quitting {
                    self.last = reply.clone();
                }
                return Poll::Ready(Ok(reply));
            }
            let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            let mut piece = [0; PIECE];
            let mut buffer = ReadBuf::new(&mut piece);
            ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.input.extend_from_slice(buffer.filled());
        }
    }
}

/// A reply in the form that lettre reads: CR LF, a blank after the code, a server name in the first line
/// (it refuses an EHLO answer without, and panics on one that is only blanks).
fn for_lettre(reply: &Reply) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, line) in reply.lines.iter().enumerate() {
        let mark = if index + 1 < reply.lines.len() {
            '-'
        } else {
            ' '
        };
        let text = if index == 0 && line.is_empty() {
            "."
        } else {
            line
        };
        bytes.extend_from_slice(format!("{:03}{mark}{text}\r\n", reply.code).as_bytes());
    }
    bytes
}

impl AsyncRead for Inner {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given == self.output.len() {
            let reply = ready!(self.poll_reply(cx))?;
            self.give(&reply);
        }
        let rest = self.output.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..count).unwrap_or_default());
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Inner {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let timeouts = self.timeouts;
        let inner = &mut *self;
        let stream = inner.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        // The two that lettre sends of its own accord.
        if bytes == b"QUIT\r\n" {
            stream.allow_at_most(timeouts.quit);
            inner.quitting = true;
        } else if bytes.starts_with(b"EHLO ") {
            stream.allow(timeouts.command);
        }
        Pin::new(stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Pin::new(stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Pin::new(stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner()).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.inner()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner()).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer())
    }
}
