//! What went wrong: one line for a person, an exit status and a name for a script.

use super::exit::{self, Exit};
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::io;
use std::path::Path;
use zbus::fdo;

/// An error on its way to whoever called.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// A D-Bus name, where the error came by D-Bus.
    pub(super) name: String,
    /// One line, with the peer's own words.
    pub(super) text: String,
    /// What else is known: the job and its result.
    pub(super) details: Map<String, Value>,
    /// The bus or hayesd went away in the middle: the same call may be made again.
    pub(super) lost: bool,
}

/// What everything here returns.
pub(super) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// An error of ours.
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            name: String::new(),
            text: text.into(),
            details: Map::new(),
            lost: false,
        }
    }

    /// The command line is wrong.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// A file of this machine failed us, by whatever the system says.
    pub(super) fn file(path: &Path, error: &io::Error, exit: Exit) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::NotFound if exit != Exit::CantCreate => Exit::NoInput,
            io::ErrorKind::PermissionDenied => Exit::NoPermission,
            io::ErrorKind::FileTooLarge => Exit::Data,
            _ => exit,
        };
        Self::new(exit, format!("{}: {error}", path.display()))
    }

    /// An error that hayesd named, in its own words.
    pub(super) fn named(name: &str, text: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::new(exit::of(name).unwrap_or(Exit::Software), text)
        }
    }

    /// The same, of this job.
    pub(super) fn of_job(mut self, job: u32, mut result: Map<String, Value>) -> Self {
        self.text = format!("{} (job {job})", self.text);
        result.insert("job".into(), job.into());
        self.details = result;
        self
    }

    /// As `--json` prints it.
    pub(super) fn json(&self) -> Value {
        let mut all = self.details.clone();
        let error = json!({ "name": self.name, "text": self.text, "exit": self.exit as u8 });
        all.insert("error".into(), error);
        Value::Object(all)
    }

    fn lost(text: impl Display) -> Self {
        Self {
            lost: true,
            ..Self::new(
                Exit::Temporary,
                format!("hayesd or the bus went away: {text}"),
            )
        }
    }
}

/// The connection to the bus is gone.
pub(super) fn closed() -> Failure {
    Failure::lost("the connection to the bus is closed")
}

/// Whether no answer came for as long as the connection waits for one: the call may have been taken.
pub(super) fn is_silence(error: &zbus::Error) -> bool {
    matches!(error, zbus::Error::InputOutput(error) if error.kind() == io::ErrorKind::TimedOut)
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        match &error {
            zbus::Error::MethodError(name, text, _) => {
                let text = text.as_deref().filter(|text| !text.is_empty());
                Self::named(name.as_str(), text.unwrap_or(name.as_str()))
            }
            zbus::Error::FDO(error) => of_bus(error),
            zbus::Error::Connection(error, address) => {
                let exit = match error.kind() {
                    io::ErrorKind::PermissionDenied => Exit::NoPermission,
                    _ => Exit::Unavailable,
                };
                Self::new(
                    exit,
                    format!("the bus at {address} cannot be reached: {error}"),
                )
            }
            zbus::Error::Address(text) => Self::usage(format!("the address of the bus: {text}")),
            zbus::Error::Handshake(text) => Self::new(
                Exit::Unavailable,
                format!("the bus does not let us in: {text}"),
            ),
            error if is_silence(error) => Self::new(
                Exit::Temporary,
                "hayesd does not answer (journalctl -u hayesd)",
            ),
            zbus::Error::InputOutput(error) => Self::lost(error),
            other => Self::new(
                Exit::Software,
                format!("hayesd's answer is not understood: {other}"),
            ),
        }
    }
}

impl From<fdo::Error> for Failure {
    fn from(error: fdo::Error) -> Self {
        of_bus(&error)
    }
}

/// Errors of the bus itself, and of hayesd's part that every service has.
fn of_bus(error: &fdo::Error) -> Failure {
    use fdo::Error;
    let name = zbus::DBusError::name(error).to_string();
    let text = zbus::DBusError::description(error).unwrap_or_default();
    let failure = match error {
        Error::ZBus(error) => return error.clone().into(),
        Error::ServiceUnknown(_) | Error::NameHasNoOwner(_) => Failure::new(
            Exit::Unavailable,
            format!("hayesd does not run (systemctl start hayesd): {text}"),
        ),
        Error::SpawnExecFailed(_)
        | Error::SpawnForkFailed(_)
        | Error::SpawnChildExited(_)
        | Error::SpawnChildSignaled(_)
        | Error::SpawnFailed(_)
        | Error::SpawnServiceNotFound(_)
        | Error::TimedOut(_)
        | Error::Timeout(_) => Failure::new(
            Exit::Unavailable,
            format!("hayesd does not start (journalctl -u hayesd): {text}"),
        ),
        Error::AccessDenied(_) | Error::AuthFailed(_) => Failure::new(
            Exit::NoPermission,
            format!("root and members of the group hayesd may do this: {text}"),
        ),
        Error::UnknownObject(_) => Failure::new(Exit::NoInput, text),
        Error::NoReply(_) | Error::Disconnected(_) => Failure::lost(text),
        Error::LimitsExceeded(_) => Failure::new(Exit::Data, format!("the bus refuses it: {text}")),
        _ => Failure::new(Exit::Software, format!("{name}: {text}")),
    };
    Failure { name, ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_bus_say_what_to_do() {
        for (error, exit, words) in [
            (
                fdo::Error::ServiceUnknown("no".into()),
                Exit::Unavailable,
                "systemctl start hayesd",
            ),
            (
                fdo::Error::AccessDenied("policy".into()),
                Exit::NoPermission,
                "group hayesd",
            ),
            (
                fdo::Error::NoReply("gone".into()),
                Exit::Temporary,
                "went away",
            ),
        ] {
            let failure = Failure::from(zbus::Error::from(error));
            assert_eq!(failure.exit, exit);
            assert!(failure.text.contains(words), "{}", failure.text);
            assert!(failure.name.starts_with("org.freedesktop.DBus.Error."));
        }
    }

    #[test]
    fn silence_is_not_a_loss_after_which_all_is_tried_again() {
        let broken = |kind| {
            let error = std::sync::Arc::new(io::Error::from(kind));
            Failure::from(zbus::Error::InputOutput(error))
        };
        let silent = broken(io::ErrorKind::TimedOut);
        assert!(!silent.lost && silent.exit == Exit::Temporary);
        assert!(silent.text.contains("does not answer"), "{}", silent.text);
        assert!(broken(io::ErrorKind::BrokenPipe).lost);
    }

    #[test]
    fn scripts_get_name_status_and_job() {
        let failure = Failure::named("org.hayesd1.Error.Rejected", "550 no").of_job(7, Map::new());
        assert_eq!(
            failure.json(),
            json!({"job": 7, "error": {"name": "org.hayesd1.Error.Rejected",
                   "text": "550 no (job 7)", "exit": 69}})
        );
    }
}
