//! What must hold for any equipment, for the fuzzer and for a short run in the tests.

use super::{Doing, Done, Effect, Engine, FileError, MailId, Memory, Op, Saved, Space};
use crate::dialect::{ALL, Dialect};
use crate::service::{Error, ErrorKind};
use hayes_ldisc::discipline::{Cause, Mode};
use hayes_ldisc::record::{Claimed, LineSettings};

/// Equipment that types lines of any bytes (separated by LF) and feeds data modes with them. Each line and
/// each data mode is answered by exactly one result and one mode, whatever the world answers; what a data mode
/// follows, and only that, is a prompt, and the mode comes directly after it; what the memory holds can be
/// read back.
pub fn fuzz_emulator(bytes: &[u8]) {
    for dialect in ALL {
        Equipment::new(dialect).run(bytes);
    }
}

struct Equipment {
    dialect: &'static Dialect,
    engine: Engine,
    sequence: u32,
    /// Modes that answered the last record, and results since then.
    answers: usize,
    results: usize,
    /// What came last asks for data (`true`), or is another part of an answer.
    written: Option<bool>,
    /// Decides how the world answers.
    luck: u8,
    mails: u32,
}

impl Equipment {
    fn new(dialect: &'static Dialect) -> Self {
        let identity = dialect.played.identity.clone();
        let line = LineSettings::default();
        let engine = Engine::new(dialect, identity, line, None, Memory::default());
        let mut equipment = Self {
            dialect,
            engine,
            sequence: 0,
            answers: 0,
            results: 0,
            written: None,
            luck: 0,
            mails: 0,
        };
        let mut effects = Vec::new();
        equipment.engine.claimed(&Claimed::default(), &mut effects);
        equipment.perform(effects);
        equipment
    }

    fn run(&mut self, bytes: &[u8]) {
        for line in bytes.split(|&byte| byte == b'\n') {
            self.luck = self
                .luck
                .wrapping_mul(31)
                .wrapping_add(line.last().copied().unwrap_or(7));
            (self.answers, self.results) = (0, 0);
            let mut effects = Vec::new();
            match self.engine.doing() {
                Doing::Command => {
                    self.sequence += 1;
                    let line = [b"AT", line].concat();
                    let shown = self.engine.without_secrets(&line);
                    assert!(shown.len() <= line.len() + 3 * line.len());
                    let too_long = line.len() > usize::from(self.dialect.played.max_line);
                    self.engine
                        .command_line(self.sequence, &line, too_long, &mut effects);
                }
                Doing::Data | Doing::Busy => {
                    self.engine.data(line, &mut effects);
                    self.perform(std::mem::take(&mut effects));
                    self.written = None;
                    self.sequence += 1;
                    self.engine.end(self.sequence, Cause::Idle, &mut effects);
                }
            }
            self.perform(effects);
            assert_eq!(self.answers, 1, "each record is answered once");
            let going_on = self.engine.doing() != Doing::Command;
            assert!(
                self.results == 1 || (going_on && self.results == 0),
                "one result"
            );
            self.end_mail();
        }
    }

    fn end_mail(&mut self) {
        let Some(mail) = self
            .engine
            .owed_mail()
            .filter(|_| self.luck.is_multiple_of(2))
        else {
            return;
        };
        let end = match ErrorKind::ALL.get(usize::from(self.luck)) {
            Some(&kind) => Err(Error::new(kind, "")),
            None => Ok(()),
        };
        let mut effects = Vec::new();
        self.engine.mail_ended(mail, &end, &mut effects);
        self.perform(effects);
        assert_eq!(self.engine.owed_mail(), None);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let written = self.written.take();
            let is_mode = matches!(effect, Effect::Mode { .. });
            assert!(
                is_mode || written != Some(true),
                "{effect:?} behind a prompt"
            );
            let asks = |mode: &Mode| matches!(mode, Mode::Data(_));
            match effect {
                Effect::Mode { answers, mode } => {
                    assert_eq!(answers, self.sequence);
                    assert!(!matches!(mode, Mode::Raw(_)));
                    assert!(written.is_none_or(|prompt| prompt == asks(&mode)));
                    self.answers += 1;
                }
                Effect::Write {
                    urc,
                    result,
                    prompt,
                    ..
                } => {
                    assert!(usize::from(urc) + usize::from(result) + usize::from(prompt) <= 1);
                    self.results += usize::from(result);
                    self.written = Some(prompt);
                }
                Effect::Save(memory) => {
                    let saved = serde_json::from_slice::<Saved>(&memory);
                    assert!(saved.is_ok(), "{saved:?}");
                }
                // The server is there for ever.
                Effect::Do {
                    op: Op::MailboxWatch(_),
                    ..
                } => {}
                Effect::Do { id, op } => {
                    let done = self.answer(op);
                    let mut more = Vec::new();
                    self.engine.done(id, done, &mut more);
                    self.perform(more);
                }
                Effect::Configure(line) => assert!(line.speed > 0),
                Effect::SetCircuits(_) | Effect::Cancel(_) | Effect::Abort(_) | Effect::Note(_) => {
                }
            }
        }
    }

    fn answer(&mut self, op: Op) -> Done {
        self.luck = self.luck.wrapping_add(1);
        let lucky = !self.luck.is_multiple_of(4);
        match op {
            Op::Send(_) if lucky => {
                self.mails += 1;
                Done::Accepted(MailId(self.mails))
            }
            Op::Send(_) => Done::Refused(Error::new(ErrorKind::SpoolFull, "")),
            Op::Time => Done::Time(std::time::SystemTime::UNIX_EPOCH),
            op if op.client().is_some() => self.client(op, lucky),
            _ if !lucky => Done::Failed(FileError::Disk),
            Op::List { volume, name } => {
                let name =
                    name.unwrap_or_else(|| crate::dialect::volume::FileName::new(volume, b"a"));
                Done::Files {
                    files: vec![(name, 3)],
                    space: Space::default(),
                }
            }
            Op::Read { offset, .. } if offset < 5 => Done::Bytes(b"abc".to_vec()),
            Op::Read { .. } => Done::Bytes(Vec::new()),
            _ => Done::Fine,
        }
    }
}

impl Equipment {
    fn client(&self, op: Op, lucky: bool) -> Done {
        let error = Error::new(ErrorKind::NoNetwork, "");
        match op {
            _ if !lucky && self.luck.is_multiple_of(8) => Done::Lost(error),
            _ if !lucky => Done::Refused(error),
            Op::MailboxStatus => Done::Status { count: 2, bytes: 9 },
            Op::MailboxList => Done::Listed(vec![(1, 5), (2, 4)]),
            Op::MailboxHeader(_) => Done::Header(b"Subject: a\r\n b\r\n".to_vec()),
            Op::MailboxFetch(fetch) => Done::Stored {
                folder: fetch.parent,
                file: b"EMAIL000.TXT".to_vec(),
            },
            Op::Pull(..) if self.luck.is_multiple_of(2) => Done::Bytes(vec![self.luck; 3000]),
            Op::Pull(..) => Done::Bytes(Vec::new()),
            _ => Done::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fuzz_emulator;
    use crate::dialect::ALL;
    use proptest::prelude::*;

    /// Lines that are likely to mean something: a name of the tables, a form, some parameters.
    fn line() -> impl Strategy<Value = String> {
        let rows = ALL
            .iter()
            .flat_map(|it| it.played.rows.iter().flat_map(|rows| rows.iter()));
        let names: Vec<String> = rows.map(|row| row.name.to_owned()).collect();
        let form = prop_oneof![
            Just(String::new()),
            Just("?".to_owned()),
            Just("=?".to_owned()),
            "[0-9]{0,3}",
            "=[0-3](,[0-9]{1,3}){0,4}",
            "=[0-3],[1-3],\"[a-z:@.*]{0,20}\"(,[0-3]){0,2}",
            "=\"(account|sender|smtpserver|ssltype|sni|seclevel|urcport|x)\"(,\"[a-z]{0,9}\"){0,2}(,[0-9]{0,4}){0,2}",
        ];
        (proptest::sample::select(names), form).prop_map(|(name, form)| name + &form)
    }

    proptest! {
        #[test]
        fn any_lines_are_answered(lines in prop::collection::vec(line(), 1..12)) {
            fuzz_emulator(lines.join("\n").as_bytes());
            fuzz_emulator(lines.join(";").as_bytes());
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            fuzz_emulator(&bytes);
        }
    }
}
