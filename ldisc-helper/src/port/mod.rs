//! One claimed TTY, without its I/O: what is read when, what is sent when, and what is still owed.
//!
//! The caller owns the TTY and the daemon's connection. It tells what it read, wrote and was sent, and does
//! what comes out by [`Output`]; between two calls it sends [`Port::output`] to the TTY, and sees to
//! [`Port::next_deadline`]. Nothing here allocates once the queues have grown to what the port needs.

mod answers;
mod operation;
mod pace;
mod queue;
mod records;
mod reports;
#[cfg(test)]
mod tests;
mod transmit;
mod urc;

use crate::discipline::{Discipline, Ends, Mode, Raw};
use crate::record::{Circuits, Claim, Claimed, Failure, FromHelper, LineSettings, Owed, Role};
use crate::time::Time;
use answers::Sequence;
use core::time::Duration;
use pace::Pace;
use queue::Queue;
use reports::{Debts, MAX_KEPT, Prompt, Reports};
use transmit::{Absent, Transmit, Turn};
use urc::Urcs;

/// How long DTR has to stay off; a pty's last close counts at once.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// What a [`Port`] asks its caller to do.
pub trait Output {
    /// Send this to the daemon. Never called while the port is detached.
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>);

    /// Do this to the device, now.
    ///
    /// # Errors
    ///
    /// Why it could not be done; the record that asked for it is answered so.
    fn perform(&mut self, action: Action) -> Result<(), Failure>;
}

/// Something to be done to the device, or to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set these; all output has left.
    Configure(LineSettings),
    /// Show these.
    SetCircuits(Circuits),
    /// Begin a break (`TIOCSBRK`).
    BreakOn,
    /// End it (`TIOCCBRK`).
    BreakOff,
    /// Drop what the TTY has taken and not sent (`tcflush(TCOFLUSH)`).
    FlushOutput,
    /// The daemon broke the protocol: end its connection as if it had gone.
    Disconnect(Violation),
}

/// How the daemon broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// More was sent unanswered than twice [`WINDOW`](crate::record::WINDOW).
    Window,
    /// `Claim` or `Release` where it does not belong.
    OutOfPlace,
    /// A port with a module on it is always [`Mode::Raw`].
    NotRaw,
}

/// One claimed TTY.
#[derive(Debug)]
pub struct Port {
    discipline: Discipline,
    transmit: Transmit,
    sequence: Sequence,
    debts: Debts,
    urcs: Urcs,
    pace: Pace,
    /// Came while nothing was read.
    kept: Queue,
    /// A connection has begun and has not said yet what the bytes are.
    unset: bool,
    /// Kept bytes are to be read, and no record need come for it.
    resume: Option<Time>,
    /// The prompt whose draining a data mode waits for.
    draining: Option<u64>,
    role: Role,
    pty: bool,
    circuits: Circuits,
    gone: bool,
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
            urcs: Urcs::default(),
            pace: Pace::default(),
            kept: Queue::default(),
            unset: claim.role == Role::Dce,
            resume: None,
            draining: None,
            role: claim.role,
            pty,
            circuits: Circuits::default(),
            gone: false,
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

    /// A read brought bytes.
    pub fn received(&mut self, bytes: &[u8], now: Time, out: &mut impl Output) {
        self.pace.received(bytes.len(), now);
        if self.holds() {
            self.keep(bytes);
            return;
        }
        let taken = self.feed(bytes, now, out);
        self.keep(&bytes[taken..]);
        self.settle(now, out);
    }

    /// A read found nothing: silence is proved up to now.
    pub fn looked(&mut self, now: Time, out: &mut impl Output) {
        // What is kept is older than this silence.
        if self.kept.is_empty() {
            let (discipline, mut reports) = self.parts(now, out);
            discipline.looked(now, &mut reports);
        }
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
        let transmit = self.transmit.next_deadline(self.draining);
        [self.resume, urc, transmit].into_iter().flatten().min()
    }

    /// Whether the TTY is to be read. False while a record is unanswered and as much is kept as may be.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.gone && (!self.holds() || self.kept.len() < MAX_KEPT)
    }

    /// How long the port may rest after a wake-up in this mode; `None`: not at all.
    #[must_use]
    pub fn rest(&self) -> Option<Duration> {
        match self.discipline.mode() {
            Mode::Data(data) if self.discipline.in_data() => {
                self.pace.rest(data.ends.escape.map(|escape| escape.guard))
            }
            Mode::Raw(Raw { gather: true }) => self.pace.rest(None),
            _ => None,
        }
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
        self.transmit.wants_drain(self.draining)
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
    }

    /// The peer's circuits are these now. On a pty `ready` says that somebody has it open; when the last
    /// one closed it, the caller first reads what he had sent.
    pub fn circuits(&mut self, circuits: Circuits, now: Time, out: &mut impl Output) {
        let before = core::mem::replace(&mut self.circuits, circuits);
        if before == circuits {
            return;
        }
        self.sequence.send(&FromHelper::Circuits(circuits), out);
        if before.ready != circuits.ready {
            if self.pty {
                self.opened(circuits.ready, now, out);
            }
            let debounce = if self.pty { Duration::ZERO } else { DEBOUNCE };
            let (discipline, mut reports) = self.parts(now, out);
            discipline.ready(circuits.ready, debounce, now, &mut reports);
        }
        self.advance(now, out);
    }

    /// The device went away. A data mode ends, what was kept or queued is gone; the claim stands.
    pub fn hangup(&mut self, now: Time, out: &mut impl Output) {
        if core::mem::replace(&mut self.gone, true) {
            return;
        }
        self.kept.clear();
        let (discipline, mut reports) = self.parts(now, out);
        discipline.hangup(now, &mut reports);
        self.transmit
            .absent(Some(Absent::Device), now, &mut self.sequence, out);
        self.prompt_moves();
        self.prompt_drains(now);
        self.sequence.send(&FromHelper::Hangup, out);
        self.settle(now, out);
        self.advance(now, out);
    }

    /// The device is back and claimed again; this is to be sent to the daemon, if it is there.
    pub fn returned(&mut self, now: Time, out: &mut impl Output) -> Claimed {
        self.gone = false;
        self.transmit.absent(None, now, &mut self.sequence, out);
        self.claimed(true)
    }

    /// The daemon's connection is gone. A data mode goes on to its own end, discarding; all other input is
    /// kept; what is owed stays owed.
    pub fn detach(&mut self, now: Time) {
        self.sequence.attached = false;
        self.transmit.forget_answers();
        self.urcs.forget_answers();
        self.unset = true;
        self.resume = None;
        let mut nobody = Nobody;
        // What it said about input counts now: the next one is told how things stand.
        while let Some((answers, mode)) = self.transmit.take_mode() {
            self.set_mode(answers, mode, now, &mut nobody);
        }
        if let Mode::Data(data) = self.discipline.mode()
            && self.discipline.in_data()
        {
            if data.ends == Ends::default() {
                let (discipline, mut reports) = self.parts(now, &mut nobody);
                discipline.hangup(now, &mut reports);
            }
            self.discipline.discard();
        }
    }

    /// A new connection took the port over; what is returned is the first to be sent to it.
    ///
    /// Input is read again from its first `Mode` on; with a module on the port, at the next
    /// [`Port::timer`], which is due at once.
    pub fn attach(&mut self, now: Time) -> Claimed {
        self.sequence.attached = true;
        if self.role == Role::Dte {
            self.resume = Some(now);
        }
        self.claimed(true)
    }

    /// What is going on at the port; `kept` says that it was held for an earlier connection.
    #[must_use]
    pub fn claimed(&self, kept: bool) -> Claimed {
        let in_data = self.discipline.in_data();
        let has_count = in_data || self.debts.owed == Owed::Data;
        Claimed {
            kept,
            in_data,
            count: if has_count {
                self.discipline.count()
            } else {
                0
            },
            owed: self.debts.owed,
            unanswered: self.debts.unanswered.unwrap_or(0),
            circuits: self.circuits,
        }
    }

    /// The number for a record that the caller sends to the daemon by itself.
    pub fn next_sequence(&mut self) -> u32 {
        self.sequence.next()
    }

    /// The line runs with these settings.
    fn set_line(&mut self, line: LineSettings) {
        let character = line.character();
        self.discipline.set_line(line.data_bits == 7, character);
        // A pty has a speed only by name.
        let leaves = if self.pty { Duration::ZERO } else { character };
        self.transmit.set_character(leaves);
    }

    /// Whether bytes are kept instead of read.
    fn holds(&self) -> bool {
        self.discipline.is_stopped() || (self.unset && !self.discipline.in_data())
    }

    /// When the line that has begun was typed at last.
    fn typing(&self) -> Option<Time> {
        self.discipline.typing().filter(|_| self.between_commands())
    }

    /// Command mode, and no answer is awaited.
    fn between_commands(&self) -> bool {
        !self.holds() && matches!(self.discipline.mode(), Mode::Command(_))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(&first) = bytes.first() else {
            return;
        };
        let swallowed =
            self.kept.is_empty() && self.discipline.is_stopped() && self.discipline.swallows(first);
        self.kept.push(&bytes[usize::from(swallowed)..]);
    }

    /// Gives the discipline bytes. Returns how many it took.
    fn feed(&mut self, bytes: &[u8], now: Time, out: &mut impl Output) -> usize {
        let (discipline, mut reports) = self.parts(now, out);
        discipline.input(bytes, now, &mut reports)
    }

    /// Reads what was kept, as far as the mode goes.
    fn replay(&mut self, now: Time, out: &mut impl Output) {
        // In `Wait` only what comes after the command began may be a key.
        while !self.kept.is_empty()
            && !self.holds()
            && !matches!(self.discipline.mode(), Mode::Wait(_))
        {
            let mut kept = core::mem::take(&mut self.kept);
            let taken = self.feed(kept.bytes(), now, out);
            kept.consume(taken);
            self.kept = kept;
        }
    }

    /// A module's port goes on after a restart of the daemon.
    fn resume(&mut self, now: Time, out: &mut impl Output) {
        self.resume = None;
        self.unset = false;
        self.replay(now, out);
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

    /// Nobody has the pty open any more, or somebody has.
    fn opened(&mut self, open: bool, now: Time, out: &mut impl Output) {
        let absent = (!open).then_some(Absent::Peer);
        self.transmit.absent(absent, now, &mut self.sequence, out);
        if !open {
            self.kept.clear();
            self.discipline.abandon_line();
            self.prompt_moves();
            self.prompt_drains(now);
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
        if self
            .draining
            .is_some_and(|place| self.transmit.is_drained(place))
        {
            self.draining = None;
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
