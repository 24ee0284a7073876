//! A module in memory: answers commands in order, one at a time, from a table of what it says to what.
//! As true to a real one as the tests need: echo, numeric results, data modes that only `+++` or their
//! length end, commands that are answered late or not at all, a result that comes as a line of its own.

use super::wire::{FarEnd, Given, Sent};
use crate::modem::Incoming;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// How a command is treated, instead of as usual.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// Never answered.
    Mute,
    /// Answered as usual, so much later; what comes meanwhile waits.
    Late(Duration),
    /// Answered with these bytes and nothing else.
    Says(String),
    /// Answered as usual, after these bytes.
    Preceded(String),
    /// The device goes away.
    Unplugged,
    /// The module restarts: `RDY`, everything forgotten.
    Restarts,
}

/// What a test sets and looks at.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) echo: bool,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
    pub(crate) speed: u32,
    pub(crate) line_speed: u32,
    /// Nothing is answered at all.
    pub(crate) dead: bool,
    pub(crate) model: &'static str,
    /// Bytes of a data mode still to come; their end says `after`.
    pub(crate) data_left: u64,
    pub(crate) after_data: String,
    /// A text prompt that takes everything up to Ctrl-Z or ESC.
    pub(crate) at_prompt: bool,
    /// Commands, in order, without `AT`.
    pub(crate) seen: Vec<String>,
    /// Payloads, in order.
    pub(crate) payloads: Vec<Vec<u8>>,
    payload: Vec<u8>,
    pub(crate) moods: Vec<(&'static str, u32, Mood)>,
    /// What the sendings come to, in order; then `0,0`.
    pub(crate) results: VecDeque<&'static str>,
    pub(crate) sending_takes: Duration,
    /// A line that comes by itself, so long after the next command.
    pub(crate) comes: Option<(Duration, &'static str)>,
    pub(crate) files: Vec<String>,
    pub(crate) context_active: bool,
    pub(crate) reopened: u32,
    /// The port was held for an earlier daemon; what was kept, and what comes at once after it.
    pub(crate) kept: Option<Vec<&'static str>>,
    /// Things that were done to it and might stop what it does.
    pub(crate) disturbed: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            echo: true,
            verbose: true,
            quiet: false,
            speed: 115_200,
            line_speed: 115_200,
            dead: false,
            model: "EC25",
            data_left: 0,
            after_data: String::new(),
            at_prompt: false,
            seen: Vec::new(),
            payloads: Vec::new(),
            payload: Vec::new(),
            moods: Vec::new(),
            results: VecDeque::new(),
            sending_takes: Duration::from_secs(2),
            comes: None,
            files: Vec::new(),
            context_active: false,
            reopened: 0,
            kept: None,
            disturbed: 0,
        }
    }
}

/// The module. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Arc<Mutex<Memory>>);

impl Fake {
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap()
    }

    /// Treats the next so many commands that begin so in this mood.
    pub(crate) fn mood(&self, command: &'static str, times: u32, mood: Mood) {
        self.memory().moods.push((command, times, mood));
    }

    /// Commands seen so far that begin so.
    pub(crate) fn count(&self, command: &str) -> usize {
        let memory = self.memory();
        memory
            .seen
            .iter()
            .filter(|seen| seen.starts_with(command))
            .count()
    }

    /// Plays the module at every wire that the driver opens.
    pub(crate) async fn play(self, mut far_ends: mpsc::UnboundedReceiver<FarEnd>) {
        while let Some(far) = far_ends.recv().await {
            {
                let mut memory = self.memory();
                memory.reopened += 1;
            }
            let kept = self.memory().kept.take();
            let claimed = Incoming::Claimed {
                kept: kept.is_some(),
            };
            let _ = far.to_driver.send(Given::Event(claimed));
            for bytes in kept.into_iter().flatten() {
                let _ = far.to_driver.send(Given::Bytes(bytes.into()));
            }
            Session {
                fake: self.clone(),
                far,
                line: Vec::new(),
                plus: Vec::new(),
                due: Vec::new(),
                last_byte: Instant::now(),
            }
            .run()
            .await;
        }
    }
}

struct Session {
    fake: Fake,
    far: FarEnd,
    line: Vec<u8>,
    /// `+++` after a silence; real at the next silence.
    plus: Vec<u8>,
    /// Lines that come by themselves, and when.
    due: Vec<(Instant, String)>,
    last_byte: Instant,
}

const GUARD: Duration = Duration::from_secs(1);

impl Session {
    async fn run(mut self) {
        loop {
            let guard = self.last_byte + GUARD;
            let due = self.due.iter().map(|(at, _)| *at).min();
            tokio::select! {
                biased;
                () = sleep_until(due.unwrap_or(guard)), if due.is_some() => self.tell_due(),
                () = sleep_until(guard), if !self.plus.is_empty() => self.guard_over(),
                sent = self.far.from_driver.recv() => match sent {
                    None | Some(Sent::Released) => return,
                    Some(Sent::Speed(speed)) => {
                        let mut memory = self.fake.memory();
                        memory.line_speed = speed;
                        memory.disturbed += 1;
                    }
                    Some(Sent::Flushed) => {}
                    Some(Sent::Dtr) => self.fake.memory().disturbed += 1,
                    Some(Sent::Bytes(bytes)) => self.bytes(&bytes).await,
                },
            }
        }
    }

    fn tell_due(&mut self) {
        let now = Instant::now();
        let (ready, later) = self.due.drain(..).partition(|(at, _)| *at <= now);
        self.due = later;
        for (_, text) in Vec::<(Instant, String)>::from_iter(ready as Vec<_>) {
            self.give(&text);
        }
    }

    fn give(&self, text: &str) {
        let _ = self
            .far
            .to_driver
            .send(Given::Bytes(text.as_bytes().to_vec()));
    }

    /// A silence after `+++`: an escape if it was just that.
    fn guard_over(&mut self) {
        let plus = std::mem::take(&mut self.plus);
        let mut memory = self.fake.memory();
        if plus == b"+++" && memory.data_left > 0 {
            memory.data_left = 0;
            let payload = std::mem::take(&mut memory.payload);
            memory.payloads.push(payload);
            let after = std::mem::take(&mut memory.after_data);
            drop(memory);
            self.give(&after);
        } else if memory.data_left > 0 {
            memory.payload.extend(plus);
        }
    }

    async fn bytes(&mut self, bytes: &[u8]) {
        let silent = self.last_byte.elapsed() >= GUARD;
        self.last_byte = Instant::now();
        {
            let mut memory = self.fake.memory();
            memory.disturbed += u32::from(bytes == b"+++");
            if memory.dead || memory.speed != memory.line_speed {
                return;
            }
        }
        if bytes == b"+++" && silent && self.fake.memory().data_left > 0 {
            self.plus = bytes.to_vec();
            return;
        }
        for &byte in bytes {
            self.byte(byte).await;
        }
    }

    async fn byte(&mut self, byte: u8) {
        {
            let mut memory = self.fake.memory();
            if memory.data_left > 0 {
                memory.payload.push(byte);
                memory.data_left -= 1;
                if memory.data_left == 0 {
                    let payload = std::mem::take(&mut memory.payload);
                    memory.payloads.push(payload);
                    let after = std::mem::take(&mut memory.after_data);
                    drop(memory);
                    self.give(&after);
                }
                return;
            }
            if memory.at_prompt {
                if byte == 0x1b || byte == 0x1a {
                    memory.at_prompt = false;
                    drop(memory);
                    self.give("\r\nOK\r\n");
                }
                return;
            }
        }
        if byte != b'\r' {
            self.line.push(byte);
            return;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if self.fake.memory().echo {
            self.give(&format!("{line}\r"));
        }
        // What stands before AT is noise.
        if let Some(at) = line.to_ascii_uppercase().find("AT") {
            self.command(&line[at + 2..]).await;
        }
    }

    async fn command(&mut self, command: &str) {
        let mood = {
            let mut memory = self.fake.memory();
            memory.seen.push(command.to_owned());
            if let Some((delay, line)) = memory.comes.take() {
                let line = format!("\r\n{line}\r\n");
                self.due.push((Instant::now() + delay, line));
            }
            let found = memory
                .moods
                .iter_mut()
                .find(|(begin, times, _)| *times > 0 && command.starts_with(begin));
            found.map(|(_, times, mood)| {
                *times -= 1;
                mood.clone()
            })
        };
        match mood {
            Some(Mood::Mute) => return,
            Some(Mood::Late(delay)) => sleep(delay).await,
            Some(Mood::Says(text)) => return self.give(&text),
            Some(Mood::Preceded(text)) => self.give(&text),
            Some(Mood::Unplugged) => {
                let _ = self.far.to_driver.send(Given::Event(Incoming::Hangup));
                sleep(Duration::from_secs(7)).await;
                let claimed = Incoming::Claimed { kept: false };
                let _ = self.far.to_driver.send(Given::Event(claimed));
                return;
            }
            Some(Mood::Restarts) => {
                sleep(Duration::from_secs(5)).await;
                let mut memory = self.fake.memory();
                memory.echo = true;
                memory.context_active = false;
                memory.files.clear();
                drop(memory);
                return self.give("\r\nRDY\r\n\r\n+CFUN: 1\r\n");
            }
            None => {}
        }
        let answer = self.answer(command);
        self.give(&answer);
    }

    fn answer(&mut self, command: &str) -> String {
        let mut memory = self.fake.memory();
        if let Some(flags) = command.strip_prefix('E') {
            memory.echo = flags.starts_with('1');
            memory.verbose |= flags.contains("V1");
            memory.quiet &= !flags.contains("Q0");
        }
        let (info, result) = reply(&mut memory, command, &mut self.due);
        if memory.quiet {
            return String::new();
        }
        let mut text: String = info.iter().map(|line| format!("\r\n{line}\r\n")).collect();
        match (memory.verbose, result.as_str()) {
            (false, "OK") => text.push_str("0\r"),
            (false, "ERROR") => text.push_str("4\r"),
            (_, result) => text.push_str(&format!("\r\n{result}\r\n")),
        }
        text
    }
}

/// Information lines and result.
fn reply(
    memory: &mut Memory,
    command: &str,
    due: &mut Vec<(Instant, String)>,
) -> (Vec<String>, String) {
    let ok = || "OK".to_owned();
    if command.contains("+CMEE?") {
        let lines = command.split(';').map(|_| "+CMEE: 1".to_owned());
        return (lines.collect(), ok());
    }
    let (name, values) = command.split_once('=').unwrap_or((command, ""));
    let first = values.split(',').next().unwrap_or("").trim_matches('"');
    match name {
        "+CGMI" => (vec!["Quectel".into()], ok()),
        "+CGMM" => (vec![memory.model.into()], ok()),
        "+CGMR" => (vec!["EC25EFAR02A09M4G".into()], ok()),
        "+CSQ" => (vec!["+CSQ: 31,99".into()], ok()),
        "+CEREG?" => (vec!["+CEREG: 0,1".into()], ok()),
        "+CREG?" => (vec!["+CREG: 2,1,\"1A2B\",\"01CD2E\",7".into()], ok()),
        "+QIACT?" if memory.context_active => (vec!["+QIACT: 1,1,1,\"10.7.157.1\"".into()], ok()),
        "+QIACT" => {
            memory.context_active = true;
            (vec![], ok())
        }
        "+IPR" => {
            memory.speed = values.parse().unwrap_or(memory.speed);
            (vec![], ok())
        }
        "+QSMTPBODY" if values != "?" => {
            let length: u64 = values.split(',').nth(1).unwrap_or("1").parse().unwrap();
            memory.data_left = length;
            memory.after_data = format!("\r\n+QSMTPBODY: {length}\r\n\r\nOK\r\n");
            (vec![], "CONNECT".into())
        }
        "+QFUPL" => {
            if memory.files.iter().any(|file| file == first) {
                return (vec![], "+CME ERROR: 407".into());
            }
            let length: u64 = values.split(',').nth(1).unwrap_or("1").parse().unwrap();
            memory.files.push(first.to_owned());
            memory.data_left = length;
            // Tests upload zeros, whose sum is zero.
            memory.after_data = format!("\r\n+QFUPL: {length},0\r\n\r\nOK\r\n");
            (vec![], "CONNECT".into())
        }
        "+QFDEL" => {
            memory.files.retain(|file| file != first);
            (vec![], ok())
        }
        "+QSMTPPUT" => {
            let result = memory.results.pop_front().unwrap_or("0,0");
            let at = Instant::now() + memory.sending_takes;
            if !result.is_empty() {
                due.push((at, format!("\r\n+QSMTPPUT: {result}\r\n")));
            }
            (vec![], ok())
        }
        "+CMGS" => {
            memory.at_prompt = true;
            (vec![], "> ".into())
        }
        "+NOSUCH" => (vec![], "ERROR".into()),
        _ => (vec![], ok()),
    }
}
