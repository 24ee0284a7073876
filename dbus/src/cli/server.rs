//! A server of an account, as arguments name it.

use std::collections::HashMap;
use zbus::Variant;

/// The services that an account can have.
pub(super) const SERVICES: [&str; 3] = ["smtp", "pop3", "ftp"];

/// A server; hayesd judges what its settings are worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    host: Option<String>,
    port: Option<u16>,
    tls: Option<String>,
    user: Option<String>,
    plain_auth: bool,
}

impl Server {
    /// As `Manager.CreateAccount` takes it; empty: there is to be none.
    pub(super) fn settings(&self) -> HashMap<String, Variant<'_>> {
        let mut settings = HashMap::new();
        for (key, text) in [
            ("host", &self.host),
            ("tls", &self.tls),
            ("user", &self.user),
        ] {
            if let Some(text) = text {
                settings.insert(key.to_owned(), Variant::from(text.as_str()));
            }
        }
        if let Some(port) = self.port {
            settings.insert("port".into(), Variant::from(u32::from(port)));
        }
        if self.plain_auth {
            settings.insert("plain_auth".into(), Variant::from(true));
        }
        settings
    }
}

/// `HOST[,KEY=VALUE]…`, or `none`.
///
/// # Errors
/// What is wrong with it. A password is refused by name, since everybody sees arguments.
pub(super) fn parse(text: &str) -> Result<Server, String> {
    if text == "none" {
        return Ok(Server::default());
    }
    let mut parts = text.split(',');
    let host = parts.next().unwrap_or_default();
    if host.is_empty() || host.contains('=') {
        return Err("it begins with the server's name: HOST,port=465,user=NAME".into());
    }
    let mut server = Server {
        host: Some(host.to_owned()),
        ..Server::default()
    };
    for part in parts {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| format!("{part:?} is not KEY=VALUE"))?;
        match key {
            "port" => {
                let port = value.parse().map_err(|_| format!("{value:?} is no port"))?;
                server.port = Some(port);
            }
            "tls" => server.tls = Some(value.to_owned()),
            "user" => server.user = Some(value.to_owned()),
            "plain_auth" => {
                server.plain_auth = match value {
                    "yes" | "true" => true,
                    "no" | "false" => false,
                    _ => return Err("plain_auth is yes or no".into()),
                }
            }
            "password" | "secret" | "token" => {
                return Err(
                    "a password is no argument: everybody sees those; use `account secret`".into(),
                );
            }
            _ => return Err(format!("{key:?} is none of port, tls, user, plain_auth")),
        }
    }
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_its_name_and_settings() {
        let server =
            parse("smtp.example.org,port=587,tls=starttls,user=a@example.org,plain_auth=no");
        let server = server.unwrap();
        let settings = server.settings();
        assert_eq!(settings["host"], Variant::from("smtp.example.org"));
        assert_eq!(settings["port"], Variant::from(587_u32));
        assert_eq!(settings["user"], Variant::from("a@example.org"));
        assert!(!settings.contains_key("plain_auth"));
        assert!(parse("none").unwrap().settings().is_empty());
        assert_eq!(parse("smtp.example.org").unwrap().settings().len(), 1);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("", "server's name"),
            ("port=25", "server's name"),
            ("h,port=70000", "no port"),
            ("h,x", "KEY=VALUE"),
            ("h,x=1", "none of"),
            ("h,password=geheim", "account secret"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert!(!error.contains("geheim"));
        }
    }
}
