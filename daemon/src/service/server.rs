//! A server, and who we are to it.

use super::Secret;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte.
    #[default]
    Implicit,
    /// By the protocol's own command, before anything else is said.
    StartTls,
    /// Not at all.
    None,
}

/// A server to talk to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
}

/// Who we are to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// What proves it: a password, or a bearer token.
    pub password: Secret,
    /// Which of the two it is.
    pub mechanism: Mechanism,
    /// Send them even over [`Tls::None`].
    pub plain_auth: bool,
}

/// What a secret is, and so how it is shown to a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mechanism {
    /// A password, by whatever the server offers for passwords.
    #[default]
    Password,
    /// An OAuth 2.0 bearer token (RFC 6750), by SASL XOAUTH2.
    XOAuth2,
}
