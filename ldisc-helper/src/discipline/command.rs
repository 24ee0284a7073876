//! Command mode: characters to command lines (V.250 section 5.2).

use super::{Command, Sink};
use crate::time::Time;

const SUBSTITUTE: u8 = 0x1A;

/// What wipes a character off a terminal.
const ERASE: &[u8] = b"\x08 \x08";

/// The line being typed, and the one before.
#[derive(Debug)]
pub(super) struct Assembler {
    stage: Stage,
    /// From the `A` of `AT`.
    line: Vec<u8>,
    too_long: bool,
    /// What `A/` repeats.
    last: Vec<u8>,
    last_too_long: bool,
    /// When the last character came.
    touched: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Outside a line, looking for its prefix.
    Outside,
    /// This `A` or `a` may begin one.
    Prefix(u8),
    /// After `AT`.
    Inside,
}

/// What a character did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to tell.
    More,
    /// The line ended, and was empty.
    Empty,
    /// The line ended and was reported.
    Line,
    /// Something else was reported (`A/`, a key).
    Reported,
}

impl Default for Assembler {
    fn default() -> Self {
        Self {
            stage: Stage::Outside,
            line: Vec::new(),
            too_long: false,
            // What `A/` repeats when there is nothing to repeat: a line that does nothing.
            last: b"AT".to_vec(),
            last_too_long: false,
            touched: Time::default(),
        }
    }
}

impl Assembler {
    /// Takes one character.
    pub(super) fn character<S: Sink>(
        &mut self,
        settings: &Command,
        character: u8,
        now: Time,
        sink: &mut S,
    ) -> Step {
        self.touched = now;
        match self.stage {
            Stage::Outside => self.outside(settings, character, sink),
            Stage::Prefix(first) => self.prefix(settings, first, character, sink),
            Stage::Inside => self.inside(settings, character, sink),
        }
    }

    /// Since when nothing was typed into the line that has begun; `None` outside a line.
    pub(super) fn typing(&self) -> Option<Time> {
        (self.stage != Stage::Outside).then_some(self.touched)
    }

    /// Forgets the line that has begun.
    pub(super) fn abandon(&mut self) {
        self.stage = Stage::Outside;
    }

    fn outside<S: Sink>(&mut self, settings: &Command, character: u8, sink: &mut S) -> Step {
        if settings.keys.contains(character) {
            sink.key(character);
            return Step::Reported;
        }
        if character == settings.s3 {
            echo(settings, &[character], sink);
            return Step::Empty;
        }
        if character == settings.s5 || character == SUBSTITUTE {
            return Step::More;
        }
        if character.eq_ignore_ascii_case(&b'A') {
            self.stage = Stage::Prefix(character);
        }
        echo(settings, &[character], sink);
        Step::More
    }

    fn prefix<S: Sink>(
        &mut self,
        settings: &Command,
        first: u8,
        character: u8,
        sink: &mut S,
    ) -> Step {
        self.stage = Stage::Outside;
        if ends(settings, character) {
            return self.outside(settings, character, sink);
        }
        if character == settings.s5 {
            echo(settings, ERASE, sink);
            return Step::More;
        }
        match character {
            b'T' | b't' => {
                self.stage = Stage::Inside;
                self.too_long = false;
                self.line.clear();
                self.line.extend_from_slice(&[first, character]);
                echo(settings, &[character], sink);
                Step::More
            }
            b'/' => {
                echo(settings, &[character], sink);
                self.report(sink);
                Step::Reported
            }
            _ => self.outside(settings, character, sink),
        }
    }

    fn inside<S: Sink>(&mut self, settings: &Command, character: u8, sink: &mut S) -> Step {
        if ends(settings, character) {
            echo(settings, &[character], sink);
            self.stage = Stage::Outside;
            core::mem::swap(&mut self.line, &mut self.last);
            self.last_too_long = self.too_long;
            self.report(sink);
            return Step::Line;
        }
        if character == settings.s5 {
            // The prefix stays (V.250 section 5.2.2: it is acted on as it comes).
            if self.line.len() > 2 && !self.too_long {
                self.line.pop();
                echo(settings, ERASE, sink);
            }
            return Step::More;
        }
        if character == SUBSTITUTE {
            return Step::More;
        }
        // V.250 section 5.2.2: other control characters are not part of the line.
        if character >= b' ' && !self.too_long {
            if self.line.len() - 2 < usize::from(settings.max_line) {
                self.line.push(character);
            } else {
                self.too_long = true;
            }
        }
        echo(settings, &[character], sink);
        Step::More
    }

    fn report<S: Sink>(&self, sink: &mut S) {
        match self.last_too_long {
            true => sink.line(&[], true),
            false => sink.line(&self.last, false),
        }
    }
}

/// Whether this character ends a line.
fn ends(settings: &Command, character: u8) -> bool {
    character == settings.s3 || (settings.line_feed && character == b'\n')
}

fn echo<S: Sink>(settings: &Command, bytes: &[u8], sink: &mut S) {
    if settings.echo {
        sink.echo(bytes);
    }
}
