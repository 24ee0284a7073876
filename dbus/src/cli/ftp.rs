//! `hayesctl ftp`.

use super::bus::Context;
use super::content::{Content, MOST_OF_A_PIPE};
use super::failure::{Failure, Result};
use super::follow::{self, Asked, Deferral};
use super::local::Local;
use super::table::Table;
use super::{json, text};
use crate::{FtpProxy, Options};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

/// The size of an entry that its server does not tell.
const NO_SIZE: u64 = u64::MAX;

/// On whose server.
#[derive(Args, Debug)]
pub(super) struct Whose {
    /// The account; without, the default account
    #[arg(short, long, default_value = "", hide_default_value = true)]
    account: String,
    #[command(flatten)]
    asked: Asked,
}

/// Files on a server
///
/// Paths on the server are relative to the folder in which it puts the account's user.
#[derive(Debug, Subcommand)]
pub(super) enum Ftp {
    /// Send a file
    Put {
        /// The file here; - is standard input
        local: PathBuf,
        /// Its name on the server; without, that of the file here
        remote: Option<String>,
        /// At the end of what is there
        #[arg(long, group = "how")]
        append: bool,
        /// Go on where the server's part of the file ends
        #[arg(long, group = "how")]
        resume: bool,
        /// Under another name until it is complete
        #[arg(long, group = "how")]
        atomic: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Fetch a file
    ///
    /// It has the name LOCAL.part until it is complete; with --no-wait, it is LOCAL from the beginning.
    Get {
        remote: String,
        /// The file here; - is standard output; without, the name that it has on the server
        local: Option<PathBuf>,
        /// Go on with LOCAL.part, and keep it if this fails, too
        #[arg(long)]
        resume: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// List a folder
    Ls {
        /// The folder; without, where the server puts us
        #[arg(default_value = "", hide_default_value = true)]
        folder: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Remove a file
    Rm {
        remote: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Make a folder
    Mkdir {
        remote: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Give a file or a folder another name
    Mv {
        from: String,
        to: String,
        #[command(flatten)]
        whose: Whose,
    },
}

impl Ftp {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match &self {
            Self::Put {
                local,
                remote,
                append,
                resume,
                atomic,
                whose,
            } => {
                let remote = match remote {
                    Some(remote) => remote.clone(),
                    None => name(local)?,
                };
                let keys = [
                    ("append", *append),
                    ("resume", *resume),
                    ("atomic", *atomic),
                ];
                put(context, local, &remote, &keys, whose).await
            }
            Self::Get {
                remote,
                local,
                resume,
                whose,
            } => {
                let local = match local {
                    Some(local) => local.clone(),
                    None => name(Path::new(remote))?.into(),
                };
                get(context, remote, &local, *resume, whose).await
            }
            Self::Ls { folder, whose } => ls(context, folder, whose).await,
            Self::Rm { whose, .. } | Self::Mkdir { whose, .. } | Self::Mv { whose, .. } => {
                self.change(context, whose).await
            }
        }
    }

    /// Those that bring nothing back.
    async fn change(&self, context: &Context, whose: &Whose) -> Result<()> {
        let account = whose.account.as_str();
        let submit = async |bus: &zbus::Connection, options: Options<'_>| {
            let ftp = FtpProxy::new(bus).await?;
            match self {
                Self::Rm { remote, .. } => ftp.remove(account, remote, options).await,
                Self::Mkdir { remote, .. } => ftp.make_directory(account, remote, options).await,
                Self::Mv { from, to, .. } => ftp.rename(account, from, to, options).await,
                Self::Put { .. } | Self::Get { .. } | Self::Ls { .. } => {
                    Err(zbus::Error::Unsupported)
                }
            }
        };
        let finished = follow::run(context, &whose.asked, Deferral::Failure, submit).await?;
        let Some(finished) = finished else {
            return Ok(());
        };
        context
            .out
            .done(&Value::Object(finished.result), || "done".into())
    }
}

/// The last part of a path.
fn name(path: &Path) -> Result<String> {
    let name = path.file_name().filter(|name| *name != "-");
    let name = name.and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!(
            "{}: name the file at the other end, too",
            path.display()
        ))
    })
}

async fn put(
    context: &Context,
    local: &Path,
    remote: &str,
    keys: &[(&'static str, bool)],
    whose: &Whose,
) -> Result<()> {
    let content = Content::open(local, MOST_OF_A_PIPE, context.out)?;
    let submit = async |bus: &zbus::Connection, mut options: Options<'_>| {
        let set = keys.iter().filter(|(_, set)| *set);
        options.extend(set.map(|&(key, set)| (key, set.into())));
        let ftp = FtpProxy::new(bus).await?;
        let content = content.again()?.as_fd().into();
        ftp.upload(&whose.account, remote, content, options).await
    };
    let finished = follow::run(context, &whose.asked, Deferral::Failure, submit).await?;
    let Some(finished) = finished else {
        return Ok(());
    };
    let bytes = json::number(&finished.result, "bytes");
    context.out.done(&Value::Object(finished.result), || {
        format!("sent: {}", text::size(bytes))
    })
}

async fn get(
    context: &Context,
    remote: &str,
    local: &Path,
    resume: bool,
    whose: &Whose,
) -> Result<()> {
    let into = Local::open(local, resume, whose.asked.is_left_alone(), context.out)?;
    let submit = async |bus: &zbus::Connection, mut options: Options<'_>| {
        if resume {
            options.insert("resume", true.into());
        }
        let ftp = FtpProxy::new(bus).await?;
        let fd = into.again()?.into();
        ftp.download(&whose.account, remote, fd, options).await
    };
    let finished = match follow::run(context, &whose.asked, Deferral::Failure, submit).await {
        Ok(Some(finished)) => finished,
        Ok(None) => return Ok(()),
        Err(failure) => {
            into.failed();
            return Err(failure);
        }
    };
    into.complete()?;
    if local == Path::new(super::content::STDIN) {
        return Ok(());
    }
    let bytes = json::number(&finished.result, "bytes");
    context.out.done(&Value::Object(finished.result), || {
        format!("fetched: {}", text::size(bytes))
    })
}

async fn ls(context: &Context, folder: &str, whose: &Whose) -> Result<()> {
    let submit = async |bus: &zbus::Connection, options: Options<'_>| {
        let ftp = FtpProxy::new(bus).await?;
        ftp.list(&whose.account, folder, options).await
    };
    let finished = follow::run(context, &whose.asked, Deferral::Failure, submit).await?;
    let Some(mut finished) = finished else {
        return Ok(());
    };
    untold(&mut finished.result);
    let told = Value::Object(finished.result.clone());
    context.out.result(&told, || listed(&finished.result))
}

/// What the server does not tell becomes `null`.
fn untold(result: &mut Map<String, Value>) {
    let rows = result.get_mut("entries").and_then(Value::as_array_mut);
    for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
        for (key, none) in [("size", Value::from(NO_SIZE)), ("mtime", Value::from(-1))] {
            if row.get(key) == Some(&none) {
                row.insert(key.into(), Value::Null);
            }
        }
    }
}

fn listed(result: &Map<String, Value>) -> String {
    let mut table = Table::new(&["TYPE", ">SIZE", "CHANGED", "NAME"]);
    for row in json::rows(result, "entries") {
        let size = row.get("size").and_then(Value::as_u64);
        let changed = json::number(row, "mtime").saturating_mul(1_000_000);
        table.row([
            json::text(row, "type"),
            &size.map(text::size).unwrap_or_default(),
            &text::time(changed),
            json::text(row, "name"),
        ]);
    }
    if table.is_empty() {
        return "the folder is empty\n".into();
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_does_not_tell_is_not_made_up() {
        let mut result = json!({"entries": [
            {"name": "log.csv", "type": "file", "size": 1024, "mtime": 1_795_302_000},
            {"name": "old", "type": "folder", "size": NO_SIZE, "mtime": -1},
        ]});
        let result = result.as_object_mut().unwrap();
        untold(result);
        assert_eq!(result["entries"][1]["size"], Value::Null);
        assert_eq!(result["entries"][1]["mtime"], Value::Null);
        assert_eq!(
            listed(result),
            "TYPE        SIZE  CHANGED               NAME\n\
             file    1.00 KiB  2026-11-21 23:00:00Z  log.csv\n\
             folder         -  -                     old\n"
        );
    }

    #[test]
    fn the_other_name_is_the_same_where_there_is_one() {
        assert_eq!(name(Path::new("a/b.txt")).unwrap(), "b.txt");
        assert!(name(Path::new("-")).is_err() && name(Path::new("/")).is_err());
    }
}
