//! The same work by hayesd and by others, in turn, and a table of it.

use crate::figures::Used;
use crate::tell;
use anyhow::Result;
use hayes_tests::process::show;

/// How much of everything.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// Runs before those that count: servers index, files get into memory.
    pub(crate) warm_up: usize,
    /// Of these the best counts.
    pub(crate) runs: usize,
    pub(crate) mails: usize,
    pub(crate) messages: usize,
    /// Bytes of the large message.
    pub(crate) large: usize,
    /// Bytes of the file.
    pub(crate) file: usize,
    /// Calls over D-Bus.
    pub(crate) calls: usize,
}

impl Scale {
    pub(crate) const FULL: Self = Self {
        warm_up: 1,
        runs: 5,
        mails: 100,
        messages: 500,
        large: 20_000_000,
        file: 200_000_000,
        calls: 20_000,
    };
    pub(crate) const BRIEF: Self = Self {
        warm_up: 0,
        runs: 1,
        mails: 3,
        messages: 5,
        large: 200_000,
        file: 1_000_000,
        calls: 64,
    };
}

/// What is to be run.
pub(crate) struct Plan {
    pub(crate) scale: Scale,
    /// Only works whose name holds this.
    pub(crate) word: Option<String>,
}

/// Does the work once; the argument counts the runs. `None`: the tool is not installed.
pub(crate) type Run<'a> = Box<dyn FnMut(usize) -> Result<Option<Used>> + 'a>;

impl Plan {
    pub(crate) fn wanted(&self, work: &str) -> bool {
        self.word.as_ref().is_none_or(|word| work.contains(word))
    }

    /// All runs, warm-up first.
    pub(crate) fn all_runs(&self) -> usize {
        self.scale.warm_up + self.scale.runs
    }

    /// Runs everybody in turn and prints a line for each. hayesd is the first, and must not fail; of others
    /// it is told how often they did.
    pub(crate) fn contest(&self, work: &str, mut all: Vec<(&str, Run<'_>)>) -> Result<()> {
        let mut tallies = vec![Tally::default(); all.len()];
        for run in 0..self.all_runs() {
            for (place, ((name, once), tally)) in all.iter_mut().zip(&mut tallies).enumerate() {
                let used = match once(run) {
                    Err(error) if place > 0 => {
                        tally.failed += 1;
                        show(&format!("{name}: {work}"), &format!("{error:#}"));
                        continue;
                    }
                    used => used?,
                };
                if run >= self.scale.warm_up {
                    tally.best = match (tally.best.take(), used) {
                        (Some(best), Some(used)) => Some(best.better(used)),
                        (best, used) => used.or(best),
                    };
                }
            }
        }
        let hayesd = tallies.first().and_then(|tally| tally.best);
        for (place, ((name, _), tally)) in all.iter().zip(tallies).enumerate() {
            let beside = hayesd.filter(|_| place > 0);
            let work = if place == 0 { work } else { "" };
            let name = match tally.failed {
                0 => (*name).to_owned(),
                failed => format!("{name}; {failed} of {} runs failed", self.all_runs()),
            };
            tell(&line(work, &name, tally.best, beside))?;
        }
        Ok(())
    }
}

/// What came of one's runs.
#[derive(Clone, Copy, Default)]
struct Tally {
    best: Option<Used>,
    failed: usize,
}

/// The head of the table.
pub(crate) fn head() -> Result<()> {
    tell("")?;
    tell("| work | by | wall, s | hayesd / it | CPU, s | hayesd / it | peak, MB | hayesd / it |")?;
    tell("|---|---|---|---|---|---|---|---|")
}

/// A line; each figure is followed by what hayesd needs of it.
fn line(work: &str, name: &str, used: Option<Used>, hayesd: Option<Used>) -> String {
    let Some(used) = used else {
        return format!("| {work} | {name} | | | | | | |");
    };
    let of = |figure: fn(&Used) -> f64| match hayesd {
        Some(hayesd) => format!("{:.2}", figure(&hayesd) / figure(&used)),
        None => String::new(),
    };
    format!(
        "| {work} | {name} | {:.3} | {} | {:.3} | {} | {:.1} | {} |",
        used.wall,
        of(|used| used.wall),
        used.cpu,
        of(|used| used.cpu),
        used.peak,
        of(|used| used.peak),
    )
}
