//! What a command begins and does not wait for, and what is told of it if the daemon dies.

use super::client::Client;
use super::memory::Slot;
use super::op::{Done, Effect, Op, OpId};
use super::run::{Refusal, Run};
use crate::dialect::state::Activity;
use std::borrow::Cow;

/// What the equipment is told when the daemon died in the middle of a line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Apology {
    /// A piece of information that comes first; may be empty.
    pub say: Cow<'static, str>,
    /// The result; `None` where it was said before what was streamed behind it.
    pub refusal: Option<Refusal>,
}

/// What is begun and goes on behind its line.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) activity: &'static str,
    pub(super) id: OpId,
    pub(super) client: Option<Client>,
    pub(super) ended: Ended,
}

/// What a dialect says when something came to its end that it had begun ([`Run::begin`]).
pub type Ended = fn(&mut Run<'_>, Done);

impl Run<'_> {
    /// Begins something that goes on behind this line: the equipment may give other commands meanwhile, and
    /// `ended` tells it what came of it. It starts when this line has been answered.
    pub fn begin(&mut self, activity: &'static Activity, op: Op, ended: Ended) {
        *self.last_op = self.last_op.wrapping_add(1);
        let id = OpId(*self.last_op);
        self.begun.push(Begun {
            activity: activity.name,
            id,
            client: op.client(),
            ended,
        });
        self.after.push(Effect::Do { id, op });
    }

    /// Breaks off what was begun for an activity, before this line is answered: its connection is closed
    /// without a good-bye, and its `ended` is not called. Whether there was something.
    pub fn stop(&mut self, activity: &Activity) -> bool {
        let at = self
            .begun
            .iter()
            .position(|it| it.activity == activity.name);
        let Some(begun) = at.map(|at| self.begun.remove(at)) else {
            return false;
        };
        // Perhaps it was begun by this very line.
        self.after
            .retain(|effect| !matches!(effect, Effect::Do { id, .. } if *id == begun.id));
        self.before.extend(begun.client.map(Effect::Abort));
        true
    }

    /// Closes a client's connection without a good-bye, before this line is answered.
    pub fn abort(&mut self, client: Client) {
        self.before.push(Effect::Abort(client));
    }

    /// From here to the end of this line: what the equipment is told if the daemon dies. Without, it is
    /// [`Refusal::Error`].
    pub fn if_interrupted(&mut self, say: impl Into<Cow<'static, str>>, refusal: Option<Refusal>) {
        let apology = Some(Apology {
            say: say.into(),
            refusal,
        });
        if *self.apology != apology {
            *self.apology = apology;
            self.memory.touch();
        }
    }

    /// What the line that an earlier life had under way will be told when this returns ([`Run::if_interrupted`]).
    pub fn apology(&self) -> Option<&Apology> {
        self.apology.as_ref()
    }

    /// Sets an activity back to its first state, and says nothing.
    pub fn forgets(&mut self, activity: &Activity) {
        self.memory.unset(&Slot::of("state", activity.name));
    }
}
