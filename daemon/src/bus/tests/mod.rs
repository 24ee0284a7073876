//! The service on a real, private bus.

mod accounts;
mod interfaces;
mod jobs;
mod mails;
mod manager;
mod requests;
mod rights;
mod waits;

use super::rights::Rights;
use super::sample::{Book, Store};
use super::world::{DaemonState, Settings, World};
use super::{NAME, Service};
use crate::account;
use crate::clock::SystemClock;
use crate::config::Machine;
use crate::disk::Disk;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use zbus::{Connection, DynamicType, OwnedVariant, Variant};

/// An `a{sv}` argument.
type Map<'a> = HashMap<&'a str, Variant<'a>>;

/// An `a{sv}` result.
type Out = HashMap<String, OwnedVariant>;

/// A guard against hanging, never an assertion.
const LONG: Duration = Duration::from_secs(30);

/// A bus of this test's own.
struct Bus {
    daemon: Child,
    folder: PathBuf,
    address: String,
}

impl Bus {
    fn start() -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("hayesd-bus-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let address = format!("unix:path={}", folder.join("bus").display());
        let config = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow send_destination='*'/><allow own='*'/><allow receive_sender='*'/></policy></busconfig>"
        );
        std::fs::write(&config, text).unwrap();
        let daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--nosyslog"])
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon must be installed for this test");
        Self {
            daemon,
            folder,
            address,
        }
    }

    async fn connect(&self) -> Connection {
        let end = tokio::time::Instant::now() + LONG;
        loop {
            match zbus::connection::Builder::address(self.address.as_str())
                .build()
                .await
            {
                Ok(connection) => return connection,
                Err(error) => assert!(tokio::time::Instant::now() < end, "no bus: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The service with jobs that do what a test says, and a caller.
struct Stage {
    store: Arc<Store>,
    world: Arc<World>,
    caller: Connection,
    _state: watch::Sender<DaemonState>,
    errands: mpsc::Receiver<super::Errand>,
    service: Service,
    bus: Bus,
}

impl Stage {
    async fn set() -> Self {
        Self::with(Store::default()).await
    }

    async fn with(store: Store) -> Self {
        Self::judged(store, Rights::default()).await
    }

    async fn judged(store: Store, rights: Rights) -> Self {
        let bus = Bus::start();
        let store = Arc::new(store);
        let (state_to, state) = watch::channel(DaemonState::Ready);
        let (errands, errands_from) = mpsc::channel(1);
        let settings = Settings {
            default_account: Some("main".into()),
            largest_message: 1 << 20,
            waits: 2,
        };
        let accounts = Arc::new(account::Book::new(
            bus.folder.join("accounts"),
            Machine::here(),
            Disk::start().unwrap(),
        ));
        let mut world = World::new(
            store.clone(),
            Arc::new(Book),
            accounts,
            Arc::new(SystemClock),
            state,
            errands,
            settings,
        );
        world.rights = Arc::new(rights);
        let world = Arc::new(world);
        let service = Service::new(bus.connect().await, world.clone())
            .await
            .unwrap();
        service.own().await.unwrap();
        let caller = bus.connect().await;
        Self {
            store,
            world,
            caller,
            _state: state_to,
            errands: errands_from,
            service,
            bus,
        }
    }

    /// Calls a method of ours.
    async fn call<A, R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        arguments: &A,
    ) -> Result<R, String>
    where
        A: serde::Serialize + DynamicType + Sync,
        R: serde::de::DeserializeOwned + zbus::Type,
    {
        call(&self.caller, path, interface, method, arguments).await
    }

    async fn property<T: TryFrom<OwnedVariant>>(&self, path: &str, interface: &str, name: &str) -> T
    where
        T::Error: std::fmt::Debug,
    {
        let arguments = (format!("org.hayesd1.{interface}"), name);
        let reply = self
            .caller
            .call_method(
                Some(NAME),
                path,
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &arguments,
            )
            .await
            .unwrap();
        reply
            .body()
            .deserialize::<OwnedVariant>()
            .unwrap()
            .try_into()
            .unwrap()
    }
}

/// Calls a method of ours; an error is its name without our prefix, `: `, and its text.
async fn call<A, R>(
    caller: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    arguments: &A,
) -> Result<R, String>
where
    A: serde::Serialize + DynamicType + Sync,
    R: serde::de::DeserializeOwned + zbus::Type,
{
    let interface = format!("org.hayesd1.{interface}");
    let reply = tokio::time::timeout(
        LONG,
        caller.call_method(Some(NAME), path, Some(interface), method, arguments),
    );
    match reply.await.expect("an answer") {
        Ok(reply) => Ok(reply.body().deserialize().unwrap()),
        Err(zbus::Error::MethodError(name, text, _)) => {
            let name = name.as_str().trim_start_matches(super::PREFIX).to_owned();
            Err(format!("{name}: {}", text.unwrap_or_default()))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn none<'a>() -> Map<'a> {
    Map::new()
}
