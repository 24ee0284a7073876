//! `hayesctl emulator`.

use super::bus::Context;
use super::failure::{Failure, Result};
use super::objects::{self, Kind};
use super::table::Table;
use super::{json, text};
use crate::{EmulatorProxy, Options};
use clap::Subcommand;
use serde_json::{Map, Value, json};

/// Modules that hayesd plays for equipment
#[derive(Debug, Subcommand)]
pub(super) enum Emulator {
    /// List them
    List,
    /// Tell everything about one
    Show { name: String },
    /// Switch the module on and claim its port
    Start { name: String },
    /// Switch the module off and give its port back
    Stop { name: String },
    /// Switch the module off and on: what was not stored is forgotten
    Reset { name: String },
}

impl Emulator {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List => {
                let emulators = objects::list(context, Kind::Emulator).await?;
                let told: Value = emulators.iter().cloned().map(Value::Object).collect();
                context.out.result(&told, || listed(&emulators))
            }
            Self::Show { name } => {
                let emulator = objects::find(context, Kind::Emulator, &name).await?;
                let text = objects::shown(&emulator);
                context.out.result(&Value::Object(emulator), || text)
            }
            Self::Start { name } => {
                let emulator = proxy(context, &name).await?;
                done(context, &name, "on", emulator.start(Options::new()).await)
            }
            Self::Stop { name } => {
                let emulator = proxy(context, &name).await?;
                done(context, &name, "off", emulator.stop(Options::new()).await)
            }
            Self::Reset { name } => {
                let emulator = proxy(context, &name).await?;
                let reset = emulator.reset(Options::new()).await;
                done(context, &name, "off and on again", reset)
            }
        }
    }
}

async fn proxy(context: &Context, name: &str) -> Result<EmulatorProxy<'static>> {
    let bus = context.bus().await?;
    Ok(EmulatorProxy::new(&bus, Kind::Emulator.path(name)).await?)
}

fn done(context: &Context, name: &str, what: &str, called: zbus::Result<()>) -> Result<()> {
    called.map_err(|error| {
        let failure = Failure::from(error);
        match failure.name.as_str() {
            "org.freedesktop.DBus.Error.UnknownObject" => Kind::Emulator.missing(name),
            _ => failure,
        }
    })?;
    let told = json!({ "name": name });
    context.out.done(&told, || format!("{name}: {what}"))
}

/// Emulators as a table, also for `hayesctl status`.
pub(super) fn listed(emulators: &[Map<String, Value>]) -> String {
    let mut table = Table::new(&[
        "EMULATOR",
        "STATE",
        "DIALECT",
        "EQUIPMENT",
        "VIA",
        ">COMMANDS",
        ">IN",
        ">OUT",
        "DEVICE",
    ]);
    for emulator in emulators {
        let there = emulator.get("dtr").and_then(Value::as_bool);
        let via = emulator.get("via").and_then(Value::as_array);
        let via: Vec<&str> = via
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        table.row([
            json::text(emulator, "name"),
            json::text(emulator, "state"),
            json::text(emulator, "dialect"),
            if there == Some(true) { "there" } else { "away" },
            &via.join(" "),
            &json::number(emulator, "commands").to_string(),
            &text::size(json::number(emulator, "bytes_in")),
            &text::size(json::number(emulator, "bytes_out")),
            json::text(emulator, "device"),
        ]);
    }
    if table.is_empty() {
        return "no emulators\n".into();
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulators_are_listed_in_columns() {
        let panel = json!({"name": "panel", "state": "command", "dialect": "simcom", "dtr": true,
            "via": ["ip", "modem:lte"], "commands": 12, "bytes_in": 100, "bytes_out": 2048,
            "device": "/dev/ttyS1"});
        assert_eq!(
            listed(&[panel.as_object().unwrap().clone()]),
            "EMULATOR  STATE    DIALECT  EQUIPMENT  VIA           COMMANDS     IN       OUT  DEVICE\n\
             panel     command  simcom   there      ip modem:lte        12  100 B  2.00 KiB  /dev/ttyS1\n"
        );
    }
}
