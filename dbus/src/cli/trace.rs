//! `hayesctl trace`.

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::interrupt::Interrupts;
use super::json;
use super::objects::{self, Kind};
use crate::{EmulatorProxy, ModemProxy, Options};
use clap::Args;
use serde_json::{Value, json};
use std::os::fd::OwnedFd;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;

/// Print the dialogue of a modem or an emulator from now on, until Ctrl-C; for whoever administrates the
/// machine
///
/// A line has the time of day (UTC), >> for what the host says, << for what the module says, -- for notes;
/// secrets are starred. With --json, each line is an object.
#[derive(Args, Debug)]
pub(super) struct Trace {
    /// The modem or emulator
    name: String,
    /// The modem, where an emulator has the same name
    #[arg(long, group = "which")]
    modem: bool,
    /// The emulator, where a modem has the same name
    #[arg(long, group = "which")]
    emulator: bool,
}

impl Trace {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        let mut interrupts = Interrupts::new()?;
        let kind = self.kind(context).await?;
        let bus = context.bus().await?;
        let path = kind.path(&self.name);
        let pipe = if kind == Kind::Modem {
            let modem = ModemProxy::new(&bus, path).await?;
            modem.trace(Options::new()).await?
        } else {
            let emulator = EmulatorProxy::new(&bus, path).await?;
            emulator.trace(Options::new()).await?
        };
        let pipe = Receiver::from_owned_fd(OwnedFd::from(pipe));
        let broken = |error| Failure::new(Exit::Io, format!("the trace: {error}"));
        let mut lines = BufReader::new(pipe.map_err(broken)?).lines();
        loop {
            let line = tokio::select! {
                line = lines.next_line() => line.map_err(broken)?,
                // Nothing is broken off by that: it is how one ends it.
                _ = interrupts.next() => return Ok(()),
            };
            let Some(line) = line else {
                let text = "hayesd ended the trace: the port or hayesd itself is gone";
                return Err(Failure::new(Exit::Temporary, text));
            };
            if context.out.json {
                context.out.result(&as_json(&line), String::new)?;
            } else {
                context.out.foreign(format!("{line}\n").as_bytes())?;
            }
        }
    }

    async fn kind(&self, context: &Context) -> Result<Kind> {
        let mut found = Vec::new();
        for (kind, other) in [(Kind::Modem, self.emulator), (Kind::Emulator, self.modem)] {
            let objects = objects::list(context, kind).await?;
            if !other
                && objects
                    .iter()
                    .any(|one| json::text(one, "name") == self.name)
            {
                found.push(kind);
            }
        }
        let name = &self.name;
        match found[..] {
            [kind] => Ok(kind),
            [] => Err(Failure::new(
                Exit::NoInput,
                format!("no modem or emulator is named {name:?} (hayesctl status)"),
            )),
            _ => Err(Failure::usage(format!(
                "there is a modem {name:?} and an emulator {name:?}: say --modem or --emulator"
            ))),
        }
    }
}

/// A line as an object: `time`, `from` (host, module or empty for a note), `text`.
fn as_json(line: &str) -> Value {
    let mut words = line.splitn(3, ' ');
    let (time, arrow) = (words.next(), words.next());
    let from = match arrow {
        Some(">>") => "host",
        Some("<<") => "module",
        Some("--") => "",
        // The note on lines that were missed has no time.
        _ => return json!({ "time": null, "from": "", "text": line.trim_start_matches("-- ") }),
    };
    json!({ "time": time, "from": from, "text": words.next().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_objects() {
        assert_eq!(
            as_json("01:02:03.004 >> AT+CSQ\\r"),
            json!({"time": "01:02:03.004", "from": "host", "text": "AT+CSQ\\r"})
        );
        assert_eq!(
            as_json("-- 3 entries were missed, the reader is slow"),
            json!({"time": null, "from": "", "text": "3 entries were missed, the reader is slow"})
        );
    }
}
