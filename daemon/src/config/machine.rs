//! Whether the machine has what a configuration names.

use super::{
    Config, Device, Helper, Name, Places, Problem, SecretSource, Severity, TokenSource, User, glob,
};
use crate::config::account::{Endpoint, Roots};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind::NotFound;
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
    for (section, endpoint) in endpoints(config) {
        if let Some(source) = &endpoint.password {
            secret(source, machine, format!("{section}.password"), &mut wrong);
        }
        if let Some(Err(text)) = endpoint.token.as_ref().map(|token| token.look(machine)) {
            wrong(format!("{section}.token"), text);
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
    accounts(config, places, problems);
    if let Some(user) = &machine.service {
        readable(config, user, places, problems);
    }
}

/// Says which accounts are named and are neither configured nor made by a caller, as far as we can look.
fn accounts(config: &Config, places: &Places, problems: &mut Vec<Problem>) {
    let absent = |account: &Name| {
        let made = config.daemon.made_account(account);
        let is_absent = !config.accounts.contains_key(account)
            && fs::symlink_metadata(made).is_err_and(|error| error.kind() == NotFound);
        is_absent.then(|| {
            format!(
                "names account `{account}`: there is no [account.{account}], and no caller has made one yet"
            )
        })
    };
    let daemon = config.daemon.default_account.iter();
    let mut named: Vec<(String, &Name)> = daemon
        .map(|account| ("daemon.default_account".to_owned(), account))
        .collect();
    for (name, emulator) in &config.emulators {
        let bounce_to = emulator.bounce_to.iter();
        named.extend(bounce_to.map(|account| (format!("emulator.{name}.bounce_to"), account)));
    }
    for (key, account) in named {
        if let Some(text) = absent(account) {
            problems.push(places.problem(Severity::Warning, &key, text));
        }
    }
    for (number, map) in config.maps.iter().enumerate() {
        if let Some(text) = map.account.as_ref().and_then(absent) {
            problems.push(places.map_problem(Severity::Warning, number, "account", text));
        }
    }
}

/// Says what the service could not read, or run.
fn readable(config: &Config, user: &User, places: &Places, problems: &mut Vec<Problem>) {
    let mut warn = |key: &str, text: Option<String>| {
        let told = text.map(|text| places.problem(Severity::Warning, key, text));
        problems.extend(told);
    };
    for path in places.sources.paths() {
        warn("", user.kept_from(path));
    }
    for (key, path) in files(config) {
        warn(&key, user.kept_from(path));
    }
    for (key, program) in programs(config) {
        warn(&key, user.kept_from_running(program));
    }
}

/// The files that the service reads besides its configuration, by key.
fn files(config: &Config) -> Vec<(String, &Path)> {
    let mut secrets = Vec::new();
    for (section, endpoint) in endpoints(config) {
        secrets.push((format!("{section}.password"), endpoint.password.as_ref()));
    }
    for (name, modem) in &config.modems {
        let password = modem.apn_password.as_ref();
        secrets.push((format!("modem.{name}.apn_password"), password));
    }
    let mut files = Vec::new();
    for (section, endpoint) in endpoints(config) {
        if let Some(TokenSource::File(path)) = &endpoint.token {
            files.push((format!("{section}.token"), path.as_path()));
        }
    }
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

/// The programs that the service runs, by key.
fn programs(config: &Config) -> Vec<(String, &Path)> {
    let mut programs = Vec::new();
    for (section, endpoint) in endpoints(config) {
        if let Some(TokenSource::Command(words)) = &endpoint.token
            && let Some(program) = words.first()
        {
            programs.push((format!("{section}.token"), Path::new(program)));
        }
    }
    programs
}

/// The servers of all accounts, by section.
fn endpoints(config: &Config) -> impl Iterator<Item = (String, &Endpoint)> {
    config.accounts.iter().flat_map(|(name, account)| {
        let all = [
            ("smtp", &account.smtp),
            ("pop3", &account.pop3),
            ("ftp", &account.ftp),
        ];
        all.into_iter().filter_map(move |(service, endpoint)| {
            Some((format!("account.{name}.{service}"), endpoint.as_ref()?))
        })
    })
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
