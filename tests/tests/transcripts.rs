//! Every transcript against the emulator of its dialect: whole, byte by byte, at every split and typed
//! ahead, with echo and without.

use anyhow::{Context, Result, ensure};
use hayes_tests::transcript::replay::{Cut, input_length, longest_line, replay};
use hayes_tests::transcript::{Event, Transcript, World, pty};
use hayes_tests::{scale, site::Site};
use hayesd::dialect::{self, Dialect};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

fn folder(dialect: &Dialect) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("transcripts")
        .join(dialect.name)
}

type Case = (&'static Dialect, Transcript, bool);

/// Every transcript with every echo that it is replayed with.
fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for &dialect in dialect::ALL {
        let transcripts = Transcript::all(&folder(dialect))?;
        ensure!(
            !transcripts.is_empty(),
            "{} has no transcript",
            dialect.name
        );
        for transcript in transcripts {
            if !transcript.says(&World::Exact) {
                cases.push((dialect, transcript.clone(), false));
            }
            cases.push((dialect, transcript, true));
        }
    }
    Ok(cases)
}

/// Runs `test` for each case, on as many threads as there are processors; all failures are told at once.
fn each(test: impl Fn(&Transcript, &'static Dialect, bool) -> Result<()> + Sync) -> Result<()> {
    let cases = Mutex::new(cases()?);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some((dialect, transcript, echo)) = lock(&cases).pop() {
            if let Err(error) = test(&transcript, dialect, echo) {
                lock(&failures).push(format!("echo {echo}: {error:#}"));
            }
        }
    };
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let failures = lock(&failures);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn whole() -> Result<()> {
    each(|transcript, dialect, echo| replay(transcript, dialect, echo, Cut::Whole).map(drop))
}

#[test]
fn byte_by_byte() -> Result<()> {
    each(|transcript, dialect, echo| replay(transcript, dialect, echo, Cut::Bytes).map(drop))
}

#[test]
fn typed_ahead() -> Result<()> {
    each(|transcript, dialect, echo| replay(transcript, dialect, echo, Cut::Burst).map(drop))
}

/// Each line of a transcript is cut at each of its bytes: all lines at once, or, at full length, one line a
/// replay, the others whole.
#[test]
fn at_every_split() -> Result<()> {
    each(|transcript, dialect, echo| {
        let together = (1..longest_line(transcript)).map(Cut::Each);
        let alone = (1..scale::of(1, input_length(transcript))).map(Cut::At);
        for cut in together.chain(alone) {
            replay(transcript, dialect, echo, cut)?;
        }
        Ok(())
    })
}

/// The sum of a transcript's waits.
fn waits(transcript: &Transcript) -> Duration {
    let waits = transcript.steps.iter().map(|step| match step.event {
        Event::Wait(time) => time,
        _ => Duration::ZERO,
    });
    waits.sum()
}

/// Real time passes here, so all are replayed at once; those that wait for minutes only at full length. Those
/// with servers of their own are not: the tests with real servers are in their place.
#[tokio::test]
async fn over_a_pseudo_terminal() -> Result<()> {
    let site = Site::new()?;
    let socket = site.helper_socket();
    let mut replays = JoinSet::new();
    for (at, (dialect, transcript, echo)) in cases()?.into_iter().enumerate() {
        let long = waits(&transcript) > Duration::from_secs(30) && scale::of(0, 1) == 0;
        if !echo || long || transcript.has_servers() {
            continue;
        }
        let socket = socket.clone();
        replays.spawn(async move {
            pty::replay(&transcript, dialect, &socket, &format!("t{at}"))
                .await
                .with_context(|| transcript.path.display().to_string())
        });
    }
    let results = replays.join_all().await;
    let failures: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    ensure!(failures.is_empty(), "{failures:#?}");
    Ok(())
}

#[test]
fn a_wrong_transcript_names_file_and_line() -> Result<()> {
    let text = ">> AT\n<< OK\n>> AT+CMEE?\n<< +CMEE: 2\n<< OK\n";
    let transcript = Transcript::parse(Path::new("wrong.txt"), text)?;
    let result = replay(&transcript, &dialect::quectel::DIALECT, true, Cut::Whole);
    let error = result.err().context("it passed")?.to_string();
    ensure!(error.starts_with("wrong.txt:4"), "{error}");
    Ok(())
}
