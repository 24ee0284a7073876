//! A mail server that does what a test's script says, and counts what it took.

use crate::gate::Gate;
use anyhow::Result;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Where a session stands when the script is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client connected.
    Connect,
    /// EHLO or HELO.
    Ehlo,
    /// AUTH, once its credentials have come.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The message has come, up to its final dot.
    Message,
    /// The server has answered the message; what the script returns is ignored.
    Answered,
    /// QUIT.
    Quit,
    /// Any other command.
    Other,
}

/// What the server does at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What any server would.
    Usual,
    /// This line (CR LF is added). A line that begins with 4 or 5 refuses.
    Line(&'static str),
    /// These bytes, as they are, and the connection stays.
    Raw(Vec<u8>),
    /// Nothing, for as long as the client stays.
    Silence,
    /// Nothing, and the connection is closed.
    Close,
}

/// Decides at each step, given the step and the client's line.
pub type Script = dyn Fn(Step, &str) -> Answer + Send + Sync;

/// A message that came to its final dot.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Envelope sender, without angle brackets.
    pub sender: String,
    /// Envelope recipients that were accepted.
    pub recipients: Vec<String>,
    /// The message, dot-unstuffed, CR LF.
    pub message: Vec<u8>,
    /// The server answered 250 to it. Whether the client read that is another matter.
    pub accepted: bool,
    /// The client said something after the answer: so it had read it.
    pub answer_was_read: bool,
}

impl Taken {
    /// The value of the first header field of this name, unfolded only as far as one line goes.
    pub fn header(&self, name: &str) -> Option<String> {
        String::from_utf8_lossy(&self.message)
            .lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| {
                let (field, value) = line.split_once(':')?;
                field
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
    }
}

#[derive(Default)]
struct Record {
    lines: Vec<String>,
    taken: Vec<Taken>,
    connections: usize,
}

/// The server, on a port of 127.0.0.1 that the system chose. It listens until it is dropped.
pub struct SmtpServer {
    port: u16,
    record: Arc<Mutex<Record>>,
}

impl SmtpServer {
    /// Starts a server that follows `script`.
    ///
    /// # Errors
    /// No port or no thread is left.
    pub fn start(script: impl Fn(Step, &str) -> Answer + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let record = Arc::new(Mutex::new(Record::default()));
        let script: Arc<Script> = Arc::new(script);
        let weak = Arc::downgrade(&record);
        thread::Builder::new().name("smtp".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                // Dropped: the connection that woke us was its last.
                let Some(record) = weak.upgrade() else { return };
                lock(&record).connections += 1;
                let script = Arc::clone(&script);
                thread::spawn(move || {
                    // A client that goes away ends its session; the record tells how far it came.
                    let _ = Session::new(stream, &script, &record).and_then(Session::run);
                });
            }
        })?;
        Ok(Self { port, record })
    }

    /// Starts one that takes everything.
    ///
    /// # Errors
    /// As [`SmtpServer::start`].
    pub fn accept_all() -> Result<Self> {
        Self::start(|_, _| Answer::Usual)
    }

    /// Starts one that takes everything, behind a gate.
    ///
    /// # Errors
    /// As [`SmtpServer::start`].
    pub fn gated() -> Result<(Self, Gate)> {
        let gate = Gate::default();
        let pass = gate.clone();
        let server = Self::start(move |step, _| {
            pass.pass(step);
            Answer::Usual
        })?;
        Ok((server, gate))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every line that clients sent, in order; message content is left out.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.record).lines.clone()
    }

    /// Every message that came to its final dot.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.record).taken.clone()
    }

    /// How many clients connected.
    pub fn connections(&self) -> usize {
        lock(&self.record).connections
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.record = Arc::default();
        // Wakes the listener, which then sees that nobody wants it any more.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Session<'a> {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    script: &'a Script,
    record: &'a Mutex<Record>,
    sender: String,
    recipients: Vec<String>,
    /// The message that was answered last, until the client says more.
    unread: Option<usize>,
}

impl<'a> Session<'a> {
    fn new(
        stream: TcpStream,
        script: &'a Arc<Script>,
        record: &'a Arc<Mutex<Record>>,
    ) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            reader: BufReader::new(stream.try_clone()?),
            writer: stream,
            script: script.as_ref(),
            record,
            sender: String::new(),
            recipients: Vec::new(),
            unread: None,
        })
    }

    fn run(mut self) -> std::io::Result<()> {
        if !self.answer(Step::Connect, "", "220 scripted.example.org ESMTP")? {
            return Ok(());
        }
        while let Some(line) = self.line()? {
            lock(self.record).lines.push(line.clone());
            if let Some(index) = self.unread.take()
                && let Some(taken) = lock(self.record).taken.get_mut(index)
            {
                taken.answer_was_read = true;
            }
            if !self.command(&line)? {
                break;
            }
        }
        Ok(())
    }

    /// Performs one command; false ends the session.
    fn command(&mut self, line: &str) -> std::io::Result<bool> {
        let verb = line.split([' ', ':']).next().unwrap_or_default();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.answer(
                Step::Ehlo,
                line,
                "250-scripted.example.org\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
            ),
            "HELO" => self.answer(Step::Ehlo, line, "250 scripted.example.org"),
            "AUTH" => self.auth(line),
            "MAIL" => {
                self.sender = address(line);
                self.recipients.clear();
                self.answer(Step::Mail, line, "250 2.1.0 Ok")
            }
            "RCPT" => {
                let recipient = address(line);
                self.recipients.push(recipient);
                self.answer(Step::Rcpt, line, "250 2.1.5 Ok")
            }
            "DATA" => self.data(line),
            "QUIT" => {
                self.answer(Step::Quit, line, "221 2.0.0 Bye")?;
                Ok(false)
            }
            _ => self.answer(Step::Other, line, "250 2.0.0 Ok"),
        }
    }

    fn auth(&mut self, line: &str) -> std::io::Result<bool> {
        let mut words = line.split(' ').skip(1);
        let login = words
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("LOGIN"));
        let mut missing = if login { 2 } else { 1 };
        if words.next().is_some() {
            missing -= 1;
        }
        while missing > 0 {
            self.writer.write_all(b"334 \r\n")?;
            if self.line()?.is_none() {
                return Ok(false);
            }
            missing -= 1;
        }
        self.answer(Step::Auth, line, "235 2.7.0 Authentication successful")
    }

    fn data(&mut self, line: &str) -> std::io::Result<bool> {
        match (self.script)(Step::Data, line) {
            Answer::Usual => self.send("354 End data with <CR><LF>.<CR><LF>")?,
            other => return self.perform(&other, ""),
        }
        let mut message = Vec::new();
        loop {
            let mut bytes = Vec::new();
            if self.reader.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(false);
            }
            if bytes == b".\r\n" {
                break;
            }
            let stuffed = usize::from(bytes.starts_with(b"."));
            message.extend_from_slice(&bytes[stuffed..]);
        }
        let answer = (self.script)(Step::Message, "");
        let accepted = match &answer {
            Answer::Usual => true,
            Answer::Line(line) => line.starts_with('2'),
            Answer::Raw(_) | Answer::Silence | Answer::Close => false,
        };
        {
            let mut record = lock(self.record);
            record.taken.push(Taken {
                sender: self.sender.clone(),
                recipients: self.recipients.clone(),
                message,
                accepted,
                answer_was_read: false,
            });
            self.unread = Some(record.taken.len() - 1);
        }
        let go_on = self.perform(&answer, "250 2.0.0 Ok: queued")?;
        (self.script)(Step::Answered, "");
        Ok(go_on)
    }

    fn answer(&mut self, step: Step, line: &str, usual: &str) -> std::io::Result<bool> {
        let answer = (self.script)(step, line);
        if step == Step::Rcpt && matches!(&answer, Answer::Line(line) if !line.starts_with('2')) {
            self.recipients.pop();
        }
        self.perform(&answer, usual)
    }

    fn perform(&mut self, answer: &Answer, usual: &str) -> std::io::Result<bool> {
        match answer {
            Answer::Usual => self.send(usual)?,
            Answer::Line(line) => self.send(line)?,
            Answer::Raw(bytes) => self.writer.write_all(bytes)?,
            Answer::Silence => {
                // Until the client closes.
                let _ = self.reader.read_to_end(&mut Vec::new())?;
                return Ok(false);
            }
            Answer::Close => {
                self.writer.shutdown(Shutdown::Both)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn send(&mut self, line: &str) -> std::io::Result<()> {
        self.writer.write_all(format!("{line}\r\n").as_bytes())
    }

    fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut bytes = Vec::new();
        if self.reader.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// The address between the angle brackets of MAIL and RCPT.
fn address(line: &str) -> String {
    line.split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(address, _)| address.to_owned())
        .unwrap_or_default()
}
