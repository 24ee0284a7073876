//! A job from the call that makes it to its end: shown, cancelled by Ctrl-C, found again after a crash.

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::interrupt::Interrupts;
use super::progress::{Bar, Now};
use super::text::{duration, time};
use super::{failure, json};
use crate::{JobProxy, ManagerProxy, Options};
use clap::Args;
use serde_json::{Map, Value};
use std::pin::pin;
use std::time::Duration;
use zbus::{Connection, OwnedObjectPath, Variant};

/// `Job.Wait` is asked anew after so long.
const WAIT: Duration = Duration::from_secs(3600);
/// How often progress is drawn: hayesd tells it as often.
const TICK: Duration = Duration::from_millis(250);
/// After so long we ask again where too many wait already.
const CROWDED: Duration = Duration::from_secs(1);

/// How to go about a job.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Job options")]
pub(super) struct Asked {
    /// Leave the job to hayesd and print its number
    #[arg(long)]
    no_wait: bool,
    /// Wait through all attempts until the job is done, failed or cancelled
    #[arg(long, conflicts_with = "no_wait")]
    r#final: bool,
    /// Time for the whole job (90, 90s, 5m, 1h30m, 2d); without, hayesd's queue decides
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Ways out in their order: ip, modem:NAME; without, the account's
    #[arg(long, value_name = "WAY", value_delimiter = ',')]
    via: Vec<String>,
    /// Name this request: asked for again with the same token, it is the same job
    #[arg(long)]
    token: Option<String>,
}

/// What it means that an attempt failed for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deferral {
    /// Success: the queue is what mail is for.
    Queued,
    /// Failure: the caller wants it now. The job is cancelled.
    Failure,
}

/// A job at rest.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) job: u32,
    pub(super) state: String,
    /// As JSON, with `job` and `state`.
    pub(super) result: Map<String, Value>,
    /// The `data` of the result, which JSON does not hold.
    pub(super) data: Vec<u8>,
}

impl Asked {
    /// As options of a method.
    fn options<'a>(&'a self, token: &'a str) -> Options<'a> {
        let mut options = Options::from([("token", Variant::from(token))]);
        if !self.via.is_empty() {
            let via: Vec<&str> = self.via.iter().map(String::as_str).collect();
            options.insert("via", via.into());
        }
        if let Some(timeout) = self.timeout {
            options.insert("timeout_usec", microseconds(timeout).into());
        }
        options
    }

    /// Whether nobody waits for the job.
    pub(super) fn is_left_alone(&self) -> bool {
        self.no_wait
    }
}

/// As D-Bus has it.
pub(super) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Makes a job and follows it. `None`: it was only to be made, and its number is printed.
///
/// `submit` may be called again if hayesd goes away: the token makes it the same job.
///
/// # Errors
/// The job could not be made, failed, was cancelled, or was deferred where that is a failure.
pub(super) async fn run(
    context: &Context,
    asked: &Asked,
    deferral: Deferral,
    submit: impl AsyncFn(&Connection, Options<'_>) -> zbus::Result<OwnedObjectPath>,
) -> Result<Option<Finished>> {
    let mut interrupts = Interrupts::new()?;
    let token = match &asked.token {
        Some(token) => token.clone(),
        None => random_token()?,
    };
    let path = loop {
        let bus = context.bus().await?;
        match submit(&bus, asked.options(&token)).await {
            Ok(path) => break path,
            Err(error) => {
                let failure = Failure::from(error);
                if !failure.lost {
                    return Err(failure);
                }
                context.wait_for_return(failure, "").await?;
            }
        }
    };
    let job = number(&path)?;
    if asked.no_wait {
        let told = Map::from_iter([
            ("job".into(), job.into()),
            ("state".into(), "queued".into()),
        ]);
        context
            .out
            .result(&Value::Object(told), || format!("{job}\n"))?;
        return Ok(None);
    }
    let finished = rest(context, job, path, asked.r#final, None, &mut interrupts).await?;
    if finished.state == "deferred" && deferral == Deferral::Failure {
        let bus = context.bus().await?;
        proxy(&bus, job).await?.cancel(Options::new()).await?;
        return Err(failure_of(finished));
    }
    settled(finished).map(Some)
}

/// Follows a job that is there already, at most for a time; what becomes of it is its state.
pub(super) async fn wait(
    context: &Context,
    job: u32,
    to_the_end: bool,
    limit: Option<Duration>,
) -> Result<Finished> {
    let bus = context.bus().await?;
    let manager = ManagerProxy::new(&bus).await?;
    let path = manager.get_job(job, Options::new()).await?;
    let mut bystander = Interrupts::none();
    rest(context, job, path, to_the_end, limit, &mut bystander).await
}

/// A job that failed or was cancelled is an error.
pub(super) fn settled(finished: Finished) -> Result<Finished> {
    match finished.state.as_str() {
        "failed" | "cancelled" => Err(failure_of(finished)),
        _ => Ok(finished),
    }
}

/// What a deferred mail is said to be.
pub(super) fn deferred_text(finished: &Finished, next: u64) -> String {
    let why = json::text(&finished.result, "error_text");
    let when = match next {
        0 => "later".to_owned(),
        next => format!("at {}", time(next)),
    };
    format!(
        "job {} is in the queue and tried again {when}: {why}",
        finished.job
    )
}

/// Why a job is not done.
pub(super) fn failure_of(finished: Finished) -> Failure {
    let name = json::text(&finished.result, "error_name").to_owned();
    let mut text = json::text(&finished.result, "error_text").to_owned();
    if text.is_empty() {
        text = finished.state.clone();
    }
    let name = match finished.state.as_str() {
        "cancelled" if name.is_empty() => "org.hayesd1.Error.Cancelled".to_owned(),
        _ => name,
    };
    Failure::named(&name, text).of_job(finished.job, finished.result)
}

async fn proxy(bus: &Connection, job: u32) -> zbus::Result<JobProxy<'static>> {
    let path = format!("/org/hayesd1/job/{job}");
    JobProxy::new(bus, path).await
}

/// Waits until a job rests.
async fn rest(
    context: &Context,
    job: u32,
    mut path: OwnedObjectPath,
    to_the_end: bool,
    limit: Option<Duration>,
    interrupts: &mut Interrupts,
) -> Result<Finished> {
    let end = limit.map(|limit| tokio::time::Instant::now() + limit);
    let mut bar = Bar::new(context.out.shows_progress());
    loop {
        let bus = context.bus().await?;
        let tried = look(&bus, &path, to_the_end, end, &mut bar, interrupts).await;
        bar.clear();
        match tried {
            Ok(Look::Rests(state, details)) => return Ok(finished(job, state, details)),
            Ok(Look::Again) => {}
            Ok(Look::Interrupted(exit)) => return interrupted(&bus, job, exit).await,
            Err(error) if error.name == "org.hayesd1.Error.QuotaExceeded" => {
                tokio::time::sleep(CROWDED).await;
            }
            Err(error) if error.lost => {
                let left = format!("; the job is kept: hayesctl job wait {job}");
                context.wait_for_return(error, &left).await?;
                // Its object comes back when hayesd has read its spool; this waits for that.
                let bus = context.bus().await?;
                let manager = ManagerProxy::new(&bus).await?;
                path = manager.get_job(job, Options::new()).await?;
            }
            Err(error) => return Err(error.of_job(job, Map::new())),
        }
    }
}

enum Look {
    Rests(String, crate::Details),
    Again,
    Interrupted(Exit),
}

/// One `Job.Wait`, with what happens meanwhile.
async fn look(
    bus: &Connection,
    path: &OwnedObjectPath,
    to_the_end: bool,
    end: Option<tokio::time::Instant>,
    bar: &mut Bar,
    interrupts: &mut Interrupts,
) -> Result<Look> {
    let job = JobProxy::new(bus, path).await?;
    let limit = match end {
        Some(end) => end.saturating_duration_since(tokio::time::Instant::now()),
        None => WAIT,
    };
    let options = Options::from([("final", Variant::from(to_the_end))]);
    let mut waiting = pin!(job.wait(microseconds(limit), options));
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            answer = &mut waiting => {
                let (state, details) = answer?;
                let rests = matches!(state.as_str(), "done" | "failed" | "cancelled")
                    || (state == "deferred" && !to_the_end)
                    || end.is_some();
                return Ok(if rests { Look::Rests(state, details) } else { Look::Again });
            }
            () = bus.closed() => {
                return Err(failure::closed());
            }
            exit = interrupts.next() => return Ok(Look::Interrupted(exit)),
            _ = ticks.tick(), if bar.is_active() => {
                if let Ok(now) = now(&job).await {
                    bar.draw(&now);
                }
            }
        }
    }
}

/// What properties tell; they are kept up to date by the proxy, nothing is asked.
async fn now(job: &JobProxy<'_>) -> zbus::Result<Now> {
    Ok(Now {
        state: job.state().await?,
        phase: job.phase().await?,
        via: job.via().await?,
        done: job.bytes_done().await?,
        total: job.bytes_total().await?,
    })
}

/// Cancels the job; it may have come to its end before that.
async fn interrupted(bus: &Connection, job: u32, exit: Exit) -> Result<Finished> {
    let of_job = |error: zbus::Error| Failure::from(error).of_job(job, Map::new());
    let proxy = proxy(bus, job).await.map_err(of_job)?;
    proxy.cancel(Options::new()).await.map_err(of_job)?;
    let (state, details) = proxy.wait(0, Options::new()).await.map_err(of_job)?;
    let finished = finished(job, state, details);
    if finished.state != "cancelled" {
        return Ok(finished);
    }
    Err(Failure {
        exit,
        text: format!("interrupted; job {job} is cancelled"),
        ..failure_of(finished)
    })
}

fn finished(job: u32, state: String, mut details: crate::Details) -> Finished {
    let data = details
        .remove("data")
        .and_then(|data| Vec::<u8>::try_from(data).ok())
        .unwrap_or_default();
    let mut result = json::details(&details);
    result.insert("job".into(), job.into());
    result.insert("state".into(), state.clone().into());
    Finished {
        job,
        state,
        result,
        data,
    }
}

/// The number at the end of a job's path.
fn number(path: &OwnedObjectPath) -> Result<u32> {
    let last = path.as_str().rsplit('/').next().unwrap_or_default();
    last.parse().map_err(|_| {
        Failure::new(
            Exit::Software,
            format!("hayesd's answer is no job: {}", path.as_str()),
        )
    })
}

/// A token that nobody else has.
fn random_token() -> Result<String> {
    const SOURCE: &str = "/proc/sys/kernel/random/uuid";
    let failed = |error| Failure::file(SOURCE.as_ref(), &error, Exit::Io);
    let uuid = std::fs::read_to_string(SOURCE).map_err(failed)?;
    Ok(format!("hayesctl-{}", uuid.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::OwnedVariant;

    fn at_rest(state: &str, entries: &[(&str, &str)]) -> Finished {
        let details = entries
            .iter()
            .map(|(key, text)| {
                let value = OwnedVariant::try_from(Variant::from(*text)).unwrap();
                ((*key).to_owned(), value)
            })
            .collect();
        finished(5, state.into(), details)
    }

    #[test]
    fn what_failed_says_why_and_which_job() {
        let failed = at_rest(
            "failed",
            &[
                ("error_name", "org.hayesd1.Error.Rejected"),
                (
                    "error_text",
                    "no recipient was taken: 550 5.1.1 nobody here",
                ),
            ],
        );
        let failure = settled(failed).unwrap_err();
        assert_eq!(failure.exit, Exit::Unavailable);
        assert_eq!(
            failure.text,
            "no recipient was taken: 550 5.1.1 nobody here (job 5)"
        );
        assert_eq!(failure.details["state"], "failed");
        assert_eq!(
            settled(at_rest("cancelled", &[])).unwrap_err().text,
            "cancelled (job 5)"
        );
        assert!(settled(at_rest("done", &[])).is_ok());
    }

    #[test]
    fn jobs_are_numbers() {
        let path = |text: &str| OwnedObjectPath::try_from(text.to_owned()).unwrap();
        assert_eq!(number(&path("/org/hayesd1/job/12")).unwrap(), 12);
        assert!(number(&path("/org/hayesd1/job/x")).is_err());
    }
}
