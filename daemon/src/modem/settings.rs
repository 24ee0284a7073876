//! What a modem is started with.

use super::drive::Drive;
use crate::dialect::Quirks;
use crate::service::Secret;
use hayes_ldisc::record::LineSettings;
use std::sync::Arc;

/// A modem as configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name: `[modem.NAME]`.
    pub name: String,
    /// The device: a path, or `pty:NAME`.
    pub device: String,
    /// Speed, framing, flow control.
    pub line: LineSettings,
    /// Its dialect; none: recognised by what the module says of itself.
    pub drive: Option<&'static dyn Drive>,
    /// The access point; empty: what the module has.
    pub apn: String,
    /// Who we are to the access point; empty: nobody.
    pub apn_user: String,
    /// The password for it.
    pub apn_password: Option<Secret>,
    /// Certificates (PEM) that servers are verified against, put into the module's memory. Without, a
    /// module encrypts but cannot verify: it has no roots of its own.
    pub roots: Option<Arc<[u8]>>,
    /// What its dialect's driver does one way or the other.
    pub quirks: Quirks,
}

impl PartialEq for Settings {
    /// Drivers are the same where their names are.
    fn eq(&self, other: &Self) -> bool {
        let Self {
            name,
            device,
            line,
            drive,
            apn,
            apn_user,
            apn_password,
            roots,
            quirks,
        } = self;
        let driver = |drive: &Option<&'static dyn Drive>| drive.map(Drive::name);
        *name == other.name
            && *device == other.device
            && *line == other.line
            && driver(drive) == driver(&other.drive)
            && *apn == other.apn
            && *apn_user == other.apn_user
            && *apn_password == other.apn_password
            && *roots == other.roots
            && *quirks == other.quirks
    }
}

impl Settings {
    /// A modem on this device, everything else as it is by default.
    pub fn new(name: &str, device: &str) -> Self {
        Self {
            name: name.to_owned(),
            device: device.to_owned(),
            line: LineSettings::default(),
            drive: None,
            apn: String::new(),
            apn_user: String::new(),
            apn_password: None,
            roots: None,
            quirks: Quirks::default(),
        }
    }
}
