//! Our errors as D-Bus errors, `org.hayesd1.Error.*`.

use crate::service::{Error, ErrorKind};
use zbus::DBusError;
use zbus::message::{Header, Message};
use zbus::names::ErrorName;

/// What comes before each [`ErrorKind::name`].
pub const PREFIX: &str = "org.hayesd1.Error.";

/// The longest text of an error, in bytes: servers can be wordy, buses have limits.
const LONGEST: usize = 4096;

/// An error on its way to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    name: String,
    text: String,
}

/// What a method returns.
pub(super) type Result<T> = std::result::Result<T, Refused>;

impl Refused {
    /// An error of this kind.
    pub(super) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Error::new(kind, text).into()
    }

    /// The caller asked for something malformed.
    pub(super) fn argument(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, text)
    }
}

impl Refused {
    /// Whether it is of this kind.
    pub(super) fn is(&self, kind: ErrorKind) -> bool {
        self.name == name_of(kind)
    }
}

/// A text that somebody else wrote, fit for a D-Bus string.
pub(super) fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The whole D-Bus name of errors of this kind.
pub(super) fn name_of(kind: ErrorKind) -> String {
    format!("{PREFIX}{}", kind.name())
}

/// What an error says, fit for a D-Bus string: no NUL, of bounded length.
pub(super) fn text_of(error: &Error) -> String {
    let mut text = error.to_string();
    if text.contains('\0') {
        text = text.replace('\0', "\u{fffd}");
    }
    if text.len() > LONGEST {
        let end = (0..=LONGEST)
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            name: name_of(error.kind),
            text: text_of(&error),
        }
    }
}

impl From<zbus::Error> for Refused {
    /// The bus itself failed us.
    fn from(error: zbus::Error) -> Self {
        Self::new(ErrorKind::Internal, format!("the bus: {error}"))
    }
}

impl DBusError for Refused {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        Message::error(call, self.name()).build(&(self.text.as_str(),))
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_str_unchecked(&self.name)
    }

    fn description(&self) -> Option<&str> {
        Some(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ServerReply;

    #[test]
    fn every_kind_has_a_valid_name() {
        for kind in ErrorKind::ALL {
            let refused = Refused::new(kind, "x");
            assert!(ErrorName::try_from(refused.name.as_str()).is_ok());
            assert_eq!(
                refused.name().as_str(),
                format!("org.hayesd1.Error.{}", kind.name())
            );
        }
    }

    #[test]
    fn the_text_carries_the_peers_words_and_fits_on_the_bus() {
        let reply = ServerReply {
            code: 550,
            text: "5.1.1 no\0body".into(),
        };
        let refused = Refused::from(Error::new(ErrorKind::Rejected, "refused").with_reply(reply));
        assert_eq!(
            refused.description(),
            Some("refused: 550 5.1.1 no\u{fffd}body")
        );
        let long = Refused::argument("ü".repeat(5000));
        assert!(long.text.len() <= LONGEST + 3 && long.text.ends_with("ü…"));
    }
}
