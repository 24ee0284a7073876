//! How a dialogue can fail, apart from what the module answers.

use crate::service::{Error, ErrorKind, Fault};
use std::fmt;

/// Why a command has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatError {
    /// It did not come in time; the command, secrets starred.
    TimedOut(String),
    /// The module does not answer any more.
    Lost,
    /// The device went away.
    Gone,
    /// The module restarted.
    Restarted,
    /// Bytes of a stream were lost on the line; how that showed.
    Torn(String),
    /// It went into data mode although nobody asked for that.
    DataMode,
    /// The wire takes no bytes.
    Stuck,
    /// The request was given up.
    Cancelled,
    /// The port failed.
    Port(Error),
}

impl fmt::Display for ChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(line) => write!(f, "the modem did not answer {line} in time"),
            Self::Lost => f.write_str("the modem does not answer"),
            Self::Gone => f.write_str("the modem's device went away"),
            Self::Restarted => f.write_str("the modem restarted"),
            Self::Torn(how) => write!(f, "the line lost bytes of what the modem sent: {how}"),
            Self::DataMode => f.write_str("the modem went into data mode unasked"),
            Self::Stuck => f.write_str("the modem takes no bytes: flow control stops them"),
            Self::Cancelled => f.write_str("given up while the modem worked on it"),
            Self::Port(error) => write!(f, "the modem's port: {error}"),
        }
    }
}

impl From<ChatError> for Error {
    fn from(error: ChatError) -> Self {
        let kind = match &error {
            ChatError::TimedOut(_) => ErrorKind::Timeout,
            ChatError::Lost | ChatError::Gone | ChatError::Restarted | ChatError::Stuck => {
                ErrorKind::ModemGone
            }
            ChatError::Torn(_) => ErrorKind::Protocol,
            ChatError::DataMode => ErrorKind::NotSupported,
            ChatError::Cancelled => ErrorKind::Cancelled,
            ChatError::Port(_) => ErrorKind::ModemGone,
        };
        let fault = match &error {
            ChatError::Cancelled => Fault::Caller,
            ChatError::Torn(_) => Fault::Link,
            ChatError::Port(port) => port.fault,
            _ => Fault::Module,
        };
        Self::new(kind, error.to_string()).by(fault)
    }
}
