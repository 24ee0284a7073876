//! One stream for every protocol: a deadline holds for each read and each write.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a stream can run over: TCP, TLS over it, later a module's socket.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A stream whose every read and write fails with [`io::ErrorKind::TimedOut`] once its deadline is over.
pub(super) struct Stream {
    io: Box<dyn Io>,
    peer: SocketAddr,
    local: Option<IpAddr>,
    deadline: Pin<Box<Sleep>>,
}

impl Stream {
    /// Over this, to this address, with a deadline that the first use must set anew.
    pub(super) fn new(io: impl Io + 'static, peer: SocketAddr) -> Self {
        Self {
            io: Box::new(io),
            peer,
            local: None,
            deadline: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// The same, read in pieces of up to this many bytes whatever its user asks for: TLS asks for 4 KiB.
    pub(super) fn buffered(self, piece: usize) -> Self {
        Self {
            io: Box::new(BufReader::with_capacity(piece, self.io)),
            ..self
        }
    }

    /// What it runs over, without a deadline any more.
    pub(super) fn into_io(self) -> Box<dyn Io> {
        self.io
    }

    /// The same, with our own address on it.
    pub(super) fn from(mut self, local: Option<IpAddr>) -> Self {
        self.local = local;
        self
    }

    /// Our own address on it, where known.
    pub(super) fn local(&self) -> Option<IpAddr> {
        self.local
    }

    /// From now on so long for everything, until it is set again.
    pub(super) fn allow(&mut self, time: Duration) {
        self.deadline.as_mut().reset(Instant::now() + time);
    }

    /// So long at most; an earlier deadline stays.
    pub(super) fn allow_at_most(&mut self, time: Duration) {
        let until = Instant::now() + time;
        if until < self.deadline.deadline() {
            self.deadline.as_mut().reset(until);
        }
    }

    /// The address that it really goes to.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    fn in_time<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("peer", &self.peer).finish()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The deadline first: a peer that sends without end must not outlive it.
        if self.deadline.is_elapsed() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Pending => self.in_time(cx),
            ready => ready,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.deadline.is_elapsed() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Pending => self.in_time(cx),
            ready => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_flush(cx) {
            Poll::Pending => self.in_time(cx),
            ready => ready,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_shutdown(cx) {
            Poll::Pending => self.in_time(cx),
            ready => ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn pair() -> (Stream, tokio::io::DuplexStream) {
        let (ours, theirs) = duplex(8);
        (Stream::new(ours, ([127, 0, 0, 1], 25).into()), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_at_the_deadline() {
        let (mut stream, _peer) = pair();
        stream.allow(Duration::from_secs(60));
        let began = Instant::now();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_does_not_move_the_deadline() {
        let (mut stream, mut peer) = pair();
        tokio::spawn(async move {
            while peer.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        stream.allow(Duration::from_secs(60));
        let began = Instant::now();
        let mut got = Vec::new();
        let error = stream.read_to_end(&mut got).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 60);
        assert!((59..=61).contains(&got.len()), "{}", got.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_ends_a_write() {
        let (mut stream, _peer) = pair();
        stream.allow(Duration::from_secs(5));
        let error = stream.write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        stream.allow(Duration::from_secs(5));
        stream.allow_at_most(Duration::from_secs(60));
        let began = Instant::now();
        assert!(stream.write_all(&[0; 100]).await.is_err());
        assert_eq!(began.elapsed().as_secs(), 5);
    }
}
