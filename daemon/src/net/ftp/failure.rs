//! What a server's refusal means, in the words of the service. No I/O.

use super::super::replies::Reply;
use super::reply::for_people;
use crate::service::{Error, ErrorKind};

/// What a reply answers: the same code means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Greeting, NOOP, TYPE, PORT and the like.
    Hello,
    /// USER, PASS, ACCT.
    Login,
    /// AUTH, PBSZ, PROT.
    Protect,
    /// What needs a file or folder that is there: RETR, SIZE, MDTM, CWD, DELE, RMD, RNFR, MLSD, LIST.
    Find,
    /// What makes one: STOR, APPE, MKD, RNTO.
    Make,
}

/// A reply that refuses, or one that was not expected here.
pub(super) fn from_reply(reply: &Reply, step: Step) -> Error {
    let (kind, text) = match (reply.code, step) {
        (421, _) => (
            ErrorKind::TemporaryFailure,
            "the server ends the connection",
        ),
        (400..=599, Step::Protect) => (
            ErrorKind::TlsFailed,
            "the server agrees to no TLS, or somebody on the way hides it",
        ),
        (521 | 522 | 533 | 534 | 535 | 536, _) => (
            ErrorKind::TlsFailed,
            "the server and we agree on no protection for data",
        ),
        // 430: not in the RFC, but that is what it means where it is used.
        (500..=599, Step::Login) | (430 | 530, _) => (
            ErrorKind::AuthFailed,
            "the server refused user and password",
        ),
        (332 | 532, _) => (
            ErrorKind::AuthFailed,
            "the server wants an account besides user and password",
        ),
        (400..=499, _) => (ErrorKind::TemporaryFailure, "the server refused for now"),
        (550, Step::Find) if !denies(reply) => {
            (ErrorKind::NotFound, "the server has no such file or folder")
        }
        (552, _) => (ErrorKind::TooLarge, "the server has no room for it"),
        (553, _) => (ErrorKind::Rejected, "the server takes no file of this name"),
        (500 | 502 | 504, _) => (ErrorKind::NotSupported, "the server can't do it"),
        (503, _) => (ErrorKind::Protocol, "the server lost the thread"),
        (500..=599, _) => (ErrorKind::Rejected, "the server refused"),
        _ => (ErrorKind::Protocol, "the server answered out of turn"),
    };
    Error::new(kind, text).with_reply(for_people(reply))
}

/// 550 is also what a server says to those who may not.
fn denies(reply: &Reply) -> bool {
    let text = for_people(reply).text.to_ascii_lowercase();
    [
        "denied",
        "permission",
        "not permitted",
        "not allowed",
        "forbidden",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// Content did not come whole.
pub(super) fn truncated() -> Error {
    Error::new(
        ErrorKind::NoNetwork,
        "the data connection was cut: the server never said that it was at the end",
    )
    .by(crate::service::Fault::Server)
}

/// The other's count is another.
pub(super) fn changed(text: String) -> Error {
    Error::new(ErrorKind::TemporaryFailure, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Fault;

    fn reply(code: u16, text: &str) -> Reply {
        Reply {
            code,
            lines: vec![text.into()],
        }
    }

    #[test]
    fn codes_mean_what_the_step_says() {
        use ErrorKind::*;
        for (code, step, kind) in [
            (421, Step::Login, TemporaryFailure),
            (421, Step::Protect, TemporaryFailure),
            (425, Step::Find, TemporaryFailure),
            (426, Step::Find, TemporaryFailure),
            (430, Step::Login, AuthFailed),
            (450, Step::Find, TemporaryFailure),
            (451, Step::Make, TemporaryFailure),
            (452, Step::Make, TemporaryFailure),
            (500, Step::Find, NotSupported),
            (500, Step::Login, AuthFailed),
            (501, Step::Make, Rejected),
            (502, Step::Protect, TlsFailed),
            (503, Step::Make, Protocol),
            (504, Step::Hello, NotSupported),
            (522, Step::Find, TlsFailed),
            (530, Step::Find, AuthFailed),
            (530, Step::Login, AuthFailed),
            (532, Step::Make, AuthFailed),
            (534, Step::Make, TlsFailed),
            (550, Step::Find, NotFound),
            (550, Step::Make, Rejected),
            (552, Step::Make, TooLarge),
            (553, Step::Make, Rejected),
            (200, Step::Find, Protocol),
            (631, Step::Find, Protocol),
        ] {
            let error = from_reply(&reply(code, "its words"), step);
            assert_eq!(
                (error.kind, error.fault),
                (kind, Fault::Server),
                "{code} {step:?}"
            );
            assert!(error.to_string().ends_with(&format!(": {code} its words")));
            assert!(!error.try_next());
        }
        for words in [
            "Permission denied.",
            "x: Operation not permitted",
            "Access is denied.",
        ] {
            let error = from_reply(&reply(550, words), Step::Find);
            assert_eq!(error.kind, Rejected);
        }
    }
}
