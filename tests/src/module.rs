//! A module at a TTY's far end that answers by a script and sends nothing anywhere: how its sendings end, and
//! when, is said by the test.

use crate::equipment::Equipment;
use crate::wait;
use anyhow::{Context as _, Result, anyhow};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often a module that is asked nothing looks whether it is to say something.
const LOOK: Duration = Duration::from_millis(20);

/// A Quectel EC25 that is up, registered and answers everything.
pub struct Module {
    seen: Arc<Mutex<Vec<String>>>,
    says: Option<Sender<String>>,
    said: Receiver<()>,
    player: Option<JoinHandle<Result<()>>>,
}

impl Module {
    /// Plays it until it is dropped.
    pub fn start(mut tty: Equipment) -> Self {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let (says, to_say) = channel::<String>();
        let (is_said, said) = channel();
        tty.set_patience(LOOK);
        let mut player = Player {
            tty,
            seen: Arc::clone(&seen),
            sending: false,
        };
        let play = move || {
            loop {
                match to_say.try_recv() {
                    Ok(result) => {
                        player.sending = false;
                        player.say(&[&format!("+QSMTPPUT: {result}")])?;
                        is_said.send(())?;
                    }
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return Ok(()),
                    Err(std::sync::mpsc::TryRecvError::Empty) => player.listen()?,
                }
            }
        };
        Self {
            seen,
            says: Some(says),
            said,
            player: Some(thread::spawn(play)),
        }
    }

    /// The sending that is under way ends, with these numbers; returns when the line is on its way.
    ///
    /// # Errors
    /// The module has stopped.
    pub fn sending_ends(&self, result: &str) -> Result<()> {
        let says = self.says.as_ref().context("it has stopped")?;
        says.send(result.to_owned())?;
        Ok(self.said.recv_timeout(wait::LONG)?)
    }

    /// How many commands that begin so were answered.
    pub fn count(&self, command: &str) -> usize {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let commands = seen.iter();
        commands.filter(|seen| seen.starts_with(command)).count()
    }

    /// Waits until so many commands that begin so were answered.
    ///
    /// # Errors
    /// They were not for a long time.
    pub fn reached(&self, command: &str, count: usize) -> Result<()> {
        wait::until(command, wait::LONG, || {
            (self.count(command) >= count).then_some(())
        })
    }

    /// Stops it and says what went wrong with it.
    ///
    /// # Errors
    /// The TTY failed under it.
    pub fn stop(mut self) -> Result<()> {
        self.says = None;
        let player = self.player.take().context("it was stopped before")?;
        player.join().map_err(|_| anyhow!("the module panicked"))?
    }
}

struct Player {
    tty: Equipment,
    seen: Arc<Mutex<Vec<String>>>,
    sending: bool,
}

impl Player {
    /// Answers a command, if one comes soon.
    fn listen(&mut self) -> Result<()> {
        // Half a line stays where it is.
        let Ok(line) = self.tty.expect(b"\r") else {
            return Ok(());
        };
        let line = String::from_utf8_lossy(&line).into_owned();
        let line = line.trim_matches(['\r', '\n']);
        let Some(command) = line.find("AT").map(|at| &line[at + 2..]) else {
            return Ok(());
        };
        self.answer(command)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(command.to_owned());
        Ok(())
    }

    fn answer(&mut self, command: &str) -> Result<()> {
        if command.starts_with("+CMEE?") {
            let asked = command.split(';').count();
            let mut lines = vec!["+CMEE: 1"; asked];
            lines.push("OK");
            return self.say(&lines);
        }
        let (name, values) = command.split_once('=').unwrap_or((command, ""));
        match name {
            "+CGMI" => self.say(&["Quectel", "OK"]),
            "+CGMM" => self.say(&["EC25", "OK"]),
            "+CGMR" => self.say(&["EC25EFAR02A09M4G", "OK"]),
            "+CSQ" => self.say(&["+CSQ: 31,99", "OK"]),
            "+CEREG?" => self.say(&["+CEREG: 0,1", "OK"]),
            "+QIACT?" => self.say(&["+QIACT: 1,1,1,\"10.7.157.1\"", "OK"]),
            "+QSMTPBODY" => {
                let length = values.split(',').nth(1).context("no length")?.parse()?;
                self.say(&["CONNECT"])?;
                self.tty.set_patience(wait::LONG);
                self.tty.exactly(length)?;
                self.tty.set_patience(LOOK);
                self.say(&[&format!("+QSMTPBODY: {length}"), "OK"])
            }
            // While it sends, it takes nothing that changes a mail.
            _ if name.starts_with("+QSMTP") && values != "?" && self.sending => {
                self.say(&["+CME ERROR: 652"])
            }
            "+QSMTPPUT" => {
                self.sending = true;
                self.say(&["OK"])
            }
            _ => self.say(&["OK"]),
        }
    }

    fn say(&self, lines: &[&str]) -> Result<()> {
        let each = lines.iter().map(|line| format!("\r\n{line}\r\n"));
        self.tty.send(each.collect::<String>())
    }
}
