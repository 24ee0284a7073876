//! Requests of one shot, each written once over sessions: open, do it, close.

mod ftp;
mod pop3;
mod sheet;
mod source;
mod test;

pub(super) use sheet::read;

use super::Shared;
use super::progress::Doing;
use super::request::{Request, Service, Summary};
use super::target::Target;
use super::types::{Backs, JobId, Via};
use crate::service::{Credentials, Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;

/// A session that is over has so long to say goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

/// What is to be asked.
pub(super) struct Inquiry {
    pub(super) shared: Arc<Shared>,
    pub(super) id: JobId,
    pub(super) account: String,
    pub(super) request: Request,
    /// The size of what is uploaded.
    pub(super) upload: Option<u64>,
    /// In the inbox, messages from this number on came after the request.
    pub(super) since: u32,
    /// Where a download goes.
    pub(super) target: Option<Target>,
}

impl Inquiry {
    /// Who we are, with what proves it now.
    async fn prove(&self, service: Service, who: Credentials) -> Result<Credentials> {
        self.shared
            .accounts
            .prove(&self.account, service, who)
            .await
    }

    /// The same, where the server wants to know.
    async fn prove_any(
        &self,
        service: Service,
        who: Option<Credentials>,
    ) -> Result<Option<Credentials>> {
        match who {
            Some(who) => self.prove(service, who).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Asks it over one way. An error whose way failed lets the next be tried.
pub(super) async fn carry_out(
    inquiry: &Inquiry,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<Summary> {
    match inquiry.request.service() {
        Some(Service::Pop3) => pop3::carry_out(inquiry, via, backs, doing).await,
        Some(Service::Ftp) => ftp::carry_out(inquiry, via, backs, doing).await,
        Some(Service::Smtp) | None => test::carry_out(inquiry, via, backs, doing).await,
    }
}

fn no_way(via: &Via, what: &str) -> Error {
    let kind = match via {
        Via::Ip => ErrorKind::NotSupported,
        Via::Modem(_) => ErrorKind::NoModem,
    };
    Error::new(kind, format!("there is no {via} for {what}"))
}
