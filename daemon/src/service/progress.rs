//! How far a request has come.

use super::{BoxFuture, Result};

/// What a job is doing. The names are `Job.Phase` on D-Bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing yet.
    #[default]
    Waiting,
    /// Looking the server's name up.
    Resolving,
    /// Connecting, TLS included.
    Connecting,
    /// Proving who we are.
    Authenticating,
    /// Sender, recipients, headers, what precedes content.
    Preparing,
    /// Content is on its way.
    Transferring,
    /// All was sent; the peer's answer is awaited.
    Confirming,
}

impl Phase {
    /// Its name on D-Bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Authenticating => "authenticating",
            Self::Preparing => "preparing",
            Self::Transferring => "transferring",
            Self::Confirming => "confirming",
        }
    }
}

/// What a back tells while it works.
pub trait Progress: Send + Sync {
    /// Another phase has begun.
    fn phase(&self, phase: Phase);

    /// So many bytes of content have gone, of so many (0 where unknown).
    fn bytes(&self, done: u64, total: u64);

    /// Called just before the step after which the peer may have taken the content although we
    /// never hear of it. Returns when that is on disk.
    fn committing(&self) -> BoxFuture<'_, Result<()>>;

    /// The same, for a back that may learn of the result after a restart ([`super::MailBack::recover`]): what
    /// is about to be sent is for the recipients at these places of [`super::MailOpen::recipients`].
    fn committing_piece<'a>(&'a self, places: &'a [usize]) -> BoxFuture<'a, Result<()>> {
        let _ = places;
        self.committing()
    }

    /// For a back that sends a mail in several pieces, each with a result of its own and each with a
    /// [`Progress::committing`] before it: the recipients at these places of
    /// [`super::MailOpen::recipients`] have it, and the next piece follows. Returns when that is on disk, so
    /// that they are not sent it again, whatever becomes of the others.
    fn accepted<'a>(&'a self, places: &'a [usize]) -> BoxFuture<'a, ()> {
        let _ = places;
        Box::pin(async {})
    }

    /// For such a back: what was sent for several recipients at once may have reached them although nothing
    /// says so, and each is about to be sent it alone. Returns when that is on disk; with the error that it
    /// stays at where nobody may be sent a mail twice.
    fn repeating(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Where nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn phase(&self, _: Phase) {}

    fn bytes(&self, _: u64, _: u64) {}

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
