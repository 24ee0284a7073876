//! `hayesctl pop3`.

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::follow::{self, Asked, Deferral, Finished};
use super::table::Table;
use super::{json, text};
use crate::{MessageProxy, Options, Pop3Proxy};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

/// Messages of the inbox that are asked for at a time: as many as hayesd tells.
const PAGE: u32 = 1000;

/// Whose mailbox.
#[derive(Args, Debug)]
pub(super) struct Whose {
    /// The account; without, the default account
    #[arg(short, long, default_value = "", hide_default_value = true)]
    account: String,
}

/// Mailboxes: on the server, and what was fetched into hayesd's inbox
///
/// UIDL is the unique id that the server gives a message; `check` and `list` show it.
#[derive(Debug, Subcommand)]
pub(super) enum Pop3 {
    /// Look into the mailbox on the server
    Check {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        asked: Asked,
    },
    /// Fetch messages into the inbox: all that were not fetched before, or those named
    Fetch {
        uidl: Vec<String>,
        /// Delete on the server what was fetched, once it is safe on disk here
        #[arg(short, long)]
        delete: bool,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        asked: Asked,
    },
    /// Print the header of a message on the server and the first lines of its text
    Top {
        uidl: String,
        /// Lines of its text
        #[arg(short = 'n', long, default_value_t = 10)]
        lines: u32,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        asked: Asked,
    },
    /// Delete messages on the server; what was fetched of them stays
    Delete {
        #[arg(required = true)]
        uidl: Vec<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        asked: Asked,
    },
    /// List the inbox: messages that were fetched
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Print a message that was fetched
    Show {
        uidl: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Remove messages from the inbox; the server is not asked, nor are they fetched again
    Forget {
        #[arg(required = true)]
        uidl: Vec<String>,
        #[command(flatten)]
        whose: Whose,
    },
}

impl Pop3 {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List { whose } => list(context, &whose.account).await,
            Self::Show { uidl, whose } => show(context, &whose.account, &uidl).await,
            Self::Forget { uidl, whose } => forget(context, &whose.account, &uidl).await,
            job => job.of_job(context).await,
        }
    }

    /// Those that ask the server.
    async fn of_job(self, context: &Context) -> Result<()> {
        let asked = match &self {
            Self::Check { asked, .. }
            | Self::Fetch { asked, .. }
            | Self::Top { asked, .. }
            | Self::Delete { asked, .. } => asked.clone(),
            Self::List { .. } | Self::Show { .. } | Self::Forget { .. } => return Ok(()),
        };
        let submit = async |bus: &zbus::Connection, mut options: Options<'_>| {
            let pop3 = Pop3Proxy::new(bus).await?;
            match &self {
                Self::Check { whose, .. } => pop3.check(&whose.account, options).await,
                Self::Fetch {
                    uidl,
                    delete,
                    whose,
                    ..
                } => {
                    if *delete {
                        options.insert("delete", true.into());
                    }
                    pop3.fetch(&whose.account, &refs(uidl), options).await
                }
                Self::Top {
                    uidl, lines, whose, ..
                } => pop3.top(&whose.account, uidl, *lines, options).await,
                Self::Delete { uidl, whose, .. } => {
                    pop3.delete(&whose.account, &refs(uidl), options).await
                }
                Self::List { .. } | Self::Show { .. } | Self::Forget { .. } => {
                    Err(zbus::Error::Unsupported)
                }
            }
        };
        let Some(finished) = follow::run(context, &asked, Deferral::Failure, submit).await? else {
            return Ok(());
        };
        let told = Value::Object(finished.result.clone());
        match &self {
            Self::Check { .. } => context.out.result(&told, || checked(&finished.result)),
            Self::Top { .. } if context.out.json => context.out.result(&told, String::new),
            Self::Top { .. } => context.out.foreign(&finished.data),
            Self::Fetch { .. } => {
                all_came(&finished)?;
                context
                    .out
                    .done(&told, || handled("fetched", &finished.result))
            }
            _ => {
                all_came(&finished)?;
                context
                    .out
                    .done(&told, || handled("deleted", &finished.result))
            }
        }
    }
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// What is in the mailbox.
fn checked(result: &Map<String, Value>) -> String {
    let mut table = Table::new(&[">NUMBER", ">SIZE", "UIDL"]);
    for row in json::rows(result, "messages") {
        table.row([
            &json::number(row, "number").to_string(),
            &text::size(json::number(row, "size")),
            json::text(row, "uidl"),
        ]);
    }
    if table.is_empty() {
        return "the mailbox is empty\n".into();
    }
    table.to_string()
}

fn handled(what: &str, result: &Map<String, Value>) -> String {
    let bytes = json::number(result, "bytes");
    let size = match bytes {
        0 => String::new(),
        bytes => format!(", {}", text::size(bytes)),
    };
    format!("{what}: {}{size}", json::number(result, "count"))
}

/// Messages that did not come, or were not there, are a failure; the others are done.
fn all_came(finished: &Finished) -> Result<()> {
    let failed: Vec<_> = json::rows(&finished.result, "failed").collect();
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let words: Vec<String> = failed
        .iter()
        .map(|row| {
            format!(
                "{}: {}",
                json::text(row, "uidl"),
                json::text(row, "error_text")
            )
        })
        .collect();
    let failure = Failure::named(json::text(first, "error_name"), words.join("; "));
    Err(failure.of_job(finished.job, finished.result.clone()))
}

async fn list(context: &Context, account: &str) -> Result<()> {
    let bus = context.bus().await?;
    let pop3 = Pop3Proxy::new(&bus).await?;
    let mut messages = Vec::new();
    loop {
        let offset = u32::try_from(messages.len())
            .map_err(|_| Failure::new(Exit::Software, "the inbox has no end"))?;
        let page = pop3
            .list_inbox(account, offset, PAGE, Options::new())
            .await?;
        let more = page.len() >= PAGE as usize;
        messages.extend(page.iter().map(json::details));
        if !more {
            break;
        }
    }
    let told: Value = messages.iter().cloned().map(Value::Object).collect();
    context.out.result(&told, || {
        let mut table = Table::new(&["FETCHED", ">SIZE", "UIDL"]);
        for message in &messages {
            table.row([
                &text::time(json::number(message, "received_usec")),
                &text::size(json::number(message, "size")),
                json::text(message, "uidl"),
            ]);
        }
        if table.is_empty() {
            return "the inbox is empty\n".into();
        }
        table.to_string()
    })
}

async fn message(context: &Context, account: &str, uidl: &str) -> Result<MessageProxy<'static>> {
    let bus = context.bus().await?;
    let pop3 = Pop3Proxy::new(&bus).await?;
    let path = pop3.get_message(account, uidl, Options::new()).await?;
    Ok(MessageProxy::new(&bus, path).await?)
}

async fn show(context: &Context, account: &str, uidl: &str) -> Result<()> {
    let message = message(context, account, uidl).await?;
    let fd = OwnedFd::from(message.open(Options::new()).await?);
    let mut bytes = Vec::new();
    File::from(fd)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(Exit::Io, format!("the message cannot be read: {error}")))?;
    if !context.out.json {
        return context.out.foreign(&bytes);
    }
    let mut told = json::details(&message.describe(Options::new()).await?);
    told.insert(
        "text".into(),
        String::from_utf8_lossy(&bytes).into_owned().into(),
    );
    context.out.result(&Value::Object(told), String::new)
}

async fn forget(context: &Context, account: &str, uidls: &[String]) -> Result<()> {
    for uidl in uidls {
        let message = message(context, account, uidl).await?;
        message.remove(Options::new()).await?;
    }
    let count = uidls.len();
    context
        .out
        .done(&json!({ "count": count }), || format!("forgotten: {count}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_mailbox_is_shown_by_number() {
        let result = json!({"messages": [
            {"uidl": "a1", "number": 1, "size": 700},
            {"uidl": "b2", "number": 12, "size": 20480},
        ]});
        assert_eq!(
            checked(&map(&result)),
            "NUMBER      SIZE  UIDL\n     1     700 B  a1\n    12  20.0 KiB  b2\n"
        );
        assert_eq!(checked(&Map::new()), "the mailbox is empty\n");
    }

    #[test]
    fn what_did_not_come_is_a_failure_with_the_servers_words() {
        let result = json!({"count": 1, "bytes": 2048, "failed": [
            {"uidl": "a1", "error_name": "org.hayesd1.Error.NotFound", "error_text": "no such message"},
        ]});
        assert_eq!(handled("fetched", &map(&result)), "fetched: 1, 2.00 KiB");
        let finished = Finished {
            job: 3,
            state: "done".into(),
            result: map(&result),
            data: Vec::new(),
        };
        let failure = all_came(&finished).unwrap_err();
        assert_eq!(failure.exit, Exit::NoInput);
        assert_eq!(failure.text, "a1: no such message (job 3)");
    }
}
