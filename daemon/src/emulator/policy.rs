//! How the mails of equipment leave: what the emulator is told by whoever configured it, and told anew each
//! time, so that a change holds for the next mail.

use crate::job::{Delivery, Service, Via};
use crate::message::Mailbox;
use crate::service::{Result, Server};

/// How the mails of an emulator's equipment leave, as it is configured now.
pub trait Policy: Send + Sync + std::fmt::Debug {
    /// Its own ways out, in order; empty: those of the account, else the daemon's.
    fn via(&self, emulator: &str) -> Vec<Via>;

    /// What is shown of its ways out: the daemon's where it has none of its own.
    fn shown_via(&self, emulator: &str) -> Vec<Via> {
        self.via(emulator)
    }

    /// When the equipment is told of success: when the server took the mail, or when the spool has it.
    fn delivery(&self, _emulator: &str) -> Delivery {
        Delivery::Through
    }

    /// The account that serves equipment that asks for this mail server; `None`: the server itself.
    ///
    /// # Errors
    /// There is one, but it can't be used.
    fn account(&self, _emulator: &str, _server: &Server) -> Result<Option<Mapped>> {
        Ok(None)
    }

    /// The account that serves equipment that asks for this server of mailboxes or files; `None`: the server
    /// itself.
    ///
    /// # Errors
    /// There is one, but it can't be used.
    fn served_by(
        &self,
        _emulator: &str,
        _service: Service,
        _server: &Server,
    ) -> Result<Option<String>> {
        Ok(None)
    }

    /// The server that is connected to for equipment that asks for this one by HTTP, as the administrator
    /// says; `None`: the one that it asks for.
    fn http(&self, _emulator: &str, _server: &Server) -> Option<Server> {
        None
    }
}

/// An account in the place of the server that equipment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// Its name.
    pub account: String,
    /// What the sender becomes; the equipment's own goes to Reply-To. `None`: the equipment's.
    pub from: Option<Mailbox>,
}

/// These ways out, to the servers that the equipment names, and the server's own word.
#[derive(Clone, Debug)]
pub struct Plainly(pub Vec<Via>);

impl Policy for Plainly {
    fn via(&self, _emulator: &str) -> Vec<Via> {
        self.0.clone()
    }
}
