//! The way onto the bus, with the ports' objects before the name.

use crate::bus::{self, World};
use crate::config::{Bus, Config};
use crate::service::{Error, ErrorKind, Result};
use crate::{emulator, modem};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long the bus may take to let us in.
const BUS: Duration = Duration::from_secs(20);

/// Where the ports on the bus wait for what is behind them.
#[derive(Default)]
pub(super) struct Slots {
    pub(super) modems: BTreeMap<String, bus::Coming<modem::Handle>>,
    pub(super) emulators: BTreeMap<String, bus::Coming<emulator::Handle>>,
}

/// Puts everything on the bus, and then takes the name.
pub(super) async fn connect(
    config: &Config,
    emulators: &[emulator::Settings],
    world: Arc<World>,
) -> Result<(bus::Service, Slots)> {
    let (builder, shown) = match &config.daemon.bus {
        Bus::System => (zbus::connection::Builder::system(), "the system bus"),
        Bus::Address(address) => (
            zbus::connection::Builder::address(address.as_str()),
            address.as_str(),
        ),
    };
    let failed =
        |what: &dyn std::fmt::Display| Error::new(ErrorKind::Internal, format!("{shown}: {what}"));
    let on_bus = async {
        let service = bus::Service::new(builder.build().await?, world).await?;
        let mut slots = Slots::default();
        for (name, modem) in &config.modems {
            let slot = service
                .add_modem(name.as_str(), &modem.device.to_string())
                .await?;
            slots.modems.insert(name.to_string(), slot);
        }
        for settings in emulators {
            let slot = service.add_emulator(settings.clone()).await?;
            slots.emulators.insert(settings.name.clone(), slot);
        }
        service.own().await?;
        Ok((service, slots))
    };
    match tokio::time::timeout(BUS, on_bus).await {
        Ok(Ok(both)) => Ok(both),
        Ok(Err(zbus::Error::NameTaken)) => Err(failed(&"another process is org.hayesd1 already")),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(failed(&"it does not let us in")),
    }
}
