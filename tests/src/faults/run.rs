//! Runs a script: both sides at once.

use super::certificates::Certificates;
use super::script::{Action, Expected, Script, Settings};
use super::server::Server;
use anyhow::{Context as _, Result, bail, ensure};
use hayesd::net::Timeouts;
use hayesd::service::{BoxFuture, Error};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Far above what a script takes.
const GUARD: Duration = Duration::from_secs(60);

/// One protocol's client, as far as scripts know it.
pub trait Client: Send {
    /// Does what a line says. What it came to, as text, if it succeeded.
    fn perform<'a>(
        &'a mut self,
        verb: &'a str,
        argument: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Error>>>;
}

/// Makes a client for a server on this port of `localhost`.
pub type Clients = fn(&Settings, u16, Timeouts, &Certificates) -> Result<Box<dyn Client>>;

/// Runs every script of a folder of `tests/faults`, all at once, and compares their names with its LIST.
///
/// # Errors
/// A script fails, one is missing, or one is not listed; the text says each.
pub async fn check_folder(name: &str, clients: Clients) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("faults")
        .join(name);
    let list = fs::read_to_string(folder.join("LIST"))?;
    let listed: BTreeSet<&str> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name))
        .collect();
    let mut scripts = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "txt") {
            scripts.push(Script::read(&path)?);
        }
    }
    let found = scripts.iter().map(|script| script.name.as_str()).collect();
    let differ: Vec<_> = listed.symmetric_difference(&found).collect();
    ensure!(differ.is_empty(), "listed or there, not both: {differ:?}");
    let only = std::env::var("FAULT").unwrap_or_default();
    scripts.retain(|script| script.name.contains(&only));
    let certificates = Arc::new(Certificates::new()?);
    // Those whose time is short wait until the large ones are done, which keep the processor busy.
    let (unhurried, hurried) = scripts
        .into_iter()
        .partition(|script| script.settings.limit.is_none());
    let mut failed = check_all(unhurried, clients, &certificates).await?;
    failed.extend(check_all(hurried, clients, &certificates).await?);
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// Runs these at once; what went wrong.
async fn check_all(
    scripts: Vec<Script>,
    clients: Clients,
    certificates: &Arc<Certificates>,
) -> Result<Vec<String>> {
    let mut running = JoinSet::new();
    for script in scripts {
        let certificates = Arc::clone(certificates);
        running.spawn(async move {
            let result = check(&script, clients, &certificates).await;
            result.with_context(|| script.name.clone())
        });
    }
    let mut failed = Vec::new();
    while let Some(done) = running.join_next().await {
        if let Err(error) = done? {
            failed.push(format!("{error:#}"));
        }
    }
    Ok(failed)
}

async fn check(script: &Script, clients: Clients, certificates: &Arc<Certificates>) -> Result<()> {
    let mut chunks = script.settings.chunks.clone();
    if chunks.is_empty() {
        chunks.push(0);
    }
    for chunk in chunks {
        let server = Server::listen(Arc::clone(certificates), chunk).await?;
        let times = timeouts(script.settings.limit);
        let client = clients(&script.settings, server.port()?, times, certificates)?;
        let both = async {
            let (client, server) = tokio::join!(act(client, script), server.run(&script.server));
            match (client, server) {
                (Err(client), Err(server)) => bail!("{client:#}; {server:#}"),
                (client, server) => client.and(server),
            }
        };
        tokio::time::timeout(GUARD, both)
            .await
            .unwrap_or_else(|_| bail!("it hangs"))
            .with_context(|| format!("in pieces of {chunk}"))?;
    }
    Ok(())
}

fn timeouts(limit: Option<Duration>) -> Timeouts {
    let time = limit.unwrap_or(GUARD);
    Timeouts {
        resolve: GUARD,
        connect: GUARD,
        tls: time,
        greeting: time,
        command: time,
        data: time,
        piece: time,
        end: time,
        quit: Duration::from_millis(300),
    }
}

async fn act(mut client: Box<dyn Client>, script: &Script) -> Result<()> {
    for action in &script.client {
        let outcome = client.perform(&action.verb, &action.argument).await?;
        judge(action, outcome).with_context(|| format!("client, line {}", action.line))?;
    }
    Ok(())
}

fn judge(action: &Action, outcome: Result<String, Error>) -> Result<()> {
    if let Err(error) = &outcome {
        let shown = format!("{error:?}");
        ensure!(!shown.contains(super::SECRET), "a secret is told: {shown}");
        ensure!(
            error.text.bytes().all(|byte| byte >= b' '),
            "control characters are told: {shown}"
        );
    }
    match (&action.expected, outcome) {
        (Expected::Ok(None), Ok(_)) => Ok(()),
        (Expected::Ok(Some(expected)), Ok(outcome)) if *expected == outcome => Ok(()),
        (Expected::Error(kind, words), Err(error))
            if error.kind.name() == kind
                && words
                    .as_ref()
                    .is_none_or(|words| error.to_string().contains(words)) =>
        {
            Ok(())
        }
        (expected, outcome) => bail!("expected {expected:?}, but it was {outcome:?}"),
    }
}
