//! The middle: what can be asked of a back, what comes back, and one taxonomy of errors.
//!
//! Plain types and traits; no I/O, no vendor. A front knows this and no back, a back knows this and no
//! front. Sessions are the primitive, since most modules have them.

mod error;
mod mail;
mod progress;
mod secret;

pub use error::{Error, ErrorKind, Fault, Result, ServerReply};
pub use mail::{
    Certainty, Content, Credentials, Delivered, MailBack, MailOpen, MailSession, RecipientPolicy,
    Server, Shape, Tls, Verdict,
};
pub use progress::{Phase, Progress};
pub use secret::Secret;

use std::future::Future;
use std::pin::Pin;

/// A future behind a trait object. Dropping it cancels what it does.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
