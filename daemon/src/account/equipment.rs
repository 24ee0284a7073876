//! What is configured about the jobs of equipment: where they may go, by which account and way
//! they leave, and who hears of their failure.

use super::book::Book;
use crate::config::{self, Config, Map, MapService};
use crate::emulator::{Mapped, Policy};
use crate::job::{Accounts, Delivery, Service, Via};
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

    /// The map that is meant for what equipment asks for.
    fn map(&self, emulator: &str, service: MapService, server: &Server) -> Option<Map> {
        let equipment = self.equipment.read();
        let equipment = equipment.unwrap_or_else(PoisonError::into_inner);
        let mut maps = equipment.maps.iter();
        maps.find(|map| map.fits(emulator, service, server))
            .cloned()
    }

    /// Whether the account of a map can be used. It may be one that a caller made, or is yet to make.
    fn is_there(&self, emulator: &str, account: &str) -> Result<()> {
        self.exists(account).map_err(|error| {
            let text = format!("a [[map]] names account `{account}`: {}", error.text);
            tracing::warn!(port = emulator, "{text}");
            Error { text, ..error }
        })
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
        let found = self.map(emulator, MapService::Smtp, server);
        let Some((Some(account), rewrite_from)) = found.map(|map| (map.account, map.rewrite_from))
        else {
            return Ok(None);
        };
        let account = account.to_string();
        self.is_there(emulator, &account)?;
        let from = match rewrite_from {
            true => Some(Mailbox::parse(&self.mail(&account)?.from)?.checked()?),
            false => None,
        };
        Ok(Some(Mapped { account, from }))
    }

    fn served_by(
        &self,
        emulator: &str,
        service: Service,
        server: &Server,
    ) -> Result<Option<String>> {
        let asked = match service {
            Service::Smtp => MapService::Smtp,
            Service::Pop3 => MapService::Pop3,
            Service::Ftp => MapService::Ftp,
        };
        let map = self.map(emulator, asked, server);
        let Some(account) = map.and_then(|map| map.account) else {
            return Ok(None);
        };
        let account = account.to_string();
        self.is_there(emulator, &account)?;
        Ok(Some(account))
    }

    fn http(&self, emulator: &str, server: &Server) -> Option<Server> {
        let map = self.map(emulator, MapService::Http, server)?;
        map.server.map(|server| server.server().clone())
    }
}
