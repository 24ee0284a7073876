//! The ways out, as they are configured now.

use crate::disk::Disk;
use crate::job::{Backs, OnUnknown, Via};
use crate::modem;
use crate::net::{Dialer, FtpBack, IpSockets, Pop3Back, SmtpBack, Timeouts, Tls};
use crate::service::{FileBack, MailBack, MailboxBack, SocketBack};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The ways out. What was begun over one goes on when others are put in their place.
pub struct Ways(RwLock<Now>);

struct Now {
    network: Network,
    modems: BTreeMap<String, modem::Handle>,
    on_unknown: BTreeMap<String, OnUnknown>,
}

/// The ways over this machine's network.
pub struct Network {
    mail: Arc<dyn MailBack>,
    mailboxes: Arc<dyn MailboxBack>,
    files: Arc<dyn FileBack>,
    sockets: Arc<dyn SocketBack>,
}

impl Network {
    /// Where servers are believed as `tls` says.
    pub fn new(tls: Tls, disk: Disk) -> Self {
        let dialer = Dialer::new(Timeouts::default());
        Self {
            mailboxes: Arc::new(Pop3Back::new(dialer.clone(), tls.clone())),
            files: Arc::new(FtpBack::new(dialer.clone(), tls.clone())),
            sockets: Arc::new(IpSockets::new(dialer.clone(), tls.clone())),
            mail: Arc::new(SmtpBack::new(dialer, tls, disk)),
        }
    }
}

impl Ways {
    /// Over the network and these modems, by name; `on_unknown` is what is done after a mail whose result
    /// never came, for modems that have a word on it.
    pub fn new(
        network: Network,
        modems: BTreeMap<String, modem::Handle>,
        on_unknown: BTreeMap<String, OnUnknown>,
    ) -> Self {
        Self(RwLock::new(Now {
            network,
            modems,
            on_unknown,
        }))
    }

    /// Another network in the place of the one that holds.
    pub fn set_network(&self, network: Network) {
        self.change().network = network;
    }

    /// Other modems in the place of those that hold, as [`Ways::new`] takes them.
    pub fn set_modems(
        &self,
        modems: BTreeMap<String, modem::Handle>,
        on_unknown: BTreeMap<String, OnUnknown>,
    ) {
        let mut now = self.change();
        (now.modems, now.on_unknown) = (modems, on_unknown);
    }

    fn now(&self) -> RwLockReadGuard<'_, Now> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Now> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backs for Ways {
    fn mail(&self, via: &Via) -> Option<Arc<dyn MailBack>> {
        match via {
            Via::Ip => Some(self.now().network.mail.clone()),
            Via::Modem(name) => {
                let modem: Arc<dyn MailBack> = Arc::new(self.now().modems.get(name)?.clone());
                Some(modem)
            }
        }
    }

    fn mailbox(&self, via: &Via) -> Option<Arc<dyn MailboxBack>> {
        match via {
            Via::Ip => Some(self.now().network.mailboxes.clone()),
            Via::Modem(name) => {
                let modem: Arc<dyn MailboxBack> = Arc::new(self.now().modems.get(name)?.clone());
                Some(modem)
            }
        }
    }

    fn files(&self, via: &Via) -> Option<Arc<dyn FileBack>> {
        match via {
            Via::Ip => Some(self.now().network.files.clone()),
            Via::Modem(name) => {
                let modem: Arc<dyn FileBack> = Arc::new(self.now().modems.get(name)?.clone());
                Some(modem)
            }
        }
    }

    fn socket(&self, via: &Via) -> Option<Arc<dyn SocketBack>> {
        match via {
            Via::Ip => Some(self.now().network.sockets.clone()),
            Via::Modem(_) => None,
        }
    }

    fn on_unknown(&self, via: &Via) -> Option<OnUnknown> {
        match via {
            Via::Ip => None,
            Via::Modem(name) => self.now().on_unknown.get(name).copied(),
        }
    }
}
