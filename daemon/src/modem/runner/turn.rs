//! What follows what in the modem's life.

use crate::modem::chat::ChatError;
use crate::modem::ladder::Rung;
use crate::modem::startup::Unusable;

/// Why a stage of the modem's life ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The device went away; the claim stands.
    Gone,
    /// The port was asked for and is not ours yet.
    Wait,
    /// It does not answer: recovery begins with this rung.
    Recover(Rung),
    /// It restarted, or was brought back: bring it up.
    BringUp,
    /// It cannot be used; for a person.
    Failed(String),
    /// The port itself is lost: claim it anew, after a while.
    Reclaim(String),
    /// The device may be there now: claim it anew at once.
    Anew,
    /// Switched off.
    Disabled,
    /// Nobody holds a handle any more.
    Over,
}

impl From<ChatError> for Turn {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Gone => Self::Gone,
            ChatError::Restarted => Self::BringUp,
            ChatError::Port(error) => Self::Reclaim(error.to_string()),
            ChatError::Stuck => Self::Recover(Rung::Reopen),
            ChatError::DataMode => Self::Recover(Rung::Escape),
            // What was tried is the mildest: drain and probe.
            ChatError::Lost => Self::Recover(Rung::Escape),
            ChatError::TimedOut(_) | ChatError::Cancelled | ChatError::Torn(_) => {
                Self::Recover(Rung::Resync)
            }
        }
    }
}

impl From<Unusable> for Turn {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Chat(error) => error.into(),
            Unusable::Wrong(why) => Self::Failed(why),
        }
    }
}
