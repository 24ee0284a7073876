//! Quectel EC2x, EG9x, EM05: SMTP and what a mail session needs around it.
//!
//! Source: EC2x&EG9x&EM05 SMTP AT Commands Manual V1.0; EC2x&EG9x&EG2x-G&EM05 AT Commands Manual V2.0;
//! TCP/IP, FILE and SSL application notes of the same and of sister families.

pub mod codes;
mod drive;
pub mod names;
mod play;

use super::Dialect;

/// The dialect.
pub const DIALECT: Dialect = Dialect {
    name: "quectel",
    codes: &[codes::CME, codes::FILE, codes::MAIL],
    played: &play::PLAYED,
    drive: &drive::Quectel,
};
