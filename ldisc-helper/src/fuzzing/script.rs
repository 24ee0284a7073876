//! A port put through whatever a script says: input, looks, records, output, restarts, time.

use super::checks::Checks;
use crate::discipline::{Command, Data, Echo, Ends, Escape, InBand, Keys, Mode, Raw, Wait};
use crate::port::Port;
use crate::record::{
    Circuits, Claim, Flags, FromHelper, Header, LineSettings, Role, ToHelper, VERSION, Wiring,
};
use crate::time::Time;
use core::time::Duration;

const IN_BAND: [Option<InBand>; 4] = [
    None,
    Some(InBand::CtrlZ { cancel: false }),
    Some(InBand::CtrlZ { cancel: true }),
    Some(InBand::CtrlZStuffed),
];

/// Runs a port by the script; what must always hold is asserted. Any bytes are a script.
pub fn fuzz_discipline(script: &[u8]) {
    let mut run = Run::new(script);
    while !run.script.0.is_empty() && !run.checks.violated {
        run.step();
    }
    run.finish();
}

/// The rest of the script; zeros without end after it.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte() % 64).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    fn bool(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    fn duration(&mut self) -> Duration {
        Duration::from_millis(self.pick(&[0, 1, 5, 20, 200, 999, 1000, 1001, 5000, 31_000]))
    }

    fn keys(&mut self) -> Keys {
        match self.byte() % 3 {
            0 => Keys::None,
            1 => Keys::Any,
            _ => Keys::Of([self.byte(); 4]),
        }
    }

    fn some<T>(&mut self, value: T) -> Option<T> {
        self.bool().then_some(value)
    }

    fn mode(&mut self, role: Role) -> Mode {
        let kind = match role {
            Role::Dce => self.byte() % 4,
            Role::Dte => 3,
        };
        match kind {
            0 => Mode::Command(Command {
                echo: self.bool(),
                s3: self.pick(b"\r\r!\nA"),
                line_feed: self.bool(),
                s5: self.pick(b"\x08\x7F\rT"),
                max_line: self.pick(&[40, 4, 0]),
                keys: self.keys(),
            }),
            1 => Mode::Wait(Wait { keys: self.keys() }),
            2 => Mode::Data(self.data()),
            _ => Mode::Raw(Raw {
                gather: self.bool(),
            }),
        }
    }

    fn data(&mut self) -> Data {
        let length = u64::from(self.byte());
        let (deadline, idle, guard) = (self.duration(), self.duration(), self.duration());
        let escape = Escape {
            character: self.pick(b"++\x80"),
            guard,
        };
        Data {
            ends: Ends {
                length: self.some(length),
                deadline: self.some(deadline),
                idle: self.some(idle),
                escape: self.some(escape),
                in_band: self.pick(&IN_BAND),
                dtr: self.bool(),
            },
            echo: self.pick(&[Echo::None, Echo::All, Echo::End]),
            discard: self.bool(),
        }
    }
}

struct Run<'a> {
    script: Script<'a>,
    port: Port,
    checks: Checks,
    role: Role,
    now: Time,
    sequence: u32,
    received: Vec<u8>,
    gone: bool,
    /// Bytes were lost as they had to be: the device had gone.
    lost: bool,
    /// A prompt may wait for the record after it.
    prompted: bool,
}

impl<'a> Run<'a> {
    fn new(script: &'a [u8]) -> Self {
        let mut script = Script(script);
        let role = script.pick(&[Role::Dce, Role::Dce, Role::Dce, Role::Dte]);
        let claim = Claim {
            version: VERSION,
            device: script.pick(&["/dev/ttyS0", "pty:x"]),
            line: LineSettings {
                data_bits: script.pick(&[8, 8, 7]),
                ..LineSettings::default()
            },
            role,
            wiring: Wiring::default(),
        };
        let now = Time::from_millis(1000);
        Self {
            script,
            port: Port::new(&claim, now),
            checks: Checks::attached(),
            role,
            now,
            sequence: 0,
            received: Vec::new(),
            gone: false,
            lost: false,
            prompted: false,
        }
    }

    fn step(&mut self) {
        match self.script.byte() % 16 {
            0..=3 => {
                let bytes = self.script.bytes();
                self.receive(bytes);
            }
            4 => self.pass(true),
            5 => {
                let look = self.script.bool();
                self.pass(look);
            }
            6..=7 => {
                let answers = self.script.pick(&[self.checks.unanswered, 0, u32::MAX]);
                let mode = self.script.mode(self.role);
                self.mode(answers, mode);
            }
            8..=9 => {
                let bytes = self.script.bytes();
                self.record(&ToHelper::Write(bytes));
            }
            10..=11 => self.operation(),
            12 => {
                let n = usize::from(self.script.byte()).min(self.port.output().len());
                self.port.sent(n, self.now, &mut self.checks);
            }
            13 => self.drain(),
            14 => self.circuits(),
            _ => self.restart(),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if self.port.wants_input() && !bytes.is_empty() {
            self.received.extend_from_slice(bytes);
            self.checks.received += bytes.len();
            self.port.received(bytes, self.now, &mut self.checks);
        }
    }

    /// Time passes, perhaps beyond a deadline; then the port is looked at, or cannot be.
    fn pass(&mut self, look: bool) {
        self.now = self.now + self.script.duration();
        let due = self.port.next_deadline().is_some_and(|at| at <= self.now);
        if look && self.port.wants_input() {
            match self.script.bool() {
                true => self.receive(b"+"),
                false => self.port.looked(self.now, &mut self.checks),
            }
        }
        if due {
            self.port.timer(self.now, &mut self.checks);
            if self.port.wants_drain() && self.port.drain_look() <= self.now {
                let left = usize::from(self.script.byte());
                self.port.not_drained(left, self.now, &mut self.checks);
            }
            let next = match look && self.port.wants_input() {
                true => self.port.next_deadline(),
                false => self.port.next_deadline_without_look(),
            };
            assert!(next.is_none_or(|next| next >= self.now), "late for ever");
        }
    }

    fn mode(&mut self, answers: u32, mode: Mode) {
        // It may take effect later, behind new settings; but not before this.
        if answers == self.checks.unanswered {
            self.checks.unanswered = 0;
        }
        self.record(&ToHelper::Mode { answers, mode });
    }

    fn operation(&mut self) {
        self.checks.refuse = self.script.bool();
        let length = self.script.duration();
        let record = match self.script.byte() % 7 {
            6 => ToHelper::Hold(self.script.bool()),
            0 => ToHelper::Flush,
            1 => ToHelper::Configure(LineSettings {
                speed: self.script.pick(&[300, 115_200]),
                ..LineSettings::default()
            }),
            2 => ToHelper::SetCircuits(Circuits::default()),
            3 => ToHelper::Drain,
            4 => ToHelper::Break(length),
            _ => ToHelper::SendEscape {
                character: b'+',
                guard: length,
            },
        };
        self.record(&record);
        self.checks.refuse = false;
    }

    fn record(&mut self, record: &ToHelper<'_>) {
        if !self.checks.attached {
            return;
        }
        self.sequence += 1;
        let bits = self.script.byte();
        let flags = Flags {
            ack: bits & 1 != 0,
            urc: bits & 2 != 0,
            result: bits & 4 != 0,
            // No packet has it elsewhere.
            prompt: bits & 15 & !1 == 8 && matches!(record, ToHelper::Write(_)),
        };
        if flags.ack || matches!(record, ToHelper::Flush) {
            self.checks.awaited.push(self.sequence);
        }
        let header = Header {
            sequence: self.sequence,
            flags,
        };
        let before = self.port.output().len();
        self.port.record(header, record, self.now, &mut self.checks);
        if flags.prompt && !self.prompted {
            assert_eq!(self.port.output().len(), before, "a prompt did not wait");
        }
        // What holds the port moves nothing.
        let stays = self.prompted && matches!(record, ToHelper::Hold(_));
        self.prompted = flags.prompt || stays;
    }

    fn drain(&mut self) {
        if self.port.wants_drain() {
            self.port.drained(self.now, &mut self.checks);
        }
    }

    fn circuits(&mut self) {
        match self.script.byte() % 8 {
            0 if !self.gone => {
                self.port.hangup(self.now, &mut self.checks);
                self.checks.breaking = false;
                self.gone = true;
                self.lost = true;
            }
            _ if self.gone => self.returned(),
            bits => {
                let circuits = Circuits {
                    ready: bits & 1 != 0,
                    ..Circuits::default()
                };
                self.lost |= !circuits.ready;
                self.port.circuits(circuits, self.now, &mut self.checks);
            }
        }
    }

    fn returned(&mut self) {
        self.port.returned(self.now, &mut self.checks);
        self.gone = false;
    }

    fn restart(&mut self) {
        if self.checks.attached && !self.checks.deaf && self.script.bool() {
            self.checks.deaf = true;
            return;
        }
        if self.checks.attached {
            self.port.detach(self.now);
            for packet in self.checks.unsent.drain(..) {
                if let Ok((_, record)) = FromHelper::decode(&packet) {
                    self.port.unsent(&record);
                }
            }
            self.checks.deaf = false;
            self.prompted = false;
            self.checks.attached = false;
            self.checks.awaited.clear();
            return;
        }
        self.checks.attached = true;
        let claimed = self.port.attach(self.now);
        self.checks.unanswered = claimed.unanswered;
    }

    /// Everything comes to an end: who asked is answered, and a module's port has lost nothing.
    fn finish(&mut self) {
        if self.checks.violated {
            return;
        }
        if self.gone {
            self.returned();
        }
        if self.checks.deaf {
            self.restart();
        }
        if !self.checks.attached {
            self.restart();
        }
        self.record(&ToHelper::Flush);
        for _ in 0..10_000 {
            let n = self.port.output().len();
            self.port.sent(n, self.now, &mut self.checks);
            self.drain();
            let Some(at) = self.port.next_deadline_without_look() else {
                break;
            };
            self.now = self.now.max(at);
            self.port.timer(self.now, &mut self.checks);
        }
        assert_eq!(self.checks.awaited, [], "who asked was not answered");
        if self.role == Role::Dte && !self.lost {
            let whole = self.checks.payload == self.received;
            assert!(whole, "a byte was lost, or came twice");
        }
    }
}
