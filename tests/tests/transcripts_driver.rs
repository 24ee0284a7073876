//! Every transcript in the driver's role: whole, byte by byte, at every split, with echo and without.

use anyhow::{Context, Result, ensure};
use hayes_tests::scale;
use hayes_tests::transcript::driver::{Driven, drive};
use hayes_tests::transcript::replay::Cut;
use hayes_tests::transcript::{Transcript, World};
use hayesd::dialect::{self, Dialect};
use std::path::Path;

fn each(test: impl Fn(&Transcript, &'static Dialect, bool) -> Result<()>) -> Result<()> {
    for &dialect in dialect::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("transcripts")
            .join(dialect.name);
        let transcripts = Transcript::all(&folder)?;
        let driven = transcripts
            .iter()
            .filter(|transcript| !transcript.says(&World::EmulatorOnly));
        let (mut count, mut failures) = (0, Vec::new());
        for transcript in driven {
            for echo in [false, true] {
                if let Err(error) = test(transcript, dialect, echo) {
                    failures.push(format!("echo {echo}: {error:#}"));
                }
            }
            count += 1;
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        ensure!(count > 15, "{}: only {count} transcripts", dialect.name);
    }
    Ok(())
}

#[test]
fn whole() -> Result<()> {
    each(|transcript, dialect, echo| {
        let driven = drive(transcript, dialect, echo, Cut::Whole)?;
        ensure!(
            driven.results > 0,
            "{}: no result",
            transcript.path.display()
        );
        Ok(())
    })
}

#[test]
fn byte_by_byte() -> Result<()> {
    each(|transcript, dialect, echo| drive(transcript, dialect, echo, Cut::Bytes).map(drop))
}

/// What the module says between two things that the host does is cut at each of its bytes: everywhere at
/// once, or, at full length, at one place a replay.
#[test]
fn at_every_split() -> Result<()> {
    each(|transcript, dialect, echo| {
        let Driven { longest, said, .. } = drive(transcript, dialect, echo, Cut::Whole)?;
        let together = (1..longest).map(Cut::Each);
        let alone = (1..scale::of(1, said)).map(Cut::At);
        for cut in together.chain(alone) {
            drive(transcript, dialect, echo, cut).with_context(|| format!("{cut:?}"))?;
        }
        Ok(())
    })
}
