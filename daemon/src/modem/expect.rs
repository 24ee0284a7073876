//! What is expected of a command: how its answer looks, what it waits for, how long it may take.

use core::time::Duration;

/// What the engine is told of the command in flight.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    /// Which lines are its answer.
    pub answer: Lines,
    /// What it says when it waits for payload.
    pub prompt: Prompt,
    /// Raw bytes that it sends.
    pub raw: Raw,
    /// The longest time to its result, or to its prompt.
    pub within: Duration,
    /// The longest time from the last byte of payload to its result.
    pub after: Duration,
    /// How its data mode is left where that did not come to its end.
    pub leave: Leave,
    /// Numeric results count: the module may still be set to `ATV0`.
    pub numeric: bool,
}

/// Which lines are a command's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// None: all lines before the result are unsolicited.
    None,
    /// Lines of this name whose values have one of these shapes ([`crate::at::response::fits`]), at
    /// most so many.
    Named {
        /// The name with its sign.
        name: &'static str,
        /// The shapes.
        shapes: &'static [&'static str],
        /// The most of them.
        most: usize,
    },
    /// Lines that may look like anything, so many of them, and headings of this name: what files are called. Before
    /// they have come nothing is a result.
    Texts {
        /// The name with its sign.
        name: &'static str,
        /// How many.
        count: usize,
    },
    /// Every line that the dialect does not know as unsolicited (`ATI`, and commands of people).
    Any,
}

/// What a command says when it waits for payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// It takes none.
    None,
    /// `CONNECT`.
    Connect,
    /// These bytes at the start of a line, without a line end: `>`, `>>`.
    Bytes(&'static [u8]),
    /// This whole line; blanks and case do not matter: `+CFTPPUT: BEGIN`.
    Line(&'static str),
}

/// Raw bytes that a command sends (besides those that the dialect's
/// [`crate::at::response::Announce`] lines announce).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// None.
    None,
    /// As many as `CONNECT <n>` says, or so many after a bare `CONNECT`.
    Connect(u64),
}

/// How a data mode is left that was not written to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// By `+++` between two silences.
    Escape,
    /// By these bytes.
    Bytes(&'static [u8]),
    /// Not at all, since it counts so many: by bytes that mean nothing to a module that waits for no more (CR), until
    /// it says something.
    Fill(u64),
}

/// Time for a command that only sets or reads something. Quectel names 300 ms; field logs show seconds.
pub const SETTER: Duration = Duration::from_secs(5);

impl Expect {
    /// Nothing but a result, within [`SETTER`].
    pub const fn result() -> Self {
        Self {
            answer: Lines::None,
            prompt: Prompt::None,
            raw: Raw::None,
            within: SETTER,
            after: SETTER,
            leave: Leave::Escape,
            numeric: false,
        }
    }

    /// One line of this name and shape, and a result.
    pub const fn line(name: &'static str, shapes: &'static [&'static str]) -> Self {
        Self::lines(name, shapes, 1)
    }

    /// At most so many lines of this name and shape, and a result.
    pub const fn lines(name: &'static str, shapes: &'static [&'static str], most: usize) -> Self {
        let mut expect = Self::result();
        expect.answer = Lines::Named { name, shapes, most };
        expect
    }

    /// So many lines that may look like anything, perhaps under headings of this name, and a result.
    pub const fn names(name: &'static str, count: usize) -> Self {
        let mut expect = Self::result();
        expect.answer = Lines::Texts { name, count };
        expect
    }

    /// Any lines, and a result.
    pub const fn any() -> Self {
        let mut expect = Self::result();
        expect.answer = Lines::Any;
        expect
    }

    /// The same, with more or less time to its result or prompt.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// The same, taking payload after this prompt.
    #[must_use]
    pub const fn taking(mut self, prompt: Prompt, after: Duration) -> Self {
        self.prompt = prompt;
        self.after = after;
        self
    }

    /// The same, with another way out of its data mode.
    #[must_use]
    pub const fn left_by(mut self, leave: Leave) -> Self {
        self.leave = leave;
        self
    }

    /// The same, sending raw bytes.
    #[must_use]
    pub const fn sending(mut self, raw: Raw) -> Self {
        self.raw = raw;
        self
    }

    /// The same, with numeric results as well.
    #[must_use]
    pub const fn or_numeric(mut self) -> Self {
        self.numeric = true;
        self
    }
}
