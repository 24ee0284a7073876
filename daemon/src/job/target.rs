//! Where a download goes that becomes no result: once, whatever is tried again.

use crate::service::{BoxFuture, Error, ErrorKind, Result, Sink};
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// A place that the caller gave, shared by all attempts.
#[derive(Clone)]
pub(super) struct Target(Arc<Mutex<Filled>>);

/// How far it is filled.
pub(super) struct Filled {
    sink: Box<dyn Sink>,
    /// Bytes that went there.
    pub(super) written: u64,
    /// The file's size on the server when they did, where it was told.
    pub(super) size: Option<u64>,
    /// The caller's side failed: no attempt will do better.
    failed: Option<Error>,
    /// Bytes are on their way into it; still so when an attempt is given up meanwhile.
    busy: bool,
}

impl Target {
    pub(super) fn new(sink: Box<dyn Sink>) -> Self {
        Self(Arc::new(Mutex::new(Filled {
            sink,
            written: 0,
            size: None,
            failed: None,
            busy: false,
        })))
    }

    pub(super) async fn lock(&self) -> MutexGuard<'_, Filled> {
        self.0.lock().await
    }
}

impl Filled {
    /// Why the caller's side failed, if it did.
    pub(super) fn failure(&self) -> Option<Error> {
        if self.busy {
            let text = "an attempt was given up while the descriptor did not take its bytes";
            return Some(Error::new(ErrorKind::Timeout, text));
        }
        self.failed.clone()
    }
}

impl Sink for Filled {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let size = bytes.len() as u64;
            self.busy = true;
            let result = self.sink.put(bytes).await;
            self.busy = false;
            if let Err(error) = result {
                let error = Error::new(ErrorKind::InvalidArgument, error.text);
                self.failed = Some(error.clone());
                return Err(error);
            }
            self.written += size;
            Ok(())
        })
    }
}
