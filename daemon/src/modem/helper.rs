//! Ports of the helper as wires.

use super::wire::{Incoming, Ports, Wire, WireReader, WireWriter};
use crate::port::{self, Reader, Writer};
use crate::service::{BoxFuture, Result};
use hayes_ldisc::record::{
    Circuits, Claim, Flags, FromHelper, LineSettings, Role, ToHelper, VERSION, Wiring,
};
use std::path::PathBuf;

/// One device at one helper.
#[derive(Debug)]
pub(super) struct HelperPort {
    pub(super) socket: PathBuf,
    pub(super) device: String,
    pub(super) line: LineSettings,
}

impl Ports for HelperPort {
    fn claim(&self) -> BoxFuture<'_, Result<Wire>> {
        Box::pin(async move {
            let claim = Claim {
                version: VERSION,
                device: &self.device,
                line: self.line,
                role: Role::Dte,
                wiring: Wiring::default(),
            };
            let (reader, writer) = port::claim(&self.socket, &claim).await?;
            let wire: Wire = (Box::new(reader), Box::new(writer));
            Ok(wire)
        })
    }
}

impl WireReader for Reader {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<Incoming>> {
        Box::pin(async move {
            let (_, record) = Reader::next(self).await?;
            Ok(match record {
                FromHelper::Data { bytes, .. } => {
                    into.extend_from_slice(bytes);
                    Incoming::Data
                }
                FromHelper::Claimed(claimed) => Incoming::Claimed { kept: claimed.kept },
                FromHelper::Refused { why, text } => Incoming::Refused {
                    why,
                    text: text.to_owned(),
                },
                FromHelper::Hangup => Incoming::Hangup,
                FromHelper::Overrun => Incoming::Overrun,
                _ => Incoming::Other,
            })
        })
    }
}

impl WireWriter for Writer {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        Box::pin(Writer::write(self, bytes, Flags::default()))
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<()>> {
        tell(self, ToHelper::Flush)
    }

    fn configure(&mut self, line: LineSettings) -> BoxFuture<'_, Result<()>> {
        tell(self, ToHelper::Configure(line))
    }

    fn ready(&mut self, on: bool) -> BoxFuture<'_, Result<()>> {
        let circuits = Circuits {
            ready: on,
            ..Circuits::default()
        };
        tell(self, ToHelper::SetCircuits(circuits))
    }

    fn release(&mut self) -> BoxFuture<'_, Result<()>> {
        tell(self, ToHelper::Release)
    }
}

fn tell<'a>(writer: &'a mut Writer, record: ToHelper<'static>) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        writer.send(Flags::default(), &record).await?;
        Ok(())
    })
}
