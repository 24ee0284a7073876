//! Sessions for equipment: opened over the ways out in order, as requests are, and then the equipment's.
//! Nothing of them is kept: they end with whoever has them.

use super::Jobs;
use super::request::Service;
use super::types::{Origin, Route, Via};
use crate::service::{
    Credentials, Error, ErrorKind, FileOpen, FileSession, MailboxOpen, MailboxSession, Progress,
    Reach, Result, Server, Socket, SocketOpen,
};

/// Who asks for a session, and which way it takes.
#[derive(Clone, Debug)]
pub struct SessionSubmission {
    /// Who asks.
    pub origin: Origin,
    /// The server, or the account that has one.
    pub route: Route,
    /// Ways out, in order; empty: the account's, else the daemon's.
    pub via: Vec<Via>,
}

impl Jobs {
    /// Opens a mailbox.
    ///
    /// # Errors
    /// Of several ways that failed, the first reason that is temporary, else the first.
    /// InvalidArgument where nobody says whose mailbox it is.
    pub async fn open_mailbox(
        &self,
        asked: &SessionSubmission,
        progress: &dyn Progress,
    ) -> Result<Box<dyn MailboxSession>> {
        let (open, via) = match &asked.route {
            Route::Account(name) => {
                let account = self.shared.accounts.pop3(name)?;
                let open = MailboxOpen {
                    // The administrator chose it.
                    reach: Reach::default(),
                    server: account.server,
                    credentials: self.prove(name, Service::Pop3, account.credentials).await?,
                };
                (open, account.via)
            }
            Route::Direct {
                server,
                credentials,
            } => {
                let nobody = || Error::new(ErrorKind::InvalidArgument, "whose mailbox is it?");
                let open = MailboxOpen {
                    reach: self.reach(&asked.origin),
                    server: server.clone(),
                    credentials: credentials.clone().ok_or_else(nobody)?,
                };
                (open, Vec::new())
            }
        };
        let mut tries = Tries::default();
        for via in self.ways(&asked.via, via) {
            tries.may(&via, &open.reach, &open.server)?;
            let opened = match self.shared.backs.mailbox(&via) {
                Some(back) => back.open(&open, progress).await,
                None => Err(no_way(&via, "mailboxes")),
            };
            if let Some(session) = tries.judge(&via, opened)? {
                return Ok(session);
            }
        }
        Err(tries.reason())
    }

    /// Logs in to a server of files. `active` holds where the equipment names the server itself.
    ///
    /// # Errors
    /// As of [`Jobs::open_mailbox`].
    pub async fn open_files(
        &self,
        asked: &SessionSubmission,
        active: bool,
        progress: &dyn Progress,
    ) -> Result<Box<dyn FileSession>> {
        let (open, via) = match &asked.route {
            Route::Account(name) => {
                let account = self.shared.accounts.ftp(name)?;
                let credentials = match account.credentials {
                    Some(who) => Some(self.prove(name, Service::Ftp, who).await?),
                    None => None,
                };
                let open = FileOpen {
                    // The administrator chose it.
                    reach: Reach::default(),
                    server: account.server,
                    credentials,
                    account: account.account,
                    active: account.active,
                };
                (open, account.via)
            }
            Route::Direct {
                server,
                credentials,
            } => {
                let open = FileOpen {
                    reach: self.reach(&asked.origin),
                    server: server.clone(),
                    credentials: credentials.clone(),
                    account: None,
                    active,
                };
                (open, Vec::new())
            }
        };
        let mut tries = Tries::default();
        for via in self.ways(&asked.via, via) {
            tries.may(&via, &open.reach, &open.server)?;
            let opened = match self.shared.backs.files(&via) {
                Some(back) => back.open(&open, progress).await,
                None => Err(no_way(&via, "files")),
            };
            if let Some(session) = tries.judge(&via, opened)? {
                return Ok(session);
            }
        }
        Err(tries.reason())
    }

    /// Connects to a server. `chosen`: the administrator named it, not the equipment.
    ///
    /// # Errors
    /// As of [`Jobs::open_mailbox`].
    pub async fn open_socket(
        &self,
        origin: &Origin,
        via: &[Via],
        server: Server,
        chosen: bool,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Socket>> {
        let reach = match chosen {
            true => Reach::default(),
            false => self.reach(origin),
        };
        let open = SocketOpen { server, reach };
        let mut tries = Tries::default();
        for via in self.ways(via, Vec::new()) {
            tries.may(&via, &open.reach, &open.server)?;
            let opened = match self.shared.backs.socket(&via) {
                Some(back) => back.open(&open, progress).await,
                None => Err(no_way(&via, "sockets")),
            };
            if let Some(session) = tries.judge(&via, opened)? {
                return Ok(session);
            }
        }
        Err(tries.reason())
    }

    /// The ways out, in order.
    fn ways(&self, own: &[Via], account: Vec<Via>) -> Vec<Via> {
        match own {
            [] if account.is_empty() => self.shared.settings().via.clone(),
            [] => account,
            own => own.to_vec(),
        }
    }

    async fn prove(&self, account: &str, of: Service, who: Credentials) -> Result<Credentials> {
        self.shared.accounts.prove(account, of, who).await
    }

    /// Where the equipment may connect to; whoever asks by the bus may go anywhere.
    fn reach(&self, origin: &Origin) -> Reach {
        match origin {
            Origin::Emulator { name } => self.shared.accounts.reach(name),
            Origin::Bus { .. } => Reach::default(),
        }
    }
}

/// Ways that failed.
#[derive(Default)]
struct Tries(Vec<Error>);

impl Tries {
    /// Whether a server may be reached over a module, which looks its addresses up itself.
    fn may(&self, via: &Via, reach: &Reach, server: &Server) -> Result<()> {
        match via {
            Via::Ip => Ok(()),
            Via::Modem(_) => reach.check_name(&server.host, server.port),
        }
    }

    /// The session, or nothing where the next way may be tried.
    fn judge<T>(&mut self, via: &Via, opened: Result<T>) -> Result<Option<T>> {
        match opened {
            Ok(session) => Ok(Some(session)),
            Err(error) if error.try_next() => {
                tracing::debug!(%via, %error, "a way out failed");
                self.0.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn reason(mut self) -> Error {
        let temporary = self.0.iter().position(Error::is_temporary).unwrap_or(0);
        if temporary < self.0.len() {
            return self.0.swap_remove(temporary);
        }
        let text = "there is no way out: via is empty";
        Error::new(ErrorKind::InvalidArgument, text)
    }
}

fn no_way(via: &Via, what: &str) -> Error {
    let kind = match via {
        Via::Ip => ErrorKind::NotSupported,
        Via::Modem(_) => ErrorKind::NoModem,
    };
    Error::new(kind, format!("there is no {via} for {what}"))
}
