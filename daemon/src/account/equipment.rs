//! What is configured about the jobs of equipment: where they may go, by which account and way
//! they leave, and who hears of their failure.

use super::book::Book;
use crate::config::{self, Config, Map};
use crate::emulator::{Mapped, Policy};
use crate::job::{Accounts, Delivery, Via};
use crate::message::Mailbox;
use crate::service::{Error, Reach, Result, Server};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What is configured about each emulator's equipment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equipment {
    emulators: BTreeMap<String, Terms>,
    maps: Vec<Map>,
    /// The daemon's ways out.
    via: Vec<Via>,
}

/// What holds for the jobs of one emulator's equipment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    reach: Reach,
    via: Vec<Via>,
    delivery: Delivery,
    bounce_to: Option<String>,
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
                via: emulator.via.clone(),
                delivery: match emulator.delivery {
                    config::Delivery::Through => Delivery::Through,
                    config::Delivery::Store => Delivery::Queue,
                },
                bounce_to: emulator.bounce_to.as_ref().map(ToString::to_string),
            };
            (name.to_string(), terms)
        });
        Self {
            emulators: emulators.collect(),
            maps: config.maps.clone(),
            via: config.daemon.via.clone(),
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

    /// Who hears of its failures.
    pub(super) fn bounce_of(&self, emulator: &str) -> Option<String> {
        self.terms(emulator, |terms| terms.bounce_to.clone())?
    }
}

impl Policy for Book {
    fn via(&self, emulator: &str) -> Vec<Via> {
        self.terms(emulator, |terms| terms.via.clone())
            .unwrap_or_default()
    }

    fn shown_via(&self, emulator: &str) -> Vec<Via> {
        let own = self.via(emulator);
        if !own.is_empty() {
            return own;
        }
        let equipment = self.equipment.read();
        equipment
            .unwrap_or_else(PoisonError::into_inner)
            .via
            .clone()
    }

    fn delivery(&self, emulator: &str) -> Delivery {
        self.terms(emulator, |terms| terms.delivery)
            .unwrap_or(Delivery::Through)
    }

    fn account(&self, emulator: &str, server: &Server) -> Result<Option<Mapped>> {
        let fits = |map: &&Map| {
            map.service == config::MapService::Smtp
                && map.host.matches(&server.host)
                && map.port.is_none_or(|port| port.number() == server.port)
                && map
                    .emulator
                    .as_ref()
                    .is_none_or(|only| only.as_str() == emulator)
        };
        let found = {
            let equipment = self.equipment.read();
            let equipment = equipment.unwrap_or_else(PoisonError::into_inner);
            let map = equipment.maps.iter().find(fits);
            map.map(|map| (map.account.to_string(), map.rewrite_from))
        };
        let Some((account, rewrite_from)) = found else {
            return Ok(None);
        };
        // It may be one that a caller made, or is yet to make.
        if let Err(error) = self.exists(&account) {
            let text = format!("a [[map]] names account `{account}`: {}", error.text);
            tracing::warn!(port = emulator, "{text}");
            return Err(Error { text, ..error });
        }
        let from = match rewrite_from {
            true => Some(Mailbox::parse(&self.mail(&account)?.from)?.checked()?),
            false => None,
        };
        Ok(Some(Mapped { account, from }))
    }
}
