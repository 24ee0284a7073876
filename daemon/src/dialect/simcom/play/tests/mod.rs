//! The module as its equipment sees it: tables by tables, on an engine without a line.

mod exchange;
mod parameters;
mod quirks;
mod sessions;
mod states;

use super::PLAYED;
use crate::dialect::simcom::DIALECT;
use crate::dialect::{Quirk, Quirks};
use crate::emulator::{Done, Effect, Engine, Files, MailEnd, MailId, Memory, Op, OpId, Saved};
use hayes_ldisc::discipline::{Cause, Data, Mode};
use hayes_ldisc::record::{Claimed, LineSettings, Owed};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// What this machine's clock shows: 2026-09-01T12:00:00Z.
const NOW: u64 = 1_788_264_000;

/// An engine with files of its own; servers answer what the test says.
struct Module {
    engine: Engine,
    files: Files,
    folder: PathBuf,
    said: Vec<u8>,
    asked: Vec<(OpId, Op)>,
    /// The session with a mailbox that is looked after.
    watched: Option<OpId>,
    data: Option<Data>,
    saved: Vec<u8>,
    cancelled: u32,
    aborted: u32,
}

impl Drop for Module {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Module {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With quirks of these numbers.
    fn with(set: &[(&Quirk, u32)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("hayesd-simcom-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let mut quirks = Quirks::default();
        for (quirk, value) in set {
            quirks.set(quirk, *value);
        }
        let mut module = Self {
            engine: engine(None).with_quirks(quirks),
            files: Files::open(PLAYED.volumes, &folder.join("files"), &folder.join("ram")).unwrap(),
            folder,
            said: Vec::new(),
            asked: Vec::new(),
            watched: None,
            data: None,
            saved: Vec::new(),
            cancelled: 0,
            aborted: 0,
        };
        module.claimed();
        module
    }

    fn claimed(&mut self) {
        let mut out = Vec::new();
        self.engine.claimed(&Claimed::default(), &mut out);
        self.perform(out);
        self.said.clear();
    }

    /// The daemon dies and comes back, with nothing under way on the line.
    fn restart(&mut self) -> String {
        self.restart_owing(Owed::Nothing)
    }

    /// The same, with this under way.
    fn restart_owing(&mut self, owed: Owed) -> String {
        let saved: Saved = serde_json::from_slice(&self.saved).unwrap();
        self.engine = engine(Some(saved));
        self.asked.clear();
        let mut out = Vec::new();
        let claimed = Claimed {
            owed,
            ..Claimed::default()
        };
        self.engine.claimed(&claimed, &mut out);
        self.perform(out);
        self.said()
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write { bytes, .. } => self.said.extend(bytes),
                Effect::Mode { mode, .. } => {
                    self.data = match mode {
                        Mode::Data(data) => Some(data),
                        _ => None,
                    };
                }
                Effect::Save(saved) => self.saved = saved,
                Effect::Cancel(_) => self.cancelled += 1,
                Effect::Abort(_) => self.aborted += 1,
                Effect::Do { id, op } => self.operate(id, op),
                _ => {}
            }
        }
    }

    fn operate(&mut self, id: OpId, op: Op) {
        let done = match &op {
            Op::MailboxWatch(_) => {
                self.watched = Some(id);
                return;
            }
            Op::Store(_) => Some(Done::Fine),
            Op::Time => {
                let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
                Some(Done::Time(now))
            }
            op => self.files.perform(op),
        };
        match done {
            Some(done) => self.done(id, done),
            None => self.asked.push((id, op)),
        }
    }

    fn done(&mut self, id: OpId, done: Done) {
        let mut out = Vec::new();
        self.engine.done(id, done, &mut out);
        self.perform(out);
    }

    /// What came since this was last asked, line by line, empty ones left out.
    fn said(&mut self) -> String {
        let said = String::from_utf8(std::mem::take(&mut self.said)).unwrap();
        let lines: Vec<_> = said.split("\r\n").filter(|line| !line.is_empty()).collect();
        lines.join("|")
    }

    /// A command line, and what is answered.
    fn line(&mut self, line: &str) -> String {
        let mut out = Vec::new();
        self.engine
            .command_line(1, line.as_bytes(), false, &mut out);
        self.perform(out);
        self.said()
    }

    /// A command line that must be answered with `OK`.
    fn ok(&mut self, line: &str) {
        let said = self.line(line);
        assert!(said == "OK" || said.ends_with("|OK"), "{line}: {said}");
    }

    /// The oldest thing that a server was asked is answered.
    fn answer(&mut self, done: Done) -> String {
        let (id, _) = self.asked.remove(0);
        self.done(id, done);
        self.said()
    }

    /// A data mode is fed and ends.
    fn feed(&mut self, bytes: &[u8], cause: Cause) -> String {
        assert!(self.data.is_some(), "no data mode");
        let mut out = Vec::new();
        self.engine.data(bytes, &mut out);
        self.engine.end(2, cause, &mut out);
        self.perform(out);
        self.said()
    }

    fn mail_ended(&mut self, end: MailEnd) -> String {
        let mut out = Vec::new();
        self.engine.mail_ended(MailId(7), &end, &mut out);
        self.perform(out);
        self.said()
    }

    fn put_file(&mut self, path: &str, size: usize) {
        use crate::dialect::volume::FileName;
        let root = FileName::new("c", b"");
        let name = FileName::resolve(PLAYED.volumes, &root, path.as_bytes());
        let mut file = self.files.begin(&name, 0, true).unwrap();
        file.append(&vec![b'x'; size]).unwrap();
        file.finish().unwrap();
    }
}

fn engine(saved: Option<Saved>) -> Engine {
    let identity = PLAYED.identity.clone();
    let line = LineSettings::default();
    Engine::new(&DIALECT, identity, line, saved, Memory::default())
}
