//! On, off, and what was under way when the daemon or the device went away.

use super::{Engine, Line, State, urcs, write_result};
use crate::emulator::op::{Effect, Op};
use crate::emulator::played;
use crate::emulator::run::Refusal;
use hayes_ldisc::record::{Claimed, Owed};

impl Engine {
    /// The port is ours, for the first time or again.
    pub fn claimed(&mut self, claimed: &Claimed, out: &mut Vec<Effect>) {
        let answers = claimed.unanswered;
        out.push(Effect::SetCircuits(played::circuits(
            self.dialect,
            &self.memory,
        )));
        if let State::Waiting(line, _) = &mut self.state {
            // The device went away and came back meanwhile: finish, but tell nobody.
            (line.answers, line.mute) = (answers, true);
            return;
        }
        self.state = State::Idle;
        let mut told = Vec::new();
        let runs_down = claimed.owed == Owed::Data && claimed.in_data;
        if !runs_down && !self.fresh {
            self.tell_interrupted(&mut told);
        }
        match claimed.owed {
            Owed::Data if claimed.in_data => {
                self.state = State::Orphaned;
                return;
            }
            // It fell silent to start anew, and that time is over.
            Owed::Data if self.fresh => write_result(Vec::new(), out),
            Owed::Line | Owed::Data => self.apologise(out),
            Owed::Nothing => self.apology = None,
        }
        if self.fresh {
            self.switch_on(out);
        }
        out.append(&mut told);
        self.command_mode(answers, out);
    }

    /// The dialect's error for what was under way, perhaps in an earlier life.
    pub(super) fn apologise(&mut self, out: &mut Vec<Effect>) {
        let apology = self.apology.take();
        let (say, refusal) = match apology {
            Some(apology) => {
                self.memory.touch();
                (apology.say, apology.refusal)
            }
            None => ("".into(), Some(Refusal::Error)),
        };
        let mut bytes = Vec::new();
        if !say.is_empty() {
            let format = played::format(self.dialect, &self.memory);
            format.information(say.as_bytes(), &mut bytes);
        }
        if let Some(refusal) = refusal {
            self.refusal(refusal, &mut bytes);
        }
        write_result(bytes, out);
        self.save(out);
    }

    /// A power cycle, asked for from outside. What is under way gets an error.
    pub fn reset(&mut self, out: &mut Vec<Effect>) {
        let answers = match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(line, _) => Some(line.answers),
            State::Taking(..) | State::Orphaned => Some(0),
            State::Silent | State::Idle => None,
        };
        if answers.is_some() {
            self.apologise(out);
        }
        self.power_on(out);
        self.switch_on(out);
        self.command_mode(answers.unwrap_or(0), out);
    }

    /// The plug is pulled: when the port is claimed again, the module is switched on. What is under way
    /// gets an error.
    pub fn switch_off(&mut self, out: &mut Vec<Effect>) {
        if !matches!(
            std::mem::replace(&mut self.state, State::Idle),
            State::Idle | State::Silent
        ) {
            self.apologise(out);
        }
        self.power_on(out);
    }

    /// Forgets what a power cut forgets. That it was switched on is said by [`Engine::switch_on`], if need
    /// be in a later life.
    pub(super) fn power_on(&mut self, out: &mut Vec<Effect>) {
        self.forget(out);
        self.show_line(out);
    }

    /// The part of it that the equipment does not see.
    pub(super) fn forget(&mut self, out: &mut Vec<Effect>) {
        self.fresh = true;
        self.interrupted = false;
        self.abort_all(out);
        if let Some(mail) = self.mail.take() {
            out.push(Effect::Cancel(mail));
        }
        self.memory = played::power_on(self.dialect, &self.stored);
        for volume in self.dialect.played.volumes {
            if !volume.lasts {
                self.request(Op::Clear(volume.name), out);
            }
        }
        self.save_all(out);
    }

    /// Sets line and circuits up as the memory says now.
    pub(super) fn show_line(&mut self, out: &mut Vec<Effect>) {
        let line = played::line(self.dialect, &self.memory, self.configured);
        if line != self.line {
            self.line = line;
            out.push(Effect::Configure(line));
        }
        out.push(Effect::SetCircuits(played::circuits(
            self.dialect,
            &self.memory,
        )));
    }

    /// Says that it was switched on.
    pub(super) fn switch_on(&mut self, out: &mut Vec<Effect>) {
        self.fresh = false;
        self.save_all(out);
        let mut line = Line::default();
        let mut run = self.run(&mut line);
        for text in run.played().started {
            run.tell(text);
        }
        urcs(line.urcs, out);
    }
}
