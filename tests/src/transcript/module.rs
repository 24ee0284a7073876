//! Plays a transcript as the module, for a real driver in memory: the `>>` lines must come, byte for
//! byte, the `<<` lines are said.

use super::{Event, Transcript};
use anyhow::{Context, Result, bail, ensure};
use hayes_ldisc::record::LineSettings;
use hayesd::modem::{Incoming, Ports, Wire, WireReader, WireWriter};
use hayesd::service::{self, BoxFuture, Error, ErrorKind};
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The driver says nothing for longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The module's end of a wire.
#[derive(Debug)]
pub struct Module {
    from_driver: mpsc::UnboundedReceiver<Vec<u8>>,
    to_driver: mpsc::UnboundedSender<Vec<u8>>,
    came: Vec<u8>,
}

/// The driver's end, to be claimed once.
#[derive(Debug)]
pub struct Port(Mutex<Option<(Reader, Writer)>>);

/// A wire.
pub fn wire() -> (Port, Module) {
    let (to_module, from_driver) = mpsc::unbounded_channel();
    let (to_driver, from_module) = mpsc::unbounded_channel();
    let reader = Reader {
        from_module,
        claimed: false,
    };
    let port = Port(Mutex::new(Some((reader, Writer(to_module)))));
    let module = Module {
        from_driver,
        to_driver,
        came: Vec::new(),
    };
    (port, module)
}

impl Module {
    /// Plays a transcript to its end; the error names file and line of the first difference.
    pub async fn play(&mut self, transcript: &Transcript) -> Result<()> {
        for step in &transcript.steps {
            let bytes = step.event.on_the_line().unwrap_or_default();
            match &step.event {
                Event::Host { .. } => self
                    .hear(&bytes)
                    .await
                    .with_context(|| transcript.place(step))?,
                Event::Module { .. } => self.to_driver.send(bytes)?,
                Event::Wait(time) => tokio::time::sleep(*time).await,
                Event::World(_) => bail!("{}: of no use here", transcript.place(step)),
            }
        }
        Ok(())
    }

    async fn hear(&mut self, expected: &[u8]) -> Result<()> {
        while self.came.len() < expected.len() {
            match timeout(PATIENCE, self.from_driver.recv()).await {
                Ok(Some(bytes)) => self.came.extend(bytes),
                Ok(None) => bail!("the driver has ended"),
                Err(_) => break,
            }
        }
        let came: Vec<u8> = self
            .came
            .drain(..expected.len().min(self.came.len()))
            .collect();
        ensure!(
            came == expected,
            "expected \"{}\", came \"{}\"",
            expected.escape_ascii(),
            came.escape_ascii()
        );
        Ok(())
    }
}

impl Ports for Port {
    fn claim(&self) -> BoxFuture<'_, service::Result<Wire>> {
        let halves = self.0.lock().ok().and_then(|mut halves| halves.take());
        Box::pin(async move {
            let (reader, writer) =
                halves.ok_or_else(|| Error::new(ErrorKind::PortBusy, "claimed already"))?;
            let wire: Wire = (Box::new(reader), Box::new(writer));
            Ok(wire)
        })
    }
}

#[derive(Debug)]
struct Reader {
    from_module: mpsc::UnboundedReceiver<Vec<u8>>,
    claimed: bool,
}

impl WireReader for Reader {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, service::Result<Incoming>> {
        Box::pin(async move {
            if !self.claimed {
                self.claimed = true;
                return Ok(Incoming::Claimed { kept: false });
            }
            let bytes = self.from_module.recv().await.ok_or_else(gone)?;
            into.extend(bytes);
            Ok(Incoming::Data)
        })
    }
}

#[derive(Debug)]
struct Writer(mpsc::UnboundedSender<Vec<u8>>);

fn nothing() -> BoxFuture<'static, service::Result<()>> {
    Box::pin(async { Ok(()) })
}

fn gone() -> Error {
    Error::new(ErrorKind::NoModem, "the module has ended")
}

impl WireWriter for Writer {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, service::Result<()>> {
        let sent = self.0.send(bytes.to_vec()).map_err(|_| gone());
        Box::pin(async move { sent })
    }

    fn flush(&mut self) -> BoxFuture<'_, service::Result<()>> {
        nothing()
    }

    fn configure(&mut self, _: LineSettings) -> BoxFuture<'_, service::Result<()>> {
        nothing()
    }

    fn ready(&mut self, _: bool) -> BoxFuture<'_, service::Result<()>> {
        nothing()
    }

    fn release(&mut self) -> BoxFuture<'_, service::Result<()>> {
        nothing()
    }
}
