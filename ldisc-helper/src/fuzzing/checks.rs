//! What must hold whatever a port is put through.

use crate::port::{Action, Output};
use crate::record::{Failure, Flags, FromHelper, Header};

/// The daemon's end and the device of a port under test.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) attached: bool,
    /// It died, and the port has not been told yet.
    pub(super) deaf: bool,
    /// What could not be sent to it: packets.
    pub(super) unsent: Vec<Vec<u8>>,
    /// The record whose answer is owed.
    pub(super) unanswered: u32,
    last: u32,
    /// Records whose `Done` is to come.
    pub(super) awaited: Vec<u32>,
    /// All payload, in order.
    pub(super) payload: Vec<u8>,
    /// How many bytes the port was given.
    pub(super) received: usize,
    /// A break has begun.
    pub(super) breaking: bool,
    /// The port ended the connection.
    pub(super) violated: bool,
    /// What the device answers next.
    pub(super) refuse: bool,
}

impl Checks {
    /// A daemon is there.
    pub(super) fn attached() -> Self {
        Self {
            attached: true,
            ..Self::default()
        }
    }

    /// A record that stops the port.
    fn stops(&mut self, sequence: u32) {
        assert_eq!(self.unanswered, 0, "two records at a time");
        self.unanswered = sequence;
    }
}

impl Output for Checks {
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>) {
        assert!(self.attached, "nobody is there: {record:?}");
        assert!(sequence > self.last, "{sequence} after {}", self.last);
        self.last = sequence;
        if self.deaf {
            let mut packet = Vec::new();
            let flags = Flags::default();
            record.encode(Header { sequence, flags }, &mut packet);
            self.unsent.push(packet);
        }
        match *record {
            FromHelper::CommandLine { line, too_long } => {
                assert!(line.is_empty() == too_long && !line.contains(&b'\r'));
                self.stops(sequence);
            }
            FromHelper::Key(_) => self.stops(sequence),
            FromHelper::End { count, .. } => {
                assert!(count <= self.received as u64);
                self.stops(sequence);
            }
            FromHelper::Data { bytes, .. } => {
                assert_eq!(self.unanswered, 0, "data behind the barrier");
                assert!(!bytes.is_empty());
                if !self.deaf {
                    self.payload.extend_from_slice(bytes);
                }
            }
            FromHelper::Done { of, .. } => {
                let place = self.awaited.iter().position(|awaited| *awaited == of);
                assert!(place.is_some(), "nobody asked for {of}");
                self.awaited.swap_remove(place.unwrap_or(0));
            }
            _ => {}
        }
    }

    fn perform(&mut self, action: Action) -> Result<(), Failure> {
        match action {
            Action::Disconnect(_) => self.violated = true,
            Action::BreakOn => assert!(!core::mem::replace(&mut self.breaking, true)),
            Action::BreakOff => assert!(core::mem::replace(&mut self.breaking, false)),
            _ => {}
        }
        let refused = core::mem::take(&mut self.refuse) && action != Action::BreakOff;
        if refused && action == Action::BreakOn {
            self.breaking = false;
        }
        match refused {
            true => Err(Failure::Device(5)),
            false => Ok(()),
        }
    }
}
