//! The line that shows how far a job is.

use super::text::{clean, size};
use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

/// What is known of a job under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) state: String,
    pub(super) phase: String,
    pub(super) via: String,
    pub(super) done: u64,
    pub(super) total: u64,
}

/// The rate is that of the last seconds.
const WINDOW: Duration = Duration::from_secs(5);

/// How fast bytes go. Time comes from outside.
#[derive(Debug, Default)]
pub(super) struct Rate {
    seen: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// So many bytes had gone by then. Fewer than before: an attempt began anew.
    pub(super) fn saw(&mut self, at: Instant, bytes: u64) {
        if self.seen.back().is_some_and(|&(_, last)| bytes < last) {
            self.seen.clear();
        }
        self.seen.push_back((at, bytes));
        while self.seen.len() > 2 && self.seen.front().is_some_and(|&(t, _)| at - t > WINDOW) {
            self.seen.pop_front();
        }
    }

    /// Bytes a second; `None` until it can be told.
    pub(super) fn get(&self) -> Option<u64> {
        let (first, last) = (self.seen.front()?, self.seen.back()?);
        let milliseconds = u64::try_from((last.0 - first.0).as_millis()).ok()?;
        if milliseconds == 0 || last.1 == first.1 {
            return None;
        }
        Some((last.1 - first.1).saturating_mul(1000) / milliseconds)
    }
}

/// The line, at most `width` characters long.
pub(super) fn line(now: &Now, rate: Option<u64>, width: usize) -> String {
    let mut text = if now.state == "running" && !now.phase.is_empty() {
        now.phase.clone()
    } else {
        now.state.clone()
    };
    if !now.via.is_empty() {
        text.push_str(&format!(" ({})", clean(&now.via)));
    }
    if now.done > 0 || now.phase == "transferring" {
        text.push_str(&format!("  {}", size(now.done)));
        if now.total > 0 {
            text.push_str(&format!(" of {}", size(now.total)));
        }
        if let Some(rate) = rate {
            text.push_str(&format!("  {}/s", size(rate)));
        }
    }
    if let Some(room) = width.checked_sub(text.chars().count() + 10)
        && room >= 5
        && now.total > 0
    {
        text = format!("{}  {text}", bar(now.done, now.total, room.min(30)));
    }
    text.chars().take(width).collect()
}

fn bar(done: u64, total: u64, cells: usize) -> String {
    let share = |of: u64| {
        let part = u128::from(done.min(total)) * u128::from(of) / u128::from(total.max(1));
        usize::try_from(part).unwrap_or(0)
    };
    let full = share(cells as u64);
    format!(
        "[{}{}] {:>3} %",
        "#".repeat(full),
        " ".repeat(cells - full),
        share(100)
    )
}

/// The line on a terminal, drawn over itself.
pub(super) struct Bar {
    shown: bool,
    active: bool,
    rate: Rate,
}

impl Bar {
    /// One that draws only where `active`.
    pub(super) fn new(active: bool) -> Self {
        Self {
            shown: false,
            active,
            rate: Rate::default(),
        }
    }

    /// Whether it draws at all.
    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    /// Draws how far the job is.
    pub(super) fn draw(&mut self, now: &Now) {
        self.rate.saw(Instant::now(), now.done);
        let text = line(now, self.rate.get(), super::terminal::width());
        let _ = write!(io::stderr(), "\r\x1b[K{text}");
        self.shown = true;
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(state: &str, phase: &str, done: u64, total: u64) -> Now {
        Now {
            state: state.into(),
            phase: phase.into(),
            via: "ip".into(),
            done,
            total,
        }
    }

    #[test]
    fn the_line_fits_the_terminal() {
        let half = now("running", "transferring", 512 << 10, 1 << 20);
        assert_eq!(
            line(&half, Some(100 << 10), 80),
            "[##########           ]  50 %  transferring (ip)  512 KiB of 1.00 MiB  100 KiB/s"
        );
        for width in 0..120 {
            assert!(line(&half, Some(1), width).chars().count() <= width);
        }
        assert_eq!(
            line(&now("deferred", "waiting", 0, 0), None, 80),
            "deferred (ip)"
        );
    }

    #[test]
    fn the_bar_is_never_more_than_full() {
        assert_eq!(bar(0, 10, 4), "[    ]   0 %");
        assert_eq!(bar(20, 10, 4), "[####] 100 %");
        assert_eq!(bar(u64::MAX, u64::MAX, 4), "[####] 100 %");
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut rate = Rate::default();
        rate.saw(at(0), 0);
        assert_eq!(rate.get(), None);
        rate.saw(at(2), 2000);
        assert_eq!(rate.get(), Some(1000));
        rate.saw(at(20), 2000);
        rate.saw(at(21), 5000);
        assert_eq!(rate.get(), Some(3000));
        // An attempt began anew.
        rate.saw(at(22), 10);
        assert_eq!(rate.get(), None);
    }
}
