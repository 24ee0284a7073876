//! Replays a transcript to the driver's engine: the `>>` lines go through it as raw commands, the `<<`
//! lines come in, and it must cut answers, unsolicited lines, prompts and data as the transcript does.

use super::replay::Cut;
use super::{Event, Step, Transcript, World};
use anyhow::{Context, Result, bail, ensure};
use hayes_ldisc::time::Time;
use hayesd::at::response::FinalResult;
use hayesd::dialect::Dialect;
use hayesd::modem::{Engine, Event as Told, Expect, Prompt, Raw};
use std::time::Duration;

/// A driver gives a command of a transcript so long.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the driver does to a module itself and takes for granted afterwards: stretches of a transcript
/// where it is otherwise are none of its business. Begins with the one, ends with the other.
const NOT_OURS: [(&str, &str); 2] = [("ATV0", "ATV1"), ("ATS3=33", "ATS3=13")];

/// What the engine must tell, in an owned form.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Echo,
    Info(Vec<u8>),
    Data(Vec<u8>),
    Prompt,
    Final(FinalResult),
    Urc(Vec<u8>),
    Late(Vec<u8>),
    TimedOut,
    Else(String),
}

/// What came of a replay.
#[derive(Clone, Copy, Debug)]
pub struct Driven {
    /// How many commands had their result.
    pub results: usize,
    /// Bytes that the module said.
    pub said: usize,
    /// The most of them between two things that the host did.
    pub longest: usize,
}

/// Replays a transcript; the error names file and line of the first difference.
pub fn drive(
    transcript: &Transcript,
    dialect: &'static Dialect,
    echo: bool,
    cut: Cut,
) -> Result<Driven> {
    let exact = transcript.says(&World::Exact);
    let mut replay = Driver::new(dialect, echo && !exact, cut)?;
    let mut skipping = None;
    for (at, step) in transcript.steps.iter().enumerate() {
        if let Event::Host { bytes, .. } = &step.event {
            let begins = |mark: &str| {
                bytes
                    .windows(mark.len())
                    .any(|part| part == mark.as_bytes())
            };
            match skipping {
                None => {
                    let stretch = NOT_OURS.iter().find(|(from, _)| begins(from));
                    skipping = stretch.map(|(_, to)| *to);
                }
                Some(to) if begins(to) => skipping = None,
                Some(_) => {}
            }
        }
        if skipping.is_none() {
            replay
                .step(step, &transcript.steps[at + 1..])
                .with_context(|| transcript.place(step))?;
        }
    }
    replay.settle().context("at the end")?;
    Ok(Driven {
        results: replay.results,
        said: replay.position,
        longest: replay.longest,
    })
}

struct Driver {
    engine: Engine,
    now: Time,
    echo: bool,
    cut: Cut,
    /// The command in flight.
    command: Option<Vec<u8>>,
    echoed: bool,
    in_payload: bool,
    /// Module bytes fed so far, and the most of them at once.
    position: usize,
    longest: usize,
    /// Module bytes that were not fed yet: all up to the next thing that the host does.
    pending: Vec<u8>,
    expected: Vec<Seen>,
    /// Text of the module without a line end yet.
    partial: Vec<u8>,
    results: usize,
}

impl Driver {
    fn new(dialect: &'static Dialect, echo: bool, cut: Cut) -> Result<Self> {
        let mut driver = Self {
            engine: Engine::new(dialect.drive.facts().syntax),
            now: Time::default(),
            echo,
            cut,
            command: None,
            echoed: false,
            in_payload: false,
            position: 0,
            longest: 0,
            pending: Vec::new(),
            expected: Vec::new(),
            partial: Vec::new(),
            results: 0,
        };
        driver.get_in_step()?;
        Ok(driver)
    }

    /// Answers the resync's probe as a module would.
    fn get_in_step(&mut self) -> Result<()> {
        self.engine.resync(self.now);
        self.now = self.engine.next_deadline().context("no deadline")?;
        self.engine.timer(self.now, &mut |_| {});
        let probe = self.engine.take_output();
        let asked = probe.iter().filter(|byte| **byte == b'?').count();
        let answer = "\r\n+CMEE: 1\r\n".repeat(asked) + "\r\nOK\r\n";
        self.engine
            .received(answer.as_bytes(), self.now, &mut |_| {});
        ensure!(self.engine.is_idle(), "not in step");
        Ok(())
    }

    fn step(&mut self, step: &Step, after: &[Step]) -> Result<()> {
        match &step.event {
            // The engine writes no payload: who drives it does.
            Event::Host { raw: true, .. } if self.in_payload => self.feed(),
            Event::Host { bytes, .. } => {
                self.settle()?;
                self.start(bytes.strip_suffix(b"\r").unwrap_or(bytes), after)
            }
            Event::Module { bytes, raw } => {
                self.expect(bytes, *raw);
                self.pending
                    .extend(step.event.on_the_line().unwrap_or_default());
                Ok(())
            }
            Event::Wait(time) => {
                self.feed()?;
                self.now = self.now + *time;
                if *time >= PATIENCE && !self.in_payload {
                    return self.settle();
                }
                Ok(())
            }
            Event::World(_) => self.feed(),
        }
    }

    /// A command line goes out.
    fn start(&mut self, line: &[u8], after: &[Step]) -> Result<()> {
        let mut expect = Expect::any().within(PATIENCE);
        let answers: Vec<_> = after
            .iter()
            .take_while(|step| !matches!(step.event, Event::Host { raw: false, .. }))
            .collect();
        if let Some(prompt) = prompt_of(line) {
            expect = expect.taking(prompt, PATIENCE);
        } else if let Some(Event::Module { bytes, .. }) = answers.get(1).map(|step| &step.event)
            && connects(answers[0])
        {
            expect = expect.sending(Raw::Connect(bytes.len() as u64));
        }
        if self.engine.start(line, expect, self.now).is_err() {
            bail!("the engine takes no command");
        }
        ensure!(self.engine.take_output() == [line, b"\r"].concat());
        self.command = Some(line.to_vec());
        self.echoed = false;
        if self.echo {
            self.expect(line, false);
            self.pending.extend([line, b"\r"].concat());
        }
        Ok(())
    }

    /// What the engine must tell of a text of the module.
    fn expect(&mut self, text: &[u8], raw: bool) {
        let announced = matches!(
            self.expected.last(),
            Some(Seen::Info(line) | Seen::Urc(line)) if announces(line)
        );
        if raw && announced {
            self.expected.push(Seen::Data(text.to_vec()));
            return;
        }
        if let Some(Prompt::Bytes(prompt)) = self.command.as_deref().and_then(prompt_of)
            && raw
            && text.trim_ascii() == prompt
        {
            self.end_line();
            self.expected.push(Seen::Prompt);
            self.in_payload = true;
            return;
        }
        let mut rest = text;
        if !raw {
            self.end_line();
        }
        while let Some(end) = rest.iter().position(|byte| b"\r\n".contains(byte)) {
            self.partial.extend(&rest[..end]);
            self.end_line();
            rest = &rest[end + 1..];
        }
        self.partial.extend(rest);
        if !raw {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.partial);
        if line.is_empty() {
            return;
        }
        let Some(command) = &self.command else {
            self.expected.push(Seen::Urc(line));
            return;
        };
        if !self.echoed && line == *command {
            self.echoed = true;
            self.expected.push(Seen::Echo);
        } else if let Some(result) = FinalResult::parse(&line) {
            self.expected.push(Seen::Final(result));
            self.command = None;
            self.in_payload = false;
            self.results += 1;
        } else if prompt_of(command).is_some_and(|prompt| is_prompt(prompt, &line)) {
            self.expected.push(Seen::Prompt);
            self.in_payload = true;
        } else {
            self.expected.push(Seen::Info(line));
        }
    }

    /// Feeds what the module has said so far, and compares.
    fn feed(&mut self) -> Result<()> {
        let bytes = std::mem::take(&mut self.pending);
        let mut seen = Vec::new();
        let mut tell = |event: Told<'_>| match (own(event), seen.last_mut()) {
            (Seen::Data(more), Some(Seen::Data(data))) => data.extend(more),
            (event, _) => seen.push(event),
        };
        if self.cut == Cut::Bytes {
            for byte in &bytes {
                self.engine
                    .received(std::slice::from_ref(byte), self.now, &mut tell);
            }
        } else {
            let (before, after) = self.cut.two(&bytes, self.position);
            self.engine.received(before, self.now, &mut tell);
            self.engine.received(after, self.now, &mut tell);
        }
        self.position += bytes.len();
        self.longest = self.longest.max(bytes.len());
        let expected = std::mem::take(&mut self.expected);
        ensure!(seen == expected, "expected {expected:?}, told {seen:?}");
        Ok(())
    }

    /// The module says no more to the command in flight: without a result it has timed out.
    fn settle(&mut self) -> Result<()> {
        self.feed()?;
        self.in_payload = false;
        if self.command.take().is_none() {
            return Ok(());
        }
        self.engine.payload_written(self.now);
        self.now = self.engine.next_deadline().context("no deadline")?;
        let mut seen = Vec::new();
        self.engine
            .timer(self.now, &mut |event| seen.push(own(event)));
        ensure!(seen == [Seen::TimedOut], "told {seen:?}");
        self.get_in_step()
    }
}

/// What a command that the host sends data to says when it waits for it.
fn prompt_of(command: &[u8]) -> Option<Prompt> {
    const TAKES: [(&str, Prompt); 6] = [
        ("AT+QSMTPBODY=", Prompt::Connect),
        ("AT+QFUPL=", Prompt::Connect),
        ("AT+CFTPPUT=", Prompt::Line("+CFTPPUT: BEGIN")),
        ("AT+CHTTPACT=", Prompt::Line("+CHTTPACT: REQUEST")),
        ("AT+CFTRANRX=", Prompt::Bytes(b">")),
        ("AT+SMTPBODY", Prompt::Bytes(b">>")),
    ];
    let command = command.to_ascii_uppercase();
    let takes = |(name, _): &&(&str, Prompt)| match name.ends_with('=') {
        true => command.starts_with(name.as_bytes()) && !command.ends_with(b"=?"),
        false => command == name.as_bytes(),
    };
    TAKES.iter().find(takes).map(|(_, prompt)| *prompt)
}

/// Whether this whole line is the prompt.
fn is_prompt(prompt: Prompt, line: &[u8]) -> bool {
    match prompt {
        Prompt::Connect => line.starts_with(b"CONNECT"),
        Prompt::Line(text) => line == text.as_bytes(),
        Prompt::None | Prompt::Bytes(_) => false,
    }
}

/// Whether raw bytes follow this line.
fn announces(line: &[u8]) -> bool {
    let keyword = b": DATA,";
    line.starts_with(b"CONNECT") || line.windows(keyword.len()).any(|part| part == keyword)
}

fn connects(step: &Step) -> bool {
    matches!(&step.event, Event::Module { bytes, .. } if bytes.starts_with(b"CONNECT"))
}

fn own(event: Told<'_>) -> Seen {
    match event {
        Told::Echo => Seen::Echo,
        Told::Info(line) => Seen::Info(line.to_vec()),
        Told::Data(bytes) => Seen::Data(bytes.to_vec()),
        Told::Prompt(_) => Seen::Prompt,
        Told::Final(result) => Seen::Final(result),
        Told::Urc(line) => Seen::Urc(line.to_vec()),
        Told::Late(bytes) => Seen::Late(bytes.to_vec()),
        Told::TimedOut => Seen::TimedOut,
        other => Seen::Else(format!("{other:?}")),
    }
}
