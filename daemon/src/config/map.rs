//! `[[map]]`: what equipment asks for, and what serves it.

use super::account::{Port, Service};
use super::value::{Host, HostPattern, Name, parsed_from_string};
use crate::service::{Server, Tls};
use serde::Deserialize;
use std::str::FromStr;

/// `[[map]]`: equipment that asks for this is served by that account or server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The service that it asks for.
    pub service: MapService,
    /// The server that it names.
    pub host: HostPattern,
    /// The port that it names; any without.
    #[serde(default)]
    pub port: Option<Port>,
    /// Only this emulator's equipment.
    #[serde(default)]
    pub emulator: Option<Name>,
    /// The account that serves it; for all but HTTP.
    #[serde(default)]
    pub account: Option<Name>,
    /// The server that serves it; for HTTP.
    #[serde(default)]
    pub server: Option<WebServer>,
    /// Sender and From become the account's, the equipment's own goes to Reply-To.
    #[serde(default)]
    pub rewrite_from: bool,
}

impl Map {
    /// Whether it is meant for what this emulator's equipment asks for.
    pub fn fits(&self, emulator: &str, service: MapService, server: &Server) -> bool {
        let only = self.emulator.as_ref();
        self.service == service
            && self.host.matches(&server.host)
            && self.port.is_none_or(|port| port.number() == server.port)
            && only.is_none_or(|only| only.as_str() == emulator)
    }
}

/// A service that a `[[map]]` can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MapService {
    /// Mail goes out.
    Smtp,
    /// Mail comes in.
    Pop3,
    /// Files.
    Ftp,
    /// Whatever equipment writes to a server of HTTP.
    Http,
}

impl MapService {
    /// The service of an account that serves it; none serves HTTP.
    pub fn of_account(self) -> Option<Service> {
        match self {
            Self::Smtp => Some(Service::Smtp),
            Self::Pop3 => Some(Service::Pop3),
            Self::Ftp => Some(Service::Ftp),
            Self::Http => None,
        }
    }
}

impl FromStr for MapService {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "smtp" => Ok(Self::Smtp),
            "pop3" => Ok(Self::Pop3),
            "ftp" => Ok(Self::Ftp),
            "http" => Ok(Self::Http),
            _ => Err(format!(
                "`{}` is not a service that can be mapped: `smtp`, `pop3`, `ftp` or `http`",
                text.escape_debug()
            )),
        }
    }
}

/// A server of HTTP, as the beginning of a URL (RFC 9110 section 4.2): what is said to it is the equipment's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WebServer(Server);

impl WebServer {
    /// The server.
    pub fn server(&self) -> &Server {
        &self.0
    }
}

impl FromStr for WebServer {
    type Err = String;

    /// Reads `https://HOST`, `http://HOST`, each perhaps with `:PORT`; an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let text = text.escape_debug();
            format!("`{text}` is neither https://HOST[:PORT] nor http://HOST[:PORT]")
        };
        let (tls, port, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://"))
        {
            (Some(rest), _) => (Tls::Implicit, 443, rest),
            (_, Some(rest)) => (Tls::None, 80, rest),
            _ => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, given) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(wrong)?,
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let port = match given.strip_prefix(':') {
            Some(digits) => digits.parse().ok().filter(|&port| port != 0),
            None if given.is_empty() => Some(port),
            None => None,
        };
        let host: Host = host.parse().map_err(|_| wrong())?;
        Ok(Self(Server {
            host: host.as_str().to_owned(),
            port: port.ok_or_else(wrong)?,
            tls,
        }))
    }
}

parsed_from_string!(MapService, WebServer);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_http_are_read() {
        for (text, host, port, tls) in [
            (
                "https://api.example.org",
                "api.example.org",
                443,
                Tls::Implicit,
            ),
            ("http://api.example.org/", "api.example.org", 80, Tls::None),
            (
                "https://[2001:db8::1]:8443",
                "2001:db8::1",
                8443,
                Tls::Implicit,
            ),
            ("http://192.0.2.1:8080", "192.0.2.1", 8080, Tls::None),
        ] {
            let host = host.to_owned();
            assert_eq!(
                text.parse::<WebServer>().unwrap().0,
                Server { host, port, tls }
            );
        }
        for bad in [
            "",
            "api.example.org",
            "https://",
            "https://a/b",
            "https://a:0",
            "https://a:x",
            "https://[::1",
            "https://[::1]x",
            "ftp://a",
            "https://u@a",
        ] {
            assert!(bad.parse::<WebServer>().is_err(), "{bad:?}");
        }
    }
}
