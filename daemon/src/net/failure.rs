//! What went wrong on the way, in the words of the service.

use crate::service::{Error, ErrorKind, Fault};
use std::io;

/// A stream that failed.
pub(super) fn from_io(error: &io::Error) -> Error {
    if let Some(own) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
    {
        return own.clone();
    }
    match error.kind() {
        io::ErrorKind::TimedOut => silent(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotConnected => closed(),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => lost(error).by(Fault::Server),
        _ => lost(error),
    }
}

/// The peer took longer than it may.
pub(super) fn silent() -> Error {
    Error::new(ErrorKind::Timeout, "the server fell silent").by(Fault::Server)
}

fn lost(error: &io::Error) -> Error {
    Error::new(
        ErrorKind::NoNetwork,
        format!("the connection was lost: {error}"),
    )
}

/// The peer closed it in the middle of something.
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::NoNetwork, "the server closed the connection").by(Fault::Server)
}
