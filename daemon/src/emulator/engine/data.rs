//! Payload, the end of a data mode, and the device that goes away meanwhile.

use super::{Awaited, Engine, State, write_result};
use crate::emulator::data::Taken;
use crate::emulator::op::{Effect, Op};
use hayes_ldisc::discipline::Cause;

impl Engine {
    /// Payload came.
    pub fn data(&mut self, bytes: &[u8], out: &mut Vec<Effect>) {
        let State::Taking(_, taking) = &mut self.state else {
            return;
        };
        let acknowledgements = match taking.take(bytes) {
            Taken::Kept => return,
            Taken::ToPeer(client) => {
                self.request(Op::Push(client, bytes.to_vec()), out);
                return;
            }
            Taken::ToFile { acknowledgements } => acknowledgements,
        };
        self.request(Op::Append(bytes.to_vec()), out);
        if acknowledgements > 0 {
            let bytes = vec![b'A'; acknowledgements];
            out.push(Effect::Write {
                bytes,
                urc: false,
                result: false,
                prompt: false,
            });
        }
    }

    /// Data mode ended.
    pub fn end(&mut self, sequence: u32, cause: Cause, out: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Taking(mut line, taking) => {
                line.answers = sequence;
                if taking.has_file() {
                    let op = if taking.is_spoilt() {
                        Op::Abandon
                    } else {
                        Op::Finish
                    };
                    let id = self.request(op, out);
                    self.state = State::Waiting(line, Awaited::File(id, taking, cause));
                } else {
                    self.taken(line, taking, cause, out);
                }
            }
            State::Orphaned if !self.fresh => {
                let mut told = Vec::new();
                self.tell_interrupted(&mut told);
                self.apologise(out);
                out.append(&mut told);
                self.command_mode(sequence, out);
            }
            // The silence may have begun in an earlier life.
            State::Silent | State::Orphaned => {
                write_result(Vec::new(), out);
                self.switch_on(out);
                self.command_mode(sequence, out);
            }
            // It crossed a power cycle that ended the data mode already.
            State::Idle => self.command_mode(sequence, out),
            state @ State::Waiting(..) => self.state = state,
        }
    }

    /// The device went away. What a client was asked for the line, or a data mode fed, is broken off;
    /// everything else goes on, but its answer is lost with the device.
    pub fn hangup(&mut self, out: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(line, Awaited::Client(_, client, call, resume)) => {
                self.give_up(line, client, &call, resume, out);
            }
            State::Waiting(mut line, awaited) => {
                line.mute = true;
                self.state = State::Waiting(line, awaited);
            }
            State::Taking(mut line, taking) if taking.peer().is_some() => {
                line.mute = true;
                self.taken(line, taking, Cause::Hangup, out);
            }
            State::Idle | State::Taking(..) | State::Orphaned | State::Silent => {}
        }
    }
}
