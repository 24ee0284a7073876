//! Which jobs are objects on the bus, and telling what changes of them.

use super::job::Job;
use super::path;
use super::rights::Rights;
use super::teller::Teller;
use super::view;
use super::world::World;
use crate::job::{JobId, Snapshot};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Instant;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, watch};
use tokio::task::AbortHandle;
use tracing::{debug, warn};
use zbus::fdo::Properties;
use zbus::object_server::{Interface, SignalEmitter};
use zbus::{Connection, OwnedObjectPath};

/// Jobs that are objects at a time.
const MOST: usize = 256;

/// Exports jobs.
pub(super) struct Exporter {
    connection: Connection,
    world: Arc<World>,
    exported: Mutex<BTreeMap<JobId, Exported>>,
}

struct Exported {
    snapshot: watch::Receiver<Arc<Snapshot>>,
    follower: AbortHandle,
}

impl Exporter {
    /// Exports what there is once jobs are ready, and from then on what comes.
    pub(super) fn start(connection: Connection, world: Arc<World>) -> Arc<Self> {
        let exporter = Arc::new(Self {
            connection,
            world,
            exported: Mutex::default(),
        });
        tokio::spawn(exporter.clone().listen());
        exporter
    }

    /// As many as there is room for.
    async fn export_all(self: &Arc<Self>) {
        for job in self.world.jobs.list().iter().take(MOST) {
            self.export(job.id).await;
        }
    }

    async fn listen(self: Arc<Self>) {
        self.world.jobs.ready().await;
        let mut changes = self.world.jobs.changes();
        self.export_all().await;
        loop {
            match changes.recv().await {
                Ok(id) => {
                    self.export(id).await;
                }
                Err(RecvError::Lagged(_)) => self.export_all().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Makes a job an object, if it is not one already; `None` where there is no such job.
    ///
    /// Where there are too many, the oldest in a final state makes room; where all are active, the job
    /// becomes an object later.
    pub(super) async fn export(self: &Arc<Self>, id: JobId) -> Option<OwnedObjectPath> {
        let path = path::job(id.0);
        let mut exported = self.exported.lock().await;
        if exported.contains_key(&id) {
            return Some(path);
        }
        let mut snapshot = self.world.jobs.watch(id)?;
        let told = snapshot.borrow_and_update().clone();
        if exported.len() >= MOST {
            let is_final = |one: &Exported| one.snapshot.borrow().state.is_final();
            let oldest = exported
                .iter()
                .find(|(_, one)| is_final(one))
                .map(|(&id, _)| id);
            match oldest {
                Some(oldest) if oldest < id || !told.state.is_final() => {
                    if let Some(one) = exported.remove(&oldest) {
                        one.follower.abort();
                    }
                    self.unexport(oldest).await;
                }
                _ => return Some(path),
            }
        }
        let object = Job::new(id, snapshot.clone(), self.world.clone());
        if let Err(error) = self.world.rights.put(&self.connection, &path, object).await {
            warn!(job = id.0, "the job can't be put on the bus: {error}");
            return None;
        }
        let follower = tokio::spawn(follow(Arc::downgrade(self), id, snapshot.clone(), told));
        exported.insert(
            id,
            Exported {
                snapshot,
                follower: follower.abort_handle(),
            },
        );
        Some(path)
    }

    async fn unexport(&self, id: JobId) {
        let path = path::job(id.0);
        if let Err(error) = Rights::take::<Job>(&self.connection, &path).await {
            debug!(job = id.0, "taking the job off the bus: {error}");
        }
    }

    /// A job was forgotten.
    async fn forget(&self, id: JobId) {
        let mut exported = self.exported.lock().await;
        if exported.remove(&id).is_some() {
            self.unexport(id).await;
        }
    }

    async fn tell(
        &self,
        id: JobId,
        snapshot: &Snapshot,
        news: super::teller::News,
    ) -> zbus::Result<()> {
        let emitter = SignalEmitter::new(&self.connection, path::job(id.0))?;
        if !news.changed.is_empty() {
            Properties::properties_changed(&emitter, Job::name(), news.changed, Cow::Borrowed(&[]))
                .await?;
        }
        if news.finished {
            Job::finished(&emitter, snapshot.state.name(), &view::error_name(snapshot)).await?;
        }
        Ok(())
    }
}

/// Tells what changes of a job until it is forgotten.
async fn follow(
    exporter: Weak<Exporter>,
    id: JobId,
    mut snapshot: watch::Receiver<Arc<Snapshot>>,
    told: Arc<Snapshot>,
) {
    let mut teller = Teller::new(told);
    loop {
        let is_there = match teller.next_deadline() {
            None => snapshot.changed().await.is_ok(),
            Some(due) => tokio::select! {
                changed = snapshot.changed() => changed.is_ok(),
                () = tokio::time::sleep_until(due.into()) => true,
            },
        };
        let Some(exporter) = exporter.upgrade() else {
            return;
        };
        let now = snapshot.borrow_and_update().clone();
        let news = teller.look(&now, Instant::now());
        if let Err(error) = exporter.tell(id, &now, news).await {
            debug!(job = id.0, "telling what changed: {error}");
        }
        if !is_there {
            return exporter.forget(id).await;
        }
    }
}
