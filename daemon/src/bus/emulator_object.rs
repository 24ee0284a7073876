//! `org.hayesd1.Emulator`, at `/org/hayesd1/emulator/NAME`.

use super::dialogue::{self, Peer};
use super::dict::Dict;
use super::error::Result;
use super::late::Late;
use super::view::Properties;
use crate::emulator::{Handle, Settings, Snapshot};
use zbus::{Variant, interface};

/// An emulator on the bus.
pub(super) struct Emulator {
    pub(super) settings: Settings,
    pub(super) handle: Late<Handle>,
}

impl Emulator {
    fn see<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        match self.handle.now() {
            Some(handle) => look(&handle.snapshot().borrow()),
            None => look(&Snapshot::default()),
        }
    }
}

impl Properties for Snapshot {
    fn changing(&self) -> Vec<(&'static str, Variant<'static>)> {
        vec![
            ("State", Variant::from(self.state.name())),
            ("Dtr", Variant::from(self.dtr)),
        ]
    }
}

#[interface(name = "org.hayesd1.Emulator", introspection_docs = false)]
impl Emulator {
    async fn start(&self, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        Ok(self.handle.get().await?.start().await?)
    }

    async fn stop(&self, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        Ok(self.handle.get().await?.stop().await?)
    }

    async fn reset(&self, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        Ok(self.handle.get().await?.reset().await?)
    }

    #[zbus(out_args("lines"))]
    async fn trace(&self, options: Dict<'_>) -> Result<zbus::OwnedFd> {
        options.finish()?;
        Ok(dialogue::start(self.handle.get().await?.trace(), Peer::Equipment)?.into())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn device(&self) -> String {
        self.settings.device.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn dialect(&self) -> String {
        self.settings.dialect.name.to_owned()
    }

    #[zbus(property)]
    fn state(&self) -> String {
        self.see(|emulator| emulator.state.name().to_owned())
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn via(&self) -> Vec<String> {
        let settings = &self.settings;
        let via = settings.policy.shown_via(&settings.name);
        via.iter().map(ToString::to_string).collect()
    }

    #[zbus(property)]
    fn dtr(&self) -> bool {
        self.see(|emulator| emulator.dtr)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn commands(&self) -> u64 {
        self.see(|emulator| emulator.commands)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn bytes_in(&self) -> u64 {
        self.see(|emulator| emulator.bytes_in)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn bytes_out(&self) -> u64 {
        self.see(|emulator| emulator.bytes_out)
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn escapes(&self) -> u32 {
        self.see(|emulator| u32::try_from(emulator.escapes).unwrap_or(u32::MAX))
    }
}
