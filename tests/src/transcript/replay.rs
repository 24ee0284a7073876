//! Replays a transcript to an emulator: the `>>` lines go in, the `<<` lines must come out, byte for byte.

use super::typed::Typed;
use super::{Event, Step, Transcript, Wire, World};
use anyhow::{Context, Result, bail};
use hayesd::dialect::Dialect;
use std::time::Duration;

/// How a transcript is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Each line in one piece.
    Whole,
    /// Each byte by itself.
    Bytes,
    /// The input's byte of this number begins another piece.
    At(usize),
    /// Each line in two pieces: its byte of this number begins the second.
    Each(usize),
    /// All lines up to the next wait or event in one piece, typed ahead.
    Burst,
}

impl Cut {
    /// A line that begins at `position`, in its pieces; the second may be empty.
    pub(super) fn two(self, line: &[u8], position: usize) -> (&[u8], &[u8]) {
        let at = match self {
            Self::At(at) => at.checked_sub(position),
            Self::Each(at) => Some(at),
            Self::Whole | Self::Bytes | Self::Burst => None,
        };
        let at = at.filter(|at| (1..line.len()).contains(at));
        line.split_at(at.unwrap_or(line.len()))
    }
}

/// Time between two bytes at 115 200 bits a second.
const CHARACTER: Duration = Duration::from_micros(87);
/// So long is nothing more to come at the end.
const AFTERWARDS: Duration = Duration::from_secs(600);

/// Bytes of input of a transcript.
pub fn input_length(transcript: &Transcript) -> usize {
    lengths(transcript).sum()
}

/// Bytes of the longest line of a transcript's input.
pub fn longest_line(transcript: &Transcript) -> usize {
    lengths(transcript).max().unwrap_or(0)
}

fn lengths(transcript: &Transcript) -> impl Iterator<Item = usize> {
    let hosts = transcript.steps.iter().filter(|step| is_host(step));
    hosts.filter_map(|step| step.event.on_the_line().map(|bytes| bytes.len()))
}

fn is_host(step: &Step) -> bool {
    matches!(step.event, Event::Host { .. })
}

/// Replays a transcript; the error names file and line of the first difference.
pub fn replay(
    transcript: &Transcript,
    dialect: &'static Dialect,
    echo: bool,
    cut: Cut,
) -> Result<Wire> {
    let mut replay = Replay::new(transcript, dialect, echo, cut)?;
    for step in &transcript.steps {
        replay.step(step)?;
    }
    replay.flush();
    replay.wire.pass(AFTERWARDS);
    replay.compare(None)?;
    Ok(replay.wire)
}

struct Replay<'a> {
    transcript: &'a Transcript,
    wire: Wire,
    cut: Cut,
    /// Echo is to be expected, though it is not written.
    echo: bool,
    /// What the host sends.
    typed: Typed,
    /// Typed ahead and not sent yet.
    ahead: Vec<u8>,
    /// Bytes sent so far.
    position: usize,
    /// What is to come, and who says so.
    expected: Vec<(&'a Step, Vec<u8>)>,
}

impl<'a> Replay<'a> {
    fn new(
        transcript: &'a Transcript,
        dialect: &'static Dialect,
        echo: bool,
        cut: Cut,
    ) -> Result<Self> {
        let exact = transcript.says(&World::Exact);
        let mut wire = Wire::new(dialect)?;
        wire.set_served(true);
        if !transcript.says(&World::PowerOn) {
            wire.take_sent();
        }
        if !echo && !exact {
            wire.receive(b"ATE0\r");
            wire.take_sent();
        }
        Ok(Self {
            transcript,
            wire,
            cut,
            echo: echo && !exact,
            typed: Typed::Command,
            ahead: Vec::new(),
            position: 0,
            expected: Vec::new(),
        })
    }

    fn step(&mut self, step: &'a Step) -> Result<()> {
        match &step.event {
            Event::Host { raw, .. } => {
                if self.cut != Cut::Burst {
                    self.compare(Some(step))?;
                }
                let bytes = step.event.on_the_line().unwrap_or_default();
                if self.echo {
                    self.expected.push((step, self.typed.echo(&bytes, *raw)));
                }
                self.ahead.extend(bytes);
                if self.cut != Cut::Burst {
                    self.flush();
                }
            }
            Event::Module { bytes, raw } => {
                self.typed.answered(bytes, *raw);
                let bytes = step.event.on_the_line().unwrap_or_default();
                self.expected.push((step, bytes));
            }
            Event::Wait(time) => {
                self.flush();
                self.compare(Some(step))?;
                self.wire.pass(*time);
            }
            Event::World(world) if world.is_setting() => {}
            Event::World(world) => {
                self.flush();
                self.compare(Some(step))?;
                self.world(world)
                    .with_context(|| self.transcript.place(step))?;
            }
        }
        Ok(())
    }

    fn world(&mut self, world: &World) -> Result<()> {
        match world {
            World::File(name, content) => self.wire.put_file(name, content),
            World::Mail(end) => self.wire.end_mail(end),
            World::Server(service, served) => self.wire.server(*service, served),
            World::Hold => {
                self.wire.set_served(false);
                Ok(())
            }
            World::Step => self.wire.serve_one(),
            World::Go => {
                self.wire.set_served(true);
                Ok(())
            }
            World::Restart => self.wire.restart(),
            World::PowerOn | World::Exact | World::EmulatorOnly => Ok(()),
        }
    }

    /// Sends what was typed ahead, cut as asked.
    fn flush(&mut self) {
        let bytes = std::mem::take(&mut self.ahead);
        if self.cut == Cut::Bytes {
            for byte in bytes {
                self.wire.receive(&[byte]);
                self.wire.pass(CHARACTER);
            }
            return;
        }
        let (first, second) = self.cut.two(&bytes, self.position);
        self.position += bytes.len();
        if !first.is_empty() {
            self.wire.receive(first);
        }
        if !second.is_empty() {
            self.wire.pass(CHARACTER);
            self.wire.receive(second);
        }
    }

    /// What came is what was to come, all of it. `before` is the step that comes next.
    fn compare(&mut self, before: Option<&Step>) -> Result<()> {
        let came = self.wire.take_sent();
        let mut rest = &came[..];
        for (step, bytes) in self.expected.drain(..) {
            match rest.strip_prefix(&bytes[..]) {
                Some(after) => rest = after,
                None => bail!(
                    "{} ({:?}): expected \"{}\", came \"{}\"",
                    self.transcript.place(step),
                    self.cut,
                    bytes.escape_ascii(),
                    rest.escape_ascii()
                ),
            }
        }
        if !rest.is_empty() {
            let place = before.map_or("the end".into(), |step| self.transcript.place(step));
            bail!(
                "before {place} ({:?}): \"{}\" came as well",
                self.cut,
                rest.escape_ascii()
            );
        }
        Ok(())
    }
}
