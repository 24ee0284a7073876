//! A connection that has said hello: commands and their replies, AUTH, the good-bye.

use super::super::Timeouts;
use super::super::replies::Reply;
use super::super::waiting::KeepAlive;
use super::failure::{self, Step};
use super::wire::Wire;
use crate::service::{self, Credentials, Error, ErrorKind, Fault, Result};
use lettre::transport::smtp::authentication::{Credentials as Login, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Auth, Noop, Quit};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// What a server says that it can do, in its answer to EHLO. Keywords have no case (RFC 5321 section 2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) starttls: bool,
    pub(super) eight_bit: bool,
    pub(super) utf8: bool,
    /// RFC 1870; `None` where it names no limit.
    pub(super) size: Option<u64>,
    pub(super) plain: bool,
    pub(super) login: bool,
    pub(super) xoauth2: bool,
}

impl Offers {
    pub(super) fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => offers.starttls = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8 = true,
                Some("SIZE") => {
                    offers.size = words
                        .next()
                        .and_then(|size| size.parse().ok())
                        .filter(|&size| size > 0);
                }
                // "AUTH=PLAIN LOGIN" is what some wrote before the RFC.
                Some("AUTH") => {
                    for mechanism in words {
                        offers.plain |= mechanism == "PLAIN";
                        offers.login |= mechanism == "LOGIN";
                        offers.xoauth2 |= mechanism == "XOAUTH2";
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// Who we say we are: our address as a literal, since a machine behind a module has no name that a server
/// could look up (RFC 5321 section 4.1.4).
pub(super) fn hello_name(local: Option<IpAddr>) -> ClientId {
    match local {
        Some(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => ClientId::Ipv4(mapped),
            None => ClientId::Ipv6(address),
        },
        None => ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
    }
}

/// A connection after EHLO.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    pub(super) wire: Wire,
    pub(super) offers: Offers,
    pub(super) timeouts: Timeouts,
}

impl Connection {
    /// Judges the greeting, which is replayed, and says EHLO.
    pub(super) async fn hello(wire: Wire, name: &ClientId, timeouts: Timeouts) -> Result<Self> {
        wire.allow(timeouts.greeting);
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(wire.clone()), name)
            .await
            .map_err(|error| failure::from_lettre(&error, || wire.last(), Step::Hello))?;
        let offers = Offers::read(&wire.last());
        Ok(Self {
            smtp,
            wire,
            offers,
            timeouts,
        })
    }

    /// Sends a command and reads its reply, within this time. A reply that refuses is an error.
    pub(super) async fn command(
        &mut self,
        command: impl Display,
        step: Step,
        within: Duration,
    ) -> Result<Reply> {
        self.wire.allow(within);
        if self.wire.has_unasked() {
            // Most likely 421 on the way out; in any case not the answer to what comes now.
            let reply = self.wire.reply().await?;
            return Err(failure::from_reply(&reply, Step::Hello));
        }
        let result = self.smtp.command(command).await;
        self.judge(result, step).await
    }

    /// Ends the content, which has been written past lettre but for its last CR LF, and reads the verdict.
    pub(super) async fn end_content(&mut self) -> Result<Reply> {
        self.wire.allow(self.timeouts.end);
        let result = self.smtp.message_iter(std::iter::empty::<&[u8]>()).await;
        self.judge(result, Step::Message).await
    }

    async fn judge(
        &self,
        result: std::result::Result<Response, lettre::transport::smtp::Error>,
        step: Step,
    ) -> Result<Reply> {
        match result {
            Ok(_) => Ok(self.wire.last()),
            Err(error) => {
                let error = failure::from_lettre(&error, || self.wire.last(), step);
                Err(self.last_words(error, step).await)
            }
        }
    }

    /// A server that closes has often said why: that counts more than a write that failed.
    pub(super) async fn last_words(&self, error: Error, step: Step) -> Error {
        if error.kind != ErrorKind::NoNetwork || error.reply.is_some() {
            return error;
        }
        self.wire.allow(self.timeouts.quit);
        match self.wire.reply().await {
            Ok(reply) if reply.code >= 400 => failure::from_reply(&reply, step),
            _ => error,
        }
    }

    /// Proves who we are.
    pub(super) async fn authenticate(&mut self, who: &Credentials) -> Result<()> {
        match who.mechanism {
            service::Mechanism::Password => self.authenticate_by_password(who).await,
            service::Mechanism::XOAuth2 => self.authenticate_by_token(who).await,
        }
    }

    /// XOAUTH2 (Google's and Microsoft's "SASL XOAUTH2 mechanism").
    async fn authenticate_by_token(&mut self, who: &Credentials) -> Result<()> {
        if !self.offers.xoauth2 {
            return Err(Error::new(
                ErrorKind::AuthFailed,
                "the server takes no tokens (XOAUTH2)",
            )
            .by(Fault::Server));
        }
        let time = self.timeouts.command;
        let login = Login::new(who.user.clone(), who.password.expose().to_owned());
        let first = Auth::new(Mechanism::Xoauth2, login, None)
            .map_err(|_| Error::new(ErrorKind::Internal, "XOAUTH2 without a response"))?;
        let mut reply = self.command(first, Step::Token, time).await?;
        if reply.code == 334 {
            // Details, in JSON; an empty line asks for the verdict in words.
            reply = self.command("\r\n", Step::Token, time).await?;
        }
        if reply.is_completed() {
            Ok(())
        } else {
            Err(failure::from_reply(&reply, Step::Hello))
        }
    }

    /// PLAIN (RFC 4616) or LOGIN.
    async fn authenticate_by_password(&mut self, who: &Credentials) -> Result<()> {
        let mechanism = match (self.offers.plain, self.offers.login) {
            (true, _) => Mechanism::Plain,
            (false, true) => Mechanism::Login,
            (false, false) => {
                return Err(Error::new(
                    ErrorKind::AuthFailed,
                    "the server offers no way to log in that is known here (PLAIN, LOGIN)",
                )
                .by(Fault::Server));
            }
        };
        let login = || Login::new(who.user.clone(), who.password.expose().to_owned());
        let nonsense = |_| {
            Error::new(
                ErrorKind::Protocol,
                "the server asks for something else than user and password",
            )
        };
        let time = self.timeouts.command;
        let first = Auth::new(mechanism, login(), None).map_err(nonsense)?;
        let mut reply = self.command(first, Step::Auth, time).await?;
        // LOGIN has two challenges; a server that goes on asking is not heard further.
        for _ in 0..2 {
            if reply.code != 334 {
                break;
            }
            let text = reply.lines.first().map_or("", String::as_str);
            let challenge = Response::from_str(&format!("334 {text}\r\n")).map_err(nonsense)?;
            let answer =
                Auth::new_from_response(mechanism, login(), &challenge).map_err(nonsense)?;
            reply = self.command(answer, Step::Auth, time).await?;
        }
        if reply.is_completed() {
            Ok(())
        } else {
            Err(failure::from_reply(&reply, Step::Hello))
        }
    }

    /// After this error: a server that still listens hears a good-bye, which nobody waits for.
    pub(super) fn leave(self, error: &Error) {
        let listens = match (&error.reply, error.kind) {
            (Some(reply), _) => reply.code != 421,
            // What we decided ourselves.
            (None, kind) => matches!(
                kind,
                ErrorKind::TooLarge | ErrorKind::NotSupported | ErrorKind::AuthFailed
            ),
        };
        if listens {
            tokio::spawn(self.quit());
        }
    }

    /// Says good-bye, and does not wait long for an answer.
    pub(super) async fn quit(mut self) {
        self.wire.allow(self.timeouts.quit);
        // Whatever comes, the connection is done with.
        let _ = self.smtp.command(Quit).await;
    }
}

impl KeepAlive for Connection {
    async fn noop(&mut self) -> Result<()> {
        let time = self.timeouts.command;
        self.command(Noop, Step::Hello, time).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(lines: &[&str]) -> Offers {
        Offers::read(&Reply {
            code: 250,
            lines: lines.iter().map(|&line| line.into()).collect(),
        })
    }

    #[test]
    fn offers_are_read_in_any_case() {
        let read = offers(&[
            "mail.example.org STARTTLS",
            "Size 1000",
            "8bitMime",
            "SMTPUTF8",
            "auth=LOGIN",
            "AUTH CRAM-MD5 plain",
            "AUTH xoauth2",
        ]);
        assert!(read.xoauth2);
        assert!(!read.starttls && read.eight_bit && read.utf8 && read.plain && read.login);
        assert_eq!(read.size, Some(1000));
    }

    #[test]
    fn lies_are_no_limits() {
        for line in [
            "SIZE",
            "SIZE 0",
            "SIZE x",
            "SIZE 99999999999999999999999",
            "SIZE -1",
        ] {
            assert_eq!(offers(&["x", line]).size, None, "{line}");
        }
        assert_eq!(offers(&["STARTTLS"]), Offers::default());
        assert_eq!(
            offers(&["x", "AUTHPLAIN", "XAUTH PLAIN", ""]),
            Offers::default()
        );
    }
}
