//! SIMCom SIM52xx and SIM53xx (WCDMA): SMTP, POP3, FTP and HTTP, and what real sessions use around them.
//!
//! Source: `SIMCOM_WCDMA_Internet_Service_ATC_V1.00`; for the neighbours (files, their transfer over the
//! line) the manuals of sister families, and what programs in the field send.

pub mod codes;
mod drive;
pub mod names;
mod play;

use super::Dialect;

/// Its name in the configuration.
pub const NAME: &str = "simcom";

/// The dialect.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    codes: &[codes::CME, codes::FTP, codes::HTTP],
    played: &play::PLAYED,
    drive: &drive::Simcom,
};
