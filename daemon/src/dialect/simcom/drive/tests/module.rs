//! A SIMCom module in memory: answers commands one at a time, as the reference says, unless a test wants
//! something else.

use crate::modem::Incoming;
use crate::modem::tests::wire::{FarEnd, Given, Sent};
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// How a command is treated, instead of as usual.
#[derive(Clone, Debug)]
pub(super) enum Mood {
    /// Never answered.
    Mute,
    /// Answered as usual, so much later.
    Late(Duration),
    /// Answered with these bytes and nothing else.
    Says(&'static str),
    /// Answered as usual, after these bytes.
    Preceded(&'static str),
}

/// A mail in the mailbox.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) size: u64,
    pub(super) header: &'static str,
    pub(super) text: &'static [u8],
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
}

/// What the module does with what comes.
#[derive(Debug, Default)]
pub(super) enum Mode {
    #[default]
    Command,
    Body(Vec<u8>),
    Count(String, usize, Vec<u8>),
    Put(String, bool, Vec<u8>),
}

/// What a test sets and looks at.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) seen: Vec<String>,
    pub(super) moods: Vec<(&'static str, u32, Mood)>,
    /// Answers to commands that have one of their own.
    pub(super) answers: BTreeMap<&'static str, &'static str>,
    pub(super) mode: Mode,
    pub(super) bodies: Vec<Vec<u8>>,
    /// Files by their path; the current folder ends in a slash.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) folder: String,
    /// How sendings end, in order; then `SUCCESS`. Empty: not at all.
    pub(super) results: VecDeque<&'static str>,
    pub(super) sending_takes: Duration,
    pub(super) sending: bool,
    pub(super) mails: Vec<Mail>,
    pub(super) logged_in: bool,
    pub(super) marked: Vec<usize>,
    /// The port was held for an earlier daemon.
    pub(super) kept: bool,
    /// What was not sent yet is not wanted any more.
    pub(super) flushed: u32,
    /// What the next fetch leaves behind before it fails.
    pub(super) half_fetched: Option<&'static str>,
    /// Blocks of a download come so far apart.
    pub(super) block_gap: Option<Duration>,
    /// An upload fails after so many bytes.
    pub(super) takes: usize,
    /// Bytes that are free in its memory.
    pub(super) room: u64,
    /// It has no `+FSLS?`.
    pub(super) counts_no_files: bool,
    /// It refuses to go to the folder where it is.
    pub(super) stays: bool,
    /// What the FTP server has.
    pub(super) server: BTreeMap<String, Vec<u8>>,
    /// How data blocks look on the line.
    pub(super) stuffs: bool,
    pub(super) block: usize,
    /// What the end of a download says.
    pub(super) download_ends: &'static str,
    pub(super) upload_ends: &'static str,
    /// So many bytes of the next file are lost on the line.
    pub(super) loses: usize,
    /// How it asks for a text.
    pub(super) prompt: &'static str,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            seen: Vec::new(),
            moods: Vec::new(),
            answers: BTreeMap::from([
                ("+EMAILCID=?", "\r\nERROR\r\n"),
                ("+CSMTPSSRV=?", "\r\nERROR\r\n"),
                ("+CFTPLIST=?", "\r\nERROR\r\n"),
                ("+CEREG?", "\r\nERROR\r\n"),
                ("+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
                ("+CGREG?", "\r\n+CGREG: 0,1\r\n\r\nOK\r\n"),
                ("+CGMI", "\r\nSIMCOM INCORPORATED\r\n\r\nOK\r\n"),
                ("+CGMM", "\r\nSIMCOM_SIM5320E\r\n\r\nOK\r\n"),
                ("+CGMR", "\r\n+CGMR: SIM5320E_V1.5\r\n\r\nOK\r\n"),
            ]),
            mode: Mode::Command,
            bodies: Vec::new(),
            files: BTreeMap::new(),
            folder: "C:/".into(),
            results: VecDeque::new(),
            sending_takes: Duration::from_secs(2),
            sending: false,
            mails: Vec::new(),
            logged_in: false,
            marked: Vec::new(),
            kept: false,
            flushed: 0,
            half_fetched: None,
            block_gap: None,
            takes: usize::MAX,
            room: 1 << 20,
            counts_no_files: false,
            stays: false,
            server: BTreeMap::new(),
            stuffs: false,
            block: 1020,
            download_ends: "\r\n+CFTPGET: 0\r\n",
            upload_ends: "\r\nOK\r\n",
            loses: 0,
            prompt: "\r\n>> ",
        }
    }
}

/// The module. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake(Arc<Mutex<Memory>>);

impl Fake {
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap()
    }

    /// Treats the next so many commands that begin so in this mood.
    pub(super) fn mood(&self, command: &'static str, times: u32, mood: Mood) {
        self.memory().moods.push((command, times, mood));
    }

    /// Commands seen so far that begin so.
    pub(super) fn count(&self, command: &str) -> usize {
        let memory = self.memory();
        let seen = memory.seen.iter();
        seen.filter(|seen| seen.starts_with(command)).count()
    }

    /// Plays the module at every wire that the driver opens.
    pub(super) async fn play(self, mut far_ends: mpsc::UnboundedReceiver<FarEnd>) {
        while let Some(far) = far_ends.recv().await {
            let kept = self.memory().kept;
            let claimed = Incoming::Claimed { kept };
            let _ = far.to_driver.send(Given::Event(claimed));
            let session = Session {
                fake: self.clone(),
                far,
                line: Vec::new(),
                due: Vec::new(),
            };
            session.run().await;
        }
    }
}

struct Session {
    fake: Fake,
    far: FarEnd,
    line: Vec<u8>,
    /// Lines that come by themselves, and when.
    due: Vec<(Instant, Vec<u8>)>,
}

impl Session {
    async fn run(mut self) {
        loop {
            let due = self.due.iter().map(|(at, _)| *at).min();
            tokio::select! {
                biased;
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.tell_due(),
                sent = self.far.from_driver.recv() => match sent {
                    None | Some(Sent::Released) => return,
                    Some(Sent::Speed(_) | Sent::Dtr) => {}
                    Some(Sent::Flushed) => self.fake.memory().flushed += 1,
                    Some(Sent::Bytes(bytes)) => {
                        for byte in bytes {
                            self.byte(byte).await;
                        }
                    }
                },
            }
        }
    }

    fn tell_due(&mut self) {
        let now = Instant::now();
        let due = std::mem::take(&mut self.due);
        for (at, text) in due {
            if at > now {
                self.due.push((at, text));
                continue;
            }
            if text.starts_with(b"\r\n+SMTP: ") {
                self.fake.memory().sending = false;
            }
            self.give(&text);
        }
    }

    fn give(&self, bytes: &[u8]) {
        let _ = self.far.to_driver.send(Given::Bytes(bytes.to_vec()));
    }

    async fn byte(&mut self, byte: u8) {
        let in_command = matches!(self.fake.memory().mode, Mode::Command);
        if in_command {
            return self.command_byte(byte).await;
        }
        if let Some(answer) = self.fake.memory().data(byte) {
            self.give(answer.as_bytes());
        }
    }

    async fn command_byte(&mut self, byte: u8) {
        if byte != b'\r' {
            return self.line.push(byte);
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let Some(at) = line.find("AT") else {
            return;
        };
        let command = &line[at + 2..];
        let mood = {
            let mut memory = self.fake.memory();
            memory.seen.push(command.to_owned());
            let mut moods = memory.moods.iter_mut();
            let found = moods.find(|(begin, times, _)| *times > 0 && command.starts_with(begin));
            found.map(|(_, times, mood)| {
                *times -= 1;
                mood.clone()
            })
        };
        match mood {
            Some(Mood::Mute) => return,
            Some(Mood::Late(delay)) => sleep(delay).await,
            Some(Mood::Says(text)) => {
                let mut memory = self.fake.memory();
                if let Some(path) = memory
                    .half_fetched
                    .take_if(|_| command.starts_with("+POP3GET"))
                {
                    memory.files.insert(path.to_owned(), Vec::new());
                }
                drop(memory);
                return self.give(text.as_bytes());
            }
            Some(Mood::Preceded(text)) => self.give(text.as_bytes()),
            None => {}
        }
        let answer = self.answer(command);
        self.give(&answer);
    }

    fn answer(&mut self, command: &str) -> Vec<u8> {
        let mut memory = self.fake.memory();
        if let Some(answer) = memory.answers.get(command) {
            return answer.as_bytes().to_vec();
        }
        if command.contains("+CMEE?") {
            let lines = command.split(';').map(|_| "\r\n+CMEE: 1\r\n");
            return format!("{}\r\nOK\r\n", lines.collect::<String>()).into_bytes();
        }
        let (name, values) = command.split_once('=').unwrap_or((command, ""));
        let values: Vec<&str> = values
            .split(',')
            .map(|value| value.trim_matches('"'))
            .collect();
        match name {
            _ if values == ["?"] => b"\r\nOK\r\n".to_vec(),
            _ if name.starts_with("+POP3") => memory.mailbox(name, &values, &mut self.due),
            "+CFTPPUT" | "+CFTPGET" | "+CFTPLIST" => {
                memory.transfer(name, values[0], &mut self.due)
            }
            _ => memory.other(name, &values, &mut self.due),
        }
    }
}

pub(super) fn ok(info: &str) -> Vec<u8> {
    match info {
        "" => "\r\nOK\r\n".into(),
        info => format!("\r\n{info}\r\n\r\nOK\r\n").into(),
    }
}

pub(super) fn error(info: &str) -> Vec<u8> {
    match info {
        "" => "\r\nERROR\r\n".into(),
        info => format!("\r\n{info}\r\n\r\nERROR\r\n").into(),
    }
}

impl Memory {
    /// Takes a byte in a data mode; what it says when that ends.
    fn data(&mut self, byte: u8) -> Option<&'static str> {
        let answer = match &mut self.mode {
            Mode::Command => return None,
            Mode::Body(body) => match byte {
                0x1a | 0x1b => {
                    let body = std::mem::take(body);
                    self.bodies
                        .push(if byte == 0x1a { body } else { Vec::new() });
                    "\r\nOK\r\n"
                }
                byte => {
                    body.push(byte);
                    return None;
                }
            },
            Mode::Count(path, left, bytes) => {
                bytes.push(byte);
                *left -= 1;
                if *left > 0 {
                    return None;
                }
                let (path, bytes) = (std::mem::take(path), std::mem::take(bytes));
                self.files.insert(path, bytes);
                "\r\nOK\r\n"
            }
            Mode::Put(path, led, bytes) => {
                if !*led && byte == 0x1a {
                    let (path, bytes) = (std::mem::take(path), std::mem::take(bytes));
                    self.server.insert(path, bytes);
                    self.upload_ends
                } else {
                    let leads = !*led && byte == 0x03;
                    *led = leads;
                    if !leads {
                        bytes.push(byte);
                    }
                    if bytes.len() < self.takes {
                        return None;
                    }
                    "\r\n+CME ERROR: 210\r\n"
                }
            }
        };
        self.mode = Mode::Command;
        Some(answer)
    }

    fn other(&mut self, name: &str, values: &[&str], due: &mut Vec<(Instant, Vec<u8>)>) -> Vec<u8> {
        match name {
            "+SMTPSEND?" => ok(&format!("+SMTPSEND: {}", u8::from(self.sending))),
            "+SMTPSTOP" if self.sending => {
                self.sending = false;
                due.clear();
                ok("")
            }
            "+SMTPSTOP" => error(""),
            "+SMTPBODY" => {
                self.mode = Mode::Body(Vec::new());
                self.prompt.as_bytes().to_vec()
            }
            "+SMTPFILE" if values.len() == 2 => {
                let path = format!("{}{}", self.folder, values[1]);
                if self.files.contains_key(&path) {
                    ok("")
                } else {
                    error("")
                }
            }
            _ if name.starts_with("+SMTP") && self.sending => error(""),
            "+SMTPSEND" => {
                self.sending = true;
                let result = self.results.pop_front().unwrap_or("SUCCESS");
                let at = Instant::now() + self.sending_takes;
                if !result.is_empty() {
                    due.push((at, format!("\r\n+SMTP: {result}\r\n").into()));
                }
                ok("+SMTP: OK")
            }
            "+CFTPGETFILE" | "+CFTPPUTFILE" => self.module_file(name, values[0], due),
            "+CFTRANRX" | "+CFTRANTX" => self.file(name, values),
            _ if name.starts_with("+FS") => self.file(name, values),
            _ => ok(""),
        }
    }

    fn mailbox(
        &mut self,
        name: &str,
        values: &[&str],
        due: &mut Vec<(Instant, Vec<u8>)>,
    ) -> Vec<u8> {
        let nth = values[0].parse::<usize>().unwrap_or_default();
        let sizes = self.mails.iter().map(|mail| mail.size);
        let total: u64 = sizes.sum();
        let mail = self.mails.get(nth.wrapping_sub(1)).cloned();
        match (name, mail) {
            ("+POP3SRV", _) if self.logged_in => error(""),
            ("+POP3SRV", _) => ok(""),
            ("+POP3IN", _) if !self.logged_in => {
                self.logged_in = true;
                ok("+POP3: SUCCESS")
            }
            _ if !self.logged_in => error(""),
            ("+POP3NUM", _) => ok(&format!("+POP3: {}, {total}", self.mails.len())),
            ("+POP3LIST", _) => {
                let lines = (1..).zip(&self.mails);
                let lines = lines.map(|(nth, mail)| format!("\r\n{nth} {}", mail.size));
                let lines: String = lines.collect();
                ok(&format!("+POP3: {} {total}{lines}", self.mails.len()))
            }
            ("+POP3HDR", Some(mail)) => ok(mail.header),
            ("+POP3GET", Some(mail)) => {
                let folder = "C:/Email/261122020304/";
                let text = (format!("{folder}EMAIL000.TXT"), mail.text.to_vec());
                let files = mail.files.into_iter();
                let files = files.map(|(name, bytes)| (format!("{folder}{name}"), bytes));
                self.files.extend(files.chain([text]));
                let said = format!("\r\n+POP3: SUCCESS\r\n{folder}, EMAIL000.TXT\r\n");
                due.push((Instant::now() + Duration::from_secs(3), said.into()));
                ok("")
            }
            ("+POP3DEL", Some(_)) => {
                self.marked.push(nth);
                ok("+POP3: SUCCESS")
            }
            ("+POP3OUT", _) => {
                self.logged_in = false;
                let marked = std::mem::take(&mut self.marked);
                let mut nth = 0;
                self.mails.retain(|_| {
                    nth += 1;
                    !marked.contains(&nth)
                });
                ok("+POP3: SUCCESS")
            }
            ("+POP3STOP", _) => {
                self.logged_in = false;
                self.marked.clear();
                due.clear();
                ok("")
            }
            _ => error("+POP3: SERVER ERROR"),
        }
    }

    fn transfer(&mut self, name: &str, path: &str, due: &mut Vec<(Instant, Vec<u8>)>) -> Vec<u8> {
        if name == "+CFTPPUT" {
            self.mode = Mode::Put(path.to_owned(), false, Vec::new());
            return b"\r\n+CFTPPUT: BEGIN\r\n".to_vec();
        }
        let Some(bytes) = self.server.get(path) else {
            return b"\r\n+CME ERROR: 211\r\n".to_vec();
        };
        let mut answer = b"\r\nOK\r\n".to_vec();
        let end = self.download_ends.replace("+CFTPGET", name);
        if let Some(gap) = self.block_gap {
            let blocks = bytes.chunks(self.block).map(|one| self.blocks(name, one));
            let mut at = Instant::now();
            due.extend(blocks.chain([end.into_bytes()]).map(|piece| {
                at += gap;
                (at, piece)
            }));
            return answer;
        }
        answer.extend(self.blocks(name, bytes));
        answer.extend(end.into_bytes());
        answer
    }

    pub(super) fn blocks(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let lead = |&byte: &u8| match byte {
            0x03 | 0x1a if self.stuffs => vec![0x03, byte],
            byte => vec![byte],
        };
        let mut blocks = Vec::new();
        for block in bytes.chunks(self.block) {
            blocks.extend(format!("\r\n{name}: DATA,{}\r\n", block.len()).into_bytes());
            blocks.extend(block.iter().flat_map(lead));
        }
        blocks
    }
}
