//! What a refusal means, in the words of the service (RFC 2449 section 8, RFC 3206).

use crate::service::{Error, ErrorKind, ServerReply, USER_REFUSED};

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The connection itself, in the greeting.
    Greeting,
    Stls,
    /// The credentials, or the mailbox.
    Login {
        /// The server says `[AUTH]` where it means the credentials.
        coded: bool,
        /// It was told the user alone, and no password yet.
        user: bool,
    },
    /// A message.
    Message,
    /// What was marked is to be deleted.
    Quit,
    /// Anything else.
    Other,
}

/// A `-ERR` with these words.
pub(super) fn refused(words: &str, step: Step) -> Error {
    let (kind, text) = match code(words).as_deref() {
        Some("IN-USE") => (
            ErrorKind::TemporaryFailure,
            "another session has the mailbox open",
        ),
        Some("LOGIN-DELAY") => (
            ErrorKind::TemporaryFailure,
            "the server wants more time between two sessions",
        ),
        Some("AUTH") => (ErrorKind::AuthFailed, refused_login(step)),
        Some(code) if is_or_under(code, "SYS/TEMP") => {
            (ErrorKind::TemporaryFailure, "the server refused for now")
        }
        Some(code) if is_or_under(code, "SYS/PERM") => (ErrorKind::Rejected, "the server refused"),
        _ => uncoded(words, step),
    };
    Error::new(kind, text).with_reply(ServerReply {
        code: 0,
        text: format!("-ERR {words}").trim_end().to_owned(),
    })
}

const REFUSED_LOGIN: &str =
    "the server refused user and password (some providers want an app password)";

fn refused_login(step: Step) -> &'static str {
    match step {
        Step::Login { user: true, .. } => USER_REFUSED,
        _ => REFUSED_LOGIN,
    }
}

fn uncoded(words: &str, step: Step) -> (ErrorKind, &'static str) {
    match step {
        // RFC 1939 has no word for it; what it gives as an example is told apart.
        Step::Login { .. } if is_locked(words) => (
            ErrorKind::TemporaryFailure,
            "another session has the mailbox open",
        ),
        Step::Login { coded: true, .. } => {
            (ErrorKind::Rejected, "the server would not open the mailbox")
        }
        Step::Login { coded: false, .. } => (ErrorKind::AuthFailed, refused_login(step)),
        Step::Greeting => (ErrorKind::TemporaryFailure, "the server takes nobody now"),
        Step::Stls => (ErrorKind::TlsFailed, "the server would not begin TLS"),
        Step::Message => (
            ErrorKind::Rejected,
            "the server would not give or delete the message",
        ),
        Step::Quit => (
            ErrorKind::TemporaryFailure,
            "the server may not have deleted all that was marked",
        ),
        Step::Other => (ErrorKind::Rejected, "the server refused"),
    }
}

/// The extended response code (RFC 2449 section 8), in upper case.
fn code(words: &str) -> Option<String> {
    let (code, _) = words.strip_prefix('[')?.split_once(']')?;
    Some(code.to_ascii_uppercase())
}

fn is_or_under(code: &str, class: &str) -> bool {
    code.strip_prefix(class)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// "unable to lock maildrop", "maildrop already locked" (RFC 1939 section 7), and their kin.
fn is_locked(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("lock")
        && ["maildrop", "mailbox", "already"]
            .iter()
            .any(|word| words.contains(word))
}

/// The answer makes no sense here.
pub(super) fn out_of_turn(words: &str) -> Error {
    Error::new(ErrorKind::Protocol, "the server answered out of turn").with_reply(ServerReply {
        code: 0,
        text: words.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Fault;

    #[test]
    fn refusals_mean_what_code_and_step_say() {
        use ErrorKind::{AuthFailed, Rejected, TemporaryFailure, TlsFailed};
        let user = false;
        let login = Step::Login { coded: false, user };
        let coded = Step::Login { coded: true, user };
        for (words, step, kind) in [
            (
                "[IN-USE] Do you have another POP session running?",
                coded,
                TemporaryFailure,
            ),
            (
                "[LOGIN-DELAY] minimum time between mail checks violation",
                login,
                TemporaryFailure,
            ),
            ("[SYS/TEMP] try later", coded, TemporaryFailure),
            ("[sys/temp/disk] full", Step::Other, TemporaryFailure),
            ("[SYS/PERM] mailbox corrupt", login, Rejected),
            ("[SYS/TEMPORARY] what", Step::Other, Rejected),
            ("[AUTH] no", coded, AuthFailed),
            ("no such user", login, AuthFailed),
            ("no such user", coded, Rejected),
            ("maildrop already locked", login, TemporaryFailure),
            ("unable to lock maildrop", coded, TemporaryFailure),
            ("account blocked", login, AuthFailed),
            ("no such message", Step::Message, Rejected),
            ("", Step::Greeting, TemporaryFailure),
            ("", Step::Stls, TlsFailed),
            (
                "some deleted messages not removed",
                Step::Quit,
                TemporaryFailure,
            ),
            ("[ broken", Step::Other, Rejected),
        ] {
            let error = refused(words, step);
            assert_eq!(error.kind, kind, "{words} {step:?}");
            assert_eq!(error.fault, Fault::Server);
            assert!(error.to_string().ends_with(words));
            assert!(!error.try_next());
            assert!(!error.text.starts_with(USER_REFUSED));
        }
    }

    #[test]
    fn a_user_that_is_refused_is_told_apart() {
        use ErrorKind::{AuthFailed, Rejected, TemporaryFailure};
        for (words, coded, kind, of_user) in [
            ("no such user", false, AuthFailed, true),
            ("[AUTH] no such user", true, AuthFailed, true),
            ("sorry", true, Rejected, false),
            ("mailbox already locked", false, TemporaryFailure, false),
        ] {
            let error = refused(words, Step::Login { coded, user: true });
            let told = error.text.starts_with(USER_REFUSED);
            assert_eq!((error.kind, told), (kind, of_user), "{words}");
        }
    }
}
