//! USER, PASS, ACCT: which comes next (RFC 959 section 5.4). No I/O.

use super::super::replies::Reply;
use super::failure::{self, Step};
use super::path::check_word;
use crate::service::{Error, ErrorKind, FileOpen, Mechanism, Result, Secret, Tls};
use zeroize::Zeroizing;

/// What anonymous servers take for a password: who is asking, by old custom.
const ANONYMOUS: (&str, &str) = ("anonymous", "hayesd@");

/// Who we say we are, judged: nothing in it can be taken for a command, and nothing goes where everybody
/// reads it.
#[derive(Debug)]
pub(super) struct Login {
    user: String,
    password: Secret,
    account: Option<Secret>,
    said: Said,
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    User,
    Password,
    Account,
}

impl Login {
    /// InvalidArgument for malformed words and for secrets that would go in clear; NotSupported for a
    /// token, which FTP has no way to show.
    pub(super) fn check(request: &FileOpen) -> Result<Self> {
        let who = request.credentials.as_ref();
        if who.is_some_and(|who| who.mechanism != Mechanism::Password) {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "FTP has no way to log in by a token",
            ));
        }
        let secret = who.is_some() || request.account.is_some();
        let may = who.is_some_and(|who| who.plain_auth);
        if secret && request.server.tls == Tls::None && !may {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the password would go in clear: use TLS, or allow it with plain_auth",
            ));
        }
        let (user, password) = match who {
            Some(who) => (who.user.clone(), who.password.clone()),
            None => (ANONYMOUS.0.into(), Secret::new(ANONYMOUS.1.into())),
        };
        if user.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "the user is empty"));
        }
        check_word("user", &user)?;
        check_word("password", password.expose())?;
        if let Some(account) = &request.account {
            check_word("account", account.expose())?;
        }
        Ok(Self {
            user,
            password,
            account: request.account.clone(),
            said: Said::Nothing,
        })
    }

    /// The first command.
    pub(super) fn first(&mut self) -> String {
        self.said = Said::User;
        format!("USER {}", self.user)
    }

    /// The command after this reply; `None`: we are in. AuthFailed and whatever else a refusal means.
    pub(super) fn next(&mut self, reply: &Reply) -> Result<Option<Zeroizing<String>>> {
        match (reply.code, &self.said) {
            (200..=299, _) => Ok(None),
            (331, Said::User) => {
                self.said = Said::Password;
                Ok(Some(line("PASS", &self.password)))
            }
            (332, Said::User | Said::Password) if self.account.is_some() => {
                self.said = Said::Account;
                Ok(self.account.as_ref().map(|account| line("ACCT", account)))
            }
            _ => Err(failure::from_reply(reply, Step::Login)),
        }
    }
}

fn line(verb: &str, secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!("{verb} {}", secret.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Credentials, Server};

    fn request(tls: Tls) -> FileOpen {
        FileOpen {
            reach: Default::default(),
            server: Server {
                host: "ftp.example.org".into(),
                port: 21,
                tls,
            },
            credentials: Some(Credentials {
                user: "pump7".into(),
                password: Secret::new("geheim".into()),
                mechanism: Mechanism::Password,
                plain_auth: false,
            }),
            account: Some(Secret::new("4711".into())),
            active: false,
        }
    }

    fn reply(code: u16) -> Reply {
        Reply {
            code,
            lines: vec!["x".into()],
        }
    }

    /// What is said to a server that answers so.
    fn talk(request: &FileOpen, codes: &[u16]) -> (Vec<String>, Option<ErrorKind>) {
        let mut login = Login::check(request).unwrap();
        let mut said = vec![login.first()];
        for &code in codes {
            match login.next(&reply(code)) {
                Ok(Some(line)) => said.push(line.to_string()),
                Ok(None) => return (said, None),
                Err(error) => return (said, Some(error.kind)),
            }
        }
        panic!("{said:?} is no end");
    }

    #[test]
    fn every_way_in() {
        let full = request(Tls::StartTls);
        let (all, end) = talk(&full, &[331, 332, 230]);
        assert_eq!(all, ["USER pump7", "PASS geheim", "ACCT 4711"]);
        assert_eq!(end, None);
        assert_eq!(talk(&full, &[230]).0, ["USER pump7"]);
        assert_eq!(talk(&full, &[331, 202]).0.len(), 2);
        assert_eq!(talk(&full, &[332, 230]).0, ["USER pump7", "ACCT 4711"]);
        for (codes, kind) in [
            (&[530][..], ErrorKind::AuthFailed),
            (&[331, 530], ErrorKind::AuthFailed),
            (&[331, 331], ErrorKind::Protocol),
            (&[331, 421], ErrorKind::TemporaryFailure),
            (&[331, 332, 332], ErrorKind::AuthFailed),
            (&[331, 332, 532], ErrorKind::AuthFailed),
            (&[120], ErrorKind::Protocol),
        ] {
            assert_eq!(talk(&full, codes).1, Some(kind), "{codes:?}");
        }
        let mut without = full;
        without.account = None;
        assert_eq!(talk(&without, &[331, 332]).1, Some(ErrorKind::AuthFailed));
        without.credentials = None;
        without.server.tls = Tls::None;
        assert_eq!(
            talk(&without, &[331, 230]).0,
            ["USER anonymous", "PASS hayesd@"]
        );
    }

    #[test]
    fn what_is_never_said() {
        let kind = |request: &FileOpen| Login::check(request).unwrap_err().kind;
        let clear = request(Tls::None);
        assert_eq!(kind(&clear), ErrorKind::InvalidArgument);
        let mut account = clear.clone();
        account.credentials = None;
        assert_eq!(kind(&account), ErrorKind::InvalidArgument);
        let mut allowed = clear;
        allowed.credentials.as_mut().unwrap().plain_auth = true;
        assert!(Login::check(&allowed).is_ok());
        let mut token = request(Tls::Implicit);
        token.credentials.as_mut().unwrap().mechanism = Mechanism::XOAuth2;
        assert_eq!(kind(&token), ErrorKind::NotSupported);
        for word in ["a\r\nSITE EXEC x", "a\nb", "a\0", "\u{1b}"] {
            let mut user = request(Tls::Implicit);
            user.credentials.as_mut().unwrap().user = word.into();
            let mut password = request(Tls::Implicit);
            password.credentials.as_mut().unwrap().password = Secret::new(word.into());
            let mut account = request(Tls::Implicit);
            account.account = Some(Secret::new(word.into()));
            for request in [user, password, account] {
                assert_eq!(kind(&request), ErrorKind::InvalidArgument);
            }
        }
    }
}
