//! `hayesctl account`.

use super::bus::Context;
use super::content::{Content, STDIN};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::follow::{self, Asked, Deferral};
use super::objects::{self, Kind};
use super::table::Table;
use super::{json, server, terminal};
use crate::{AccountProxy, ManagerProxy, Options};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use zbus::Variant;

/// The most bytes of a secret that hayesd reads.
const LONGEST_SECRET: u64 = 4096;

/// Servers, and who we are to them
///
/// Accounts of the configuration are changed there; the others here, by root.
#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// List them
    List,
    /// Make one; give it its passwords by `account secret`
    ///
    /// SERVER is HOST and what differs from what is usual, with commas: port=N, tls=implicit (this is usual),
    /// starttls or none, user=NAME (without, we do not log in), plain_auth=yes (the password may go in clear).
    Add {
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change one: what is not named stays, but a server is named as a whole
    ///
    /// SERVER is as for `add`, or `none`, which takes it away.
    Set {
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Log in to each of its servers; nothing is sent or fetched
    Test {
        name: String,
        #[command(flatten)]
        asked: Asked,
    },
    /// Give it a password, from the terminal (not shown), from standard input or from a file
    Secret {
        name: String,
        /// Of which server
        #[arg(value_parser = server::SERVICES)]
        service: String,
        /// A file with the password alone in it; - is standard input
        #[arg(long, value_name = "FILE", group = "source")]
        file: Option<PathBuf>,
        /// The name of a credential that systemd passes to hayesd (LoadCredential=)
        #[arg(long, value_name = "NAME", group = "source")]
        credential: Option<String>,
    },
    /// Forget it and its passwords
    Remove { name: String },
}

/// What an account is made of.
#[derive(Args, Debug)]
pub(super) struct Settings {
    /// The sender of its mails: an address, or NAME <ADDRESS>
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Where its mail goes: HOST[,KEY=VALUE...]
    #[arg(long, value_name = "SERVER", value_parser = server::parse)]
    smtp: Option<server::Server>,
    /// Where its mailbox is, as with --smtp
    #[arg(long, value_name = "SERVER", value_parser = server::parse)]
    pop3: Option<server::Server>,
    /// Where its files are, as with --smtp
    #[arg(long, value_name = "SERVER", value_parser = server::parse)]
    ftp: Option<server::Server>,
}

impl Settings {
    fn options(&self) -> Options<'_> {
        let mut options = Options::new();
        if let Some(from) = &self.from {
            options.insert("from", Variant::from(from.as_str()));
        }
        for (service, server) in [
            ("smtp", &self.smtp),
            ("pop3", &self.pop3),
            ("ftp", &self.ftp),
        ] {
            if let Some(server) = server {
                options.insert(service, Variant::from(server.settings()));
            }
        }
        options
    }
}

impl Account {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List => {
                let accounts = objects::list(context, Kind::Account).await?;
                let told: Value = accounts.iter().cloned().map(Value::Object).collect();
                context.out.result(&told, || listed(&accounts))
            }
            Self::Add { name, settings } => {
                let bus = context.bus().await?;
                let manager = ManagerProxy::new(&bus).await?;
                let made = manager.create_account(&name, settings.options(), Options::new());
                done(context, &name, "made", made.await.map(drop))
            }
            Self::Set { name, settings } => {
                let account = proxy(context, &name).await?;
                let changed = account.configure(settings.options(), Options::new());
                done(context, &name, "changed", changed.await)
            }
            Self::Test { name, asked } => test(context, &name, &asked).await,
            Self::Secret {
                name,
                service,
                file,
                credential,
            } => {
                let account = proxy(context, &name).await?;
                let given = match credential {
                    Some(credential) => {
                        let options = Options::new();
                        account
                            .set_secret_from_credential(&service, &credential, options)
                            .await
                    }
                    None => {
                        let secret = secret(context, &name, &service, file.as_deref()).await?;
                        let fd = secret.again().map_err(|error| {
                            Failure::new(Exit::Io, format!("the secret: {error}"))
                        })?;
                        account
                            .set_secret(&service, fd.as_fd().into(), Options::new())
                            .await
                    }
                };
                done(
                    context,
                    &name,
                    &format!("the password for {service} is set"),
                    given,
                )
            }
            Self::Remove { name } => {
                let account = proxy(context, &name).await?;
                done(
                    context,
                    &name,
                    "removed",
                    account.remove(Options::new()).await,
                )
            }
        }
    }
}

/// A password, from where it is said to be, else from the terminal or standard input.
async fn secret(
    context: &Context,
    name: &str,
    service: &str,
    file: Option<&Path>,
) -> Result<Content> {
    match file {
        Some(path) => Content::open(path, LONGEST_SECRET, context.out),
        None if io::stdin().is_terminal() => {
            let typed = terminal::ask(&format!("Password of {name} for {service}")).await?;
            Content::of_text(&typed)
        }
        None => Content::open(Path::new(STDIN), LONGEST_SECRET, context.out),
    }
}

async fn proxy(context: &Context, name: &str) -> Result<AccountProxy<'static>> {
    let bus = context.bus().await?;
    Ok(AccountProxy::new(&bus, Kind::Account.path(name)).await?)
}

/// An account that is not there is an error with a hint.
fn failure(error: zbus::Error, name: &str) -> Failure {
    let failure = Failure::from(error);
    match failure.name.as_str() {
        "org.freedesktop.DBus.Error.UnknownObject" => Kind::Account.missing(name),
        _ => failure,
    }
}

fn done(context: &Context, name: &str, what: &str, called: zbus::Result<()>) -> Result<()> {
    called.map_err(|error| failure(error, name))?;
    let told = json!({ "name": name });
    context.out.done(&told, || format!("{name}: {what}"))
}

async fn test(context: &Context, name: &str, asked: &Asked) -> Result<()> {
    // Whether it is there, before a job is made of it.
    objects::find(context, Kind::Account, name).await?;
    let path = Kind::Account.path(name);
    let submit = async |bus: &zbus::Connection, options: Options<'_>| {
        let account = AccountProxy::new(bus, path.as_str()).await?;
        account.test(options).await
    };
    match follow::run(context, asked, Deferral::Failure, submit).await {
        Ok(None) => Ok(()),
        Ok(Some(finished)) => {
            let told = Value::Object(finished.result.clone());
            context.out.result(&told, || tested(&finished.result))
        }
        Err(failure) => {
            if !context.out.json && failure.details.contains_key("services") {
                context.out.bytes(tested(&failure.details).as_bytes())?;
            }
            Err(failure)
        }
    }
}

/// What each server said.
fn tested(result: &Map<String, Value>) -> String {
    let mut table = Table::new(&["SERVER", "STEP", "WHY"]);
    for row in json::rows(result, "services") {
        let step = match json::text(row, "failed_at") {
            "" => "all is well".to_owned(),
            step => format!("fails at: {step}"),
        };
        table.row([json::text(row, "service"), &step, json::text(row, "why")]);
    }
    table.to_string()
}

fn listed(accounts: &[Map<String, Value>]) -> String {
    let mut table = Table::new(&["ACCOUNT", "SERVERS", "MADE BY"]);
    for account in accounts {
        let services = account.get("services").and_then(Value::as_array);
        let services = services.into_iter().flatten().filter_map(Value::as_str);
        let configured = account.get("configured").and_then(Value::as_bool);
        table.row([
            json::text(account, "name"),
            &services.collect::<Vec<_>>().join(" "),
            if configured == Some(true) {
                "configuration"
            } else {
                "hayesctl account add"
            },
        ]);
    }
    if table.is_empty() {
        return "no accounts\n".into();
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_tells_the_step_that_failed() {
        let result = json!({"services": [
            {"service": "smtp", "failed_at": "", "why": ""},
            {"service": "pop3", "failed_at": "authenticate", "why": "-ERR no"},
        ]});
        assert_eq!(
            tested(result.as_object().unwrap()),
            "SERVER  STEP                    WHY\nsmtp    all is well             -\n\
             pop3    fails at: authenticate  -ERR no\n"
        );
    }

    #[test]
    fn accounts_are_listed_with_where_they_are_changed() {
        let account = json!({"name": "alerts", "services": ["smtp", "ftp"], "configured": true});
        assert_eq!(
            listed(&[account.as_object().unwrap().clone()]),
            "ACCOUNT  SERVERS   MADE BY\nalerts   smtp ftp  configuration\n"
        );
    }
}
