//! `[account.NAME]`, `[[map]]` and `[tls]`. [`super::explain`] says what each key means.

use super::secret::SecretSource;
use super::token::TokenSource;
use super::value::{Host, parsed_from_string};
use crate::job::Via;
use crate::message::Mailbox;
use crate::service::Tls;
use serde::Deserialize;
use std::path::PathBuf;
use std::str::FromStr;

/// `[account.NAME]`: servers, and who we are to them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The sender of its mails; needed where there is `smtp`.
    #[serde(default)]
    pub from: Option<Sender>,
    /// The ways out of its jobs; empty: `daemon.via`.
    #[serde(default)]
    pub via: Vec<Via>,
    /// Where mail is handed in.
    #[serde(default)]
    pub smtp: Option<Endpoint>,
    /// Where mail is fetched.
    #[serde(default)]
    pub pop3: Option<Endpoint>,
    /// Where files are.
    #[serde(default)]
    pub ftp: Option<Endpoint>,
}

/// A server of an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its name or address.
    pub host: Host,
    /// Its port; else the service's own for this kind of TLS.
    #[serde(default)]
    pub port: Option<Port>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Tls,
    /// Our name there; without, we do not authenticate.
    #[serde(default)]
    pub user: Option<UserName>,
    /// Our password there.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// Where our OAuth 2.0 bearer token is fetched at each login, in the place of a password.
    #[serde(default)]
    pub token: Option<TokenSource>,
    /// Send password or token even where nothing protects the connection.
    #[serde(default)]
    pub plain_auth: bool,
}

/// A service of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Mail goes out.
    Smtp,
    /// Mail comes in.
    Pop3,
    /// Files.
    Ftp,
}

impl Service {
    /// The port registered for it and this kind of TLS (IANA; RFC 8314, RFC 4217).
    pub fn default_port(self, tls: Tls) -> u16 {
        match (self, tls) {
            (Self::Smtp, Tls::Implicit) => 465,
            (Self::Smtp, Tls::StartTls) => 587,
            (Self::Smtp, Tls::None) => 25,
            (Self::Pop3, Tls::Implicit) => 995,
            (Self::Pop3, _) => 110,
            (Self::Ftp, Tls::Implicit) => 990,
            (Self::Ftp, _) => 21,
        }
    }
}

impl Endpoint {
    /// The port to connect to.
    pub fn port(&self, service: Service) -> u16 {
        self.port
            .map_or_else(|| service.default_port(self.tls), |port| port.0)
    }
}

/// A TCP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Port(u16);

impl Port {
    /// The port's number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Port {
    type Error = &'static str;

    fn try_from(port: u16) -> Result<Self, &'static str> {
        if port == 0 {
            Err("0 is not a port")
        } else {
            Ok(Self(port))
        }
    }
}

/// A sender: `Name <local@domain>` or an address alone (RFC 5322 section 3.4).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Sender(pub Mailbox);

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Mailbox::parse(text)
            .and_then(|mailbox| mailbox.checked())
            .map(Self)
            .map_err(|error| error.text)
    }
}

/// A name for a server: 1 to 255 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UserName(String);

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if (1..=255).contains(&text.len()) && !text.contains(char::is_control) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}`: 1 to 255 characters, no control characters",
            text.escape_debug()
        ))
    }
}

/// `[tls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// The certificates that are trusted.
    pub roots: Roots,
}

/// The certificates that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Roots {
    /// The system's; the built-in ones where it has none.
    #[default]
    System,
    /// Those of a PEM file.
    File(PathBuf),
}

impl FromStr for Roots {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "system" => Ok(Self::System),
            _ if text.starts_with('/') && !text.contains('\0') => Ok(Self::File(text.into())),
            _ => Err(format!(
                "`{}` is neither \"system\" nor an absolute path",
                text.escape_default()
            )),
        }
    }
}

parsed_from_string!(Sender, UserName, Roots);
