//! A connection whose bytes pass untouched: what is said over it is the asker's business.

use super::{BoxFuture, Progress, Reach, Result, Server};

/// What a socket is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOpen {
    /// The server; `STARTTLS` has no meaning here and is refused.
    pub server: Server,
    /// Where the connection may go.
    pub reach: Reach,
}

/// A way to sockets.
pub trait SocketBack: Send + Sync {
    /// Connects, and secures the connection where that is asked for.
    fn open<'a>(
        &'a self,
        request: &'a SocketOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn Socket>>>;
}

/// A connection. Dropping it closes it.
pub trait Socket: Send {
    /// Sends all of these bytes.
    fn send<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<()>>;

    /// Waits for bytes, and puts them behind those of `into`: as many as came, at most so many; none where
    /// the peer has closed its side. Dropped before it is ready, it has taken nothing.
    fn receive<'a>(&'a mut self, into: &'a mut Vec<u8>, most: usize) -> BoxFuture<'a, Result<()>>;
}
