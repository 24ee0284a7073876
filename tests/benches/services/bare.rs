//! A service on the bus that does nothing, in a process of its own: what a call costs with zbus alone.

use anyhow::{Context as _, Result};
use hayes_tests::process::Process;
use hayes_tests::site::Site;
use hayes_tests::wait;
use std::collections::HashMap;
use std::env;
use std::process::Command;
use tokio::runtime::Builder;
use zbus::{OwnedVariant, connection, interface};

/// Makes this program the service, on the bus of the address that follows.
pub(crate) const ARGUMENT: &str = "--bare";

/// Its name.
pub(crate) const NAME: &str = "org.example.Bare";

/// What it prints when it can be called.
const READY: &str = "ready";

pub(crate) struct Bare(Process);

impl Bare {
    pub(crate) fn start(site: &Site) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg(ARGUMENT).arg(site.bus().address());
        let log = site.folder().join("bare.log");
        let process = Process::start("the bare service", &mut command, &log)?;
        wait::until("the bare service", wait::LONG, || {
            process.log().contains(READY).then_some(())
        })?;
        Ok(Self(process))
    }

    pub(crate) fn process(&self) -> u32 {
        self.0.id()
    }
}

type Map = HashMap<String, OwnedVariant>;

struct Manager;

#[interface(name = "org.hayesd1.Manager", introspection_docs = false)]
impl Manager {
    fn list_jobs(&self, _filter: Map, _offset: u32, _max: u32, _options: Map) -> Vec<(u32, Map)> {
        Vec::new()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// The service.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let address = arguments.first().context("no address")?;
    // As the daemon's.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let _connection = connection::Builder::address(address.as_str())
            .serve_at("/org/hayesd1", Manager)
            .name(NAME)
            .build()
            .await?;
        crate::tell(READY)?;
        std::future::pending().await
    })
}
