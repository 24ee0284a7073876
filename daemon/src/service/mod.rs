//! The middle: what can be asked of a back, what comes back, and one taxonomy of errors.
//!
//! Plain types and traits; no I/O, no vendor. A front knows this and no back, a back knows this and no
//! front. Sessions are the primitive, since most modules have them.

mod content;
mod error;
mod files;
mod mail;
mod mailbox;
mod progress;
mod reach;
mod secret;
mod server;
mod socket;

pub use content::{Sink, Source};
pub use error::{Error, ErrorKind, Fault, NO_CONNECTION, Result, ServerReply, USER_REFUSED};
pub use files::{Entry, EntryKind, FileBack, FileOpen, FileSession, Placing, Representation};
pub use mail::{
    Certainty, Content, Delivered, Interrupted, MailBack, MailOpen, MailSession, RecipientPolicy,
    Shape, Verdict,
};
pub use mailbox::{
    Listed, MailboxBack, MailboxOpen, MailboxSession, MailboxStatus, Messages, Wanted,
};
pub use progress::{Phase, Progress, Unwatched};
pub use reach::{Destination, Hosts, Reach};
pub use secret::Secret;
pub use server::{Credentials, Mechanism, Server, Tls};
pub use socket::{Socket, SocketBack, SocketOpen};

use std::future::Future;
use std::pin::Pin;

/// A future behind a trait object. Dropping it cancels what it does.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
