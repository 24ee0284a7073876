//! A place where a scripted server stops until the test lets it go on.

use crate::smtp::Step;
use crate::wait;
use anyhow::{Result, bail};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    armed: Option<Step>,
    reached: bool,
}

/// A gate that is closed for one step, once.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Gate {
    /// Closes it for the next session that comes to this step.
    pub fn close_at(&self, step: Step) {
        *self.state() = State {
            armed: Some(step),
            reached: false,
        };
    }

    /// For the server's script: waits here if this is the step, until the gate opens or a test has
    /// plainly forgotten it.
    pub fn pass(&self, step: Step) {
        let mut state = self.state();
        if state.armed != Some(step) {
            return;
        }
        state.reached = true;
        self.shared.1.notify_all();
        let _ = self
            .shared
            .1
            .wait_timeout_while(state, 2 * wait::LONG, |state| state.armed.is_some());
    }

    /// Waits until a session stands at the gate.
    ///
    /// # Errors
    /// None comes.
    pub fn reached(&self) -> Result<()> {
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.state(), wait::LONG, |state| !state.reached);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.reached {
            bail!("no session came to {:?}", state.armed);
        }
        Ok(())
    }

    /// Opens it.
    pub fn open(&self) {
        self.state().armed = None;
        self.shared.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
