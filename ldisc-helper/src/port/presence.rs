//! Peers, devices and daemons come and go.

use super::transmit::Absent;
use super::{Nobody, Output, Port};
use crate::discipline::Mode;
use crate::record::{Circuits, Claimed, Failure, FromHelper, Owed, Role};
use crate::time::Time;
use core::time::Duration;

/// How long DTR has to stay off; a pty's last close counts at once.
const DEBOUNCE: Duration = Duration::from_millis(50);

impl Port {
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
        self.drop_prompt(Some(Failure::Gone), out);
        self.drop_urcs(Some(Failure::Gone), out);
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
        // Nobody takes it now, and so it need not wait for anybody.
        self.held = false;
        // Nobody is there to say what the data is that it asks for.
        self.prompt.forget();
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
            if !data.ends.may_come() {
                let (discipline, mut reports) = self.parts(now, &mut nobody);
                discipline.hangup(now, &mut reports);
            }
            self.discipline.discard();
        }
    }

    /// A record that the connection which was just detached had not been sent, each in its turn. What a
    /// module said is for the next one, before all that it says from here on.
    ///
    /// Nothing else is told again: a line or the end of a data mode is owed, and told so; the payload of a
    /// data mode that lost its daemon is discarded.
    pub fn unsent(&mut self, record: &FromHelper<'_>) {
        match *record {
            // More can be kept already only if nothing was sent since it was.
            FromHelper::Data { bytes, .. } if self.role == Role::Dte => self.kept.push(bytes),
            // What was kept before went with the peer.
            FromHelper::Hangup => self.kept.clear(),
            FromHelper::Circuits(circuits) if self.pty && !circuits.ready => self.kept.clear(),
            _ => {}
        }
    }

    /// A new connection took the port over; what is returned is the first to be sent to it.
    ///
    /// Input is read again from its first `Mode` on, what came meanwhile as if it came then; with a module on the port, at the next
    /// [`Port::timer`], which is due at once.
    pub fn attach(&mut self, now: Time) -> Claimed {
        self.sequence.attached = true;
        self.transmit.forget_standstill();
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

    /// Nobody has the pty open any more, or somebody has.
    fn opened(&mut self, open: bool, now: Time, out: &mut impl Output) {
        let absent = (!open).then_some(Absent::Peer);
        self.transmit.absent(absent, now, &mut self.sequence, out);
        if !open {
            self.drop_prompt(None, out);
            self.drop_urcs(None, out);
            self.kept.clear();
            self.discipline.abandon_line();
            self.prompt_moves();
            self.prompt_drains(now);
        }
    }
}
