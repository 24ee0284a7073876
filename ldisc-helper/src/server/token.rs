//! Which descriptor an event is about.

use mio::Token;

/// What a descriptor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Listener,
    Signals,
    /// Closed when whoever started us ends.
    Parent,
    /// A connection that has not claimed anything.
    Stranger(usize),
    /// A line's connection.
    Connection(usize),
    /// A line's device.
    Bytes(usize),
    /// What tells that a line's device may have come or been opened.
    Changes(usize),
}

const KINDS: usize = 5;

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        let (index, kind) = match source {
            Source::Listener => (0, 0),
            Source::Signals => (1, 0),
            Source::Parent => (2, 0),
            Source::Stranger(index) => (index, 1),
            Source::Connection(index) => (index, 2),
            Source::Bytes(index) => (index, 3),
            Source::Changes(index) => (index, 4),
        };
        Self(index * KINDS + kind)
    }
}

impl From<Token> for Source {
    fn from(token: Token) -> Self {
        let index = token.0 / KINDS;
        match (token.0 % KINDS, index) {
            (0, 0) => Self::Listener,
            (0, 1) => Self::Signals,
            (0, _) => Self::Parent,
            (1, _) => Self::Stranger(index),
            (2, _) => Self::Connection(index),
            (3, _) => Self::Bytes(index),
            _ => Self::Changes(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;
    use mio::Token;

    #[test]
    fn there_and_back() {
        for source in [
            Source::Listener,
            Source::Signals,
            Source::Parent,
            Source::Stranger(0),
            Source::Connection(1),
            Source::Bytes(2),
            Source::Changes(77),
        ] {
            assert_eq!(Source::from(Token::from(source)), source);
        }
    }
}
