//! `hayesctl job`.

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::table::Table;
use super::{follow, json, text};
use crate::{JobProxy, ManagerProxy, Options};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use std::time::Duration;
use zbus::Variant;

/// Jobs that are asked for at a time: as many as hayesd tells.
const PAGE: u32 = 1000;

/// Jobs: requests under way or done
#[derive(Debug, Subcommand)]
pub(super) enum Job {
    /// List jobs, active ones first, then the newest
    List {
        /// Only those that are queued, running, deferred, done, failed or cancelled
        #[arg(long)]
        state: Option<String>,
        /// Only those of a kind: mail, pop3-check, ftp-upload and so on
        #[arg(long)]
        kind: Option<String>,
        /// Only those of a user, by number
        #[arg(long, value_name = "UID")]
        owner: Option<u32>,
        /// At most so many; 0: all
        #[arg(short = 'n', long, default_value_t = 50)]
        max: u32,
    },
    /// Tell everything about a job
    Show { job: u32 },
    /// Wait until a job is done, failed, cancelled or deferred; Ctrl-C does not cancel it
    ///
    /// A job that is deferred, or still under way when --timeout is over, ends this with 75.
    Wait {
        job: u32,
        /// Wait through deferrals
        #[arg(long)]
        r#final: bool,
        /// Wait no longer than this (90, 90s, 5m, 1h30m, 2d)
        #[arg(long, value_name = "TIME", value_parser = text::duration)]
        timeout: Option<Duration>,
    },
    /// Cancel jobs for good; one that is over stays as it is, and ends this with 69
    Cancel {
        #[arg(required = true)]
        job: Vec<u32>,
    },
    /// Try deferred jobs now
    Retry {
        #[arg(required = true)]
        job: Vec<u32>,
    },
    /// Forget jobs that are over, with their results
    Release {
        #[arg(required = true)]
        job: Vec<u32>,
    },
}

impl Job {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List {
                state,
                kind,
                owner,
                max,
            } => {
                let mut filter = Options::new();
                if let Some(state) = &state {
                    filter.insert("state", Variant::from(state.as_str()));
                }
                if let Some(kind) = &kind {
                    filter.insert("kind", Variant::from(kind.as_str()));
                }
                if let Some(owner) = owner {
                    filter.insert("owner_uid", Variant::from(owner));
                }
                list(context, &filter, max).await
            }
            Self::Show { job } => {
                let details = proxy(context, job).await?.describe(Options::new()).await?;
                let details = json::details(&details);
                let told = Value::Object(details.clone());
                context.out.result(&told, || shown(&details))
            }
            Self::Wait {
                job,
                r#final,
                timeout,
            } => wait(context, job, r#final, timeout).await,
            Self::Cancel { job } => {
                each(context, &job, "cancelled", async |proxy| {
                    proxy.cancel(Options::new()).await?;
                    // One that is over stays as it is: a mail that was sent is not called back.
                    let told = json::details(&proxy.describe(Options::new()).await?);
                    match json::text(&told, "state") {
                        "cancelled" => Ok(()),
                        state => {
                            let text = format!("it is over: {state}");
                            Err(Failure::new(Exit::Unavailable, text))
                        }
                    }
                })
                .await
            }
            Self::Retry { job } => {
                each(context, &job, "tried now", async |proxy| {
                    Ok(proxy.retry(Options::new()).await?)
                })
                .await
            }
            Self::Release { job } => {
                each(context, &job, "forgotten", async |proxy| {
                    Ok(proxy.release(Options::new()).await?)
                })
                .await
            }
        }
    }
}

async fn proxy(context: &Context, job: u32) -> Result<JobProxy<'static>> {
    let bus = context.bus().await?;
    let manager = ManagerProxy::new(&bus).await?;
    let path = manager.get_job(job, Options::new()).await?;
    Ok(JobProxy::new(&bus, path).await?)
}

/// Does something with each job; the first that refuses ends it.
async fn each(
    context: &Context,
    jobs: &[u32],
    done: &str,
    work: impl AsyncFn(&JobProxy<'_>) -> Result<()>,
) -> Result<()> {
    for &job in jobs {
        let proxy = proxy(context, job).await?;
        let worked = work(&proxy).await;
        worked.map_err(|failure| failure.of_job(job, Map::new()))?;
    }
    let names: Vec<String> = jobs.iter().map(ToString::to_string).collect();
    context.out.done(&json!({ "jobs": jobs }), || {
        format!("job {}: {done}", names.join(", "))
    })
}

async fn list(context: &Context, filter: &Options<'_>, max: u32) -> Result<()> {
    let bus = context.bus().await?;
    let manager = ManagerProxy::new(&bus).await?;
    let most = if max == 0 { usize::MAX } else { max as usize };
    let mut jobs: Vec<Map<String, Value>> = Vec::new();
    while jobs.len() < most {
        let room = u32::try_from(most - jobs.len()).unwrap_or(u32::MAX);
        let offset = u32::try_from(jobs.len())
            .map_err(|_| Failure::new(Exit::Software, "the list of jobs has no end"))?;
        let filter = filter
            .iter()
            .filter_map(|(&key, value)| Some((key, value.try_clone().ok()?)))
            .collect();
        let asked = room.min(PAGE);
        let page = manager
            .list_jobs(filter, offset, asked, Options::new())
            .await?;
        let more = page.len() >= asked as usize;
        for (id, details) in page {
            let mut job = json::details(&details);
            job.insert("id".into(), id.into());
            jobs.push(job);
        }
        if !more {
            break;
        }
    }
    let told: Value = jobs.iter().cloned().map(Value::Object).collect();
    context.out.result(&told, || listed(&jobs))
}

fn listed(jobs: &[Map<String, Value>]) -> String {
    let mut table = Table::new(&[
        ">JOB", "KIND", "STATE", "VIA", ">DONE", ">OF", "CREATED", "ERROR",
    ]);
    for job in jobs {
        let error = json::text(job, "error_name");
        table.row([
            &json::number(job, "id").to_string(),
            json::text(job, "kind"),
            json::text(job, "state"),
            json::text(job, "via"),
            &text::size(json::number(job, "bytes_done")),
            &text::size(json::number(job, "bytes_total")),
            &text::time(json::number(job, "created_usec")),
            error.rsplit('.').next().unwrap_or(error),
        ]);
    }
    if table.is_empty() {
        return "no jobs\n".into();
    }
    table.to_string()
}

/// Everything about a job: what is one value a line, then its recipients.
fn shown(job: &Map<String, Value>) -> String {
    let mut table = Table::new(&["", ""]);
    for (key, value) in job {
        let number = || value.as_u64().unwrap_or_default();
        let shown = match (key.as_str(), value) {
            (_, Value::Array(_)) => continue,
            (key, _) if key.ends_with("_usec") => text::time(number()),
            ("bytes_done" | "bytes_total", _) => text::size(number()),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        table.row([&key.trim_end_matches("_usec").replace('_', " "), &shown]);
    }
    for row in json::rows(job, "recipients") {
        let outcome = [json::text(row, "outcome"), json::text(row, "why")];
        let address = json::text(row, "address");
        table.row([
            "recipient",
            format!("{address}  {}", outcome.join("  ")).trim(),
        ]);
    }
    table.without_headings()
}

async fn wait(
    context: &Context,
    job: u32,
    to_the_end: bool,
    limit: Option<Duration>,
) -> Result<()> {
    let finished = follow::wait(context, job, to_the_end, limit).await?;
    let told = Value::Object(finished.result.clone());
    match finished.state.as_str() {
        "done" => context.out.done(&told, || format!("job {job} is done")),
        "failed" | "cancelled" => follow::settled(finished).map(drop),
        "deferred" => {
            let failure = follow::failure_of(finished);
            Err(Failure {
                exit: Exit::Temporary,
                text: format!("deferred: {}", failure.text),
                ..failure
            })
        }
        state => {
            let text = format!("still {state}");
            let failure = Failure::new(Exit::Temporary, text);
            Err(failure.of_job(job, finished.result))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_listed_in_columns() {
        let job = json!({"id": 4, "kind": "mail", "state": "failed", "via": "ip", "bytes_done": 0,
            "bytes_total": 1024, "created_usec": 1_795_302_000_000_000_u64,
            "error_name": "org.hayesd1.Error.AuthFailed"});
        assert_eq!(
            listed(&[job.as_object().unwrap().clone()]),
            "JOB  KIND  STATE   VIA  DONE        OF  CREATED               ERROR\n  \
             4  mail  failed  ip    0 B  1.00 KiB  2026-11-21 23:00:00Z  AuthFailed\n"
        );
        assert_eq!(listed(&[]), "no jobs\n");
    }

    #[test]
    fn a_job_is_shown_with_its_recipients() {
        let job = json!({"id": 4, "next_attempt_usec": 0, "bytes_done": 2048, "account": "main",
            "recipients": [{"address": "a@example.org", "outcome": "refused", "why": "550 no"}]});
        assert_eq!(
            shown(job.as_object().unwrap()),
            "account       main\nbytes done    2.00 KiB\nid            4\nnext attempt  -\n\
             recipient     a@example.org  refused  550 no\n"
        );
    }
}
