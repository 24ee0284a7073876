//! A SIMCom module at a port of the daemon, which refuses each file with the number that it is called.

use anyhow::{Result, anyhow};
use hayes_tests::equipment::Equipment;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// A module that is up and registered, and knows a server of files that gives none.
pub(super) struct Module {
    wanted: Arc<AtomicBool>,
    player: Option<JoinHandle<Result<()>>>,
}

impl Module {
    /// Plays it until it is stopped.
    pub(super) fn start(mut tty: Equipment) -> Self {
        let wanted = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&wanted);
        tty.set_patience(LOOK);
        let play = move || {
            while still.load(Ordering::SeqCst) {
                // Half a line stays where it is.
                let Ok(line) = tty.expect(b"\r") else {
                    continue;
                };
                let line = String::from_utf8_lossy(&line).into_owned();
                let line = line.trim_matches(['\r', '\n']);
                if let Some(at) = line.find("AT") {
                    let lines = answer(&line[at + 2..]);
                    let framed = lines.iter().map(|line| format!("\r\n{line}\r\n"));
                    tty.send(framed.collect::<String>())?;
                }
            }
            Ok(())
        };
        Self {
            wanted,
            player: Some(thread::spawn(play)),
        }
    }

    /// Stops it.
    ///
    /// # Errors
    /// The TTY failed under it.
    pub(super) fn stop(mut self) -> Result<()> {
        self.wanted.store(false, Ordering::SeqCst);
        let player = self.player.take().map(JoinHandle::join);
        player
            .transpose()
            .map_err(|_| anyhow!("the module panicked"))?
            .unwrap_or(Ok(()))
    }
}

fn answer(command: &str) -> Vec<String> {
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    if command.starts_with("+CMEE?") {
        let asked = command.split(';').count();
        return lines(&[&vec!["+CMEE: 2"; asked][..], &["OK"]].concat());
    }
    match command {
        "+CGMI" => lines(&["SIMCOM INCORPORATED", "OK"]),
        "+CGMM" => lines(&["SIMCOM_SIM5320E", "OK"]),
        "+CGMR" => lines(&["+CGMR: SIM5320E_V1.5", "OK"]),
        "+CFTPSERV=?" => lines(&["+CFTPSERV: \"ADDRESS\"", "OK"]),
        "+CGREG?" => lines(&["+CGREG: 1,1", "OK"]),
        "+CSQ" => lines(&["+CSQ: 22,99", "OK"]),
        _ if command.ends_with("=?") || command == "+CEREG?" => lines(&["ERROR"]),
        _ => match command.strip_prefix("+CFTPGET=") {
            Some(path) => vec![format!("+CME ERROR: {}", path.trim_matches('"'))],
            None => lines(&["OK"]),
        },
    }
}
