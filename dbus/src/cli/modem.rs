//! `hayesctl modem`.

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::follow::microseconds;
use super::objects::{self, Kind};
use super::table::Table;
use super::{json, text};
use crate::{ModemProxy, Options};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Modules that hayesd drives
#[derive(Debug, Subcommand)]
pub(super) enum Modem {
    /// List them
    List,
    /// Tell everything about one
    Show { name: String },
    /// Send one AT command line and print the answer; for whoever administrates the machine
    ///
    /// Commands that take data, or the module out of hayesd's hands, are refused. If the module's result is an
    /// error, this ends with 69.
    Command {
        name: String,
        /// The command line, with AT
        at: String,
        /// How long the module may take, 20 s at most
        #[arg(long, value_name = "TIME", default_value = "5", value_parser = text::duration)]
        timeout: Duration,
    },
    /// Begin the recovery of one that does not work
    Reset {
        name: String,
        /// Where: what is asked of the module becomes rougher from one to the next
        #[arg(default_value = "resync", value_parser = ["resync", "escape", "reopen", "reset"])]
        rung: String,
    },
    /// Switch its driver on
    Enable { name: String },
    /// Switch its driver off: its port is given back
    Disable { name: String },
}

impl Modem {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List => {
                let modems = objects::list(context, Kind::Modem).await?;
                let told: Value = modems.iter().cloned().map(Value::Object).collect();
                context.out.result(&told, || listed(&modems))
            }
            Self::Show { name } => {
                let modem = objects::find(context, Kind::Modem, &name).await?;
                let text = objects::shown(&modem);
                context.out.result(&Value::Object(modem), || text)
            }
            Self::Command { name, at, timeout } => command(context, &name, &at, timeout).await,
            Self::Reset { name, rung } => {
                let modem = proxy(context, &name).await?;
                modem
                    .reset(&rung, Options::new())
                    .await
                    .map_err(|error| failure(error, &name))?;
                done(context, &name, &format!("recovery begins with {rung}"))
            }
            Self::Enable { name } => enable(context, &name, true).await,
            Self::Disable { name } => enable(context, &name, false).await,
        }
    }
}

/// A modem that is not there is an error with a hint.
fn failure(error: zbus::Error, name: &str) -> Failure {
    let failure = Failure::from(error);
    match failure.name.as_str() {
        "org.freedesktop.DBus.Error.UnknownObject" => Kind::Modem.missing(name),
        _ => failure,
    }
}

fn done(context: &Context, name: &str, what: &str) -> Result<()> {
    let told = json!({ "name": name });
    context.out.done(&told, || format!("{name}: {what}"))
}

async fn proxy(context: &Context, name: &str) -> Result<ModemProxy<'static>> {
    let bus = context.bus().await?;
    Ok(ModemProxy::new(&bus, Kind::Modem.path(name)).await?)
}

async fn enable(context: &Context, name: &str, enabled: bool) -> Result<()> {
    let modem = proxy(context, name).await?;
    let switched = modem.enable(enabled, Options::new()).await;
    switched.map_err(|error| failure(error, name))?;
    done(context, name, if enabled { "enabled" } else { "disabled" })
}

async fn command(context: &Context, name: &str, at: &str, timeout: Duration) -> Result<()> {
    let modem = proxy(context, name).await?;
    let lines = modem
        .command(at, microseconds(timeout), Options::new())
        .await
        .map_err(|error| failure(error, name))?;
    let refused = lines.last().filter(|last| last.contains("ERROR")).cloned();
    let told = json!({ "lines": lines });
    if let Some(last) = refused {
        if !context.out.json {
            context.out.foreign(all(&lines).as_bytes())?;
        }
        let mut failure = Failure::new(Exit::Unavailable, format!("the module answers {last}"));
        failure.details = told.as_object().cloned().unwrap_or_default();
        return Err(failure);
    }
    if context.out.json {
        return context.out.result(&told, String::new);
    }
    context.out.foreign(all(&lines).as_bytes())
}

fn all(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Modems as a table, also for `hayesctl status`.
pub(super) fn listed(modems: &[Map<String, Value>]) -> String {
    let mut table = Table::new(&[
        "MODEM", "STATE", "DIALECT", "MODEL", "NETWORK", ">SIGNAL", "DEVICE",
    ]);
    for modem in modems {
        let signal = match json::number(modem, "signal") {
            0 => String::new(),
            percent => format!("{percent} %"),
        };
        table.row([
            json::text(modem, "name"),
            json::text(modem, "state"),
            json::text(modem, "dialect"),
            json::text(modem, "model"),
            json::text(modem, "registration"),
            &signal,
            json::text(modem, "device"),
        ]);
    }
    if table.is_empty() {
        return "no modems\n".into();
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modems_are_listed_in_columns() {
        let modem = json!({"name": "lte", "state": "ready", "dialect": "quectel", "model": "EC25",
            "registration": "home", "signal": 61, "device": "/dev/ttyUSB2"});
        assert_eq!(
            listed(&[modem.as_object().unwrap().clone()]),
            "MODEM  STATE  DIALECT  MODEL  NETWORK  SIGNAL  DEVICE\n\
             lte    ready  quectel  EC25   home       61 %  /dev/ttyUSB2\n"
        );
    }
}
