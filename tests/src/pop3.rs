//! A small POP3 server: a mailbox in memory that deletes at QUIT and only then (RFC 1939), and takes its time.

use anyhow::Result;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A message of the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its unique id.
    pub uid: String,
    /// Its text, lines ended by CR LF.
    pub text: String,
}

/// The server. Its threads end with the test's process.
pub struct Pop3Server {
    port: u16,
    mailbox: Arc<Mutex<Vec<Held>>>,
}

impl Pop3Server {
    /// Starts it; each command takes so long.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(pace: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let mailbox = Arc::<Mutex<Vec<Held>>>::default();
        let shared = mailbox.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mailbox = shared.clone();
                // A client that goes away in the middle is what the test is about.
                thread::spawn(move || drop(serve(&stream, &mailbox, pace)));
            }
        });
        Ok(Self { port, mailbox })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The messages that it has now.
    pub fn mailbox(&self) -> MutexGuard<'_, Vec<Held>> {
        locked(&self.mailbox)
    }
}

fn locked(mailbox: &Mutex<Vec<Held>>) -> MutexGuard<'_, Vec<Held>> {
    mailbox.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: &TcpStream, mailbox: &Mutex<Vec<Held>>, pace: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream;
    let lines = BufReader::new(stream).lines();
    let seen = locked(mailbox).clone();
    let mut marked = BTreeSet::new();
    out.write_all(b"+OK ready\r\n")?;
    for line in lines {
        let line = line?;
        thread::sleep(pace);
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let number: usize = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let all = || (1..).zip(&seen);
        let answer = match verb.as_str() {
            "CAPA" => "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n".to_owned(),
            "STAT" => {
                let bytes: usize = seen.iter().map(|one| one.text.len()).sum();
                format!("+OK {} {bytes}\r\n", seen.len())
            }
            "LIST" => list(all().map(|(n, one): (usize, _)| format!("{n} {}", one.text.len()))),
            "UIDL" => list(all().map(|(n, one): (usize, _)| format!("{n} {}", one.uid))),
            "RETR" => match seen.get(number.wrapping_sub(1)) {
                Some(one) => format!("+OK\r\n{}.\r\n", one.text),
                None => "-ERR no such message\r\n".to_owned(),
            },
            "TOP" => match seen.get(number.wrapping_sub(1)) {
                Some(one) => {
                    let header = one.text.split("\r\n\r\n").next().unwrap_or_default();
                    format!("+OK\r\n{header}\r\n\r\n.\r\n")
                }
                None => "-ERR no such message\r\n".to_owned(),
            },
            "DELE" => {
                marked.insert(number);
                "+OK\r\n".to_owned()
            }
            "QUIT" => {
                let gone: BTreeSet<_> = all()
                    .filter(|(n, _)| marked.contains(n))
                    .map(|(_, one)| &one.uid)
                    .collect();
                locked(mailbox).retain(|one| !gone.contains(&one.uid));
                thread::sleep(pace);
                return out.write_all(b"+OK bye\r\n");
            }
            "USER" | "PASS" | "NOOP" => "+OK\r\n".to_owned(),
            _ => "-ERR unknown\r\n".to_owned(),
        };
        out.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn list(lines: impl Iterator<Item = String>) -> String {
    let body: String = lines.map(|line| line + "\r\n").collect();
    format!("+OK\r\n{body}.\r\n")
}
