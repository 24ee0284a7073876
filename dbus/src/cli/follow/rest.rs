//! Waiting for a job.

use super::{Finished, failure_of, finished, microseconds};
use crate::cli::bus::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::{self, Failure, Result};
use crate::cli::interrupt::Interrupts;
use crate::cli::progress::{Bar, Now};
use crate::{JobProxy, ManagerProxy, Options};
use serde_json::Map;
use std::pin::pin;
use std::time::Duration;
use zbus::{Connection, OwnedObjectPath, Variant};

/// `Job.Wait` is asked anew after so long: no call waits longer for its answer than the connection does.
const WAIT: Duration = Duration::from_secs(60);
/// How often progress is drawn: hayesd tells it as often.
const TICK: Duration = Duration::from_millis(250);
/// After so long we ask again where too many wait already.
const CROWDED: Duration = Duration::from_secs(1);
/// How long hayesd may take to cancel a job.
const ANSWER: Duration = Duration::from_secs(10);

/// Waits until a job rests.
pub(super) async fn rest(
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
            Ok(Look::Interrupted(exit)) => return interrupted(context, job, exit).await,
            Err(error) if error.name == "org.hayesd1.Error.QuotaExceeded" => {
                if let Ok(exit) = tokio::time::timeout(CROWDED, interrupts.next()).await {
                    return interrupted(context, job, exit).await;
                }
            }
            Err(error) if error.lost => {
                let left = format!("; the job is kept: hayesctl job wait {job}");
                interrupts.or(context.wait_for_return(error, &left)).await?;
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
    let left = end.map(|end| end.saturating_duration_since(tokio::time::Instant::now()));
    let limit = left.map_or(WAIT, |left| left.min(WAIT));
    let options = Options::from([("final", Variant::from(to_the_end))]);
    let mut waiting = pin!(job.wait(microseconds(limit), options));
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            answer = &mut waiting => {
                let (state, details) = answer?;
                let rests = matches!(state.as_str(), "done" | "failed" | "cancelled")
                    || (state == "deferred" && !to_the_end)
                    || left.is_some_and(|left| left <= WAIT);
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

/// Cancels a job; it may have come to its end before that.
pub(super) async fn cancel(context: &Context, job: u32) -> Result<Finished> {
    let cancelled = async {
        let bus = context.bus().await?;
        let proxy = JobProxy::new(&bus, format!("/org/hayesd1/job/{job}")).await?;
        proxy.cancel(Options::new()).await?;
        Ok(proxy.wait(0, Options::new()).await?)
    };
    let told: Result<_> = match tokio::time::timeout(ANSWER, cancelled).await {
        Ok(told) => told,
        Err(_) => Err(Failure::new(Exit::Temporary, "hayesd does not answer")),
    };
    let (state, details) = told.map_err(|failure| {
        let text = format!("not cancelled, as {}", failure.text);
        Failure { text, ..failure }.of_job(job, Map::new())
    })?;
    Ok(finished(job, state, details))
}

/// The job ends because we are to end, unless it had ended before.
async fn interrupted(context: &Context, job: u32, exit: Exit) -> Result<Finished> {
    let finished = cancel(context, job).await?;
    if finished.state != "cancelled" {
        return Ok(finished);
    }
    Err(Failure {
        exit,
        text: format!("interrupted; job {job} is cancelled"),
        ..failure_of(finished)
    })
}
