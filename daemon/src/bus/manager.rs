//! `org.hayesd1.Manager`, at `/org/hayesd1`.

use super::account;
use super::accounts::AccountExporter;
use super::dict::Dict;
use super::error::{Refused, Result};
use super::exporter::Exporter;
use super::path;
use super::view::{self, Map};
use super::world::{Errand, World};
use crate::job::{JobId, Kind, Snapshot, State};
use crate::process::log;
use crate::service::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use zbus::{OwnedObjectPath, interface};

/// The daemon on the bus.
pub(super) struct Manager {
    pub(super) world: Arc<World>,
    pub(super) exporter: Arc<Exporter>,
    pub(super) accounts: Arc<AccountExporter>,
}

impl Manager {
    fn count(&self, which: impl Fn(&Snapshot) -> bool) -> u32 {
        let count = self
            .world
            .jobs
            .list()
            .iter()
            .filter(|job| which(job))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// What `ListJobs` leaves out.
struct Filter<'a> {
    state: Option<&'a str>,
    kind: Option<&'a str>,
    owner: Option<u32>,
}

impl<'a> Filter<'a> {
    fn of(mut filter: Dict<'a>) -> Result<Self> {
        let made = Self {
            state: filter.text("state")?,
            kind: filter.text("kind")?,
            owner: filter.u32("owner_uid")?,
        };
        filter.finish()?;
        let names = |known: &[&str]| known.join(", ");
        let states = State::ALL.map(State::name);
        if made.state.is_some_and(|state| !states.contains(&state)) {
            let text = format!("the key `state` is one of {}", names(&states));
            return Err(Refused::argument(text));
        }
        let kinds = Kind::ALL.map(Kind::name);
        if made.kind.is_some_and(|kind| !kinds.contains(&kind)) {
            let text = format!("the key `kind` is one of {}", names(&kinds));
            return Err(Refused::argument(text));
        }
        Ok(made)
    }

    fn lets(&self, job: &Snapshot) -> bool {
        self.state.is_none_or(|state| state == job.state.name())
            && self.kind.is_none_or(|kind| kind == job.kind.name())
            && self.owner.is_none_or(|owner| owner == view::owner(job))
    }
}

#[interface(name = "org.hayesd1.Manager", introspection_docs = false)]
impl Manager {
    async fn reload(&self, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        self.world.run(Errand::Reload).await
    }

    async fn report_device(&self, path: &str, present: bool, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        let device = PathBuf::from(path);
        if !device.is_absolute() {
            let text = "`path` is not the absolute path of a device";
            return Err(Refused::argument(text));
        }
        let what = if present { "come" } else { "gone" };
        tracing::debug!(device = path, "a device is reported to have {what}");
        let told = self.world.run(|told| Errand::Device(device, told)).await;
        match told {
            // Its other names went with it.
            Err(error) if !present && error.is(ErrorKind::NotFound) => Ok(()),
            told => told,
        }
    }

    async fn set_log_level(&self, level: &str, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        let level = level
            .parse()
            .map_err(|text: String| Refused::argument(text))?;
        log::set_level(level);
        Ok(())
    }

    #[zbus(out_args("account"))]
    async fn create_account(
        &self,
        name: &str,
        settings: Dict<'_>,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        options.finish()?;
        let change = account::change(settings)?;
        self.world.book.create(name, change).await?;
        // Its object is there before its path is told.
        self.accounts.sync().await;
        Ok(path::account(name))
    }

    #[zbus(out_args("jobs"))]
    async fn list_jobs(
        &self,
        filter: Dict<'_>,
        offset: u32,
        max: u32,
        options: Dict<'_>,
    ) -> Result<Vec<(u32, Map)>> {
        options.finish()?;
        let filter = Filter::of(filter)?;
        self.world.jobs.ready().await;
        let jobs = self.world.jobs.list();
        let shown = jobs
            .iter()
            .filter(|job| filter.lets(job))
            .skip(offset as usize);
        Ok(shown
            .take(max.min(1000) as usize)
            .map(|job| (job.id.0, view::public(job)))
            .collect())
    }

    #[zbus(out_args("job"))]
    async fn get_job(&self, id: u32, options: Dict<'_>) -> Result<OwnedObjectPath> {
        options.finish()?;
        self.world.jobs.ready().await;
        let path = self.exporter.export(JobId(id)).await;
        path.ok_or_else(|| Refused::new(ErrorKind::NotFound, format!("there is no job {id}")))
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    #[zbus(property)]
    fn state(&self) -> &'static str {
        self.world.state.borrow().name()
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn clock_trusted(&self) -> bool {
        self.world.clock.date().is_some()
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn jobs_active(&self) -> u32 {
        self.count(|job| matches!(job.state, State::Queued | State::Running))
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn jobs_deferred(&self) -> u32 {
        self.count(|job| job.state == State::Deferred)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn spool_bytes(&self) -> u64 {
        self.world.jobs.spool_bytes()
    }
}
