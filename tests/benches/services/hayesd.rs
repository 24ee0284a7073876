//! hayesd as a user has it: helper, bus and daemon in processes of their own; this process is the caller.

use crate::figures::{self, Used};
use anyhow::{Result, ensure};
use hayes_dbus::JobProxy;
use hayes_tests::client::{Client, Map};
use hayes_tests::site::Site;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// No limit that the work could meet.
const LIMITS: &str =
    "limits = { jobs = 10000, spool = \"4 GiB\", message = \"1 GiB\", waits = 64 }";

/// How long a job may take. Only a guard against hanging.
const LONGEST: Duration = Duration::from_secs(600);

/// What it does after the last answer is its work as well.
const AFTERWARDS: Duration = Duration::from_millis(200);

pub(crate) struct Hayesd {
    // Dropped first: it ends before the bus goes.
    client: Client,
    runtime: Runtime,
    site: Site,
}

impl Hayesd {
    /// Starts it with these tables after `[daemon]`.
    pub(crate) fn start(tables: impl FnOnce(&Site) -> Result<String>) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut site = Site::new()?;
        let tables = tables(&site)?;
        site.configure(&format!("{LIMITS}\ndefault_account = \"run0\"\n{tables}"))?;
        let client = runtime.block_on(site.start())?;
        Ok(Self {
            client,
            runtime,
            site,
        })
    }

    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// The daemon's process.
    pub(crate) fn process(&mut self) -> Result<u32> {
        Ok(self.site.daemon()?.id())
    }

    /// The helper's process.
    pub(crate) fn helper(&mut self) -> Result<u32> {
        Ok(self.site.helper()?.id())
    }

    /// Waits for what a caller does.
    pub(crate) fn run<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<T> {
        self.runtime.block_on(work(&self.client))
    }

    /// The same, and what the daemon has used for it: wall until the caller knows that it is done, CPU and
    /// memory of the daemon.
    pub(crate) fn measure(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<()>,
    ) -> Result<Option<Used>> {
        let process = self.process()?;
        figures::forget_peak(process)?;
        let before = figures::cpu(process)?;
        let begin = Instant::now();
        self.run(work)?;
        let wall = begin.elapsed().as_secs_f64();
        sleep(AFTERWARDS);
        let cpu = figures::cpu(process)? - before;
        let peak = figures::peak(process)?;
        Ok(Some(Used { wall, cpu, peak }))
    }
}

/// Waits for a job, which must come to be done.
pub(crate) async fn done(client: &Client, path: &str) -> Result<hayes_dbus::Details> {
    let job = JobProxy::new(client.connection(), path).await?;
    let limit = u64::try_from(LONGEST.as_micros())?;
    let (state, result) = job.wait(limit, Map::new()).await?;
    ensure!(state == "done", "{path} is {state}: {result:?}");
    Ok(result)
}
