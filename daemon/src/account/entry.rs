//! What an account comes to once its secrets are read.

use crate::config::{self, Config, Endpoint, Machine, TokenSource};
use crate::job::{FtpAccount, MailAccount, Pop3Account, Service};
use crate::service::{Credentials, Error, ErrorKind, Fault, Mechanism, Result, Secret, Server};
use std::collections::BTreeMap;

/// An account; what can't be used of it with the reason, what it lacks not at all.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub(super) mail: Option<Result<MailAccount>>,
    pub(super) pop3: Option<Result<Pop3Account>>,
    pub(super) ftp: Option<Result<FtpAccount>>,
    /// Where tokens are fetched; until then the secret of such credentials is empty.
    pub(super) tokens: BTreeMap<Service, TokenSource>,
}

/// The accounts of a configuration, by name. It reads secrets: not on the event loop.
pub fn configured(config: &Config, machine: &Machine) -> BTreeMap<String, Entry> {
    let entry = |(name, account): (&config::Name, &config::Account)| {
        let entry = Entry::new(name.as_str(), account, |_, endpoint| {
            let source = endpoint.password.as_ref()?;
            Some(source.read(machine))
        });
        (name.to_string(), entry)
    };
    config.accounts.iter().map(entry).collect()
}

impl Entry {
    /// With the passwords that this finds. Errors are texts for a person, without secrets.
    pub(super) fn new(
        name: &str,
        account: &config::Account,
        password: impl Fn(Service, &Endpoint) -> Option<std::result::Result<Secret, String>>,
    ) -> Self {
        let credentials = |service, endpoint: &Endpoint| {
            credentials(endpoint, password(service, endpoint)).map_err(|text| {
                let text = format!(
                    "account {name} can't be used for {}: {text}",
                    service.name()
                );
                Error::new(ErrorKind::TemporaryFailure, text).by(Fault::Us)
            })
        };
        let token = |(service, endpoint): (Service, &Option<Endpoint>)| {
            Some((service, endpoint.as_ref()?.token.clone()?))
        };
        Self {
            mail: mail(account, &credentials),
            pop3: pop3(name, account, &credentials),
            ftp: ftp(account, &credentials),
            tokens: [
                (Service::Smtp, &account.smtp),
                (Service::Pop3, &account.pop3),
                (Service::Ftp, &account.ftp),
            ]
            .into_iter()
            .filter_map(token)
            .collect(),
        }
    }

    /// Its services, by name.
    pub(super) fn services(&self) -> Vec<Service> {
        [
            (Service::Smtp, self.mail.is_some()),
            (Service::Pop3, self.pop3.is_some()),
            (Service::Ftp, self.ftp.is_some()),
        ]
        .into_iter()
        .filter_map(|(service, is_there)| is_there.then_some(service))
        .collect()
    }
}

/// Who we are to a server, where it wants to know.
fn credentials(
    endpoint: &Endpoint,
    password: Option<std::result::Result<Secret, String>>,
) -> std::result::Result<Option<Credentials>, String> {
    let Some(user) = &endpoint.user else {
        return Ok(None);
    };
    let (secret, mechanism) = match (password, &endpoint.token) {
        (Some(password), _) => (password?, Mechanism::Password),
        (None, Some(_)) => (Secret::new(String::new()), Mechanism::XOAuth2),
        (None, None) => return Err("it has a user and no secret yet: SetSecret".into()),
    };
    Ok(Some(Credentials {
        user: user.as_str().to_owned(),
        password: secret,
        mechanism,
        plain_auth: endpoint.plain_auth,
    }))
}

fn server(endpoint: &Endpoint, service: config::Service) -> Server {
    Server {
        host: endpoint.host.as_str().to_owned(),
        port: endpoint.port(service),
        tls: endpoint.tls,
    }
}

/// Credentials for a service.
type Who<'a> = dyn Fn(Service, &Endpoint) -> Result<Option<Credentials>> + 'a;

fn mail(account: &config::Account, who: &Who<'_>) -> Option<Result<MailAccount>> {
    let (smtp, from) = (account.smtp.as_ref()?, account.from.as_ref()?);
    Some(who(Service::Smtp, smtp).map(|credentials| MailAccount {
        from: from.0.to_string(),
        server: server(smtp, config::Service::Smtp),
        credentials,
        via: account.via.clone(),
    }))
}

fn pop3(name: &str, account: &config::Account, who: &Who<'_>) -> Option<Result<Pop3Account>> {
    let pop3 = account.pop3.as_ref()?;
    let known = who(Service::Pop3, pop3).and_then(|credentials| {
        let credentials = credentials.ok_or_else(|| {
            let text = format!("account {name}: a mailbox needs a user");
            Error::new(ErrorKind::AuthFailed, text).by(Fault::Us)
        })?;
        Ok(Pop3Account {
            server: server(pop3, config::Service::Pop3),
            credentials,
            via: account.via.clone(),
        })
    });
    Some(known)
}

fn ftp(account: &config::Account, who: &Who<'_>) -> Option<Result<FtpAccount>> {
    let ftp = account.ftp.as_ref()?;
    Some(who(Service::Ftp, ftp).map(|credentials| FtpAccount {
        server: server(ftp, config::Service::Ftp),
        credentials,
        account: None,
        active: false,
        via: account.via.clone(),
    }))
}
