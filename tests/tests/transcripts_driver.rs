//! Every transcript in the driver's role: whole, byte by byte, at every split, with echo and without.

use anyhow::{Context, Result, ensure};
use hayes_tests::transcript::driver::drive;
use hayes_tests::transcript::replay::Cut;
use hayes_tests::transcript::{Event, Transcript, World};
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
        let results = drive(transcript, dialect, echo, Cut::Whole)?;
        ensure!(results > 0, "{}: no result", transcript.path.display());
        Ok(())
    })
}

#[test]
fn byte_by_byte() -> Result<()> {
    each(|transcript, dialect, echo| drive(transcript, dialect, echo, Cut::Bytes).map(drop))
}

#[test]
fn at_every_split() -> Result<()> {
    each(|transcript, dialect, echo| {
        // With echo the module says the host's lines as well.
        let said = transcript
            .steps
            .iter()
            .filter(|step| echo || matches!(step.event, Event::Module { .. }))
            .filter_map(|step| step.event.on_the_line())
            .map(|bytes| bytes.len())
            .sum();
        for at in 1..said {
            drive(transcript, dialect, echo, Cut::At(at)).with_context(|| format!("at {at}"))?;
        }
        Ok(())
    })
}
