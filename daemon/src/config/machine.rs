//! Whether the machine has what a configuration names.

use super::{Config, Device, Helper, Places, Problem, SecretSource, Severity, User, glob};
use crate::config::account::Roots;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// What of a machine and its users matters to a configuration.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Where systemd put our credentials (`$CREDENTIALS_DIRECTORY`).
    pub credentials: Option<PathBuf>,
    /// Who we are.
    pub uid: u32,
    /// All our groups.
    pub groups: Vec<u32>,
    /// Whom the service runs as, where we look for it as root; `None`: as us.
    pub service: Option<User>,
    /// The list of devices that the helper allows; it need not exist.
    pub ports: PathBuf,
}

/// The user that the unit names.
const SERVICE: &str = "hayesd";

/// What the helper allows without a list of its own.
const DEFAULT_PORTS: [&str; 3] = [
    "/dev/tty{S,USB,ACM,AMA,mxc}*",
    "/dev/serial/by-*/*",
    "/dev/wwan*at*",
];

impl Machine {
    /// This machine, seen by this process.
    pub fn here() -> Self {
        let own = [nix::unistd::getegid()];
        let more = nix::unistd::getgroups().unwrap_or_default();
        Self {
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY")
                .filter(|v: &OsString| !v.is_empty())
                .map(Into::into),
            uid: nix::unistd::geteuid().as_raw(),
            groups: own.iter().chain(&more).map(|gid| gid.as_raw()).collect(),
            service: None,
            ports: "/etc/hayesd/ports".into(),
        }
    }

    /// This machine, seen by root for the service, which runs as user `hayesd` if there is one; by anyone
    /// else for himself.
    pub fn for_service() -> Self {
        let here = Self::here();
        let service = (here.uid == 0).then(|| User::named(SERVICE)).flatten();
        Self { service, ..here }
    }

    /// Whether a user is us, or whom we look for.
    pub(super) fn is_own_user(&self, uid: u32) -> bool {
        uid == self.uid || self.service.as_ref().is_some_and(|user| user.uid == uid)
    }

    /// Whether a group is one of ours, or of whom we look for.
    pub(super) fn is_own_group(&self, gid: u32) -> bool {
        let service = self.service.iter().flat_map(|user| &user.groups);
        self.groups.iter().chain(service).any(|own| *own == gid)
    }

    /// The patterns by which the helper allows devices, as far as we can read them.
    fn allowed(&self) -> Vec<String> {
        let defaults = || DEFAULT_PORTS.map(str::to_owned).to_vec();
        match fs::read_to_string(&self.ports) {
            Ok(list) => list
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .collect(),
            Err(_) => defaults(),
        }
    }
}

/// Says what the machine lacks.
pub(super) fn check(
    config: &Config,
    machine: &Machine,
    places: &Places,
    problems: &mut Vec<Problem>,
) {
    let mut wrong = |key: String, text: String| {
        problems.push(places.problem(Severity::Machine, &key, text));
    };
    for (name, account) in &config.accounts {
        let services = [
            ("smtp", &account.smtp),
            ("pop3", &account.pop3),
            ("ftp", &account.ftp),
        ];
        for (service, endpoint) in services {
            if let Some(source) = endpoint.as_ref().and_then(|e| e.password.as_ref()) {
                secret(
                    source,
                    machine,
                    format!("account.{name}.{service}.password"),
                    &mut wrong,
                );
            }
            if let Some(token) = endpoint.as_ref().and_then(|e| e.token.as_ref())
                && let Err(text) = token.look(machine)
            {
                wrong(format!("account.{name}.{service}.token"), text);
            }
        }
    }
    for (name, modem) in &config.modems {
        if let Some(source) = &modem.apn_password {
            secret(
                source,
                machine,
                format!("modem.{name}.apn_password"),
                &mut wrong,
            );
        }
    }
    if let Roots::File(path) = &config.tls.roots
        && let Err(error) = fs::File::open(path)
    {
        wrong("tls.roots".into(), format!("{}: {error}", path.display()));
    }
    devices(config, machine, &mut wrong);
    if let Some(user) = &machine.service {
        for (key, path) in files(config) {
            if let Some(text) = user.kept_from(path) {
                problems.push(places.problem(Severity::Warning, &key, text));
            }
        }
    }
}

/// The files that the service reads besides its configuration, by key.
fn files(config: &Config) -> Vec<(String, &Path)> {
    let mut secrets = Vec::new();
    for (name, account) in &config.accounts {
        let smtp = ("smtp", &account.smtp);
        for (service, endpoint) in [smtp, ("pop3", &account.pop3), ("ftp", &account.ftp)] {
            let password = endpoint.as_ref().and_then(|it| it.password.as_ref());
            secrets.push((format!("account.{name}.{service}.password"), password));
        }
    }
    for (name, modem) in &config.modems {
        let password = modem.apn_password.as_ref();
        secrets.push((format!("modem.{name}.apn_password"), password));
    }
    let mut files = Vec::new();
    for (key, source) in secrets {
        if let Some(SecretSource::File(path)) = source {
            files.push((key, path.as_path()));
        }
    }
    if let Roots::File(path) = &config.tls.roots {
        files.push(("tls.roots".into(), path));
    }
    files
}

fn secret(
    source: &SecretSource,
    machine: &Machine,
    key: String,
    wrong: &mut impl FnMut(String, String),
) {
    if let Err(text) = source.read(machine) {
        wrong(key, text);
    }
}

fn devices(config: &Config, machine: &Machine, wrong: &mut impl FnMut(String, String)) {
    let allowed = (config.daemon.helper != Helper::Spawn).then(|| machine.allowed());
    let emulators = config
        .emulators
        .iter()
        .map(|(n, e)| (format!("emulator.{n}.device"), &e.device));
    let modems = config
        .modems
        .iter()
        .map(|(n, m)| (format!("modem.{n}.device"), &m.device));
    let mut owners = BTreeMap::new();
    for (key, device) in emulators.chain(modems) {
        let Device::Path(path) = device else {
            continue;
        };
        if let Some(text) = not_a_device(path) {
            wrong(key, text);
            continue;
        }
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let is_pty = real.starts_with("/dev/pts");
        if let Some(patterns) = &allowed
            && !is_pty
            && !patterns.iter().any(|p| names(p, path) || names(p, &real))
        {
            let list = machine.ports.display();
            wrong(
                key.clone(),
                format!(
                    "{}: the helper will refuse it; its list is {list}",
                    path.display()
                ),
            );
        }
        if let Some(other) = owners.insert(real, key.clone()) {
            wrong(
                key,
                format!("{} is the same device as {other}", path.display()),
            );
        }
    }
}

fn names(pattern: &str, path: &Path) -> bool {
    path.to_str()
        .is_some_and(|path| glob::matches(pattern, path))
}

/// What stands at a path where a device should be. Nothing there is fine: it may come.
fn not_a_device(path: &Path) -> Option<String> {
    let kind = fs::metadata(path).ok()?;
    let what = match kind.file_type() {
        t if t.is_char_device() && kind.rdev() != 0 => return None,
        t if t.is_file() => "a regular file",
        t if t.is_dir() => "a folder",
        t if t.is_block_device() => "a disk",
        _ => "no device",
    };
    Some(format!("{} is {what}, a TTY is needed", path.display()))
}
