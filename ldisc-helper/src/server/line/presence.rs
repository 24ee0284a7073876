//! A line's device comes and goes; a pseudo-terminal is opened and closed.

use super::super::device::{Absent, Device};
use super::super::{clock, log};
use super::{Context, Line, Marks};
use crate::record::{Circuits, FromHelper};
use crate::refused::Refused;
use std::time::Duration;

/// A device that hangs up sooner than this after it was claimed, and gave nothing before, is not claimed
/// again at once: it may go on like that.
const STABLE: Duration = Duration::from_secs(1);

impl Line {
    /// Sees to what is new about the device.
    pub(super) fn meet(&mut self, context: &Context<'_>) {
        let retry = self.retry_at.is_some_and(|at| clock() >= at);
        if !std::mem::take(&mut self.marks.changed) && !retry {
            return;
        }
        match &mut self.device {
            Device::Pty { pty, open: false } => {
                // Somebody opened it. He may have closed it again: then reading says so.
                pty.forget_events();
                self.opened();
            }
            Device::Absent(absent) => {
                if absent.take() || retry {
                    self.seek(context);
                }
            }
            Device::Tty(_) | Device::Pty { .. } => {}
        }
    }

    /// Tries to take the device. The daemon is told when it is there, and when the reason why not is new.
    pub(in super::super) fn seek(&mut self, context: &Context<'_>) {
        self.retry_at = None;
        let mut result = context.source.take(&self.wanted);
        if let Err(refused) = &result
            && !refused.is_final()
            && !self.is_waiting()
        {
            // First wait, then look: it may come in between.
            self.wait();
            result = context.source.take(&self.wanted);
        }
        match result {
            Ok(device) => self.arrived(device),
            Err(refused) => self.refuse(refused),
        }
    }

    fn refuse(&mut self, refused: Refused) {
        if refused.is_final() {
            self.over = true;
        } else if let Device::Absent(absent) = &mut self.device {
            self.retry_at = if absent.take_but_close() {
                Some(clock())
            } else {
                absent.patience(&refused).map(|wait| clock() + wait)
            };
        }
        if self.told.as_ref() != Some(&refused) {
            self.send(&FromHelper::Refused {
                why: refused.why,
                text: &refused.text,
            });
            self.told = Some(refused);
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(&self.device, Device::Absent(absent) if absent.is_waiting())
    }

    /// What is watched for is looked for once more by whoever calls this.
    fn wait(&mut self) {
        let mut absent = Absent::new(&self.wanted.device);
        // It is watched from before it is let go of.
        self.device = Device::Absent(Absent::default());
        absent.take_but_close();
        self.device = Device::Absent(absent);
        self.interests.forget_device();
    }

    fn arrived(&mut self, device: Device) {
        let now = clock();
        let circuits = device.circuits();
        self.device = device;
        self.interests.forget_device();
        self.marks = Marks {
            readable: true,
            writable: true,
            packets: self.marks.packets,
            room: self.marks.room,
            ..Marks::default()
        };
        self.told = None;
        self.was_read = false;
        let first = self.claimed_at.replace(now).is_none();
        let mut claimed = self.with_port(|port, out| port.returned(now, out));
        claimed.circuits = circuits;
        claimed.kept &= !first;
        self.send(&FromHelper::Claimed(claimed));
        // That said it already.
        let connection = self.connection.take();
        self.with_port(|port, out| port.circuits(circuits, now, out));
        self.connection = connection;
    }

    /// The device is gone. The claim stands: it is waited for.
    pub(super) fn hang_up(&mut self, context: &Context<'_>) {
        let now = clock();
        // Closed before the daemon hears of it.
        self.wait();
        self.marks.hung_up = false;
        self.marks.readable = false;
        self.rest_until = None;
        self.with_port(|port, out| port.hangup(now, out));
        let stable = self.was_read || self.claimed_at.is_some_and(|at| now - at >= STABLE);
        if stable {
            self.seek(context);
        } else {
            self.retry_at = Some(now + STABLE);
        }
    }

    /// Somebody has the pseudo-terminal open.
    fn opened(&mut self) {
        if let Device::Pty { pty, open } = &mut self.device {
            pty.stop_watching();
            *open = true;
            self.marks.readable = true;
            self.marks.writable = true;
            self.ready(true);
        }
    }

    /// Nobody has the pseudo-terminal open any more, and all that was sent has been read.
    pub(super) fn closed(&mut self, context: &Context<'_>) {
        self.marks.hung_up = false;
        self.marks.readable = false;
        self.leave(context.registry);
        let Device::Pty { pty, open } = &mut self.device else {
            return;
        };
        *open = false;
        // It falls on the floor.
        self.marks.writable = true;
        let cleaned = pty.clean();
        // Whoever hears that it was closed may open it again at once, and finds it clean.
        self.ready(false);
        match cleaned {
            Ok(false) => {}
            Ok(true) => self.opened(),
            Err(error) => {
                log(format_args!("{}: {error}", self.wanted.device));
                self.hang_up(context);
            }
        }
    }

    fn ready(&mut self, ready: bool) {
        let now = clock();
        let circuits = Circuits {
            ready,
            ..Circuits::default()
        };
        self.with_port(|port, out| port.circuits(circuits, now, out));
    }
}
