//! `org.hayesd1.Modem`, at `/org/hayesd1/modem/NAME`.

use super::dialogue::{self, Peer};
use super::dict::Dict;
use super::error::{Refused, Result};
use super::late::Late;
use super::view::Properties;
use crate::modem::{Handle, Rung, Snapshot};
use std::time::Duration;
use zbus::{Variant, interface};

/// The longest that `Command` may take.
const LONGEST: Duration = Duration::from_secs(20);

/// A modem on the bus.
pub(super) struct Modem {
    /// What is seen before it is started.
    pub(super) before: Snapshot,
    pub(super) handle: Late<Handle>,
}

impl Modem {
    fn see<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        match self.handle.now() {
            Some(handle) => look(&handle.watch().borrow()),
            None => look(&self.before),
        }
    }
}

impl Properties for Snapshot {
    fn changing(&self) -> Vec<(&'static str, Variant<'static>)> {
        vec![
            ("Dialect", Variant::from(self.dialect())),
            (
                "Manufacturer",
                Variant::from(self.identity.manufacturer.clone()),
            ),
            ("Model", Variant::from(self.identity.model.clone())),
            ("Revision", Variant::from(self.identity.revision.clone())),
            ("State", Variant::from(self.state.name())),
            ("Registration", Variant::from(self.registration.name())),
            ("Signal", Variant::from(self.signal)),
            ("Services", Variant::from(self.services.to_vec())),
            ("RecoveryRung", Variant::from(rung(self))),
        ]
    }
}

fn rung(snapshot: &Snapshot) -> &'static str {
    snapshot.rung.map_or("", Rung::name)
}

#[interface(name = "org.hayesd1.Modem", introspection_docs = false)]
impl Modem {
    #[zbus(out_args("lines"))]
    async fn command(&self, at: &str, timeout_usec: u64, options: Dict<'_>) -> Result<Vec<String>> {
        options.finish()?;
        let within = Duration::from_micros(timeout_usec);
        if within.is_zero() || within > LONGEST {
            return Err(Refused::argument("timeout_usec is 1 to 20000000"));
        }
        Ok(self.handle.get().await?.command(at, within).await?)
    }

    async fn reset(&self, rung: &str, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        let known = Rung::ALL.into_iter().find(|known| known.name() == rung);
        let rung = known.ok_or_else(|| {
            let names: Vec<_> = Rung::ALL.iter().map(|rung| rung.name()).collect();
            Refused::argument(format!("rung is one of {}", names.join(", ")))
        })?;
        Ok(self.handle.get().await?.reset(rung).await?)
    }

    async fn enable(&self, enabled: bool, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        Ok(self.handle.get().await?.enable(enabled).await?)
    }

    #[zbus(out_args("lines"))]
    async fn trace(&self, options: Dict<'_>) -> Result<zbus::OwnedFd> {
        options.finish()?;
        Ok(dialogue::start(self.handle.get().await?.trace(), Peer::Module)?.into())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn device(&self) -> String {
        self.see(|modem| modem.device.to_string())
    }

    #[zbus(property)]
    fn dialect(&self) -> String {
        self.see(|modem| modem.dialect().to_owned())
    }

    #[zbus(property)]
    fn manufacturer(&self) -> String {
        self.see(|modem| modem.identity.manufacturer.clone())
    }

    #[zbus(property)]
    fn model(&self) -> String {
        self.see(|modem| modem.identity.model.clone())
    }

    #[zbus(property)]
    fn revision(&self) -> String {
        self.see(|modem| modem.identity.revision.clone())
    }

    #[zbus(property)]
    fn state(&self) -> String {
        self.see(|modem| modem.state.name().to_owned())
    }

    #[zbus(property)]
    fn registration(&self) -> String {
        self.see(|modem| modem.registration.name().to_owned())
    }

    #[zbus(property)]
    fn signal(&self) -> u32 {
        self.see(|modem| modem.signal)
    }

    #[zbus(property)]
    fn services(&self) -> Vec<String> {
        self.see(|modem| {
            modem
                .services
                .iter()
                .map(|&service| service.to_owned())
                .collect()
        })
    }

    #[zbus(property)]
    fn recovery_rung(&self) -> String {
        self.see(|modem| rung(modem).to_owned())
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn resyncs(&self) -> u32 {
        self.see(|modem| modem.resyncs)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn late_bytes(&self) -> u64 {
        self.see(|modem| modem.late_bytes)
    }
}
