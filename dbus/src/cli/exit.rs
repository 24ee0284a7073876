//! Exit statuses: those of sysexits.h(3head), which mail programs have used since sendmail.

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    Usage = 64,
    Data = 65,
    NoInput = 66,
    NoHost = 68,
    Unavailable = 69,
    Software = 70,
    CantCreate = 73,
    Io = 74,
    Temporary = 75,
    Protocol = 76,
    NoPermission = 77,
    Interrupted = 130,
    Terminated = 143,
}

/// Every status, and what it means.
pub const STATUSES: [(u8, &str); 14] = [
    (0, "done; of a mail: accepted and safe on disk"),
    (64, "the command line, or an argument that hayesd refused"),
    (65, "what was to be sent cannot be sent, as it is too large"),
    (
        66,
        "not there: a file, an account, a job, a message, a port",
    ),
    (68, "the server's name is not known"),
    (
        69,
        "refused for good, or not possible; hayesd or the bus is not there",
    ),
    (70, "a mistake of hayesd"),
    (73, "a file here cannot be written"),
    (74, "a file here cannot be read, or output not written"),
    (75, "not now: the same may succeed later"),
    (
        76,
        "the server or the module does not keep to the protocol, or its answer never came",
    ),
    (77, "not allowed, here or by the server"),
    (130, "interrupted by SIGINT, and the job cancelled"),
    (143, "ended by SIGTERM, and the job cancelled"),
];

/// Errors of hayesd, by the last part of their name, and what they end with.
const ERRORS: [(&str, Exit); 24] = [
    ("InvalidArgument", Exit::Usage),
    ("NotFound", Exit::NoInput),
    ("Busy", Exit::Temporary),
    ("NoModem", Exit::Temporary),
    ("ModemGone", Exit::Temporary),
    ("PortBusy", Exit::Temporary),
    ("NotSupported", Exit::Unavailable),
    ("NoNetwork", Exit::Temporary),
    ("NameNotFound", Exit::NoHost),
    ("ClockNotSet", Exit::Temporary),
    ("TlsFailed", Exit::Protocol),
    ("CertificateInvalid", Exit::Protocol),
    ("AuthFailed", Exit::NoPermission),
    ("Rejected", Exit::Unavailable),
    ("TemporaryFailure", Exit::Temporary),
    ("Timeout", Exit::Temporary),
    ("Cancelled", Exit::Unavailable),
    ("TooLarge", Exit::Data),
    ("SpoolFull", Exit::Temporary),
    ("QuotaExceeded", Exit::Temporary),
    ("NotAuthorized", Exit::NoPermission),
    ("Protocol", Exit::Protocol),
    // It may have been done: whoever tries again blindly does it twice.
    ("Unknown", Exit::Protocol),
    ("Internal", Exit::Software),
];

/// What a D-Bus error of hayesd ends with, by its whole name.
pub(super) fn of(error_name: &str) -> Option<Exit> {
    let kind = error_name.strip_prefix("org.hayesd1.Error.")?;
    let found = ERRORS.iter().find(|(name, _)| *name == kind)?;
    Some(found.1)
}

/// The names of `org.hayesd1.Error.*`, each with the status that `hayesctl` ends with.
pub fn errors() -> impl Iterator<Item = (&'static str, u8)> {
    ERRORS.iter().map(|&(name, exit)| (name, exit as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_explained() {
        for (_, status) in errors() {
            assert!(STATUSES.iter().any(|&(known, _)| known == status));
        }
        for exit in [
            Exit::CantCreate,
            Exit::Io,
            Exit::Interrupted,
            Exit::Terminated,
        ] {
            assert!(STATUSES.iter().any(|&(known, _)| known == exit as u8));
        }
    }

    #[test]
    fn errors_are_found_by_their_whole_name() {
        assert_eq!(of("org.hayesd1.Error.Timeout"), Some(Exit::Temporary));
        assert_eq!(of("org.hayesd1.Error.Nonsense"), None);
        assert_eq!(of("org.freedesktop.DBus.Error.Timeout"), None);
    }
}
