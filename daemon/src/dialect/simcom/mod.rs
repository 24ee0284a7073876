//! SIMCom SIM52xx and SIM53xx (WCDMA): SMTP, POP3, FTP and HTTP, and what real sessions use around them.
//!
//! Source: `SIMCOM_WCDMA_Internet_Service_ATC_V1.00`; for the neighbours (files, their transfer over the
//! line) the manuals of sister families, and what programs in the field send.

pub mod codes;
mod drive;
pub mod names;

use crate::modem::Drive;

/// Its name in the configuration.
pub const NAME: &str = "simcom";

/// How its modules are driven.
pub const DRIVE: &dyn Drive = &drive::Simcom;
