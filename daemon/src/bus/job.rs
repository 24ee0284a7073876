//! `org.hayesd1.Job`, at `/org/hayesd1/job/N`.

use super::answers;
use super::dict::Dict;
use super::error::{Refused, Result};
use super::gone::Gone;
use super::rights::{Action, Caller};
use super::view::{self, Map};
use super::world::World;
use crate::job::{JobId, Snapshot, State};
use crate::service::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, interface};

/// A job on the bus.
pub(super) struct Job {
    id: JobId,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    world: Arc<World>,
}

impl Job {
    pub(super) fn new(
        id: JobId,
        snapshot: watch::Receiver<Arc<Snapshot>>,
        world: Arc<World>,
    ) -> Self {
        Self {
            id,
            snapshot,
            world,
        }
    }

    fn now(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Who calls, if it may: the job's owner, and those who manage everybody's jobs.
    async fn owner(&self, header: &Header<'_>, connection: &Connection) -> Result<Caller> {
        let rights = &self.world.rights;
        let caller = rights.caller(header, connection).await?;
        if caller.uid != view::owner(&self.now()) {
            rights
                .check(&caller, Action::ManageJobs, header, connection)
                .await?;
        }
        Ok(caller)
    }

    /// Waits until the job rests: in a final state, or (unless only the end counts) deferred.
    async fn rest(&self, only_end: bool) -> Result<Arc<Snapshot>> {
        let mut snapshot = self.snapshot.clone();
        loop {
            let now = snapshot.borrow_and_update().clone();
            if now.state.is_final() || (!only_end && now.state == State::Deferred) {
                return Ok(now);
            }
            if snapshot.changed().await.is_err() {
                let last = snapshot.borrow().clone();
                if last.state.is_final() {
                    return Ok(last);
                }
                return Err(Refused::new(
                    ErrorKind::NotFound,
                    format!("job {} was forgotten", self.id),
                ));
            }
        }
    }
}

#[interface(name = "org.hayesd1.Job", introspection_docs = false)]
impl Job {
    #[zbus(out_args("state", "result"))]
    async fn wait(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        timeout_usec: u64,
        mut options: Dict<'_>,
    ) -> Result<(&'static str, Map)> {
        let only_end = options.bool("final")?.unwrap_or(false);
        options.finish()?;
        let caller = self.owner(&header, connection).await?;
        let _counted = self
            .world
            .waits
            .begin(&caller, self.world.settings().waits)?;
        let mut gone = Gone::watch(connection, &caller).await?;
        let now = tokio::select! {
            biased;
            now = self.rest(only_end) => now?,
            () = tokio::time::sleep(Duration::from_micros(timeout_usec)) => self.now(),
            () = gone.wait() => return Err(Refused::new(ErrorKind::Cancelled, "the caller is gone")),
        };
        let mut result = view::result(&now);
        if now.state.is_final() {
            match self.world.jobs.answer(self.id).await {
                Ok(answer) => answers::add(&mut result, &now, answer),
                // Released meanwhile.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok((now.state.name(), result))
    }

    async fn cancel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Dict<'_>,
    ) -> Result<()> {
        options.finish()?;
        self.owner(&header, connection).await?;
        Ok(self.world.jobs.cancel(self.id).await?)
    }

    #[zbus(out_args("details"))]
    async fn describe(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Dict<'_>,
    ) -> Result<Map> {
        options.finish()?;
        self.owner(&header, connection).await?;
        Ok(view::whole(&self.now()))
    }

    async fn retry(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Dict<'_>,
    ) -> Result<()> {
        options.finish()?;
        self.owner(&header, connection).await?;
        Ok(self.world.jobs.retry(self.id)?)
    }

    async fn release(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        options: Dict<'_>,
    ) -> Result<()> {
        options.finish()?;
        self.owner(&header, connection).await?;
        Ok(self.world.jobs.release(self.id).await?)
    }

    #[zbus(signal)]
    pub(super) async fn finished(
        emitter: &SignalEmitter<'_>,
        state: &str,
        error_name: &str,
    ) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    fn id(&self) -> u32 {
        self.id.0
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> &'static str {
        self.now().kind.name()
    }

    #[zbus(property)]
    fn state(&self) -> &'static str {
        self.now().state.name()
    }

    #[zbus(property)]
    fn phase(&self) -> &'static str {
        view::phase(&self.now())
    }

    #[zbus(property)]
    fn via(&self) -> String {
        view::via(&self.now())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn owner_uid(&self) -> u32 {
        view::owner(&self.now())
    }

    #[zbus(property)]
    fn bytes_done(&self) -> u64 {
        self.now().bytes_done
    }

    #[zbus(property)]
    fn bytes_total(&self) -> u64 {
        self.now().bytes_total
    }

    #[zbus(property)]
    fn attempts(&self) -> u32 {
        self.now().attempts
    }

    #[zbus(property(emits_changed_signal = "const"), name = "CreatedUSec")]
    fn created_usec(&self) -> u64 {
        view::microseconds(self.now().created)
    }

    #[zbus(property, name = "NextAttemptUSec")]
    fn next_attempt_usec(&self) -> u64 {
        view::next_attempt(&self.now())
    }

    #[zbus(property)]
    fn error_name(&self) -> String {
        view::error_name(&self.now())
    }
}
