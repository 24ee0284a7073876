//! What all methods have in common that make a request.

use super::error::{Refused, Result};
use super::exporter::Exporter;
use super::options::Options;
use super::rights::Caller;
use super::world::World;
use crate::job::{Origin, Request, RequestSubmission, Upload};
use crate::service::{ErrorKind, Sink};
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath};

/// Makes requests.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) world: Arc<World>,
    pub(super) exporter: Arc<Exporter>,
}

/// What goes with a request.
#[derive(Default)]
pub(super) struct Luggage {
    pub(super) upload: Option<Upload>,
    pub(super) into: Option<Box<dyn Sink>>,
}

impl Requests {
    /// Who calls.
    pub(super) async fn caller(
        &self,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<Caller> {
        self.world.rights.caller(header, connection).await
    }

    /// Submits a request that is all in its words, for whoever calls.
    pub(super) async fn ask(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        account: &str,
        request: Request,
        options: Options,
    ) -> Result<OwnedObjectPath> {
        let caller = self.caller(header, connection).await?;
        self.submit(&caller, account, request, Luggage::default(), options)
            .await
    }

    /// Submits a request; its job's object is there before its path is told.
    pub(super) async fn submit(
        &self,
        caller: &Caller,
        account: &str,
        request: Request,
        luggage: Luggage,
        options: Options,
    ) -> Result<OwnedObjectPath> {
        let submission = RequestSubmission {
            origin: Origin::Bus { uid: caller.uid },
            account: self.world.account(account)?,
            request,
            upload: luggage.upload,
            into: luggage.into,
            via: options.via,
            timeout: options.timeout,
            token: options.token,
        };
        let id = self.world.jobs.submit_request(submission).await?;
        self.exporter.export(id).await.ok_or_else(|| {
            let text = format!("job {id} was forgotten already");
            Refused::new(ErrorKind::NotFound, text)
        })
    }
}
