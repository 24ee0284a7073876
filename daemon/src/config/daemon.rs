//! `[daemon]`. [`super::explain`] says what each key means.

use super::value::{Name, Period, Size, parsed_from_string};
use crate::job::{OnUnknown, Via};
use serde::Deserialize;
use std::path::PathBuf;
use std::str::FromStr;

/// `[daemon]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Daemon {
    /// The bus to serve on.
    pub bus: Bus,
    /// Where spool, inbox, memories and files are kept.
    pub state_dir: PathBuf,
    /// The helper.
    pub helper: Helper,
    /// The ways out, in order, where nothing else says.
    pub via: Vec<Via>,
    /// The account meant by an empty account argument.
    pub default_account: Option<Name>,
    /// Limits.
    pub limits: Limits,
    /// The retry schedule.
    pub queue: Queue,
    /// What happens to a mail whose result never came.
    pub on_unknown: OnUnknown,
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            bus: Bus::System,
            state_dir: "/var/lib/hayesd".into(),
            helper: Helper::default(),
            via: vec![Via::Ip],
            default_account: None,
            limits: Limits::default(),
            queue: Queue::default(),
            on_unknown: OnUnknown::Retry,
        }
    }
}

impl Daemon {
    /// The folder of the accounts that callers made.
    pub fn accounts(&self) -> PathBuf {
        self.state_dir.join("accounts")
    }

    /// Where an account is kept that a caller made, if it is there.
    pub(super) fn made_account(&self, name: &Name) -> PathBuf {
        self.accounts().join(account_file(name.as_str()))
    }
}

/// The name of the file of an account that a caller made.
pub fn account_file(account: &str) -> String {
    format!("{account}.json")
}

/// The account that a file of this name is of, if it has the form of [`account_file`].
pub fn account_of(file: &str) -> Option<&str> {
    file.strip_suffix(".json")
}

/// The bus to serve on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Bus {
    /// The system bus.
    System,
    /// A bus at a D-Bus address.
    Address(String),
}

impl FromStr for Bus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "system" {
            return Ok(Self::System);
        }
        match text.parse::<zbus::Address>() {
            Ok(_) => Ok(Self::Address(text.to_owned())),
            Err(_) => Err(format!(
                "`{}` is neither \"system\" nor a D-Bus address",
                text.escape_default()
            )),
        }
    }
}

/// Where the helper is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Helper {
    /// It runs and listens on this socket.
    Socket(PathBuf),
    /// We start it ourselves.
    Spawn,
}

impl Default for Helper {
    fn default() -> Self {
        Self::Socket("/run/hayes-ldisc/ldisc.sock".into())
    }
}

impl FromStr for Helper {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "spawn" => Ok(Self::Spawn),
            // 107 bytes and a NUL are all that a socket's address holds.
            _ if text.starts_with('/') && text.len() <= 107 && !text.contains('\0') => {
                Ok(Self::Socket(text.into()))
            }
            _ => Err(format!(
                "`{}` is neither \"spawn\" nor a socket's absolute path of at most 107 bytes",
                text.escape_default()
            )),
        }
    }
}

/// `daemon.limits`: a uid's, but for `message`; root is exempt.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Active jobs.
    pub jobs: u32,
    /// Bytes in the spool.
    pub spool: Size,
    /// Calls of `Job.Wait` at a time.
    pub waits: u32,
    /// The largest message, anybody's.
    pub message: Size,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            jobs: 64,
            spool: Size::mebibytes(64),
            waits: 16,
            message: Size::mebibytes(32),
        }
    }
}

/// `daemon.queue`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Queue {
    /// The pause after the first failed attempt; later ones grow quadratically.
    pub first: Period,
    /// The longest pause.
    pub longest: Period,
    /// Time in the queue after which a mail is given up.
    pub expiry: Period,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            first: Period::seconds(60),
            longest: Period::seconds(3600),
            expiry: Period::seconds(5 * 86_400),
        }
    }
}

parsed_from_string!(Bus, Helper);
