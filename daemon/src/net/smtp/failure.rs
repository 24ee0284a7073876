//! What went wrong, in the words of the service.

pub(super) use super::super::failure::{closed, from_io};
use super::super::replies::Reply;
use crate::service::{Error, ErrorKind};
use std::error::Error as _;
use std::io;

/// Which command a reply answers: the same code means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Greeting, EHLO, STARTTLS, NOOP.
    Hello,
    /// AUTH and its challenges, with a password.
    Auth,
    /// The same with a token.
    Token,
    /// MAIL, DATA, and the content.
    Message,
    /// RCPT.
    Recipient,
}

/// A reply that refuses, or one that was not expected here.
pub(super) fn from_reply(reply: &Reply, step: Step) -> Error {
    let (kind, text) = match (reply.code, step) {
        (500..=599, Step::Token) => (ErrorKind::AuthFailed, "the server refused the token"),
        // RFC 4954 section 6, RFC 3463 5.7.8; 454 there is temporary like every 4xx.
        (500..=599, Step::Auth) | (530 | 534 | 535 | 538, _) => (
            ErrorKind::AuthFailed,
            "the server refused user and password (some providers want an app password)",
        ),
        // RFC 5321 section 4.5.3.1.10: 552 to RCPT means "too many for now".
        (552, Step::Recipient) | (400..=499, _) => {
            (ErrorKind::TemporaryFailure, "the server refused for now")
        }
        // RFC 1870 section 6.
        (552, _) => (
            ErrorKind::TooLarge,
            "the server takes no message of this size",
        ),
        (500..=599, _) => (ErrorKind::Rejected, "the server refused"),
        _ => (ErrorKind::Protocol, "the server answered out of turn"),
    };
    Error::new(kind, text).with_reply(reply.for_people())
}

/// What lettre met. The last reply is asked for only where there was one.
pub(super) fn from_lettre(
    error: &lettre::transport::smtp::Error,
    last: impl FnOnce() -> Reply,
    step: Step,
) -> Error {
    if error.status().is_some() {
        return from_reply(&last(), step);
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return from_io(io);
        }
        source = cause.source();
    }
    // Its own words are about grammar and mechanisms, never about what was sent.
    Error::new(
        ErrorKind::Protocol,
        format!("the server spoke nonsense: {error}"),
    )
}

/// The content was sent whole and its result never came.
pub(super) fn unknown(cause: &Error) -> Error {
    Error::new(
        ErrorKind::Unknown,
        format!("the message was sent, but the server's answer never came: {cause}"),
    )
    .by(cause.fault)
    .after_content()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Fault;

    #[test]
    fn codes_mean_what_the_step_says() {
        for (code, step, kind) in [
            (535, Step::Auth, ErrorKind::AuthFailed),
            (500, Step::Auth, ErrorKind::AuthFailed),
            (535, Step::Token, ErrorKind::AuthFailed),
            (454, Step::Token, ErrorKind::TemporaryFailure),
            (454, Step::Auth, ErrorKind::TemporaryFailure),
            (530, Step::Message, ErrorKind::AuthFailed),
            (552, Step::Message, ErrorKind::TooLarge),
            (552, Step::Recipient, ErrorKind::TemporaryFailure),
            (550, Step::Recipient, ErrorKind::Rejected),
            (450, Step::Recipient, ErrorKind::TemporaryFailure),
            (421, Step::Hello, ErrorKind::TemporaryFailure),
            (554, Step::Hello, ErrorKind::Rejected),
            (250, Step::Message, ErrorKind::Protocol),
        ] {
            let reply = Reply {
                code,
                lines: vec!["5.7.8 words".into()],
            };
            let error = from_reply(&reply, step);
            assert_eq!(error.kind, kind, "{code} {step:?}");
            assert_eq!(error.fault, Fault::Server);
            assert!(
                error
                    .to_string()
                    .ends_with(&format!(": {code} 5.7.8 words"))
            );
            assert!(!error.try_next());
        }
    }
}
