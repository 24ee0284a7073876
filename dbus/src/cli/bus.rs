//! The way to hayesd, which may break and come back.

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::out::Out;
use std::cell::RefCell;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// How long hayesd or the bus may be gone until we give up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often we look meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// How long the bus and hayesd may take for an answer, in which nothing is waited for: a hayesd that hangs has
/// been started anew by its watchdog by then.
const ANSWER: Duration = Duration::from_secs(75);

/// Where hayesd is, and how to print what it says.
pub(super) struct Context {
    pub(super) out: Out,
    address: Option<String>,
    answer: Duration,
    connection: RefCell<Option<Connection>>,
}

impl Context {
    /// Connects when that is needed.
    pub(super) fn new(address: Option<String>, out: Out) -> Self {
        Self {
            out,
            address,
            answer: ANSWER,
            connection: RefCell::new(None),
        }
    }

    /// The connection to the bus.
    pub(super) async fn bus(&self) -> Result<Connection> {
        let there = self.connection.borrow().clone();
        if let Some(there) = there.filter(|one| !one.is_closed()) {
            return Ok(there);
        }
        let builder = match &self.address {
            Some(address) => Builder::address(address.as_str()),
            None => Builder::system(),
        };
        let building = builder.method_timeout(self.answer).build();
        let silent = |_| Failure::new(Exit::Temporary, "the bus does not answer");
        let made = timeout(self.answer, building).await.map_err(silent)??;
        *self.connection.borrow_mut() = Some(made.clone());
        Ok(made)
    }

    /// Returns when hayesd is on the bus again.
    ///
    /// # Errors
    /// It stays away: `lost`, which says what broke, with what is left of it.
    pub(super) async fn wait_for_return(&self, lost: Failure, left: &str) -> Result<()> {
        self.out.note(&format!("{}; waiting for it", lost.text));
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK).await;
            if self.is_there().await {
                return Ok(());
            }
        }
        Err(Failure {
            text: format!(
                "{}; it did not come back within {} s{left}",
                lost.text,
                PATIENCE.as_secs()
            ),
            lost: false,
            ..lost
        })
    }

    async fn is_there(&self) -> bool {
        let Ok(bus) = self.bus().await else {
            return false;
        };
        let Ok(proxy) = DBusProxy::new(&bus).await else {
            return false;
        };
        match BusName::try_from("org.hayesd1") {
            Ok(name) => proxy.name_has_owner(name).await.unwrap_or(false),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[tokio::test]
    async fn a_bus_that_is_silent_is_not_waited_for_without_end() {
        let path = std::env::temp_dir().join(format!("hayesctl-silent-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let out = Out {
            json: false,
            quiet: true,
        };
        let address = format!("unix:path={}", path.display());
        let context = Context {
            answer: Duration::from_millis(50),
            ..Context::new(Some(address), out)
        };
        let answer = timeout(Duration::from_secs(30), context.bus()).await;
        let failure = answer.expect("it waits").unwrap_err();
        assert_eq!(
            (failure.exit, failure.text.as_str(), failure.lost),
            (Exit::Temporary, "the bus does not answer", false)
        );
        drop(listener);
        std::fs::remove_file(path).unwrap();
    }
}
