use super::VERSION;
use thiserror::Error;

/// Why a packet is not a record. The connection that it came by is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// No such kind of record in this direction.
    #[error("unknown kind of record {0:#04x}")]
    Kind(u8),
    /// The packet ends before the record does.
    #[error("the record is cut short at its {0}")]
    Short(&'static str),
    /// The packet goes on after the record.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A text is not UTF-8, or a path holds a NUL or is empty.
    #[error("the {0} is not valid text")]
    Text(&'static str),
    /// A field has a value that it cannot have.
    #[error("{field} cannot be {value}")]
    Value {
        /// The field.
        field: &'static str,
        /// What it held.
        value: u64,
    },
    /// The peer speaks another version of this protocol.
    #[error("protocol version {0}, ours is {VERSION}")]
    Version(u16),
}
