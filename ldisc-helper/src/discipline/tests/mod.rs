mod coding;
mod command;
mod data;
mod escape;
mod in_band;
mod split;
mod timeline;

use super::*;

/// What came out, in order; neighbouring data is one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Line(Vec<u8>),
    TooLong,
    Key(u8),
    Data(Vec<u8>),
    End(Cause, u64),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) found: Vec<Found>,
    pub(super) echo: Vec<u8>,
    pub(super) unread: Vec<u8>,
}

impl Sink for Log {
    fn line(&mut self, line: &[u8], too_long: bool) {
        self.found.push(match too_long {
            true => Found::TooLong,
            false => Found::Line(line.to_vec()),
        });
    }

    fn key(&mut self, key: u8) {
        self.found.push(Found::Key(key));
    }

    fn data(&mut self, bytes: &[u8], _: Time) {
        assert!(!bytes.is_empty(), "an empty piece is no news");
        match self.found.last_mut() {
            Some(Found::Data(data)) => data.extend_from_slice(bytes),
            _ => self.found.push(Found::Data(bytes.to_vec())),
        }
    }

    fn end(&mut self, cause: Cause, count: u64) {
        self.found.push(Found::End(cause, count));
    }

    fn echo(&mut self, bytes: &[u8]) {
        self.echo.extend_from_slice(bytes);
    }

    fn unread(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }
}

/// A discipline on an injected clock, in milliseconds.
pub(super) struct Rig {
    pub(super) discipline: Discipline,
    pub(super) log: Log,
    pub(super) now: u64,
}

impl Default for Rig {
    fn default() -> Self {
        Self {
            discipline: Discipline::default(),
            log: Log::default(),
            now: 10_000,
        }
    }
}

impl Rig {
    pub(super) fn new(mode: Mode) -> Self {
        let mut rig = Self::default();
        rig.mode(mode);
        rig.discipline.prompt_out();
        rig.discipline.drained(rig.time());
        rig
    }

    pub(super) fn data(ends: Ends) -> Self {
        Self::new(Mode::Data(Data {
            ends,
            ..Data::default()
        }))
    }

    pub(super) fn time(&self) -> Time {
        Time::from_millis(self.now)
    }

    pub(super) fn mode(&mut self, mode: Mode) {
        let now = self.time();
        self.discipline.set_mode(mode, now, &mut self.log);
    }

    /// A read brings this now. Returns how much of it was taken.
    pub(super) fn read(&mut self, bytes: &[u8]) -> usize {
        let now = self.time();
        let taken = self.discipline.input(bytes, now, &mut self.log);
        self.discipline.timer(now, &mut self.log);
        taken
    }

    /// Time passes, and the port is looked at whenever it wants to be; nothing is there.
    pub(super) fn wait(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(at) = self.deadline().filter(|at| *at <= end) {
            assert!(at > self.now || !self.discipline.is_stopped());
            self.now = self.now.max(at);
            self.look();
        }
        self.now = end;
    }

    /// Time passes, and nobody looks.
    pub(super) fn stall(&mut self, millis: u64) {
        let end = self.now + millis;
        if let Some(at) = self.deadline().filter(|at| *at <= end) {
            let at = Time::from_millis(at.max(self.now));
            self.discipline.timer(at, &mut self.log);
        }
        self.now = end;
    }

    pub(super) fn look(&mut self) {
        let now = self.time();
        self.discipline.looked(now, &mut self.log);
        self.discipline.timer(now, &mut self.log);
    }

    /// In whole milliseconds, rounded up.
    fn deadline(&self) -> Option<u64> {
        self.discipline
            .next_deadline()
            .map(|at| at.0.div_ceil(1_000_000))
    }

    pub(super) fn found(&mut self) -> Vec<Found> {
        core::mem::take(&mut self.log.found)
    }

    pub(super) fn echo(&mut self) -> String {
        String::from_utf8_lossy(&core::mem::take(&mut self.log.echo)).into_owned()
    }
}

pub(super) fn command() -> Command {
    Command {
        echo: true,
        s3: 13,
        line_feed: false,
        s5: 8,
        max_line: 20,
        keys: Keys::None,
    }
}

pub(super) fn line(text: &str) -> Found {
    Found::Line(text.into())
}

pub(super) fn data(text: &str) -> Found {
    Found::Data(text.into())
}

/// A generator of test cases: the same ones each time.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Below `n` (xorshift64*).
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len() as u64);
        from[usize::try_from(index).unwrap()]
    }
}
