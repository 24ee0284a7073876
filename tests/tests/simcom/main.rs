//! A played SIMCom module beyond its manual's examples: habits of real hosts, bad input, and that no decision
//! is without its test.

mod bad_input;
mod decisions;
mod habits;
mod urcs;
mod values;

use anyhow::{Result, ensure};
use hayes_tests::transcript::replay::{Cut, longest_line, replay};
use hayes_tests::transcript::{Transcript, World};
use hayesd::dialect::{self, Dialect};
use std::path::Path;

fn simcom() -> &'static Dialect {
    &dialect::simcom::DIALECT
}

/// Small transcripts, each with what it is about; all failures are told at once.
fn all(cases: &[(&str, &str)]) -> Result<()> {
    let mut failures = Vec::new();
    for (about, text) in cases {
        let transcript = Transcript::parse(Path::new(about), text)?;
        let whole = [Cut::Whole, Cut::Bytes, Cut::Burst].into_iter();
        let cuts = whole.chain((1..longest_line(&transcript)).map(Cut::Each));
        for cut in cuts {
            let exact = transcript.says(&World::Exact);
            let echoes = [false, true];
            let echoes = echoes.iter().filter(|echo| !exact || **echo);
            for echo in echoes {
                if let Err(error) = replay(&transcript, simcom(), *echo, cut) {
                    failures.push(format!("echo {echo}: {error:#}"));
                }
            }
        }
    }
    failures.truncate(60);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
