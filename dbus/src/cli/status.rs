//! `hayesctl status`, `reload` and `log-level`.

use super::bus::Context;
use super::failure::Result;
use super::objects::{self, Kind};
use super::{emulator, modem, text};
use crate::{MailProxy, ManagerProxy, Options};
use serde_json::{Map, Value, json};

/// What goes on.
pub(super) async fn show(context: &Context) -> Result<()> {
    let bus = context.bus().await?;
    let manager = ManagerProxy::new(&bus).await?;
    let mail = MailProxy::new(&bus).await?;
    let modems = objects::list(context, Kind::Modem).await?;
    let emulators = objects::list(context, Kind::Emulator).await?;
    let told = json!({
        "version": manager.version().await?,
        "state": manager.state().await?,
        "clock_trusted": manager.clock_trusted().await?,
        "jobs_active": manager.jobs_active().await?,
        "jobs_deferred": manager.jobs_deferred().await?,
        "spool_bytes": manager.spool_bytes().await?,
        "queue_length": mail.queue_length().await?,
        "default_account": mail.default_account().await?,
        "modems": modems,
        "emulators": emulators,
    });
    context.out.result(&told, || {
        let daemon = told.as_object().map(shown).unwrap_or_default();
        format!(
            "{daemon}\n{}\n{}",
            modem::listed(&modems),
            emulator::listed(&emulators)
        )
    })
}

fn shown(told: &Map<String, Value>) -> String {
    let text = |key: &str| super::json::text(told, key);
    let number = |key: &str| super::json::number(told, key);
    let trusted = told.get("clock_trusted").and_then(Value::as_bool);
    let mut table = super::table::Table::new(&["", ""]);
    table.row(["hayesd", &format!("{}, {}", text("version"), text("state"))]);
    table.row([
        "clock",
        if trusted == Some(true) {
            "set"
        } else {
            "never set: mails wait for their date, certificates cannot be judged"
        },
    ]);
    let jobs = format!(
        "{} active, {} deferred",
        number("jobs_active"),
        number("jobs_deferred")
    );
    table.row(["jobs", &jobs]);
    let queue = format!(
        "{} mails, {}",
        number("queue_length"),
        text::size(number("spool_bytes"))
    );
    table.row(["queue", &queue]);
    table.row(["default account", text("default_account")]);
    table.without_headings()
}

/// Reads the configuration again.
pub(super) async fn reload(context: &Context) -> Result<()> {
    let bus = context.bus().await?;
    let manager = ManagerProxy::new(&bus).await?;
    manager.reload(Options::new()).await?;
    let told = Value::Object(Map::new());
    context
        .out
        .done(&told, || "the configuration was read again".into())
}

/// Changes how much is logged.
pub(super) async fn log_level(context: &Context, level: &str) -> Result<()> {
    let bus = context.bus().await?;
    let manager = ManagerProxy::new(&bus).await?;
    manager.set_log_level(level, Options::new()).await?;
    let told = json!({ "level": level });
    context.out.done(&told, || {
        format!("{level} and more important is logged until hayesd ends")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_told_in_five_lines() {
        let told = json!({"version": "0.1.0", "state": "ready", "clock_trusted": true,
            "jobs_active": 1, "jobs_deferred": 2, "spool_bytes": 4096, "queue_length": 3,
            "default_account": ""});
        assert_eq!(
            shown(told.as_object().unwrap()),
            "hayesd           0.1.0, ready\nclock            set\njobs             1 active, 2 deferred\n\
             queue            3 mails, 4.00 KiB\ndefault account  -\n"
        );
    }
}
