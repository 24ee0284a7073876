//! An exchange over a stream.

use super::super::stream::Stream;
use super::super::{Tls, failure};
use super::{Answers, Exchange};
use crate::service::{Error, ErrorKind, Result};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite};

/// A conversation with a server. Every step has the deadline that [`Channel::allow`] set last.
pub(in crate::net) struct Channel<A> {
    /// `None` after a handshake that failed.
    stream: Option<Stream>,
    exchange: Exchange<A>,
    /// Bytes were written since the last flush.
    unflushed: bool,
    /// Why nothing can be written any more; what the peer still says is read first.
    broken: Option<io::Error>,
}

impl<A: Answers> Channel<A> {
    /// Over this stream; so many bytes are read at a time.
    pub(in crate::net) fn new(stream: Stream, answers: A, piece: usize) -> Self {
        Self {
            stream: Some(stream),
            exchange: Exchange::new(answers, piece),
            unflushed: false,
            broken: None,
        }
    }

    /// From now on so long for everything, until it is set again.
    pub(in crate::net) fn allow(&mut self, time: Duration) {
        if let Some(stream) = &mut self.stream {
            stream.allow(time);
        }
    }

    /// The stream, while there is one.
    pub(in crate::net) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// What is said over it.
    pub(in crate::net) fn exchange(&mut self) -> &mut Exchange<A> {
        &mut self.exchange
    }

    /// Asks and waits for the answer, in this time. Protocol where the peer has spoken before it was asked: what
    /// it said is not the answer (see [`Channel::unasked`]).
    pub(in crate::net) async fn command(
        &mut self,
        line: &str,
        within: Duration,
    ) -> Result<A::Answer> {
        self.allow(within);
        if self.exchange.owed() > 0 || self.exchange.has_more() {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the server spoke before it was asked",
            ));
        }
        self.exchange.ask(line)?;
        self.answer().await
    }

    /// What the peer said although nobody asked, its last words most likely.
    pub(in crate::net) async fn unasked(&mut self) -> Result<Option<A::Answer>> {
        if self.exchange.has_unasked() {
            return self.answer().await.map(Some);
        }
        Ok(None)
    }

    /// Sends what is queued and waits for the next answer.
    pub(in crate::net) async fn answer(&mut self) -> Result<A::Answer> {
        loop {
            if let Some(answer) = self.exchange.answer()? {
                return Ok(answer);
            }
            self.more().await?;
        }
    }

    /// Sends what is queued and waits until more has come. Both at once: a peer that must get rid of its
    /// answers before it reads on is no dead-lock.
    pub(in crate::net) async fn more(&mut self) -> Result<()> {
        poll_fn(|cx| self.poll_more(cx))
            .await
            .map_err(|error| failure::from_io(&error))
    }

    /// Goes on over TLS, in this time. Whatever is left of what came in clear was sent by somebody who hopes
    /// that it is taken for the server's secured words (CVE-2011-0411 and its kin): TlsFailed.
    pub(in crate::net) async fn secure(
        &mut self,
        tls: &Tls,
        host: &str,
        within: Duration,
    ) -> Result<()> {
        if self.exchange.has_more() {
            return Err(Error::new(
                ErrorKind::TlsFailed,
                "the server sent more in clear after it agreed to TLS",
            ));
        }
        let stream = self.stream.take().ok_or_else(failure::closed)?;
        self.stream = Some(tls.secure(stream, host, within).await?);
        Ok(())
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.is_none()
            && let Err(error) = self.poll_write(cx)
        {
            if error.kind() == io::ErrorKind::TimedOut {
                return Poll::Ready(Err(error));
            }
            self.broken = Some(error);
        }
        match ready!(self.poll_read(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            // A peer that closes has often said why; only now is it clear that it has not.
            Err(error) => Poll::Ready(Err(self.broken.take().unwrap_or(error))),
        }
    }

    /// Writes what goes without waiting.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        while !self.exchange.outgoing().is_empty() {
            match Pin::new(&mut *stream).poll_write(cx, self.exchange.outgoing())? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) => self.exchange.sent(count),
                Poll::Pending => return Ok(()),
            }
            self.unflushed = true;
        }
        if self.unflushed && Pin::new(stream).poll_flush(cx)?.is_ready() {
            self.unflushed = false;
        }
        Ok(())
    }

    /// Reads all that is there, as far as there is room: TLS gives it in small records.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let room = self.exchange.room();
        let before = room.len();
        while room.len() < room.capacity() {
            let read = pin!(stream.read_buf(room)).poll(cx);
            match read {
                Poll::Ready(Ok(1..)) => {}
                // What came before counts; the end is met again by the next read.
                _ if room.len() > before => break,
                Poll::Ready(Ok(_)) => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}
