//! One claimed TTY, without its I/O: what is read when, what is sent when, and what is still owed.
//!
//! The caller owns the TTY and the daemon's connection. It tells what it read, wrote and was sent, and does
//! what comes out by [`Output`]; between two calls it sends [`Port::output`] to the TTY, and sees to
//! [`Port::next_deadline`]. Nothing here allocates once the queues have grown to what the port needs.

mod action;
mod answers;
mod input;
mod operation;
mod pace;
mod presence;
mod prompt;
mod queue;
mod records;
mod reports;
#[cfg(test)]
mod tests;
mod transmit;
mod urc;

use crate::discipline::{Discipline, Mode, Raw};
use crate::record::{Circuits, Claim, Failure, FromHelper, LineSettings, Role};
use crate::time::Time;
use answers::Sequence;
use core::time::Duration;
use pace::Pace;
use queue::Queue;
use reports::{Debts, Prompt, Reports};
use transmit::{Transmit, Turn};
use urc::Urcs;

pub use action::{Action, Output, Violation};

/// One claimed TTY.
#[derive(Debug)]
pub struct Port {
    discipline: Discipline,
    transmit: Transmit,
    sequence: Sequence,
    debts: Debts,
    prompt: prompt::Held,
    urcs: Urcs,
    pace: Pace,
    /// Came while nothing was read.
    kept: Queue,
    /// A connection has begun and has not said yet what the bytes are.
    unset: bool,
    /// Kept bytes are to be read, and no record need come for it.
    resume: Option<Time>,
    role: Role,
    pty: bool,
    circuits: Circuits,
    gone: bool,
    /// The daemon wants nothing to be read.
    held: bool,
}

impl Port {
    /// A port that has just been claimed, for a connection that is there.
    ///
    /// With a module on it, it is [`Mode::Raw`] at once. Otherwise nothing is read before the first
    /// `Mode`: only the daemon knows the equipment's stored settings.
    #[must_use]
    pub fn new(claim: &Claim<'_>, now: Time) -> Self {
        let pty = claim.device.starts_with("pty:");
        let mut port = Self {
            discipline: Discipline::default(),
            transmit: Transmit::new(Duration::ZERO, now),
            sequence: Sequence::default(),
            debts: Debts::default(),
            prompt: prompt::Held::default(),
            urcs: Urcs::default(),
            pace: Pace::default(),
            kept: Queue::default(),
            unset: claim.role == Role::Dce,
            resume: None,
            role: claim.role,
            pty,
            circuits: Circuits::default(),
            gone: false,
            held: false,
        };
        port.sequence.attached = true;
        port.set_line(claim.line);
        if claim.role == Role::Dte {
            let mut nobody = Nobody;
            let (discipline, mut reports) = port.parts(now, &mut nobody);
            discipline.set_mode(Mode::Raw(Raw::default()), now, &mut reports);
        }
        port
    }

    /// [`Port::next_deadline`] is over.
    ///
    /// The caller looks at the port first and tells of it ([`Port::received`] or [`Port::looked`]) with the
    /// same `now`. Where it cannot look (the daemon does not take its records), it calls this all the same:
    /// what needs a look is put off until there was one.
    pub fn timer(&mut self, now: Time, out: &mut impl Output) {
        if self.resume.is_some_and(|at| now >= at) {
            self.resume(now, out);
        }
        let (discipline, mut reports) = self.parts(now, out);
        discipline.timer(now, &mut reports);
        self.transmit.timer(now, &mut self.sequence, out);
        self.settle(now, out);
        self.advance(now, out);
    }

    /// When to look at the port and to call [`Port::timer`], if nothing happens before. Where
    /// [`Port::wants_drain`], this may also be the time to look whether output has drained.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        let look = self.discipline.next_deadline();
        look.into_iter()
            .chain(self.next_deadline_without_look())
            .min()
    }

    /// [`Port::next_deadline`] for a caller that cannot look at the port now.
    #[must_use]
    pub fn next_deadline_without_look(&self) -> Option<Time> {
        let urc = self.urcs.deadline(self.typing());
        let transmit = self.transmit.next_deadline();
        [self.resume, urc, transmit].into_iter().flatten().min()
    }

    /// The next bytes for the TTY; empty: none now.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.transmit.output()
    }

    /// The TTY took `n` of them.
    pub fn sent(&mut self, n: usize, now: Time, out: &mut impl Output) {
        self.transmit.sent(n, now, &mut self.sequence, out);
        self.prompt_moves();
        self.advance(now, out);
    }

    /// Whether it matters when output has left the device: look at `TIOCOUTQ`, not before
    /// [`Port::drain_look`], and tell by [`Port::drained`] or [`Port::not_drained`].
    #[must_use]
    pub fn wants_drain(&self) -> bool {
        self.transmit.wants_drain()
    }

    /// When what the TTY took will have left it, at the line's speed.
    #[must_use]
    pub fn drain_look(&self) -> Time {
        self.transmit.drain_look()
    }

    /// Output has left the device.
    pub fn drained(&mut self, now: Time, out: &mut impl Output) {
        self.transmit.drained(now);
        self.prompt_drains(now);
        self.advance(now, out);
    }

    /// `left` bytes have not.
    pub fn not_drained(&mut self, left: usize, now: Time, out: &mut impl Output) {
        self.transmit
            .not_drained(left, now, &mut self.sequence, out);
        self.prompt_drains(now);
    }

    /// The number for a record that the caller sends to the daemon by itself.
    pub fn next_sequence(&mut self) -> u32 {
        self.sequence.next()
    }

    /// The line runs with these settings, or will when the device is back.
    pub(crate) fn set_line(&mut self, line: LineSettings) {
        let character = line.character();
        self.discipline.set_line(line.data_bits == 7, character);
        // A pty has a speed only by name.
        let leaves = if self.pty { Duration::ZERO } else { character };
        self.transmit.set_character(leaves);
    }

    /// Sends the unsolicited result codes that may go now.
    fn settle(&mut self, now: Time, out: &mut impl Output) {
        while self.between_commands() && !self.urcs.waits(self.typing(), now) {
            let Some((text, bytes)) = self.urcs.first() else {
                break;
            };
            self.transmit
                .push(bytes, text.ack, now, &mut self.sequence, out);
            self.urcs.pop();
        }
    }

    /// Performs what stands between output, as far as it has its turn.
    fn advance(&mut self, now: Time, out: &mut impl Output) {
        while let Some(turn) = self.transmit.advance(now, &mut self.sequence, out) {
            match turn {
                Turn::Line(line) => self.set_line(line),
                Turn::Mode { answers, mode } => self.set_mode(answers, mode, now, out),
            }
        }
    }

    fn prompt_moves(&mut self) {
        if let Prompt::Queued(place) = self.debts.prompt
            && self.transmit.is_sent(place + 1)
        {
            self.debts.prompt = Prompt::Out;
            self.discipline.prompt_out();
        }
    }

    fn prompt_drains(&mut self, now: Time) {
        if self.transmit.prompt_drained() {
            self.discipline.drained(now);
        }
    }

    fn parts<'a, O: Output>(
        &'a mut self,
        now: Time,
        out: &'a mut O,
    ) -> (&'a mut Discipline, Reports<'a, O>) {
        let reports = Reports {
            transmit: &mut self.transmit,
            sequence: &mut self.sequence,
            debts: &mut self.debts,
            kept: &mut self.kept,
            now,
            out,
        };
        (&mut self.discipline, reports)
    }
}

/// For what happens while no connection is there.
struct Nobody;

impl Output for Nobody {
    fn record(&mut self, _: u32, _: &FromHelper<'_>) {}

    fn perform(&mut self, _: Action) -> Result<(), Failure> {
        Ok(())
    }
}
