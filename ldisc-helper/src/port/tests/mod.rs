//! A port between a TTY that takes everything at once and a daemon that the test plays.

mod barrier;
mod output;
mod prompt;
mod restart;
mod urc;

use super::*;
use crate::discipline::{Cause, Command, Data, Ends, Keys};
use crate::record::{Claimed, Flags, Header, MAX_PACKET, ToHelper, VERSION, Wiring};

pub(super) const PROMPT: Flags = Flags {
    prompt: true,
    ack: false,
    urc: false,
    result: false,
};

/// What came out of the port, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Line(Vec<u8>),
    TooLong,
    Key(u8),
    Data(Vec<u8>),
    End(Cause, u64),
    Circuits(bool),
    Hangup,
    Done {
        of: u32,
        dropped: u64,
        failed: Option<Failure>,
    },
    Stopped(bool),
    Perform(Action),
    /// Bytes that the TTY took.
    Sent(Vec<u8>),
}

#[derive(Default)]
struct Log {
    events: Vec<Event>,
    /// The last record that wants a mode.
    last: u32,
    refuse: Option<Failure>,
}

impl Output for Log {
    fn record(&mut self, sequence: u32, record: &FromHelper<'_>) {
        // Whatever comes out is a record, and survives its packet.
        let mut packet = Vec::new();
        let header = Header {
            sequence,
            flags: Flags::default(),
        };
        record.encode(header, &mut packet);
        assert!(packet.len() <= MAX_PACKET);
        assert_eq!(FromHelper::decode(&packet), Ok((header, record.clone())));
        if matches!(
            record,
            FromHelper::CommandLine { .. } | FromHelper::Key(_) | FromHelper::End { .. }
        ) {
            self.last = sequence;
        }
        self.events.push(match *record {
            FromHelper::CommandLine { too_long: true, .. } => Event::TooLong,
            FromHelper::CommandLine { line, .. } => Event::Line(line.to_vec()),
            FromHelper::Key(key) => Event::Key(key),
            FromHelper::Data { bytes, .. } => Event::Data(bytes.to_vec()),
            FromHelper::End { cause, count } => Event::End(cause, count),
            FromHelper::Circuits(circuits) => Event::Circuits(circuits.ready),
            FromHelper::Hangup => Event::Hangup,
            FromHelper::Done {
                of,
                dropped,
                failed,
            } => Event::Done {
                of,
                dropped,
                failed,
            },
            FromHelper::OutputStopped(stopped) => Event::Stopped(stopped),
            ref other => panic!("not the port's to send: {other:?}"),
        });
    }

    fn perform(&mut self, action: Action) -> Result<(), Failure> {
        self.events.push(Event::Perform(action));
        self.refuse.take().map_or(Ok(()), Err)
    }
}

/// A port on an injected clock.
pub(super) struct Rig {
    pub(super) port: Port,
    pub(super) now: Time,
    log: Log,
    sequence: u32,
    /// The TTY takes what it is given, and it leaves.
    pub(super) flowing: bool,
    /// Otherwise so much stays in it.
    pub(super) in_tty: usize,
}

pub(super) fn claim(device: &str, role: Role) -> Claim<'_> {
    Claim {
        version: VERSION,
        device,
        line: LineSettings::default(),
        role,
        wiring: Wiring::default(),
    }
}

pub(super) fn command() -> Command {
    Command {
        echo: true,
        s3: 13,
        line_feed: false,
        s5: 8,
        max_line: 100,
        keys: Keys::None,
    }
}

pub(super) fn until(ends: Ends) -> Mode {
    Mode::Data(Data {
        ends,
        ..Data::default()
    })
}

pub(super) fn length(length: u64) -> Mode {
    until(Ends {
        length: Some(length),
        ..Ends::default()
    })
}

impl Rig {
    /// A port that plays the module, in command mode with echo.
    pub(super) fn new(device: &str) -> Self {
        let mut rig = Self::with(claim(device, Role::Dce));
        rig.circuits(true);
        rig.mode(0, Mode::Command(command()));
        rig.events();
        rig
    }

    pub(super) fn with(claim: Claim<'_>) -> Self {
        let now = Time::from_millis(1_000_000);
        Self {
            port: Port::new(&claim, now),
            now,
            log: Log::default(),
            sequence: 0,
            flowing: true,
            in_tty: 100,
        }
    }

    /// All that happened since the last call, and what the TTY took in between.
    pub(super) fn story(&mut self) -> Vec<Event> {
        self.flow();
        core::mem::take(&mut self.log.events)
    }

    /// What happened since the last call, and apart from it what the TTY took.
    pub(super) fn both(&mut self) -> (Vec<Event>, String) {
        let mut wire = Vec::new();
        let mut events = self.story();
        events.retain(|event| match event {
            Event::Sent(bytes) => {
                wire.extend_from_slice(bytes);
                false
            }
            _ => true,
        });
        (events, String::from_utf8_lossy(&wire).into_owned())
    }

    /// What happened since the last call.
    pub(super) fn events(&mut self) -> Vec<Event> {
        self.both().0
    }

    /// What the TTY took since the last call.
    pub(super) fn wire(&mut self) -> String {
        self.both().1
    }

    /// The TTY takes what there is, and it leaves at the line's speed.
    pub(super) fn flow(&mut self) {
        while self.flowing && !self.port.output().is_empty() {
            let bytes = self.port.output().to_vec();
            self.port.sent(bytes.len(), self.now, &mut self.log);
            match self.log.events.last_mut() {
                Some(Event::Sent(sent)) => sent.extend(bytes),
                _ => self.log.events.push(Event::Sent(bytes)),
            }
        }
        if self.port.wants_drain() && self.port.drain_look() <= self.now {
            if self.flowing {
                self.port.drained(self.now, &mut self.log);
                self.flow();
            } else {
                self.port.not_drained(self.in_tty, self.now, &mut self.log);
            }
        }
    }

    /// The TTY takes so many bytes and no more.
    pub(super) fn takes(&mut self, n: usize) {
        self.port.sent(n, self.now, &mut self.log);
    }

    pub(super) fn host(&mut self, bytes: &[u8]) {
        assert!(self.port.wants_input());
        self.port.received(bytes, self.now, &mut self.log);
        self.flow();
    }

    /// Time passes, and the port is looked at whenever it wants to be.
    pub(super) fn wait(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(at) = self.port.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.flow();
            if self.port.wants_input() {
                self.port.looked(self.now, &mut self.log);
            }
            self.port.timer(self.now, &mut self.log);
            self.flow();
            let next = self.port.next_deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "the loop would spin"
            );
        }
        self.now = end;
        self.flow();
    }

    pub(super) fn send(&mut self, flags: Flags, record: &ToHelper<'_>) -> u32 {
        self.sequence += 1;
        let header = Header {
            sequence: self.sequence,
            flags,
        };
        self.port.record(header, record, self.now, &mut self.log);
        self.flow();
        self.sequence
    }

    pub(super) fn write(&mut self, text: &str) {
        self.send(Flags::default(), &ToHelper::Write(text.as_bytes()));
    }

    pub(super) fn urc(&mut self, text: &str) {
        let flags = Flags {
            urc: true,
            ..Flags::default()
        };
        self.send(flags, &ToHelper::Write(text.as_bytes()));
    }

    pub(super) fn result(&mut self, text: &str) {
        let flags = Flags {
            result: true,
            ..Flags::default()
        };
        self.send(flags, &ToHelper::Write(text.as_bytes()));
    }

    pub(super) fn prompt(&mut self, text: &str) {
        self.send(PROMPT, &ToHelper::Write(text.as_bytes()));
    }

    pub(super) fn mode(&mut self, answers: u32, mode: Mode) {
        self.send(Flags::default(), &ToHelper::Mode { answers, mode });
    }

    /// Answers the last record with a mode.
    pub(super) fn answer(&mut self, mode: Mode) {
        let last = self.log.last;
        self.mode(last, mode);
    }

    pub(super) fn circuits(&mut self, ready: bool) {
        let circuits = Circuits {
            ready,
            ..Circuits::default()
        };
        self.port.circuits(circuits, self.now, &mut self.log);
    }

    pub(super) fn hangup(&mut self) {
        self.port.hangup(self.now, &mut self.log);
    }

    pub(super) fn returned(&mut self) -> Claimed {
        self.port.returned(self.now, &mut self.log)
    }

    /// The daemon dies, and another one comes after so many milliseconds.
    pub(super) fn restart(&mut self, millis: u64) -> Claimed {
        self.port.detach(self.now);
        self.wait(millis);
        self.attach()
    }

    pub(super) fn attach(&mut self) -> Claimed {
        self.sequence = 0;
        let claimed = self.port.attach(self.now);
        self.log.last = claimed.unanswered;
        claimed
    }

    /// The device refuses the next thing that it is asked.
    pub(super) fn refuse(&mut self, failure: Failure) {
        self.log.refuse = Some(failure);
    }
}

pub(super) fn done(of: u32) -> Event {
    Event::Done {
        of,
        dropped: 0,
        failed: None,
    }
}

pub(super) fn line(text: &str) -> Event {
    Event::Line(text.into())
}

pub(super) fn sent(text: &str) -> Event {
    Event::Sent(text.into())
}

pub(super) fn data(text: &str) -> Event {
    Event::Data(text.into())
}
