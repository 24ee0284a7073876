//! A wire in memory.

use crate::modem::{Incoming, Ports, Wire, WireReader, WireWriter};
use crate::service::{BoxFuture, Error, ErrorKind, Result};
use hayes_ldisc::record::LineSettings;
use std::sync::Mutex;
use tokio::sync::mpsc;

/// What a module's end of the wire sees.
#[derive(Debug)]
pub(crate) enum Sent {
    Bytes(Vec<u8>),
    Speed(u32),
    Dtr,
    Flushed,
    Released,
}

/// What a module's end of the wire gives.
#[derive(Debug)]
pub(crate) enum Given {
    Bytes(Vec<u8>),
    Event(Incoming),
}

/// The module's end.
#[derive(Debug)]
pub(crate) struct FarEnd {
    pub(crate) from_driver: mpsc::UnboundedReceiver<Sent>,
    pub(crate) to_driver: mpsc::UnboundedSender<Given>,
}

/// Hands out a new wire each time it is asked, and its far end to whoever plays the module.
#[derive(Debug)]
pub(crate) struct MemoryPorts {
    far_ends: Mutex<mpsc::UnboundedSender<FarEnd>>,
}

impl MemoryPorts {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<FarEnd>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let ports = Self {
            far_ends: Mutex::new(sender),
        };
        (ports, receiver)
    }
}

impl Ports for MemoryPorts {
    fn claim(&self) -> BoxFuture<'_, Result<Wire>> {
        let (to_module, from_driver) = mpsc::unbounded_channel();
        let (to_driver, from_module) = mpsc::unbounded_channel();
        let far = FarEnd {
            from_driver,
            to_driver,
        };
        let sent = self.far_ends.lock().unwrap().send(far);
        Box::pin(async move {
            sent.map_err(|_| Error::new(ErrorKind::NoModem, "no module plays"))?;
            let wire: Wire = (Box::new(Near(from_module)), Box::new(Out(to_module)));
            Ok(wire)
        })
    }
}

struct Near(mpsc::UnboundedReceiver<Given>);

impl WireReader for Near {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<Incoming>> {
        Box::pin(async move {
            match self.0.recv().await {
                Some(Given::Bytes(bytes)) => {
                    into.extend(bytes);
                    Ok(Incoming::Data)
                }
                Some(Given::Event(event)) => Ok(event),
                None => Err(Error::new(ErrorKind::NoModem, "helper is gone")),
            }
        })
    }
}

struct Out(mpsc::UnboundedSender<Sent>);

impl Out {
    fn tell(&self, sent: Sent) -> BoxFuture<'static, Result<()>> {
        let result = self.0.send(sent);
        Box::pin(async move { result.map_err(|_| Error::new(ErrorKind::NoModem, "gone")) })
    }
}

impl WireWriter for Out {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        self.tell(Sent::Bytes(bytes.to_vec()))
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<()>> {
        self.tell(Sent::Flushed)
    }

    fn configure(&mut self, line: LineSettings) -> BoxFuture<'_, Result<()>> {
        self.tell(Sent::Speed(line.speed))
    }

    fn ready(&mut self, _: bool) -> BoxFuture<'_, Result<()>> {
        self.tell(Sent::Dtr)
    }

    fn release(&mut self) -> BoxFuture<'_, Result<()>> {
        self.tell(Sent::Released)
    }
}
