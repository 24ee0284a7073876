//! A SIMCom module at a TTY's far end that keeps what it is given, and stops in the middle of something where a test
//! wants that: then it neither reads nor says anything until it is told to go on.

use crate::equipment::Equipment;
use crate::wait;
use anyhow::{Context as _, Result, anyhow};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often it looks whether something came.
const LOOK: Duration = Duration::from_millis(5);

/// Bytes of a block.
const BLOCK: usize = 1000;

/// Where it stops, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// After the first bytes of a text.
    Text,
    /// After the first bytes of a file that it counts.
    File,
    /// After the first bytes of an upload.
    Upload,
    /// After some blocks of a download.
    Download,
    /// When a mailbox is open.
    Mailbox,
}

/// What it has.
#[derive(Debug, Default)]
pub struct Memory {
    /// Commands that came, without `AT`.
    pub seen: Vec<String>,
    /// The text of the mail that is composed.
    pub text: Vec<u8>,
    /// Each mail that was sent: its text, and its files.
    pub sent: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// Its files by their path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the server of files has.
    pub server: BTreeMap<String, Vec<u8>>,
    /// A mailbox is open.
    pub logged_in: bool,
    folder: String,
    attached: Vec<Vec<u8>>,
}

/// The module; it is played until it is dropped.
pub struct SimcomModule {
    memory: Arc<Mutex<Memory>>,
    reached: Receiver<()>,
    go_on: Option<Sender<()>>,
    player: Option<JoinHandle<Result<()>>>,
}

impl SimcomModule {
    /// Plays it, with this on the server of files.
    pub fn start(tty: Equipment, halt: Halt, server: &[(&str, &[u8])]) -> Self {
        let memory = Arc::new(Mutex::new(Memory::default()));
        for (path, bytes) in server {
            let mut memory = lock(&memory);
            memory.server.insert((*path).to_owned(), bytes.to_vec());
        }
        let (reaches, reached) = channel();
        let (go_on, told) = channel();
        let mut player = Player {
            tty,
            memory: Arc::clone(&memory),
            mode: Mode::Command,
            line: Vec::new(),
            halt: Some(halt),
            reaches,
            told,
        };
        Self {
            memory,
            reached,
            go_on: Some(go_on),
            player: Some(thread::spawn(move || player.play())),
        }
    }

    /// What it has now.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    /// It does not for a long time.
    pub fn stopped(&self) -> Result<()> {
        let stopped = self.reached.recv_timeout(2 * wait::LONG);
        stopped.context("the module never came to where it is to stop")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// It is gone.
    pub fn go_on(&self) -> Result<()> {
        let go_on = self.go_on.as_ref().context("it is gone")?;
        Ok(go_on.send(())?)
    }

    /// How many commands that begin so have come.
    pub fn count(&self, command: &str) -> usize {
        let memory = self.memory();
        let seen = memory.seen.iter();
        seen.filter(|seen| seen.starts_with(command)).count()
    }

    /// Ends it and says what went wrong with it.
    ///
    /// # Errors
    /// The TTY failed under it.
    pub fn end(mut self) -> Result<()> {
        self.go_on = None;
        let player = self.player.take().context("it was ended before")?;
        player.join().map_err(|_| anyhow!("the module panicked"))?
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Mode {
    Command,
    Text(Vec<u8>),
    File(String, usize, Vec<u8>),
    Upload(String, bool, Vec<u8>),
}

struct Player {
    tty: Equipment,
    memory: Arc<Mutex<Memory>>,
    mode: Mode,
    line: Vec<u8>,
    halt: Option<Halt>,
    reaches: Sender<()>,
    told: Receiver<()>,
}

impl Player {
    fn play(&mut self) -> Result<()> {
        while self.told.try_recv() != Err(TryRecvError::Disconnected) {
            for byte in self.tty.collect(LOOK)? {
                match self.mode {
                    Mode::Command => self.command_byte(byte)?,
                    _ => self.data_byte(byte)?,
                }
            }
        }
        Ok(())
    }

    /// Stops here if it is to.
    fn pass(&mut self, at: Halt) {
        if self.halt == Some(at) {
            self.halt = None;
            let _ = self.reaches.send(());
            let _ = self.told.recv();
        }
    }

    fn say(&self, text: &str) -> Result<()> {
        self.tty.send(text)
    }

    fn data_byte(&mut self, byte: u8) -> Result<()> {
        let (at, count, over) = match &mut self.mode {
            Mode::Command => return Ok(()),
            Mode::Text(text) => match byte {
                0x1a | 0x1b => (Halt::Text, 0, true),
                byte => {
                    text.push(byte);
                    (Halt::Text, text.len(), false)
                }
            },
            Mode::File(_, left, bytes) => {
                bytes.push(byte);
                *left -= 1;
                (Halt::File, bytes.len(), *left == 0)
            }
            Mode::Upload(_, led, bytes) => {
                let leads = !*led && byte == 0x03;
                let over = !*led && byte == 0x1a;
                *led = leads;
                if !leads && !over {
                    bytes.push(byte);
                }
                (Halt::Upload, bytes.len(), over)
            }
        };
        if count == 5 {
            self.pass(at);
        }
        if !over {
            return Ok(());
        }
        let mut memory = lock(&self.memory);
        match std::mem::replace(&mut self.mode, Mode::Command) {
            Mode::Text(text) if byte == 0x1a => memory.text = text,
            Mode::Text(_) => memory.text.clear(),
            Mode::File(path, _, bytes) => drop(memory.files.insert(path, bytes)),
            Mode::Upload(path, _, bytes) => drop(memory.server.insert(path, bytes)),
            Mode::Command => {}
        }
        drop(memory);
        self.say("\r\nOK\r\n")
    }

    fn command_byte(&mut self, byte: u8) -> Result<()> {
        if byte != b'\r' {
            self.line.push(byte);
            return Ok(());
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let Some(command) = line.find("AT").map(|at| line[at + 2..].to_owned()) else {
            return Ok(());
        };
        lock(&self.memory).seen.push(command.clone());
        self.answer(&command)
    }

    fn answer(&mut self, command: &str) -> Result<()> {
        if command.starts_with("+CMEE?") {
            let lines = command.split(';').map(|_| "\r\n+CMEE: 1\r\n");
            return self.say(&format!("{}\r\nOK\r\n", lines.collect::<String>()));
        }
        let (name, values) = command.split_once('=').unwrap_or((command, ""));
        let values: Vec<String> = values
            .split(',')
            .map(|value| value.trim_matches('"').to_owned())
            .collect();
        let first = values[0].clone();
        match name {
            "+EMAILCID" | "+CSMTPSSRV" => self.say("\r\nERROR\r\n"),
            _ if first == "?" => self.say("\r\nOK\r\n"),
            "+SMTPBODY" => {
                self.mode = Mode::Text(Vec::new());
                self.say("\r\n>> ")
            }
            "+CFTRANRX" => {
                let length = values.get(1).context("no length")?.parse()?;
                self.mode = Mode::File(first, length, Vec::new());
                self.say("\r\n>")
            }
            "+CFTPPUT" => {
                self.mode = Mode::Upload(first, false, Vec::new());
                self.say("\r\n+CFTPPUT: BEGIN\r\n")
            }
            "+CFTPGET" => self.stream(&first),
            "+SMTPSEND" => {
                let mut memory = lock(&self.memory);
                let mail = (
                    std::mem::take(&mut memory.text),
                    std::mem::take(&mut memory.attached),
                );
                memory.sent.push(mail);
                drop(memory);
                self.say("\r\n+SMTP: OK\r\n\r\nOK\r\n\r\n+SMTP: SUCCESS\r\n")
            }
            _ if name.starts_with("+POP3") => self.mailbox(name),
            _ => {
                let said = lock(&self.memory).plain(name, &values);
                self.say(&said)
            }
        }
    }

    fn stream(&mut self, path: &str) -> Result<()> {
        let bytes = lock(&self.memory).server.get(path).cloned();
        let Some(bytes) = bytes else {
            return self.say("\r\n+CME ERROR: 211\r\n");
        };
        self.say("\r\nOK\r\n")?;
        for (nth, block) in bytes.chunks(BLOCK).enumerate() {
            if nth == 3 {
                self.pass(Halt::Download);
            }
            self.say(&format!("\r\n+CFTPGET: DATA,{}\r\n", block.len()))?;
            self.tty.send(block)?;
        }
        self.say("\r\n+CFTPGET: 0\r\n")
    }

    fn mailbox(&mut self, name: &str) -> Result<()> {
        let said = {
            let mut memory = lock(&self.memory);
            match (name, memory.logged_in) {
                ("+POP3SRV", false) => "\r\nOK\r\n",
                ("+POP3IN", false) => {
                    memory.logged_in = true;
                    "\r\n+POP3: SUCCESS\r\n\r\nOK\r\n"
                }
                ("+POP3LIST", true) => "\r\n+POP3: 0 0\r\n\r\nOK\r\n",
                ("+POP3OUT", true) => {
                    memory.logged_in = false;
                    "\r\n+POP3: SUCCESS\r\n\r\nOK\r\n"
                }
                ("+POP3STOP", true) => {
                    memory.logged_in = false;
                    "\r\nOK\r\n"
                }
                _ => "\r\nERROR\r\n",
            }
        };
        self.say(said)?;
        if name == "+POP3IN" {
            self.pass(Halt::Mailbox);
        }
        Ok(())
    }
}

impl Memory {
    /// What has no data mode.
    fn plain(&mut self, name: &str, values: &[String]) -> String {
        let told = match name {
            "+CGMI" => "SIMCOM INCORPORATED".to_owned(),
            "+CGMM" => "SIMCOM_SIM5320E".to_owned(),
            "+CGMR" => "+CGMR: SIM5320E_V1.5".to_owned(),
            "+CPIN?" => "+CPIN: READY".to_owned(),
            "+CGREG?" => "+CGREG: 0,1".to_owned(),
            "+SMTPSEND?" => "+SMTPSEND: 0".to_owned(),
            "+FSCD" => {
                self.folder = values[0].trim_end_matches('/').to_owned();
                format!("+FSCD: {}/", self.folder)
            }
            "+FSDEL" => {
                let folder = format!("{}/", self.folder);
                self.files.retain(|path, _| !path.starts_with(&folder));
                return "\r\nOK\r\n".to_owned();
            }
            "+SMTPFILE" => {
                let path = values.get(1).map(|file| format!("{}/{file}", self.folder));
                match path.map(|path| self.files.get(&path)) {
                    None => self.attached.clear(),
                    Some(Some(bytes)) => self.attached.push(bytes.clone()),
                    Some(None) => return "\r\nERROR\r\n".to_owned(),
                }
                return "\r\nOK\r\n".to_owned();
            }
            _ => return "\r\nOK\r\n".to_owned(),
        };
        format!("\r\n{told}\r\n\r\nOK\r\n")
    }
}
