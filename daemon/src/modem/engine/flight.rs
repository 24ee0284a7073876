//! The command in flight: what a line means to it.

use crate::at::response::{FinalResult, Urc, connect, fits, named, split_name};
use crate::modem::expect::{Expect, Lines, Prompt, Raw};
use hayes_ldisc::time::Time;
use std::fmt;
use zeroize::Zeroizing;

/// A command that was sent and has no result yet.
pub(super) struct Flight {
    /// It may hold a password.
    pub(super) line: Zeroizing<Vec<u8>>,
    expect: Expect,
    /// When it fails; none while payload is being written.
    pub(super) deadline: Option<Time>,
    /// Its result proves nothing about what came before.
    pub(super) proves_nothing: bool,
    /// It has prompted for payload, or announced its own.
    pub(super) in_payload: bool,
    echoed: bool,
    lines: usize,
}

/// What a line is to the command in flight.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Echo,
    Info,
    Urc,
    Prompt,
    Connected,
    Raw(u64),
    Final(FinalResult),
}

impl Flight {
    pub(super) fn new(line: &[u8], expect: Expect, now: Time) -> Self {
        Self {
            line: Zeroizing::new(line.to_vec()),
            expect,
            deadline: Some(now + expect.within),
            proves_nothing: false,
            in_payload: false,
            echoed: false,
            lines: 0,
        }
    }

    pub(super) fn that_proves_nothing(mut self) -> Self {
        self.proves_nothing = true;
        self
    }

    /// The bytes that prompt, while they are still to come.
    pub(super) fn prompt_bytes(&self) -> Option<&'static [u8]> {
        match self.expect.prompt {
            Prompt::Bytes(bytes) if !self.in_payload => Some(bytes),
            _ => None,
        }
    }

    /// It prompted: payload is written now, however long that takes.
    pub(super) fn prompted(&mut self) {
        self.in_payload = true;
        self.deadline = None;
    }

    /// It sends bytes: the next of them have the same time again.
    pub(super) fn announced(&mut self, now: Time) {
        if self.deadline.is_some() {
            self.deadline = Some(now + self.expect.within);
        }
    }

    pub(super) fn payload_written(&mut self, now: Time) {
        if self.in_payload {
            self.deadline = Some(now + self.expect.after);
        }
    }

    pub(super) fn line(&mut self, line: &[u8], announced: bool, urcs: &[Urc]) -> Meaning {
        if !self.echoed && line == &self.line[..] {
            self.echoed = true;
            return Meaning::Echo;
        }
        if let Lines::Texts { count, .. } = self.expect.answer
            && self.lines < count
            && !line.starts_with(b"+")
        {
            self.lines += 1;
            return Meaning::Info;
        }
        if let Some(result) = self.result(line) {
            return Meaning::Final(result);
        }
        if let Some(text) = connect(line)
            && !self.in_payload
        {
            return self.connected(text);
        }
        if let Prompt::Line(prompt) = self.expect.prompt
            && !self.in_payload
            && same_but_blanks(line, prompt.as_bytes())
        {
            self.prompted();
            return Meaning::Prompt;
        }
        if announced || self.is_answer(line, urcs) {
            self.lines += usize::from(!matches!(self.expect.answer, Lines::Texts { .. }));
            return Meaning::Info;
        }
        Meaning::Urc
    }

    fn result(&self, line: &[u8]) -> Option<FinalResult> {
        let numeric = || FinalResult::parse_numeric(line).filter(|_| self.expect.numeric);
        FinalResult::parse(line).or_else(numeric)
    }

    fn connected(&mut self, text: &[u8]) -> Meaning {
        if self.expect.prompt == Prompt::Connect {
            self.prompted();
            return Meaning::Prompt;
        }
        match self.expect.raw {
            Raw::Connect(usual) => {
                self.in_payload = true;
                let said = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
                Meaning::Raw(said.unwrap_or(usual))
            }
            Raw::None => Meaning::Connected,
        }
    }

    fn is_answer(&self, line: &[u8], urcs: &[Urc]) -> bool {
        match self.expect.answer {
            Lines::None => false,
            Lines::Texts { name, .. } => named(line, name).is_some(),
            Lines::Named { name, shapes, most } => {
                self.lines < most && named(line, name).is_some_and(|values| fits(&values, shapes))
            }
            Lines::Any => !urcs
                .iter()
                .any(|urc| urc.matches(line) && (urc.distinct || !self.asks_for(line))),
        }
    }

    /// Whether the command line is about the name that this line bears.
    fn asks_for(&self, line: &[u8]) -> bool {
        split_name(line).is_some_and(|(name, _)| {
            self.line
                .windows(name.len())
                .any(|part| part.eq_ignore_ascii_case(name))
        })
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight")
            .field("expect", &self.expect)
            .field("deadline", &self.deadline)
            .field("in_payload", &self.in_payload)
            .finish_non_exhaustive()
    }
}

/// Whether two lines are the same but for blanks and case.
pub(in crate::modem) fn same_but_blanks(a: &[u8], b: &[u8]) -> bool {
    fn solid(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
        text.iter()
            .filter(|byte| **byte != b' ')
            .map(u8::to_ascii_uppercase)
    }
    solid(a).eq(solid(b))
}
