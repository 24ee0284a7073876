//! What callers say about an account that they make: checked, and without secrets.

use crate::config::{self, Port};
use crate::job::Service;
use crate::service::{Error, ErrorKind, Result, Tls};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An account as its maker described it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The sender of its mails (RFC 5322 mailbox).
    pub from: Option<String>,
    /// Its servers.
    pub servers: BTreeMap<Service, ServerSettings>,
}

/// A server of an account, as its maker described it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Name or address.
    pub host: String,
    /// TCP port; without, the service's own.
    pub port: Option<u32>,
    /// `implicit` (without: this one), `starttls` or `none`.
    pub tls: Option<String>,
    /// Our name there.
    pub user: Option<String>,
    /// The password may go in clear.
    pub plain_auth: bool,
}

/// What is to become different; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The sender; empty: none.
    pub from: Option<String>,
    /// Servers, each as a whole; `None` takes one away.
    pub servers: BTreeMap<Service, Option<ServerSettings>>,
}

fn wrong(key: &str, text: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format!("the key `{key}`: {text}"),
    )
}

impl Settings {
    /// The same, changed.
    pub(super) fn changed(&self, change: Change) -> Self {
        let mut settings = self.clone();
        if let Some(from) = change.from {
            settings.from = Some(from).filter(|from| !from.is_empty());
        }
        for (service, server) in change.servers {
            match server {
                Some(server) => settings.servers.insert(service, server),
                None => settings.servers.remove(&service),
            };
        }
        settings
    }

    /// As the configuration would have it, but for secrets. InvalidArgument names the key that is wrong.
    pub(super) fn check(&self) -> Result<config::Account> {
        let from = self
            .from
            .as_deref()
            .map(|from| from.parse().map_err(|text: String| wrong("from", text)))
            .transpose()?;
        let server = |service: Service| {
            let server = self.servers.get(&service);
            server.map(|server| server.check(service)).transpose()
        };
        let account = config::Account {
            from,
            // Whoever made it names ways out with each call.
            via: Vec::new(),
            smtp: server(Service::Smtp)?,
            pop3: server(Service::Pop3)?,
            ftp: server(Service::Ftp)?,
        };
        if self.servers.is_empty() {
            let text = "an account needs a server: smtp, pop3 or ftp";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if account.smtp.is_some() && account.from.is_none() {
            return Err(wrong("from", "an account with smtp needs it"));
        }
        Ok(account)
    }
}

impl ServerSettings {
    fn check(&self, service: Service) -> Result<config::Endpoint> {
        let key = |key: &str| format!("{}.{key}", service.name());
        let port = |port: u32| {
            let port = u16::try_from(port).map_err(|_| "is more than 65535");
            port.and_then(Port::try_from)
                .map_err(|text| wrong(&key("port"), text))
        };
        let tls = match self.tls.as_deref() {
            None | Some("implicit") => Tls::Implicit,
            Some("starttls") => Tls::StartTls,
            Some("none") => Tls::None,
            Some(_) => return Err(wrong(&key("tls"), "is none of implicit, starttls, none")),
        };
        let user = self.user.as_deref().map(str::parse).transpose();
        let user = user.map_err(|text: String| wrong(&key("user"), text))?;
        if user.is_some() && tls == Tls::None && !self.plain_auth && service == Service::Smtp {
            let text = "the password would go in clear: use TLS, or set plain_auth";
            return Err(wrong(&key("tls"), text));
        }
        if user.is_none() && service == Service::Pop3 {
            return Err(wrong(&key("user"), "a mailbox needs it"));
        }
        Ok(config::Endpoint {
            host: self
                .host
                .parse()
                .map_err(|text: String| wrong(&key("host"), text))?,
            port: self.port.map(port).transpose()?,
            tls,
            user,
            password: None,
            token: None,
            plain_auth: self.plain_auth,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(change: impl FnOnce(&mut ServerSettings)) -> Settings {
        let mut server = ServerSettings {
            host: "mail.example.org".into(),
            user: Some("pump7".into()),
            ..ServerSettings::default()
        };
        change(&mut server);
        Settings {
            from: Some("Pump 7 <pump7@example.org>".into()),
            servers: BTreeMap::from([(Service::Smtp, server)]),
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_key() {
        settings(|_| {}).check().unwrap();
        settings(|server| server.port = Some(587)).check().unwrap();
        type Spoil = fn(&mut ServerSettings);
        let wrong: [(Spoil, &str); 8] = [
            (|server| server.host = "h h".into(), "`smtp.host`"),
            (|server| server.host = "a\r\nb".into(), "`smtp.host`"),
            (|server| server.host.clear(), "`smtp.host`"),
            (|server| server.port = Some(0), "`smtp.port`"),
            (|server| server.port = Some(65_536), "`smtp.port`"),
            (|server| server.tls = Some("TLS".into()), "`smtp.tls`"),
            (|server| server.tls = Some("none".into()), "`smtp.tls`"),
            (|server| server.user = Some("a\0".into()), "`smtp.user`"),
        ];
        for (spoil, key) in wrong {
            let error = settings(spoil).check().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
            assert!(error.text.contains(key), "{key}: {}", error.text);
        }
        let mut without = settings(|_| {});
        without.from = None;
        assert!(without.check().unwrap_err().text.contains("`from`"));
        without.servers.clear();
        assert!(without.check().unwrap_err().text.contains("needs a server"));
    }

    #[test]
    fn a_change_leaves_the_rest() {
        let before = settings(|_| {});
        let ftp = ServerSettings {
            host: "ftp.example.org".into(),
            ..ServerSettings::default()
        };
        let after = before.changed(Change {
            from: None,
            servers: BTreeMap::from([(Service::Ftp, Some(ftp))]),
        });
        assert_eq!(after.from, before.from);
        assert_eq!(after.servers.len(), 2);
        let after = after.changed(Change {
            from: Some(String::new()),
            servers: BTreeMap::from([(Service::Smtp, None)]),
        });
        assert!(after.from.is_none() && after.servers.contains_key(&Service::Ftp));
        after.check().unwrap();
    }
}
