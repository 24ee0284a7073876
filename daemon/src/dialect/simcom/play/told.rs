//! What failures are called (reference section 16.1).

use crate::service::ErrorKind::{
    AuthFailed, Busy, Cancelled, CertificateInvalid, ClockNotSet, InvalidArgument, ModemGone,
    NameNotFound, NoModem, NoNetwork, NotAuthorized, NotFound, PortBusy, Protocol, QuotaExceeded,
    Rejected, SpoolFull, TemporaryFailure, Timeout, TlsFailed, TooLarge,
};
use crate::service::{Error, Fault, ServerReply, USER_REFUSED};

/// The server closed the connection, and nothing between was at fault. One that refuses it never had it. A reset
/// counts as closed: that is what comes of a server that closes with something of ours unread (RFC 1122 section
/// 4.2.2.13), so that it would be luck which of the two is told.
fn closed_by_server(error: &Error) -> bool {
    error.kind == NoNetwork
        && error.fault == Fault::Server
        && !error.text.starts_with(crate::service::NO_CONNECTION)
}

/// How far a connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Data was not under way yet.
    Opening,
    /// Data was.
    Moving,
}

impl Phase {
    /// What the network's failure is called, where it failed in the middle of data and where it did not.
    fn network<T>(self, moving: T, opening: T) -> T {
        match self {
            Self::Opening => opening,
            Self::Moving => moving,
        }
    }
}

/// `<code>` of `+SMTP:`; `connecting` until the server has greeted.
pub(super) fn of_mail(error: &Error, connecting: bool) -> &'static str {
    let reply = error.reply.as_ref();
    // RFC 4954 section 6: 530 and 5.7.0 ask for authentication; many servers refuse one with "535 5.7.0".
    let asks = |reply: &ServerReply| {
        reply.code == 530 || (reply.code != 535 && reply.text.starts_with("5.7.0"))
    };
    if reply.is_some_and(asks) {
        return "AUTH REQUIRED";
    }
    match error.kind {
        AuthFailed => "AUTH ERROR",
        _ if reply.is_some() || closed_by_server(error) => "SERVER ERROR",
        Timeout if !connecting || error.fault == Fault::Server => "SERVER ERROR",
        InvalidArgument | NotFound => "PARAM ERROR",
        TooLarge => "OVERSIZE",
        NameNotFound | NoNetwork | NoModem | ModemGone | PortBusy | Busy | NotAuthorized
        | Timeout | TlsFailed | CertificateInvalid | ClockNotSet | SpoolFull | QuotaExceeded
        | Cancelled => "NETWORK ERROR",
        _ => "SERVER ERROR",
    }
}

/// `<code>` of `+POP3:` for `AT+POP3IN`.
pub(super) fn of_login(error: &Error) -> &'static str {
    match error.kind {
        // Most servers take any user, and say only with the password what they think of it.
        AuthFailed if error.text.starts_with(USER_REFUSED) => "INVALID UN",
        AuthFailed => "INVALID UNPWD",
        Timeout if error.fault != Fault::Server => "NETWORK ERROR",
        _ => of_mailbox(error),
    }
}

/// `<code>` of `+POP3:` once it is open.
pub(super) fn of_mailbox(error: &Error) -> &'static str {
    match error.kind {
        _ if error.reply.is_some() || closed_by_server(error) => "SERVER ERROR",
        NameNotFound | NoNetwork | NoModem | ModemGone | PortBusy | Busy | NotAuthorized
        | TlsFailed | CertificateInvalid | ClockNotSet | Cancelled => "NETWORK ERROR",
        SpoolFull | TooLarge => "FILE SYSTEM ERROR",
        _ => "SERVER ERROR",
    }
}

/// `<err>` of FTP.
pub(super) fn of_transfer(error: &Error, phase: Phase) -> u16 {
    match error.kind {
        AuthFailed => 208,
        _ if error.reply.is_some() => 211,
        NameNotFound => 203,
        Timeout => 204,
        // No room for a connection here.
        NoNetwork if error.fault == Fault::Us => 212,
        NoNetwork => phase.network(210, 214),
        NoModem | ModemGone | PortBusy | NotAuthorized | TlsFailed | CertificateInvalid
        | ClockNotSet | Cancelled => 214,
        Busy => 202,
        NotFound => 205,
        SpoolFull => 206,
        Rejected | TemporaryFailure | Protocol => 211,
        TooLarge | QuotaExceeded => 212,
        InvalidArgument => 213,
        _ => 201,
    }
}

/// `<err>` of HTTP.
pub(super) fn of_http(error: &Error, phase: Phase) -> u16 {
    match error.kind {
        NameNotFound => 222,
        Timeout => 223,
        NoNetwork if error.fault == Fault::Us => 225,
        NoNetwork => phase.network(224, 227),
        NoModem | ModemGone | PortBusy | NotAuthorized | TlsFailed | CertificateInvalid
        | ClockNotSet | Cancelled => 227,
        Busy => 221,
        Protocol => 224,
        TooLarge | QuotaExceeded => 225,
        InvalidArgument => 226,
        _ => 220,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ErrorKind;

    fn replied(kind: ErrorKind, code: u16, text: &str) -> Error {
        let text = text.to_owned();
        Error::new(kind, "refused").with_reply(ServerReply { code, text })
    }

    fn closed() -> Error {
        Error::new(NoNetwork, "closed").by(Fault::Server)
    }

    /// Each row of the table for SMTP and POP3.
    #[test]
    fn words_for_failures() {
        let plain = |kind| Error::new(kind, "");
        for (error, smtp, pop3) in [
            (plain(NameNotFound), "NETWORK ERROR", "NETWORK ERROR"),
            (plain(NoNetwork), "NETWORK ERROR", "NETWORK ERROR"),
            (closed(), "SERVER ERROR", "SERVER ERROR"),
            (plain(Protocol), "SERVER ERROR", "SERVER ERROR"),
            (replied(Rejected, 550, "no"), "SERVER ERROR", "SERVER ERROR"),
            (
                replied(AuthFailed, 530, "first"),
                "AUTH REQUIRED",
                "INVALID UNPWD",
            ),
            (
                replied(Rejected, 550, "5.7.0 first"),
                "AUTH REQUIRED",
                "SERVER ERROR",
            ),
            (
                replied(AuthFailed, 535, "no"),
                "AUTH ERROR",
                "INVALID UNPWD",
            ),
            (
                Error::new(AuthFailed, USER_REFUSED),
                "AUTH ERROR",
                "INVALID UN",
            ),
            (
                replied(AuthFailed, 535, "5.7.0 no"),
                "AUTH ERROR",
                "INVALID UNPWD",
            ),
            // What is attached has grown since.
            (plain(TooLarge), "OVERSIZE", "FILE SYSTEM ERROR"),
            (plain(SpoolFull), "NETWORK ERROR", "FILE SYSTEM ERROR"),
            (plain(NotFound), "PARAM ERROR", "SERVER ERROR"),
        ] {
            assert_eq!(
                (of_mail(&error, false), of_login(&error)),
                (smtp, pop3),
                "{error:?}"
            );
        }
        let timeout = Error::new(Timeout, "").by(Fault::Link);
        assert_eq!(of_mail(&timeout, true), "NETWORK ERROR");
        assert_eq!(of_mail(&timeout, false), "SERVER ERROR");
        let silent = Error::new(Timeout, "").by(Fault::Server);
        assert_eq!(
            (of_mail(&silent, true), of_login(&silent)),
            ("SERVER ERROR", "SERVER ERROR")
        );
    }

    /// Each row of the table for FTP and HTTP.
    #[test]
    fn numbers_for_failures() {
        let plain = |kind| Error::new(kind, "");
        for (error, ftp, http) in [
            (plain(NameNotFound), 203, 222),
            (plain(Timeout), 204, 223),
            (replied(Rejected, 550, "no such file"), 211, 220),
            (replied(AuthFailed, 530, "no"), 208, 220),
            (plain(TooLarge), 212, 225),
            (plain(NoNetwork).by(Fault::Us), 212, 225),
            (plain(InvalidArgument), 213, 226),
            (plain(Busy), 202, 221),
            (plain(SpoolFull), 206, 220),
            (plain(ErrorKind::Internal), 201, 220),
        ] {
            assert_eq!(
                (
                    of_transfer(&error, Phase::Moving),
                    of_http(&error, Phase::Moving)
                ),
                (ftp, http),
                "{error:?}"
            );
        }
        let both = |error, phase| (of_transfer(&error, phase), of_http(&error, phase));
        assert_eq!(both(closed(), Phase::Opening), (214, 227));
        assert_eq!(both(plain(NoNetwork), Phase::Opening), (214, 227));
        assert_eq!(both(plain(NoNetwork), Phase::Moving), (210, 224));
        assert_eq!(both(closed(), Phase::Moving), (210, 224));
    }
}
