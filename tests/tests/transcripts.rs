//! Every transcript against the emulator of its dialect: whole, byte by byte, at every split and typed
//! ahead, with echo and without.

use anyhow::{Context, Result, ensure};
use hayes_tests::transcript::replay::{Cut, input_length, replay};
use hayes_tests::transcript::{Transcript, World};
use hayesd::dialect::{self, Dialect};
use std::path::{Path, PathBuf};

fn folder(dialect: &Dialect) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("transcripts")
        .join(dialect.name)
}

/// Runs `test` for each transcript of each dialect; all failures are told at once.
fn each(test: impl Fn(&Transcript, &'static Dialect, bool) -> Result<()>) -> Result<()> {
    let mut failures = Vec::new();
    for &dialect in dialect::ALL {
        let transcripts = Transcript::all(&folder(dialect))?;
        ensure!(
            !transcripts.is_empty(),
            "{} has no transcript",
            dialect.name
        );
        for transcript in &transcripts {
            let echoes: &[bool] = match transcript.says(&World::Exact) {
                true => &[true],
                false => &[true, false],
            };
            for &echo in echoes {
                let result = test(transcript, dialect, echo);
                failures.extend(result.err().map(|error| format!("echo {echo}: {error:#}")));
            }
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
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

#[test]
fn at_every_split() -> Result<()> {
    each(|transcript, dialect, echo| {
        for at in 1..input_length(transcript) {
            replay(transcript, dialect, echo, Cut::At(at)).with_context(|| format!("at {at}"))?;
        }
        Ok(())
    })
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
