//! Ports whose objects are on the bus before they are started: who sees our name sees them, too.

use super::error::{Refused, Result};
use crate::service::ErrorKind;
use tokio::sync::watch;

/// A handle that comes later.
#[derive(Debug)]
pub(super) struct Late<H>(watch::Receiver<Option<H>>);

/// Where it comes from. Dropping it says that it never will.
pub type Coming<H> = watch::Sender<Option<H>>;

impl<H: Clone> Late<H> {
    /// Both ends.
    pub(super) fn new() -> (Coming<H>, Self) {
        let (coming, late) = watch::channel(None);
        (coming, Self(late))
    }

    /// The handle, if it is there.
    pub(super) fn now(&self) -> Option<H> {
        self.0.borrow().clone()
    }

    /// The handle, once it is there.
    ///
    /// # Errors
    ///
    /// `Busy` where the daemon ends before.
    pub(super) async fn get(&self) -> Result<H> {
        let mut late = self.0.clone();
        let handle = late
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|handle| handle.clone());
        handle.ok_or_else(|| Refused::new(ErrorKind::Busy, "the daemon is about to end"))
    }

    /// Another one for the same handle.
    pub(super) fn again(&self) -> Self {
        Self(self.0.clone())
    }
}
