//! What the engine asks for: records to the daemon, things to be done to the device.

use super::super::connection::Connection;
use super::super::device::Device;
use super::super::log;
use crate::port::{Action, Output};
use crate::record::{Failure, FromHelper, LineSettings};

/// Where the engine's output goes.
pub(super) struct Out<'a> {
    pub(super) connection: Option<&'a mut Connection>,
    pub(super) device: &'a mut Device,
    /// With which the device is claimed again.
    pub(super) settings: &'a mut LineSettings,
    pub(super) violation: &'a mut bool,
}

impl Output for Out<'_> {
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>) {
        if let Some(connection) = &mut self.connection {
            connection.send(sequence, record);
        }
    }

    fn perform(&mut self, action: Action) -> Result<(), Failure> {
        if let Action::Disconnect(violation) = action {
            log(format_args!("daemon broke the protocol: {violation:?}"));
            *self.violation = true;
            return Ok(());
        }
        if !self.device.is_there() {
            return Err(Failure::Gone);
        }
        let done = match action {
            Action::Configure(line) => self
                .device
                .configure(line)
                .inspect(|()| *self.settings = line),
            Action::SetCircuits(circuits) => self.device.set_circuits(circuits),
            Action::BreakOn => self.device.set_break(true),
            Action::BreakOff => self.device.set_break(false),
            Action::FlushOutput => self.device.drop_output(),
            Action::Disconnect(_) => Ok(()),
        };
        done.map_err(|error| Failure::Device(error as i32))
    }
}
