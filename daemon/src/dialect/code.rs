//! Numbers that modules answer with, and what they mean.

use crate::service::ErrorKind;

/// A number, its words, and what it means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The number.
    pub number: u16,
    /// The words that stand for it in the long answer.
    pub text: &'static str,
    /// The server's reply that it stands for (RFC 5321 section 4.2), or 0.
    pub reply: u16,
    /// What it means in our own taxonomy.
    pub kind: ErrorKind,
}

impl Code {
    /// A number that stands for itself.
    pub const fn new(number: u16, text: &'static str, kind: ErrorKind) -> Self {
        Self {
            number,
            text,
            reply: 0,
            kind,
        }
    }

    /// A number that stands for a server's reply.
    pub const fn reply(number: u16, text: &'static str, reply: u16, kind: ErrorKind) -> Self {
        Self {
            number,
            text,
            reply,
            kind,
        }
    }

    /// The row of `number` in `table`.
    pub fn find(table: &'static [Self], number: u16) -> Option<&'static Self> {
        table.iter().find(|code| code.number == number)
    }
}
