//! Why a device cannot be had.

use crate::record::Refusal;
use nix::errno::Errno;
use std::fmt;
use std::io;

/// Why a device cannot be had, for the daemon and for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The reason.
    pub(crate) why: Refusal,
    /// The device and the reason, for a person.
    pub(crate) text: String,
    /// A change in the file system is not sure to tell when it is worth trying again.
    pub(crate) unseen: bool,
}

impl Refused {
    pub(crate) fn new(why: Refusal, text: impl fmt::Display) -> Self {
        Self {
            why,
            text: text.to_string(),
            // A lock may be let go of without a close.
            unseen: why == Refusal::Busy,
        }
    }

    pub(crate) fn not_allowed(text: impl fmt::Display) -> Self {
        Self::new(Refusal::NotAllowed, text)
    }

    /// An error of opening: most mean that it is not there yet. udev makes a node as root's 0600 and
    /// then gives it its group, so EACCES is "not yet" as well.
    pub(crate) fn unavailable(device: impl fmt::Display, error: &io::Error) -> Self {
        let errno = error.raw_os_error().map(Errno::from_raw);
        let why = match errno {
            Some(Errno::EBUSY) => Refusal::Busy,
            Some(Errno::ELOOP | Errno::ENAMETOOLONG | Errno::EINVAL) => Refusal::NotAllowed,
            _ => Refusal::Absent,
        };
        let mut refused = Self::new(why, format_args!("{device}: {error}"));
        refused.unseen |= !matches!(
            errno,
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::EPERM)
        );
        refused
    }

    /// Whether there is no sense in trying again.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self.why, Refusal::Busy | Refusal::Absent)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
