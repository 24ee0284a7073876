//! What is configured about the jobs of equipment: where they may go.

use super::book::Book;
use crate::config::Config;
use crate::service::Reach;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What is configured about each emulator's equipment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equipment {
    emulators: BTreeMap<String, Terms>,
}

/// What holds for the jobs of one emulator's equipment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    reach: Reach,
}

impl Equipment {
    /// As configured.
    pub fn of(config: &Config) -> Self {
        let emulators = config.emulators.iter().map(|(name, emulator)| {
            let terms = Terms {
                reach: Reach::of_emulator(
                    name.as_str(),
                    emulator.allow.clone(),
                    emulator.deny.clone(),
                ),
            };
            (name.to_string(), terms)
        });
        Self {
            emulators: emulators.collect(),
        }
    }
}

impl Book {
    /// Puts another in the place of what is known about equipment.
    pub fn set_equipment(&self, equipment: Equipment) {
        *self
            .equipment
            .write()
            .unwrap_or_else(PoisonError::into_inner) = equipment;
    }

    fn terms<T>(&self, emulator: &str, which: impl FnOnce(&Terms) -> T) -> Option<T> {
        let equipment = self
            .equipment
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        equipment.emulators.get(emulator).map(which)
    }

    /// Where its equipment may connect to. One that is gone left jobs behind: the default holds for them.
    pub(super) fn reach_of(&self, emulator: &str) -> Reach {
        self.terms(emulator, |terms| terms.reach.clone())
            .unwrap_or_else(|| Reach::of_emulator(emulator, Vec::new(), Vec::new()))
    }
}
