//! A job from the call that makes it to its end: shown, cancelled by Ctrl-C, found again after a crash.

mod rest;

use super::bus::Context;
use super::exit::Exit;
use super::failure::{Failure, Result, is_silence};
use super::interrupt::Interrupts;
use super::json;
use super::text::{duration, time};
use crate::{ManagerProxy, Options};
use clap::Args;
use rest::{cancel, rest};
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::timeout;
use zbus::{Connection, OwnedObjectPath, Variant};

/// hayesd takes few descriptors at a time from one user, each for a moment: so often we ask again,
const ROOM: u32 = 10;
/// after so long.
const MOMENT: Duration = Duration::from_millis(200);

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
    let mut room = ROOM;
    let path = loop {
        let bus = context.bus().await?;
        let call = submit(&bus, asked.options(&token));
        let answer = interrupts.unless_stuck(call).await?;
        match answer.map_err(submission) {
            Ok(path) => break path,
            Err(failure) if failure.lost => {
                interrupts.or(context.wait_for_return(failure, "")).await?;
            }
            Err(failure) if room > 0 && failure.name == "org.hayesd1.Error.QuotaExceeded" => {
                room -= 1;
                if let Ok(exit) = timeout(MOMENT, interrupts.next()).await {
                    return Err(Failure::new(exit, "interrupted"));
                }
            }
            Err(failure) => return Err(failure),
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
        cancel(context, job).await?;
        return Err(failure_of(finished));
    }
    settled(finished).map(Some)
}

/// Why a job was not made, as far as is known.
fn submission(error: zbus::Error) -> Failure {
    let silent = is_silence(&error);
    let mut failure = Failure::from(error);
    if silent {
        failure.text += "; hayesctl job list tells whether it took the request";
    }
    failure
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
    fn a_request_without_an_answer_may_have_been_taken() {
        let failed = |kind: std::io::ErrorKind| {
            submission(zbus::Error::InputOutput(std::sync::Arc::new(kind.into()))).text
        };
        assert!(failed(std::io::ErrorKind::TimedOut).contains("job list tells"));
        assert!(!failed(std::io::ErrorKind::BrokenPipe).contains("job list"));
    }

    #[test]
    fn jobs_are_numbers() {
        let path = |text: &str| OwnedObjectPath::try_from(text.to_owned()).unwrap();
        assert_eq!(number(&path("/org/hayesd1/job/12")).unwrap(), 12);
        assert!(number(&path("/org/hayesd1/job/x")).is_err());
    }
}
