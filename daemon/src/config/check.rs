//! Rules between the parts of a configuration.

use super::{
    Config, Delivery, Device, Emulator, Endpoint, Helper, Map, MapService, Name, Places, Problem,
    Service, Severity, loops,
};
use crate::job::Via;
use crate::service::Tls;
use std::collections::BTreeMap;

/// Says what does not fit together.
pub(super) fn check(config: &Config, places: &Places, problems: &mut Vec<Problem>) {
    let mut checker = Checker {
        config,
        places,
        problems,
    };
    checker.daemon();
    checker.devices();
    for (name, emulator) in &config.emulators {
        checker.emulator(name, emulator);
    }
    for (name, modem) in &config.modems {
        for (quirk, value) in &modem.quirks {
            if let Some(text) = modem.quirk_wrong(quirk, value) {
                checker.error(&format!("modem.{name}.quirks.{quirk}"), text);
            }
        }
    }
    checker.loops();
    checker.accounts();
    checker.maps();
}

struct Checker<'a> {
    config: &'a Config,
    places: &'a Places,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn error(&mut self, key: &str, text: impl Into<String>) {
        self.problems
            .push(self.places.problem(Severity::Error, key, text.into()));
    }

    fn warn(&mut self, key: &str, text: &str) {
        self.problems
            .push(self.places.problem(Severity::Warning, key, text.into()));
    }

    fn not_yet(&mut self, key: &str) {
        self.warn(key, "is understood, but has no effect in this version");
    }

    fn daemon(&mut self) {
        let daemon = &self.config.daemon;
        self.via("daemon.via", &daemon.via);
        if daemon.via.is_empty() {
            self.error("daemon.via", "needs at least one entry");
        }
        if !daemon.state_dir.is_absolute() {
            self.error("daemon.state_dir", "is not an absolute path");
        }
        let limits = &daemon.limits;
        for (key, value) in [("jobs", limits.jobs), ("waits", limits.waits)] {
            if value == 0 {
                self.error(&format!("daemon.limits.{key}"), "0 would allow nothing");
            }
        }
        if limits.message.0 == 0 || limits.message > limits.spool {
            self.error(
                "daemon.limits.message",
                "must be more than 0 and at most `spool`",
            );
        }
        let queue = &daemon.queue;
        if queue.first.0.is_zero() || queue.first > queue.longest || queue.longest > queue.expiry {
            self.error("daemon.queue", "needs 0 < first ≤ longest ≤ expiry");
        }
    }

    /// A list of ways out names modems that exist, each at most once.
    fn via(&mut self, key: &str, via: &[Via]) {
        for (index, way) in via.iter().enumerate() {
            if let Via::Modem(name) = way
                && !self
                    .config
                    .modems
                    .keys()
                    .any(|known| known.as_str() == name)
            {
                self.error(
                    key,
                    format!("names modem `{name}`, but there is no [modem.{name}]"),
                );
            }
            if via[..index].contains(way) {
                self.error(key, format!("names `{way}` twice"));
            }
        }
    }

    /// What is wrong with an account that is to have a service. One that is not configured may be made by a
    /// caller: the machine tells.
    fn lacks(&self, account: &Name, service: Service) -> Option<String> {
        let section = self.config.accounts.get(account)?;
        let (endpoint, name) = match service {
            Service::Smtp => (&section.smtp, "smtp"),
            Service::Pop3 => (&section.pop3, "pop3"),
            Service::Ftp => (&section.ftp, "ftp"),
        };
        let text = format!("names account `{account}`, which has no {name}");
        endpoint.is_none().then_some(text)
    }

    /// No device has two owners; a pty at a path of its own needs a helper of our own.
    fn devices(&mut self) {
        let emulators = self
            .config
            .emulators
            .iter()
            .map(|(n, e)| (format!("emulator.{n}"), &e.device));
        let modems = self
            .config
            .modems
            .iter()
            .map(|(n, m)| (format!("modem.{n}"), &m.device));
        let mut owners = BTreeMap::new();
        for (section, device) in emulators.chain(modems).collect::<Vec<_>>() {
            let key = format!("{section}.device");
            if let Device::Pty(path) = device
                && path.starts_with('/')
                && self.config.daemon.helper != Helper::Spawn
            {
                self.error(
                    &key,
                    format!(
                        "`{device}`: a pty at a path of its own needs daemon.helper = \"spawn\""
                    ),
                );
            }
            if let Some(other) = owners.insert(device, section.clone()) {
                self.error(&key, format!("`{device}` is {other}'s device already"));
            }
        }
    }

    fn emulator(&mut self, name: &Name, emulator: &Emulator) {
        let key = |key: &str| format!("emulator.{name}.{key}");
        self.via(&key("via"), &emulator.via);
        if let Some(account) = &emulator.bounce_to {
            if let Some(text) = self.lacks(account, Service::Smtp) {
                self.error(&key("bounce_to"), text);
            }
            if emulator.delivery != Delivery::Store {
                self.warn(
                    &key("bounce_to"),
                    "has no effect: delivery = \"through\" tells the equipment itself",
                );
            }
        }
        if !emulator.listen.is_empty() {
            self.not_yet(&key("listen"));
        }
        for (quirk, value) in &emulator.quirks {
            if let Some(text) = emulator.quirk_wrong(quirk, value) {
                self.error(&key(&format!("quirks.{quirk}")), text);
            }
        }
    }

    /// No emulator is served, over whatever modems, by itself.
    fn loops(&mut self) {
        let config = self.config;
        for (name, trail) in loops::find(config) {
            let way: Vec<_> = trail.iter().map(|modem| format!("modem:{modem}")).collect();
            let text = format!(
                "leads back to emulator `{name}` itself, by {}",
                way.join(", ")
            );
            self.error(&format!("emulator.{name}.via"), text);
        }
    }

    fn accounts(&mut self) {
        let config = self.config;
        for (name, account) in &config.accounts {
            let section = format!("account.{name}");
            self.via(&format!("{section}.via"), &account.via);
            let services = [
                (Service::Smtp, "smtp", &account.smtp),
                (Service::Pop3, "pop3", &account.pop3),
                (Service::Ftp, "ftp", &account.ftp),
            ];
            if account.smtp.is_some() && account.from.is_none() {
                self.error(&section, "has smtp but no `from`");
            }
            if services.iter().all(|(_, _, endpoint)| endpoint.is_none()) {
                self.error(&section, "has no server: smtp, pop3 or ftp");
            }
            for (service, key, endpoint) in services {
                let Some(endpoint) = endpoint else {
                    continue;
                };
                let key = format!("{section}.{key}");
                self.login(&key, service, endpoint);
            }
        }
    }

    fn login(&mut self, key: &str, service: Service, endpoint: &Endpoint) {
        let proofs = [endpoint.password.is_some(), endpoint.token.is_some()];
        match (endpoint.user.is_some(), proofs) {
            (_, [true, true]) => self.error(key, "has both `password` and `token`; one is needed"),
            (true, [false, false]) | (false, [true, false]) => {
                self.error(key, "needs both `user` and `password`, or neither");
            }
            (false, [false, true]) => self.error(key, "has a `token`, but no `user`"),
            _ => {}
        }
        if service == Service::Ftp && endpoint.token.is_some() {
            self.error(key, "has a `token`, but FTP knows passwords only");
        }
        let clear = endpoint.tls == Tls::None && !endpoint.plain_auth && endpoint.user.is_some();
        if clear && (service == Service::Smtp || endpoint.token.is_some()) {
            let what = if endpoint.token.is_some() {
                "token"
            } else {
                "password"
            };
            self.error(
                key,
                format!("would send the {what} in clear: use tls, or say plain_auth = true"),
            );
        }
    }

    fn maps(&mut self) {
        let config = self.config;
        for (number, map) in config.maps.iter().enumerate() {
            if let Some(emulator) = &map.emulator
                && !config.emulators.contains_key(emulator)
            {
                let text =
                    format!("names emulator `{emulator}`, but there is no [emulator.{emulator}]");
                self.wrong_map(number, "emulator", text);
            }
            for (key, text) in self.misfits(map) {
                self.wrong_map(number, key, text);
            }
        }
    }

    /// What of a map does not fit its service.
    fn misfits(&self, map: &Map) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let mut misfit = |key: &'static str, is: bool, text: &str| {
            if is {
                wrong.push((key, text.to_owned()));
            }
        };
        let http = map.service == MapService::Http;
        let smtp = map.service == MapService::Smtp;
        misfit(
            "server",
            http && map.server.is_none(),
            "is needed for `http`",
        );
        misfit(
            "server",
            !http && map.server.is_some(),
            "is for `http` only",
        );
        misfit(
            "account",
            http && map.account.is_some(),
            "serves no `http`: say `server`",
        );
        misfit("account", !http && map.account.is_none(), "is needed");
        misfit(
            "rewrite_from",
            !smtp && map.rewrite_from,
            "is for `smtp` only",
        );
        if let (Some(account), Some(service)) = (&map.account, map.service.of_account())
            && let Some(text) = self.lacks(account, service)
        {
            wrong.push(("account", text));
        }
        wrong
    }

    fn wrong_map(&mut self, number: usize, key: &str, text: String) {
        let places = self.places;
        let problem = places.map_problem(Severity::Error, number, key, text);
        self.problems.push(problem);
    }
}
