//! One taxonomy of errors, for every front and every back.

use super::Secret;
use std::fmt;

/// What a request came to, if not to its end.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. The names are the D-Bus errors `org.hayesd1.Error.*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
pub enum ErrorKind {
    /// The caller asked for something malformed.
    InvalidArgument,
    /// No such account, job, port, file.
    NotFound,
    /// It can't be done while something else runs.
    Busy,
    /// No modem is configured or ready.
    NoModem,
    /// The modem went away while it worked.
    ModemGone,
    /// Someone else holds the port.
    PortBusy,
    /// This back has no way to do it.
    NotSupported,
    /// No route, no registration, no bearer, connection refused or lost.
    NoNetwork,
    /// The server's name could not be resolved.
    NameNotFound,
    /// This machine's clock was never set, so certificates can't be judged.
    ClockNotSet,
    /// TLS could not be agreed.
    TlsFailed,
    /// The server's certificate is not valid for it.
    CertificateInvalid,
    /// The server refused the credentials.
    AuthFailed,
    /// The server refused for good (5xx).
    Rejected,
    /// The server refused for now (4xx).
    TemporaryFailure,
    /// A deadline passed.
    Timeout,
    /// The caller cancelled it.
    Cancelled,
    /// More than this back, or a limit, allows.
    TooLarge,
    /// No room for it on disk.
    SpoolFull,
    /// The caller has too much going on.
    QuotaExceeded,
    /// The caller may not.
    NotAuthorized,
    /// The peer spoke nonsense.
    Protocol,
    /// It was sent and its result never came.
    Unknown,
    /// Our own mistake.
    Internal,
}

/// How the text of a [`ErrorKind::NoNetwork`] begins where no connection ever stood.
pub const NO_CONNECTION: &str = "no connection";

/// How the text of an [`ErrorKind::AuthFailed`] begins where the server refused the user before it was shown a
/// password (RFC 1939 section 7: `USER`).
pub const USER_REFUSED: &str = "the server refused the user";

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum Fault {
    /// Whoever asked.
    Caller,
    /// The module on the port.
    Module,
    /// The server.
    Server,
    /// What lies between.
    Link,
    /// hayesd or this machine.
    Us,
}

/// What a server said, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct ServerReply {
    /// Reply code (RFC 5321 section 4.2); 0 for a protocol without.
    pub code: u16,
    /// The rest of the reply, its lines joined by a blank.
    pub text: String,
}

impl fmt::Display for ServerReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == 0 {
            return f.write_str(&self.text);
        }
        write!(f, "{} {}", self.code, self.text)
    }
}

/// An error: what, in which words, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Who is at fault.
    pub fault: Fault,
    /// For a person; without secrets.
    pub text: String,
    /// The server's answer, where it was the reason.
    pub reply: Option<ServerReply>,
    /// Content may have reached the peer before it went wrong.
    pub content_sent: bool,
}

impl Error {
    /// An error of this kind, with the fault that usually goes with it.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            fault: kind.usual_fault(),
            text: text.into(),
            reply: None,
            content_sent: false,
        }
    }

    /// The same, by another's fault.
    #[must_use]
    pub fn by(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// The same, because the server answered so.
    #[must_use]
    pub fn with_reply(mut self, reply: ServerReply) -> Self {
        self.fault = Fault::Server;
        self.reply = Some(reply);
        self
    }

    /// The same, after content may have been taken.
    #[must_use]
    pub fn after_content(mut self) -> Self {
        self.content_sent = true;
        self
    }

    /// The same, without a secret that the peer repeats: some servers quote the command that they refuse.
    #[must_use]
    pub fn without(mut self, secret: &Secret) -> Self {
        self.text = secret.star(&self.text);
        if let Some(reply) = &mut self.reply {
            reply.text = secret.star(&reply.text);
        }
        self
    }

    /// Whether another entry of `via` may be tried: the way failed, not the server, and nothing was sent.
    ///
    /// Every way leads to the same server: one that falls silent once it is connected, or that takes no
    /// message of this size or coding, need not be asked again. That nobody answers, or that the
    /// connection breaks, may be the way's doing, whoever seems to be at fault.
    pub fn try_next(&self) -> bool {
        use ErrorKind::{ModemGone, NoModem, NoNetwork, NotSupported, Timeout, TooLarge};
        let way_failed = match self.kind {
            NoNetwork | NoModem | ModemGone => true,
            Timeout | NotSupported | TooLarge => self.fault != Fault::Server,
            _ => false,
        };
        way_failed && !self.content_sent && self.reply.is_none()
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        self.kind.is_temporary()
    }
}

impl ErrorKind {
    /// The last part of its D-Bus name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "InvalidArgument",
            Self::NotFound => "NotFound",
            Self::Busy => "Busy",
            Self::NoModem => "NoModem",
            Self::ModemGone => "ModemGone",
            Self::PortBusy => "PortBusy",
            Self::NotSupported => "NotSupported",
            Self::NoNetwork => "NoNetwork",
            Self::NameNotFound => "NameNotFound",
            Self::ClockNotSet => "ClockNotSet",
            Self::TlsFailed => "TlsFailed",
            Self::CertificateInvalid => "CertificateInvalid",
            Self::AuthFailed => "AuthFailed",
            Self::Rejected => "Rejected",
            Self::TemporaryFailure => "TemporaryFailure",
            Self::Timeout => "Timeout",
            Self::Cancelled => "Cancelled",
            Self::TooLarge => "TooLarge",
            Self::SpoolFull => "SpoolFull",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::NotAuthorized => "NotAuthorized",
            Self::Protocol => "Protocol",
            Self::Unknown => "Unknown",
            Self::Internal => "Internal",
        }
    }

    /// All of them, in the order of the design.
    pub const ALL: [Self; 24] = [
        Self::InvalidArgument,
        Self::NotFound,
        Self::Busy,
        Self::NoModem,
        Self::ModemGone,
        Self::PortBusy,
        Self::NotSupported,
        Self::NoNetwork,
        Self::NameNotFound,
        Self::ClockNotSet,
        Self::TlsFailed,
        Self::CertificateInvalid,
        Self::AuthFailed,
        Self::Rejected,
        Self::TemporaryFailure,
        Self::Timeout,
        Self::Cancelled,
        Self::TooLarge,
        Self::SpoolFull,
        Self::QuotaExceeded,
        Self::NotAuthorized,
        Self::Protocol,
        Self::Unknown,
        Self::Internal,
    ];

    fn usual_fault(self) -> Fault {
        match self {
            Self::InvalidArgument
            | Self::NotFound
            | Self::Busy
            | Self::Cancelled
            | Self::TooLarge
            | Self::QuotaExceeded
            | Self::NotAuthorized
            | Self::NotSupported => Fault::Caller,
            Self::NoModem | Self::ModemGone | Self::PortBusy | Self::Unknown => Fault::Module,
            Self::NoNetwork | Self::NameNotFound | Self::Timeout => Fault::Link,
            Self::TlsFailed
            | Self::CertificateInvalid
            | Self::AuthFailed
            | Self::Rejected
            | Self::TemporaryFailure
            | Self::Protocol => Fault::Server,
            Self::ClockNotSet | Self::SpoolFull | Self::Internal => Fault::Us,
        }
    }

    fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::NoModem
                | Self::ModemGone
                | Self::PortBusy
                | Self::NoNetwork
                | Self::NameNotFound
                | Self::ClockNotSet
                | Self::TlsFailed
                | Self::TemporaryFailure
                | Self::Timeout
                | Self::SpoolFull
                | Self::Protocol
                | Self::Unknown
        )
    }
}

impl fmt::Display for Error {
    /// The text, then the server's own words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.reply {
            Some(reply) => write!(f, ": {reply}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
