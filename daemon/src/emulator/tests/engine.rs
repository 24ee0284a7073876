//! The engine by itself: what it asks for, says and saves, in which order.

use super::toy::{DIALECT, error};
use crate::emulator::{Client, Done, Effect, Engine, Memory, Op, OpId, Saved};
use hayes_ldisc::discipline::{Cause, Mode};
use hayes_ldisc::record::{Claimed, LineSettings, Owed};

/// An engine, and what it has asked for and said.
struct Module {
    engine: Engine,
    sequence: u32,
    /// All effects since this was last asked, as short words.
    log: Vec<String>,
    asked: Option<(OpId, Op)>,
    saved: Vec<u8>,
}

impl Module {
    fn new() -> Self {
        let mut module = Self::with(None);
        module.claimed(Claimed::default());
        module.take();
        module
    }

    fn with(saved: Option<Saved>) -> Self {
        let identity = DIALECT.played.identity.clone();
        let line = LineSettings::default();
        Self {
            engine: Engine::new(&DIALECT, identity, line, saved, Memory::default()),
            sequence: 0,
            log: Vec::new(),
            asked: None,
            saved: Vec::new(),
        }
    }

    /// The daemon dies and comes back.
    fn restart(&mut self, owed: Owed) -> Vec<String> {
        let saved = serde_json::from_slice(&self.saved).unwrap();
        *self = Self::with(Some(saved));
        self.claimed(Claimed {
            owed,
            ..Claimed::default()
        });
        self.take()
    }

    fn claimed(&mut self, claimed: Claimed) {
        let mut out = Vec::new();
        self.engine.claimed(&claimed, &mut out);
        self.perform(out);
    }

    fn line(&mut self, text: &str) -> Vec<String> {
        self.sequence += 1;
        let mut out = Vec::new();
        let line = format!("AT{text}");
        self.engine
            .command_line(self.sequence, line.as_bytes(), false, &mut out);
        self.perform(out);
        self.take()
    }

    fn done(&mut self, done: Done) -> Vec<String> {
        let (id, _) = self.asked.take().expect("nothing is asked");
        self.late(id, done)
    }

    fn late(&mut self, id: OpId, done: Done) -> Vec<String> {
        let mut out = Vec::new();
        self.engine.done(id, done, &mut out);
        self.perform(out);
        self.take()
    }

    fn data(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        self.engine.data(bytes, &mut out);
        self.perform(out);
        self.take()
    }

    fn end(&mut self, cause: Cause) -> Vec<String> {
        self.sequence += 1;
        let mut out = Vec::new();
        self.engine.end(self.sequence, cause, &mut out);
        self.perform(out);
        self.take()
    }

    fn effects(&mut self, of: impl FnOnce(&mut Engine, &mut Vec<Effect>)) -> Vec<String> {
        let mut out = Vec::new();
        of(&mut self.engine, &mut out);
        self.perform(out);
        self.take()
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let word = match effect {
                Effect::Write {
                    bytes,
                    urc,
                    result,
                    prompt,
                } => {
                    let kind = match (urc, result, prompt) {
                        (true, ..) => "urc",
                        (_, true, _) => "result",
                        (.., true) => "prompt",
                        _ => "write",
                    };
                    format!("{kind} {}", bytes.escape_ascii())
                }
                Effect::Mode { mode, .. } => match mode {
                    Mode::Command(_) => "command".into(),
                    Mode::Data(data) if data.discard => "silence".into(),
                    _ => "data".into(),
                },
                Effect::Save(saved) => {
                    self.saved = saved;
                    "save".into()
                }
                Effect::Abort(client) => format!("abort {client:?}"),
                Effect::Do {
                    op: Op::Push(_, bytes),
                    ..
                } => format!("push {}", bytes.len()),
                Effect::Do { id, op } => {
                    let text = format!("{op:?}");
                    let end = text.find(|c: char| !c.is_alphanumeric());
                    let word = format!("do {}", &text[..end.unwrap_or(text.len())]);
                    self.asked = Some((id, op));
                    word
                }
                Effect::Configure(_) | Effect::SetCircuits(_) => continue,
                other => format!("{other:?}"),
            };
            self.log.push(word);
        }
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }
}

const OK: &str = "result \\r\\nOK\\r\\n";
const ERROR: &str = "result \\r\\nERROR\\r\\n";

#[test]
fn a_line_waits_and_goes_on_with_the_answer() {
    let mut module = Module::new();
    assert_eq!(module.line("+OPEN"), ["do MailboxOpen"]);
    assert_eq!(module.done(Done::Fine), [OK, "command"]);
    assert_eq!(module.line("+NUM"), ["do MailboxStatus"]);
    let status = Done::Status { count: 2, bytes: 7 };
    let said = "result \\r\\n+NUM: 2,7\\r\\n\\r\\nOK\\r\\n";
    assert_eq!(module.done(status), [said, "command"]);
    assert_eq!(module.line("+NUM"), ["do MailboxStatus"]);
    assert_eq!(module.done(Done::Lost(error("gone"))), [ERROR, "command"]);
    assert_eq!(module.line("+DROP"), ["abort Mailbox", OK, "command"]);
}

#[test]
fn a_stream_follows_its_result_and_ends_the_line() {
    let mut module = Module::new();
    assert_eq!(module.line("+GET"), ["save", "do FilesGet"]);
    let begun = module.done(Done::Fine);
    assert_eq!(begun, ["save", "write \\r\\nOK\\r\\n", "do Pull"]);
    let piece = module.done(Done::Bytes(b"abc".to_vec()));
    assert_eq!(piece, ["write abc", "do Pull"]);
    // The last piece is what the line owed: whoever comes after us knows that nothing is due any more.
    let ended = module.done(Done::Bytes(Vec::new()));
    let last = "result \\r\\n+GET: 0\\r\\n";
    assert_eq!(ended, ["abort Files", "save", last, "command"]);
}

#[test]
fn what_was_under_way_when_the_daemon_died_is_told_as_the_dialect_wants() {
    let mut module = Module::new();
    module.line("+GET");
    let told = module.restart(Owed::Line);
    assert_eq!(
        told,
        ["result \\r\\n+CME ERROR: 214\\r\\n", "save", "command"]
    );

    let mut module = Module::new();
    module.line("+GET");
    module.done(Done::Fine);
    module.done(Done::Bytes(b"abc".to_vec()));
    let told = module.restart(Owed::Line);
    assert_eq!(told, ["result \\r\\n+GET: 214\\r\\n", "save", "command"]);
    // Told once.
    assert_eq!(module.restart(Owed::Nothing), ["command"]);

    let mut module = Module::new();
    module.line("+PUT");
    module.done(Done::Fine);
    module.data(b"abc");
    let told = module.restart(Owed::Data);
    assert_eq!(
        told,
        ["result \\r\\n+CME ERROR: 214\\r\\n", "save", "command"]
    );
    // The next line owes nothing of that kind.
    assert_eq!(module.line("+OPEN"), ["do MailboxOpen"]);
    assert_eq!(module.restart(Owed::Line), [ERROR, "command"]);
}

#[test]
fn a_data_mode_that_lost_its_daemon_runs_down_before_the_error() {
    let mut module = Module::new();
    module.line("+PUT");
    module.done(Done::Fine);
    let saved = serde_json::from_slice(&module.saved).unwrap();
    let mut module = Module::with(Some(saved));
    module.claimed(Claimed {
        owed: Owed::Data,
        in_data: true,
        ..Claimed::default()
    });
    assert_eq!(module.take(), [""; 0]);
    assert_eq!(module.data(b"abc"), [""; 0]);
    let told = module.end(Cause::Length);
    assert_eq!(
        told,
        ["result \\r\\n+CME ERROR: 214\\r\\n", "save", "command"]
    );
}

#[test]
fn data_goes_to_the_peer_and_the_line_waits_for_it_to_settle() {
    let mut module = Module::new();
    module.line("+PUT");
    let begun = module.done(Done::Fine);
    assert_eq!(begun, ["prompt \\r\\n+PUT: BEGIN\\r\\n", "data"]);
    assert_eq!(module.data(&[7; 10]), ["push 10"]);
    assert_eq!(module.end(Cause::Length), ["do Settle"]);
    assert_eq!(
        module.done(Done::Fine),
        ["abort Files", "save", OK, "command"]
    );
}

#[test]
fn half_of_a_file_is_not_let_become_a_whole_one() {
    let refused = "result \\r\\n+CME ERROR: 204\\r\\n";
    for cause in [Cause::Idle, Cause::Dtr, Cause::Escape] {
        let mut module = Module::new();
        module.line("+PUT");
        module.done(Done::Fine);
        module.data(b"abc");
        let ended = module.end(cause);
        assert_eq!(ended[0], "abort Files", "{cause:?}");
        assert!(ended.contains(&refused.to_owned()), "{ended:?}");
        assert_eq!(ended.last().unwrap(), "command");
    }
}

#[test]
fn when_the_equipment_goes_away_so_does_what_it_waited_for() {
    let mut module = Module::new();
    module.line("+GET");
    module.done(Done::Fine);
    let (id, _) = module.asked.clone().unwrap();
    let gone = module.effects(|engine, out| engine.hangup(out));
    assert_eq!(gone[0], "abort Files");
    assert!(
        gone.contains(&"result ".to_owned()),
        "told to nobody: {gone:?}"
    );
    // A late answer is nobody's.
    assert_eq!(module.late(id, Done::Bytes(b"late".to_vec())), [""; 0]);
    assert_eq!(module.line("E0"), ["save", OK, "command"]);

    let mut module = Module::new();
    module.line("+PUT");
    module.done(Done::Fine);
    module.data(b"abc");
    let gone = module.effects(|engine, out| engine.hangup(out));
    assert_eq!(gone[0], "abort Files");

    // A mailbox that is open, and a copy behind its line, do not care.
    let mut module = Module::new();
    module.line("+OPEN");
    module.done(Done::Fine);
    module.line("+COPY");
    assert_eq!(module.effects(|engine, out| engine.hangup(out)), [""; 0]);
    assert_eq!(
        module.done(Done::Fine),
        ["urc \\r\\n+COPY: 0\\r\\n", "save"]
    );
}

#[test]
fn what_goes_on_behind_its_line_is_told_and_can_be_stopped() {
    let mut module = Module::new();
    let accepted = module.line("+COPY");
    assert_eq!(accepted, ["save", OK, "do FilesToModule", "command"]);
    let (copy, _) = module.asked.clone().unwrap();
    // Other commands meanwhile.
    assert_eq!(module.line("+OPEN"), ["do MailboxOpen"]);
    let (open, _) = module.asked.clone().unwrap();
    let told = module.late(copy, Done::Fine);
    assert_eq!(told, ["urc \\r\\n+COPY: 0\\r\\n", "save"]);
    assert_eq!(module.late(open, Done::Fine), [OK, "command"]);

    module.line("+COPY");
    let (copy, _) = module.asked.clone().unwrap();
    assert_eq!(module.line("+STOP"), ["abort Files", "save", OK, "command"]);
    assert_eq!(module.late(copy, Done::Fine), [""; 0]);
    assert_eq!(module.line("+STOP"), [ERROR, "command"]);
    // Not even begun.
    let both = module.line("+COPY;+STOP");
    assert_eq!(both, ["abort Files", "save", OK, "command"]);
}

#[test]
fn what_a_restart_broke_off_behind_its_line_is_told_once() {
    let mut module = Module::new();
    module.line("+COPY");
    let told = module.restart(Owed::Nothing);
    assert_eq!(
        told,
        ["urc \\r\\n+COPY: interrupted\\r\\n", "save", "command"]
    );
    assert_eq!(module.restart(Owed::Nothing), ["command"]);
}

#[test]
fn a_power_cycle_breaks_everything_off() {
    let aborts = Client::ALL.map(|client| format!("abort {client:?}"));
    for off in [false, true] {
        for lines in [
            &["+COPY"][..],
            &["+COPY", "+OPEN"],
            &["+COPY", "+PUT"],
            &["+COPY", "+GET"],
        ] {
            let mut module = Module::new();
            for line in lines {
                module.line(line);
            }
            let waits = lines.len() > 1;
            let (id, _) = module.asked.clone().unwrap();
            let told = module.effects(|engine, out| match off {
                true => engine.switch_off(out),
                false => engine.reset(out),
            });
            for abort in &aborts {
                assert!(told.contains(abort), "{told:?}");
            }
            let results = told
                .iter()
                .filter(|word| word.starts_with("result"))
                .count();
            assert_eq!(results, usize::from(waits), "{told:?}");
            assert_eq!(module.late(id, Done::Fine), [""; 0]);
        }
    }
}

#[test]
fn a_restart_is_saved_before_it_is_told_and_silent_from_then_on() {
    let mut module = Module::new();
    let told = module.line("+RESTART");
    let saved = told.iter().position(|word| word == "save").unwrap();
    let ok = told
        .iter()
        .position(|word| word == "prompt \\r\\nOK\\r\\n")
        .unwrap();
    assert!(saved < ok, "{told:?}");
    assert_eq!(told[ok + 1], "silence", "{told:?}");
    assert_eq!(told.len(), ok + 2, "{told:?}");
    // Died in between: the silence is over, or is still to be told.
    let again = module.restart(Owed::Data);
    assert_eq!(
        again,
        ["result ", "save", "urc \\r\\nSTART\\r\\n", "command"]
    );
}
