//! What runs over time: one row a state and an event.

use crate::emulator::Refusal;

/// Something that runs over time, such as the sending of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    /// Its name.
    pub name: &'static str,
    /// What can happen in which state. It starts in the first one's `from`.
    pub steps: &'static [Step],
}

/// What happens to an activity when something happens to it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// In this state …
    pub from: &'static str,
    /// … when this happens …
    pub on: Event,
    /// … this state is next …
    pub to: &'static str,
    /// … and this is said, as an unsolicited line with `{…}` filled in; empty: nothing.
    pub say: &'static str,
}

/// What can happen to an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was asked for, and accepted.
    Accepted,
    /// It is under way: until then the command waited.
    Begun,
    /// It came to nothing before that.
    Failed,
    /// It came to its end, well or not.
    Finished,
    /// It was broken off.
    Stopped,
    /// What it needs to go on is gone.
    Lost,
}

/// When a command is refused.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Unless this activity …
    pub activity: &'static Activity,
    /// … is in one of these states, …
    pub states: &'static [&'static str],
    /// … this is answered.
    pub otherwise: Refusal,
}

impl Activity {
    /// The state before anything happened.
    pub fn first(&self) -> &'static str {
        self.steps.first().map_or("", |step| step.from)
    }

    /// The row for an event in a state.
    pub fn step(&self, from: &str, on: Event) -> Option<&'static Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.from == from && step.on == on)
    }
}
