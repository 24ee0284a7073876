//! What goes on behind its line, and what is given up with a line.

use super::{Engine, Line, urcs};
use crate::emulator::client::Client;
use crate::emulator::op::{Done, Effect, OpId};
use crate::emulator::run::{Call, Outcome, Refusal, Resume};
use crate::service::{Error, ErrorKind};

impl Engine {
    /// Tells the dialect of the end of what it had begun. Gives back what is the end of something else.
    pub(super) fn begun_ended(
        &mut self,
        id: OpId,
        done: Done,
        out: &mut Vec<Effect>,
    ) -> Option<Done> {
        let Some(at) = self.begun.iter().position(|begun| begun.id == id) else {
            return Some(done);
        };
        let begun = self.begun.remove(at);
        let mut line = Line::default();
        (begun.ended)(&mut self.run(&mut line), done);
        self.tell(line, out);
        None
    }

    /// Tells the dialect once that what an earlier life had begun is not under way any more.
    pub(super) fn tell_interrupted(&mut self, out: &mut Vec<Effect>) {
        if !std::mem::take(&mut self.interrupted) {
            return;
        }
        let mut line = Line::default();
        (self.dialect.played.interrupted)(&mut self.run(&mut line));
        self.tell(line, out);
    }

    /// Says what came of something else than a command line.
    pub(super) fn tell(&mut self, mut line: Line, out: &mut Vec<Effect>) {
        out.append(&mut line.before);
        // Told first, then forgotten: told twice does less harm than never.
        urcs(line.urcs, out);
        out.append(&mut line.after);
        self.save(out);
    }

    /// The device went away while a client was waited for: the dialect sees that it came to nothing.
    pub(super) fn give_up(
        &mut self,
        mut line: Line,
        client: Client,
        call: &Call,
        resume: Resume,
        out: &mut Vec<Effect>,
    ) {
        line.mute = true;
        out.push(Effect::Abort(client));
        self.not_waited_for(line, call, resume, out);
    }

    /// A client is not waited for where nobody is there to hear of it.
    pub(super) fn not_waited_for(
        &mut self,
        line: Line,
        call: &Call,
        resume: Resume,
        out: &mut Vec<Effect>,
    ) {
        let gone = Error::new(ErrorKind::Cancelled, "the equipment went away");
        self.resume(line, call, out, |run, call| {
            match resume(run, call, Done::Lost(gone)) {
                Outcome::Wait(op, _) if op.client().is_some() => Outcome::Refused(Refusal::Error),
                outcome => outcome,
            }
        });
    }

    /// Whatever clients do is broken off.
    pub(super) fn abort_all(&mut self, out: &mut Vec<Effect>) {
        self.begun.clear();
        self.apology = None;
        out.extend(Client::ALL.map(Effect::Abort));
    }
}
