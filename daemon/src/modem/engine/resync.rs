//! The resync: stop, drain to quiet, probe, and only then go on.

use crate::at::response::{FinalResult, named};
use core::time::Duration;
use hayes_ldisc::time::Time;

/// So long without a byte is quiet. What comes after it is late all the same, and counted.
const QUIET: Duration = Duration::from_millis(200);

/// A module that talks on for so long without a pause is probed while it talks.
const NEVER_QUIET: Duration = Duration::from_secs(5);

/// How long each probe waits for its answer. Together more than 30 s: so late are answers that modules
/// were seen to give.
const WAITS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(17),
];

/// A probe asks 2 to 7 times: never once, as other commands may, and no two that can both still be
/// unanswered alike.
const FEWEST: u32 = 2;
const NUMBERS: u32 = 6;

/// A resync under way.
#[derive(Debug)]
pub(super) struct Resync {
    state: State,
    round: usize,
    line: Vec<u8>,
    name: &'static str,
    asked: u32,
    answers: u32,
}

#[derive(Debug)]
enum State {
    Draining { quiet_at: Time, until: Time },
    Probing { until: Time },
}

/// What a resync does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    Probe,
    Lost,
}

impl Resync {
    pub(super) fn new(now: Time) -> Self {
        Self {
            state: draining(now),
            round: 0,
            line: Vec::new(),
            name: "",
            asked: 0,
            answers: 0,
        }
    }

    pub(super) fn deadline(&self) -> Time {
        match self.state {
            State::Draining { quiet_at, until } => quiet_at.min(until),
            State::Probing { until } => until,
        }
    }

    /// Bytes came.
    pub(super) fn heard(&mut self, now: Time) {
        if let State::Draining { quiet_at, .. } = &mut self.state {
            *quiet_at = now + QUIET;
        }
    }

    pub(super) fn timer(&mut self, now: Time) -> Step {
        if now < self.deadline() {
            return Step::Wait;
        }
        match self.state {
            State::Draining { .. } => Step::Probe,
            State::Probing { .. } if self.round < WAITS.len() => {
                self.state = draining(now);
                Step::Wait
            }
            State::Probing { .. } => Step::Lost,
        }
    }

    /// The next probe, `sent` probes having been sent before it in all.
    pub(super) fn probe(&mut self, query: &'static str, sent: u32, now: Time) -> &[u8] {
        self.asked = FEWEST + sent % NUMBERS;
        self.answers = 0;
        self.name = query.trim_end_matches('?');
        self.line.clear();
        self.line.extend_from_slice(b"AT");
        for nth in 0..self.asked {
            if nth > 0 {
                self.line.push(b';');
            }
            self.line.extend_from_slice(query.as_bytes());
        }
        let wait = WAITS.get(self.round).copied().unwrap_or(QUIET);
        self.round += 1;
        self.state = State::Probing { until: now + wait };
        &self.line
    }

    /// Whether this line completes the last probe's answer: as many lines as were asked for, and `OK`.
    pub(super) fn answered(&mut self, line: &[u8]) -> bool {
        if !matches!(self.state, State::Probing { .. }) {
            return false;
        }
        if named(line, self.name).is_some() {
            self.answers += 1;
            return false;
        }
        let Some(result) = FinalResult::parse(line) else {
            return false;
        };
        let complete = result.is_ok() && self.answers == self.asked;
        self.answers = 0;
        complete
    }

    /// Whether the line is a part of a probe's exchange, as far as one can tell.
    pub(super) fn belongs(&self, line: &[u8]) -> bool {
        matches!(self.state, State::Probing { .. })
            && (line == self.line || named(line, self.name).is_some())
    }
}

fn draining(now: Time) -> State {
    State::Draining {
        quiet_at: now + QUIET,
        until: now + NEVER_QUIET,
    }
}
